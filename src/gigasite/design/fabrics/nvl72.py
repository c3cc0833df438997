"""NVL72 scale-out: four rails from the 18 compute trays of each rack; the 72 GPUs of a rack meet over NVLink."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gigasite.design.clos import Shape, clos, leaves_of, limits
from gigasite.design.clos_size import size_of
from gigasite.design.clos_wire import wire
from gigasite.design.fabric import FabricAsk, Wiring, fabrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.design.types import FabricLimit, FabricSize

SHAPE = Shape(rails=True)
FIXED = {"nics": 4, "gpus_per_node": 4}

TRAYS, GPUS, NVLINKS, RACKS_PER_UNIT = 18, 72, 18, 8


def whole_racks(ask: FabricAsk) -> FabricAsk:
    """Return the ask with as many whole racks per leaf as its down-ports hold; less than a rack stays as it is."""
    if ask.nodes_per_unit:
        return ask
    most = leaves_of(ask, SHAPE).down
    return replace(ask, nodes_per_unit=most // TRAYS * TRAYS or most)


def inside(ask: FabricAsk) -> tuple[tuple[str, int], ...]:
    """Return what the racks hold: links of the last rack are counted as if it were full."""
    racks = -(-ask.nodes // TRAYS)
    units = -(-racks // RACKS_PER_UNIT)
    return (("racks", racks), ("scalable_units", units), ("nvlink_links", racks * GPUS * NVLINKS))


@fabrics.part("nvl72")
@dataclass(frozen=True, slots=True, kw_only=True)
class Nvl72:
    """Rail-optimised tiers; leaves take whole racks. A node is a compute tray with 4 GPUs and 4 NICs.

    References
    ----------
    NVIDIA DGX GB200 SuperPOD architecture pages (docs.nvidia.com/dgx-superpod): 18 compute trays and 18 NVLink switch
    chips a rack, 8 racks a scalable unit. 72 GPUs x 18 NVLink links = 1,296 copper links a rack (derived).
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    nodes_per_rack: int = TRAYS
    nodes_per_su: int = TRAYS * RACKS_PER_UNIT

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("nvl72", clos(whole_racks(ask), SHAPE), inside(ask))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(whole_racks(ask), SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(whole_racks(ask), SHAPE))
