"""Multi-plane: each NIC splits its speed over several networks apart, whose switches have that many times the ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InfeasibleError
from gigasite.design.clos import Shape, clos, limits
from gigasite.design.clos_size import size_of
from gigasite.design.clos_wire import wire
from gigasite.design.fabric import FabricAsk, Wiring, fabrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.design.types import FabricLimit, FabricSize

SHAPE = Shape(rails=True)
DEFAULTS = {"planes": 4}


def several(ask: FabricAsk) -> FabricAsk:
    """Return the ask if it has two planes or more.

    Raises
    ------
    InfeasibleError
        It has one.
    """
    if ask.planes < 2:
        raise InfeasibleError(f"multi-plane needs planes >= 2, found {ask.planes}; for one plane take rail-optimized")
    return ask


@fabrics.part("multi-plane")
@dataclass(frozen=True, slots=True, kw_only=True)
class MultiPlane:
    """Rail-optimised tiers, once per plane; the planes meet in the NICs only. Four planes unless told otherwise."""

    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("multi-plane", clos(several(ask), SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(several(ask), SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(several(ask), SHAPE))
