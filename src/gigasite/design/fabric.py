"""What a kind of fabric is: settings in, counts and wiring out. Parts are the files of `fabrics/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gigasite.design.types import FabricSize


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
        Ports of a leaf at the speed of one link; `spine_radix`, `core_radix` likewise (0: as the leaf).
    nodes_per_unit
        Nodes that share a group of leaves (a scalable unit); 0: as many as half a leaf's ports.
    planes
        Independent copies; every NIC has one link in each.
    oversubscription
        Down-links over up-links of a leaf, >= 1.
    leaf_down, leaf_up, spine_up
        Fixed counts of ports, for switches whose down- and up-ports differ (0: from radix and oversubscription).
    """

    nodes: int
    gpus_per_node: int = 8
    nics: int = 8
    radix: int = 64
    spine_radix: int = 0
    core_radix: int = 0
    nodes_per_unit: int = 0
    planes: int = 1
    oversubscription: float = 1.0
    leaf_down: int = 0
    leaf_up: int = 0
    spine_up: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Links as columns, by index within each tier; ports count from 1.

    `tier` (n,) uint8; `a` and `z` (n,) int32 indices (node or switch below, switch above); `a_port`, `z_port` (n,)
    int16. Node ports are `1 + nic * planes + plane`.
    """

    tier: NDArray[np.uint8]
    a: NDArray[np.int32]
    a_port: NDArray[np.int16]
    z: NDArray[np.int32]
    z_port: NDArray[np.int16]


class Fabric(Protocol):
    """One kind of fabric. `fixed` are settings of `FabricAsk` that this kind prescribes."""

    @property
    def fixed(self) -> Mapping[str, int]:
        """Settings that cannot be chosen."""
        ...

    def size(self, ask: FabricAsk, /) -> FabricSize:
        """Return the counts.

        Raises
        ------
        InfeasibleError
            More nodes than the kind can join, with what would fit.
        """
        ...

    def wire(self, ask: FabricAsk, /) -> Wiring:
        """Return every link; raises as `size`."""
        ...


fabrics: Registry[type[Fabric]] = Registry("gigasite.design.fabrics", "fabric")
