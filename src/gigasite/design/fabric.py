"""What a kind of fabric is: settings in, counts, limits and wiring out. Parts are the files of `fabrics/`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.errors import InfeasibleError
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gigasite.design.types import FabricLimit, FabricSize


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricAsk:
    """What a fabric has to join.

    Parameters
    ----------
    nodes
        Servers.
    gpus_per_node
        Only counted, not wired.
    nics
        NICs of one node = rails.
    radix
        Ports of a leaf at the speed of one link; `spine_radix`, `core_radix`, `super_radix` likewise for the tiers
        above (0: as the tier below).
    nodes_per_unit
        Nodes that share a group of leaves (a scalable unit, a rack); 0: as many as a leaf's down-ports.
    nodes_per_pod
        Nodes that share spines; 0: as many as a spine's down-ports. Given, a spine has no more up-ports than its pod
        needs.
    planes
        Independent copies; every NIC has one link in each.
    oversubscription, spine_oversubscription, core_oversubscription
        Down-capacity over up-capacity of a switch of that tier; under 1 is under-subscribed.
    tiers
        Tiers of switches, 1 to 4; 0: the fewest that join the nodes.
    leaf_down, leaf_up, spine_up
        Fixed counts of ports, for switches whose down- and up-ports differ (0: from radix and oversubscription).
    uplink_ratio
        Speed of links above the leaves over that of node links.
    manager_links
        Links of fabric managers, which take one node's place beside the nodes.
    gap_at, gap
        So many places are left free before this node, where leaves have units.
    reserved_ports, reserved_frac
        Ports of every switch that stay free, as a count and as a share of its ports; the larger of both holds.
    """

    nodes: int
    gpus_per_node: int = 8
    nics: int = 8
    radix: int = 64
    spine_radix: int = 0
    core_radix: int = 0
    super_radix: int = 0
    nodes_per_unit: int = 0
    nodes_per_pod: int = 0
    planes: int = 1
    oversubscription: float = 1.0
    spine_oversubscription: float = 1.0
    core_oversubscription: float = 1.0
    tiers: int = 0
    leaf_down: int = 0
    leaf_up: int = 0
    spine_up: int = 0
    uplink_ratio: float = 1.0
    manager_links: int = 0
    gap_at: int = 0
    gap: int = 0
    reserved_ports: int = 0
    reserved_frac: float = 0.0

    @property
    def radices(self) -> tuple[int, int, int, int]:
        """Return ports of leaf, spine, core and super-core switches."""
        spine = self.spine_radix or self.radix
        core = self.core_radix or spine
        return self.radix, spine, core, self.super_radix or core

    @property
    def reserved(self) -> tuple[int, int, int, int]:
        """Return ports of each of them that stay free, the last ones of the switch."""
        leaf, spine, core, top = (
            max(self.reserved_ports, math.ceil(r * self.reserved_frac - 1e-9)) for r in self.radices
        )
        return leaf, spine, core, top

    @property
    def usable(self) -> tuple[int, int, int, int]:
        """Return ports of each of them that may be used."""
        leaf, spine, core, top = (r - free for r, free in zip(self.radices, self.reserved, strict=True))
        return leaf, spine, core, top


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Links as columns, by index within each tier; ports count from 1.

    `tier` (n,) uint8: 0 node-leaf, 1 leaf-spine, 2 spine-core, 3 core-super; `a` and `z` (n,) int32 indices (node or
    switch below, switch above); `a_port`, `z_port` (n,) int16. Node ports are `1 + nic * planes + plane`; fabric
    managers are the node behind the last.
    """

    tier: NDArray[np.uint8]
    a: NDArray[np.int32]
    a_port: NDArray[np.int16]
    z: NDArray[np.int32]
    z_port: NDArray[np.int16]


class Fabric(Protocol):
    """One kind of fabric: a frozen part whose settings come with each call."""

    @property
    def fixed(self) -> Mapping[str, Any]:
        """Settings of `FabricAsk` that this kind prescribes."""
        ...

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Settings that this kind takes unless told otherwise."""
        ...

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts.

        Raises
        ------
        InfeasibleError
            More nodes than the kind can join, with what would fit.
        """
        ...

    def limits(self, ask: FabricAsk, /) -> tuple[FabricLimit, ...]:
        """Return the largest fabric of each number of tiers for the radices asked; `nodes` is not looked at."""
        ...

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link; raises as `size`."""
        ...


fabrics: Registry[type[Fabric]] = Registry("gigasite.design.fabrics", "fabric")
"""Kinds of fabrics, one file each. Add a file with a class registered by `@fabrics.part("name")`."""


def ask_of(kind: str, given: Mapping[str, Any]) -> FabricAsk:
    """Return the settings of a kind: what it fixes, what is given, else its defaults.

    Raises
    ------
    UnknownPartError
        No such kind.
    InfeasibleError
        A setting that the kind fixes is given another value.
    """
    part = fabrics[kind]()
    for key, value in given.items():
        if key in part.fixed and part.fixed[key] != value:
            raise InfeasibleError(
                f"{kind} fixes {key.replace('_', '-')} to {part.fixed[key]:g}; leave it out, or take kind fat-tree"
            )
    return FabricAsk(**(dict(part.defaults) | dict(given) | dict(part.fixed)))
