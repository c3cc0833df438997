"""Switches and servers as devices, and every link between their ports."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.design.fabric import FabricAsk, fabrics
from gigasite.design.layout import SWITCH_RACK_UNITS, Counts, Layout, counts
from gigasite.design.types import DEVICES, FABRICS, PORT_BITS, FabricSize, Links

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Switch
    from gigasite.campus.schema import Campus
    from gigasite.design.fabric import Fabric, Wiring

STORAGE_OVERSUBSCRIPTION = 3.0  # leaf down-links over up-links of the storage network; estimate
MANAGEMENT_DOWN, MANAGEMENT_UP = 48, 2  # SN2201: 48 x 1 Gb/s down; two of its four 100 Gb/s up
MANAGEMENT_SPINE = "sn4600c"  # 64 x 100 Gb/s
MANAGEMENT_CORE_RADIX = 128  # SN5600-class core at 100 Gb/s, two links a cage
TIERS = ("leaf", "spine", "core")


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """One network of the campus: who asks, which kind answers, what switches it takes."""

    name: str
    kind: str
    ask: FabricAsk
    size: FabricSize
    parts: tuple[str, str, str]
    """Catalogue names of leaf, spine, core."""
    speed_bit_per_s: float

    @property
    def fabric(self) -> Fabric:
        """Return the part."""
        return fabrics[self.kind]()


def nets(campus: Campus) -> tuple[Net, ...]:
    """Return GPU, storage and management networks, sized.

    Raises
    ------
    InfeasibleError
        A fabric cannot join the servers, with what would fit.
    """
    n = counts(campus)
    out = [_gpu(campus, n)]
    if campus.network.storage_links:
        out.append(_storage(campus, n))
    if campus.network.management_links:
        out.append(_management(campus, n))
    return tuple(out)


def radix(switch: Switch, speed_bit_per_s: float) -> int:
    """Return ports of a switch at one link's speed: cages split (or joined) to that speed."""
    return max(1, math.floor(switch.cages * switch.cage_speed_bit_per_s / speed_bit_per_s))


def _gpu(campus: Campus, n: Counts) -> Net:
    net, server = campus.network, campus.catalogue.servers[campus.compute.server]
    parts = (net.leaf, net.spine or net.leaf, net.core or net.leaf)
    speed = net.speed_bit_per_s
    leaf, spine, core = (radix(campus.catalogue.switches[p], speed) for p in parts)
    kind = fabrics[net.fabric]()
    ask = FabricAsk(
        nodes=n.servers,
        gpus_per_node=server.gpus,
        nics=server.nics,
        radix=leaf,
        spine_radix=spine,
        core_radix=core,
        planes=net.planes,
        oversubscription=net.oversubscription,
        nodes_per_unit=_unit(campus, leaf),
    )
    ask = replace(ask, **{k: v for k, v in kind.fixed.items() if k != "radix"})
    return _net("gpu", net.fabric, ask, parts, speed)


def _unit(campus: Campus, leaf: int) -> int:
    """Return servers that share leaves: as many whole racks as half a leaf's ports hold."""
    o = campus.network.oversubscription
    most = int(leaf * o / (1 + o))
    per_rack = campus.compute.servers_per_rack
    return max(most // per_rack * per_rack, min(most, per_rack))


def _storage(campus: Campus, n: Counts) -> Net:
    net = campus.network
    switch = radix(campus.catalogue.switches[net.storage_switch], net.storage_speed_bit_per_s)
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=net.storage_links,
        radix=switch,
        oversubscription=STORAGE_OVERSUBSCRIPTION,
    )
    return _net(
        "storage",
        "rail-optimized",
        ask,
        (net.storage_switch, net.storage_switch, net.storage_switch),
        net.storage_speed_bit_per_s,
    )


