"""Pods with an oversubscribed top: racks of two nodes on one leaf, pods of 3,072 GPUs, seven to one above them."""

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
DEFAULTS = {
    "nics": 8,
    "gpus_per_node": 8,
    "nodes_per_unit": 2,
    "nodes_per_pod": 384,
    "radix": 64,
    "spine_radix": 576,
    "core_radix": 576,
    "oversubscription": 0.5,
    "spine_oversubscription": 7.0,
}


@fabrics.part("pods")
@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """Top-of-rack leaves under-subscribed 2:1, so that a pod loses nothing; 7:1 between pods. Every setting is free.

    References
    ----------
    Meta's 24,576-GPU H100 clusters: 8 pods of 384 nodes, 2 nodes a rack, 7:1 on top, the bottom tier first 2:1
    under-subscribed (glennklockwood.com/garden/systems/meta's-h100-clusters). The 576 ports of the switches above
    the leaves (a modular chassis) are an estimate.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts."""
        return size_of("pods", clos(ask, SHAPE))

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers."""
        return limits(ask, SHAPE)

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link."""
        return wire(clos(ask, SHAPE))
