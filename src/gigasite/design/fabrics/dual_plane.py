"""Dual plane: each NIC's two ports go to different leaves of two networks apart, so that one may fail."""

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
FIXED = {"planes": 2}


@fabrics.part("dual-plane")
@dataclass(frozen=True, slots=True, kw_only=True)
class DualPlane:
    """Rail-optimised tiers, twice; the planes meet in the NICs only.

    References
    ----------
    Qian et al., "Alibaba HPN: a data center network for large language model training", SIGCOMM 2024.
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("dual-plane", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
