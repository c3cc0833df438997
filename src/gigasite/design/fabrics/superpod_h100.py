"""InfiniBand SuperPOD with H100 systems: as B200, but one node's place is taken by fabric managers (UFM)."""

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
FIXED = {"radix": 64, "nics": 8, "nodes_per_unit": 32, "planes": 1, "gpus_per_node": 8, "manager_links": 4}


@fabrics.part("superpod-h100")
@dataclass(frozen=True, slots=True, kw_only=True)
class SuperpodH100:
    """Rail-optimised tiers; units of 32 places, of which one in the whole cluster has four manager links.

    References
    ----------
    NVIDIA DGX SuperPOD reference architecture H100, RA-11333-001 V11 (2023-09-22). That a node's place gives way to
    the managers is published; which rails their four links use (here the first four) is not.
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("superpod-h100", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
