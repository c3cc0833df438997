"""Ethernet SuperPOD with B300 systems: units of 64 nodes, two planes of 128 x 400G switches."""

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
FIXED = {"radix": 128, "nics": 8, "nodes_per_unit": 64, "planes": 2, "gpus_per_node": 8}


@fabrics.part("superpod-b300")
@dataclass(frozen=True, slots=True, kw_only=True)
class SuperpodB300:
    """Rail-optimised tiers with the published unit.

    References
    ----------
    NVIDIA DGX SuperPOD reference architecture B300, table of cluster sizes
    (docs.nvidia.com/dgx-superpod/reference-architecture/scalable-infrastructure-b300). The table gives totals only;
    the two planes are a derived reading that its last row (8,192 GPUs = 128 x 128 / 2) supports.
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("superpod-b300", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
