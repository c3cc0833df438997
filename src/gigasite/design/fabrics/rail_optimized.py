"""Rail-optimised Ethernet: NIC r of every server of a group goes to leaf r, so that rails meet after one hop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.design.clos import clos, size_of, wire
from gigasite.design.fabric import FabricAsk, Wiring, fabrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.design.types import FabricSize


@fabrics.part("rail-optimized")
@dataclass(frozen=True, slots=True, kw_only=True)
class RailOptimized:
    """Two or three tiers of any radix; a group has one leaf per rail."""

    fixed: Mapping[str, int] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("rail-optimized", clos(ask, rails=True))

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, rails=True))
