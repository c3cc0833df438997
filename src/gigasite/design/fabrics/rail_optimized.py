"""Rail-optimised: NIC r of every server of a group goes to leaf r, so that rails meet after one hop."""

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


@fabrics.part("rail-optimized")
@dataclass(frozen=True, slots=True, kw_only=True)
class RailOptimized:
    """Up to four tiers of any radix; a group has one leaf per rail."""

    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("rail-optimized", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
