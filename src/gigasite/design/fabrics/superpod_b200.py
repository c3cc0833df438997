"""InfiniBand SuperPOD with B200 systems: units of 32 nodes on 64-port NDR switches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gigasite.design.clos import Shape, clos, limits
from gigasite.design.clos_size import size_of
from gigasite.design.clos_wire import wire
from gigasite.design.fabric import FabricAsk, Wiring, fabrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.design.types import FabricLimit, FabricSize

SHAPE = Shape(rails=True)
FIXED = {"radix": 64, "nics": 8, "nodes_per_unit": 32, "planes": 1, "gpus_per_node": 8}


@fabrics.part("superpod-b200")
@dataclass(frozen=True, slots=True, kw_only=True)
class SuperpodB200:
    """Rail-optimised tiers with the published unit.

    References
    ----------
    NVIDIA DGX SuperPOD reference architecture B200, table of cluster sizes
    (docs.nvidia.com/dgx-superpod/reference-architecture-scalable-infrastructure-b200).
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("superpod-b200", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
