"""Rail-only: rails are networks apart; GPUs of different rails meet inside a server's NVLink domain only."""

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

SHAPE = Shape(rails=True, joined=False)


@fabrics.part("rail-only")
@dataclass(frozen=True, slots=True, kw_only=True)
class RailOnly:
    """One Clos per rail, each of one to four tiers; a node has one NIC in each.

    References
    ----------
    Wang et al., "Rail-only: a low-cost high-performance network for training LLMs with trillion parameters",
    arXiv 2307.12169.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("rail-only", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
