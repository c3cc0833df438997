"""Fat tree: all NICs of a node go to the same leaf as far as its ports allow."""

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

SHAPE = Shape(rails=False)


@fabrics.part("fat-tree")
@dataclass(frozen=True, slots=True, kw_only=True)
class FatTree:
    """Up to four tiers of any radix; every setting is free.

    References
    ----------
    Al-Fares, Loukissas, Vahdat, "A scalable, commodity data center network architecture", SIGCOMM 2008: k-port
    switches join k^3/4 hosts in three tiers with 5 k^2/4 switches.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("fat-tree", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
