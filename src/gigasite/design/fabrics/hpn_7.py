"""Alibaba HPN 7.0: dual-plane, dual-ToR segments of 1,024 GPUs, 15 segments per pod, pods oversubscribed 15:1."""

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
FIXED = {
    "radix": 192,
    "spine_radix": 128,
    "nics": 8,
    "gpus_per_node": 8,
    "planes": 2,
    "nodes_per_unit": 128,
    "nodes_per_pod": 1920,
    "leaf_down": 128,
    "leaf_up": 64,
    "spine_up": 8,
    "uplink_ratio": 2.0,
}


@fabrics.part("hpn-7")
@dataclass(frozen=True, slots=True, kw_only=True)
class Hpn7:
    """Leaves with 128 x 200G down and 64 x 400G up; 128-port spines keep 8 ports for the core.

    References
    ----------
    Qian et al., "Alibaba HPN: a data center network for large language model training", SIGCOMM 2024: dual-plane,
    dual-ToR, 1,024 GPUs per segment, 15 segments per pod. Port counts of leaves and the 15:1 core are second-hand.
    """

    fixed: Mapping[str, Any] = field(default_factory=lambda: FIXED)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("hpn-7", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