def _management(campus: Campus, n: Counts) -> Net:
    spine = campus.catalogue.switches[MANAGEMENT_SPINE]
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=campus.network.management_links,
        radix=MANAGEMENT_DOWN + MANAGEMENT_UP,
        spine_radix=spine.cages,
        core_radix=MANAGEMENT_CORE_RADIX,
        leaf_down=MANAGEMENT_DOWN,
        leaf_up=MANAGEMENT_UP,
        nodes_per_unit=MANAGEMENT_DOWN,
        spine_up=8,
    )
    parts = (campus.network.management_switch, MANAGEMENT_SPINE, "sn5600")
    return _net("management", "rail-optimized", ask, parts, 1e9)


def _net(name: str, kind: str, ask: FabricAsk, parts: tuple[str, str, str], speed: float) -> Net:
    fabric = fabrics[kind]()
    return Net(name=name, kind=kind, ask=ask, size=fabric.size(ask), parts=parts, speed_bit_per_s=speed)


def tier_counts(size: FabricSize) -> tuple[int, int, int]:
    """Return leaves, spines, cores."""
    return size.leaf, size.spine, size.core


def switch_units(campus: Campus, networks: tuple[Net, ...]) -> float:
    """Return rack units of all switches together."""
    return sum(
        count * campus.catalogue.switches[part].height_u
        for net in networks
        for count, part in zip(tier_counts(net.size), net.parts, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Devices of one kind, in order."""

    kind: str
    part: str
    name: str
    rack_id: NDArray[np.int32]
    u: NDArray[np.float32]


def devices(campus: Campus, networks: tuple[Net, ...], place: Layout) -> tuple[pl.DataFrame, Links]:
    """Return the devices table and all links in port ids."""
    n = counts(campus)
    groups = [_servers(campus, n, place), *_storage_group(n, place)]
    bases: dict[str, int] = {}
    filler = _Filler(place, campus)
    for net in networks:
        for tier, count, part in zip(TIERS, tier_counts(net.size), net.parts, strict=True):
            if count:
                groups.append(filler.group(f"{net.name}-{tier}", part, count, net, tier))
    first = 0
    for group in groups:
        bases[group.kind] = first
        first += len(group.rack_id)
    return _device_table(groups), _links(networks, n, bases)


def _servers(campus: Campus, n: Counts, place: Layout) -> _Group:
    per_rack = campus.compute.servers_per_rack
    height = campus.catalogue.servers[campus.compute.server].height_u
    index = np.arange(n.servers)
    slot = index % per_rack
    rack = place.compute[index // per_rack]
    return _Group(
        kind="server",
        part=campus.compute.server,
        name="srv",
        rack_id=rack.astype(np.int32),
        u=(1 + slot * height).astype(np.float32),
    )


def _storage_group(n: Counts, place: Layout) -> list[_Group]:
    if not n.storage_nodes:
        return []
    index = np.arange(n.storage_nodes)
    per_rack = -(-n.storage_nodes // len(place.storage))
    u = (1 + index % per_rack * 2).astype(np.float32)
    rack = place.storage[index // per_rack].astype(np.int32)
    return [_Group(kind="storage", part="storage", name="sto", rack_id=rack, u=u)]


class _Filler:
    """Fills network racks with switches: leaves near their servers, upper tiers spread over what is left."""

    def __init__(self, place: Layout, campus: Campus) -> None:
        self._racks = place.network
        self._campus = campus
        self._used = np.zeros(len(place.network))
        self._near = _nearest(place)
        self._place = place

    def group(self, kind: str, part: str, count: int, net: Net, tier: str) -> _Group:
        height = self._campus.catalogue.switches[part].height_u
        wish = self._wish(count, net, tier)
        rack, u = np.empty(count, np.int32), np.empty(count, np.float32)
        for i in range(count):
            at = self._take(int(wish[i]), height)
            rack[i], u[i] = self._racks[at], 1 + self._used[at] - height
        return _Group(kind=kind, part=part, name=kind.removeprefix("gpu-"), rack_id=rack, u=u)

    def _wish(self, count: int, net: Net, tier: str) -> NDArray[np.int64]:
        """Return the wanted network rack of each switch."""
        racks = len(self._racks)
        if tier != "leaf":
            return np.arange(count) * racks // max(count, 1)
        per_plane = count // net.ask.planes
        unit = np.arange(count) % per_plane // net.ask.nics
        units = max(1, -(-per_plane // net.ask.nics))
        first = np.minimum(unit * len(self._near) // units, len(self._near) - 1)
        return self._near[first]

    def _take(self, wish: int, height: float) -> int:
        """Return the free rack nearest to the wish, in rack order on both sides."""
        racks = len(self._racks)
        for step in range(racks):
            for at in (wish - step, wish + step):
                if 0 <= at < racks and self._used[at] + height <= SWITCH_RACK_UNITS + 10:
                    self._used[at] += height
                    return at
        self._used[wish] += height  # racks are sized for all switches; rounding may leave the last one over
        return wish


def _nearest(place: Layout) -> NDArray[np.int64]:
    """Return for each compute rack the position (in `place.network`) of the network rack of its row."""
    table = place.racks
    key = table["hall"].to_numpy().astype(np.int64) * 100_000 + table["row"].to_numpy()
    net_keys = key[place.network]
    near: NDArray[np.int64] = np.clip(np.searchsorted(net_keys, key[place.compute]), 0, len(net_keys) - 1)
    return near


def _device_table(groups: list[_Group]) -> pl.DataFrame:
    lengths = [len(g.rack_id) for g in groups]
    index = np.concatenate([np.arange(n, dtype=np.int32) for n in lengths])
    kind = pl.Series([g.kind for g in groups]).gather(np.repeat(np.arange(len(groups)), lengths))
    part = pl.Series([g.part for g in groups]).gather(np.repeat(np.arange(len(groups)), lengths))
    stem = pl.Series([g.name for g in groups]).gather(np.repeat(np.arange(len(groups)), lengths))
    digits = len(str(max(lengths)))
    number = pl.Series(index).cast(pl.String).str.zfill(digits)
    table = pl.DataFrame(
        {
            "device_id": np.arange(len(index), dtype=np.int32),
            "name": stem + "-" + number,
            "kind": kind,
            "part": part,
            "index": index,
            "rack_id": np.concatenate([g.rack_id for g in groups]).astype(np.int32),
            "u": np.concatenate([g.u for g in groups]).astype(np.float32),
        }
    )
    return DEVICES.check(table)


def _links(networks: tuple[Net, ...], n: Counts, bases: dict[str, int]) -> Links:
    """Join the networks' wirings into port ids; each network's ports of a server follow the previous one's."""
    parts = []
    first_port = 0
    for net in networks:
        w = net.fabric.wire(net.ask)
        parts.append(_net_links(FABRICS.index(net.name), net, w, n, bases, first_port))
        first_port += net.ask.nics * net.ask.planes
    fabric, tier, a, z = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Links(fabric=fabric, tier=tier, a_port=a, z_port=z)


def _net_links(
    fabric: int, net: Net, w: Wiring, n: Counts, bases: dict[str, int], first_port: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    below = np.array([0, bases[f"{net.name}-leaf"], bases.get(f"{net.name}-spine", 0)], np.int64)
    above = np.array(
        [
            bases[f"{net.name}-leaf"],
            bases.get(f"{net.name}-spine", 0),
            bases.get(f"{net.name}-core", 0),
        ],
        np.int64,
    )
    a = below[w.tier] + w.a
    port = w.a_port.astype(np.int64)
    nodes = w.tier == 0
    # Storage nodes follow the servers in `nodes`; as devices they have ports of their own from 1 on.
    is_server = nodes & (w.a < n.servers)
    a = np.where(nodes & ~is_server, bases.get("storage", 0) + w.a - n.servers, a)
    port = np.where(is_server, port + first_port, port)
    if net.name == "management":
        port = np.where(nodes & ~is_server, port + 16, port)  # behind the storage ports of that device
    a_id = a << PORT_BITS | port
    z_id = (above[w.tier] + w.z) << PORT_BITS | w.z_port
    return np.full(len(a), fabric, np.uint8), w.tier, a_id, z_id
