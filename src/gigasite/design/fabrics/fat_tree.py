"""Fat tree: all NICs of a node go to the same leaf as far as its ports allow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.design.clos import clos, size_of, wire
from gigasite.design.fabric import FabricAsk, Wiring, fabrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.design.types import FabricSize


@fabrics.part("fat-tree")
@dataclass(frozen=True, slots=True, kw_only=True)
class FatTree:
    """Two or three tiers of any radix; every setting is free."""

    fixed: Mapping[str, int] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("fat-tree", clos(ask, rails=False))

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, rails=False))
