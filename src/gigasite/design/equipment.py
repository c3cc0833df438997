"""Switches and servers as devices, and every link between their ports."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import yaml_key
from gigasite.design.fabric import FabricAsk, fabrics
from gigasite.design.layout import SWITCH_RACK_UNITS, Counts, Layout, counts
from gigasite.design.types import DEVICES, FABRICS, NAME_DIGITS, PORT_BITS, TIERS, FabricSize, Links

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Switch
    from gigasite.campus.schema import Campus
    from gigasite.design.fabric import Fabric, Wiring

MOST_WAYS = 8  # links of one cage: eight lanes
MANAGEMENT_UP = 2  # uplinks of an out-of-band leaf that are used, one to each of two spines; estimate
MANAGEMENT_SPINE_UP = 8  # of an out-of-band spine: that network carries consoles and boot images; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """One network of the campus: who asks, which kind answers, what switches it takes."""

    name: str
    kind: str
    ask: FabricAsk
    size: FabricSize
    parts: tuple[str, str, str, str]
    """Catalogue names of leaf, spine, core, super-core."""
    speed_bit_per_s: float
    """Of node links; those above the leaves are `ask.uplink_ratio` times as fast."""

    @property
    def fabric(self) -> Fabric:
        """Return the part."""
        return fabrics[self.kind]()

    def tier_speed_bit_per_s(self, tier: int) -> float:
        """Return the speed of links below the switches of a tier [bit/s]."""
        return self.speed_bit_per_s * (self.ask.uplink_ratio if tier else 1.0)


def nets(campus: Campus) -> tuple[Net, ...]:
    """Return GPU, storage, management and in-band networks, sized, in the order of `FABRICS`.

    Raises
    ------
    InfeasibleError
        A fabric cannot join the servers, with what would fit.
    """
    n, net = counts(campus), campus.network
    out = [_gpu(campus, n)]
    if net.storage_links:
        part, o = net.storage_switch, net.storage_oversubscription
        out.append(_ethernet(campus, n, "storage", part, net.storage_links, net.storage_speed_bit_per_s, o))
    if net.management_links:
        out.append(_management(campus, n))
    if net.inband_links:
        part, o = net.inband_switch, net.inband_oversubscription
        out.append(_ethernet(campus, n, "inband", part, net.inband_links, net.inband_speed_bit_per_s, o))
    return tuple(out)


def radix(switch: Switch, speed_bit_per_s: float) -> int:
    """Return ports of a switch at one link's speed: cages split up to eight ways, or joined, to that speed."""
    ways = switch.cage_speed_bit_per_s / speed_bit_per_s
    ports = switch.cages * min(MOST_WAYS, math.floor(ways)) if ways >= 1 else math.floor(switch.cages * ways)
    return min(max(1, ports), (1 << PORT_BITS) - 1)


def _gpu(campus: Campus, n: Counts) -> Net:
    net, server = campus.network, campus.catalogue.servers[campus.compute.server]
    leaf = net.leaf
    spine = net.spine or leaf
    core = net.core or spine
    parts = (leaf, spine, core, net.supercore or core)
    kind = fabrics[net.fabric]()
    own = {k: v for k, v in (dict(kind.defaults) | dict(kind.fixed)).items() if not k.endswith("radix")}
    ratio = float(own.get("uplink_ratio", 1.0))
    given: dict[str, Any] = {
        "planes": net.planes,
        "nodes_per_unit": net.nodes_per_unit,
        "nodes_per_pod": net.nodes_per_pod,
        "oversubscription": net.oversubscription,
        "spine_oversubscription": net.spine_oversubscription,
        "core_oversubscription": net.core_oversubscription,
        "tiers": net.tiers,
        "reserved_ports": net.reserved_ports,
        "reserved_frac": net.reserved_frac,
    }
    _agree(campus, dict(kind.fixed), given)
    names = ("radix", "spine_radix", "core_radix", "super_radix")
    ports: dict[str, Any] = {
        name: radix(campus.catalogue.switches[part], net.speed_bit_per_s * (1.0 if name == "radix" else ratio))
        for name, part in zip(names, parts, strict=True)
    }
    ask = FabricAsk(
        **_kept(campus, own, given) | ports | {"nodes": n.servers, "gpus_per_node": server.gpus, "nics": server.nics}
    )
    if not ask.nodes_per_unit:
        ask = replace(ask, nodes_per_unit=_unit(campus, ask))
    return _net("gpu", net.fabric, ask, parts, net.speed_bit_per_s)


def _kept(campus: Campus, own: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return settings of the kind, replaced by those that the campus sets: in its file, or to other than usual."""
    usual = {f.name: f.default for f in fields(FabricAsk)}
    return own | {
        k: v for k, v in given.items() if k not in own or v != usual[k] or f"network.{yaml_key(k)}" in campus.places
    }


def _agree(campus: Campus, fixed: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a campus whose servers or settings differ from what the kind of fabric prescribes."""
    net, server = campus.network, campus.catalogue.servers[campus.compute.server]
    usual = {f.name: f.default for f in fields(FabricAsk)}
    have: dict[str, Any] = {"nics": server.nics, "gpus_per_node": server.gpus}
    have |= {k: v for k, v in given.items() if v != usual[k]}
    for key, value in have.items():
        if key in fixed and fixed[key] != value:
            raise InfeasibleError(
                f"network.fabric {net.fabric} takes {fixed[key]:g} for {key.replace('_', ' ')}; the campus has "
                f"{value:g} (server {campus.compute.server}). Take another server or fabric, or leave the setting out"
            )


def _unit(campus: Campus, ask: FabricAsk) -> int:
    """Return servers that share leaves: as many whole racks as a leaf's down-ports hold."""
    most = ask.leaf_down or int(ask.usable[0] * ask.oversubscription / (1 + ask.oversubscription) + 1e-9)
    per_rack = campus.compute.servers_per_rack
    return max(most // per_rack * per_rack, min(most, per_rack))


def _ethernet(campus: Campus, n: Counts, name: str, part: str, links: int, speed: float, o: float) -> Net:
    """Return a network of servers and storage nodes on one kind of switch."""
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=links,
        radix=radix(campus.catalogue.switches[part], speed),
        oversubscription=o,
        reserved_ports=campus.network.reserved_ports,
        reserved_frac=campus.network.reserved_frac,
    )
    return _net(name, "rail-optimized", ask, (part, part, part, part), speed)


def _management(campus: Campus, n: Counts) -> Net:
    """Return the out-of-band network: copper leaves with a few fast uplinks, small spines, one layer above."""
    net, switches = campus.network, campus.catalogue.switches
    leaf, spine, core = (switches[p] for p in (net.management_switch, net.management_spine, net.management_core))
    up = min(MANAGEMENT_UP, leaf.uplinks)
    speed, fast = leaf.cage_speed_bit_per_s, leaf.uplink_speed_bit_per_s
    ports = leaf.cages + up
    down = leaf.cages - max(net.reserved_ports, math.ceil(ports * net.reserved_frac - 1e-9))
    if down < 1:
        raise InfeasibleError(f"management network: no port of {net.management_switch} is left beside reserved ones")
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=net.management_links,
        radix=ports,
        spine_radix=radix(spine, fast),
        core_radix=radix(core, fast),
        leaf_down=down,
        leaf_up=up,
        nodes_per_unit=down,
        spine_up=MANAGEMENT_SPINE_UP,
        uplink_ratio=fast / speed,
        reserved_ports=net.reserved_ports,
        reserved_frac=net.reserved_frac,
    )
    parts = (net.management_switch, net.management_spine, net.management_core, net.management_core)
    return _net("management", "rail-optimized", ask, parts, speed)


def _net(name: str, kind: str, ask: FabricAsk, parts: tuple[str, str, str, str], speed: float) -> Net:
    fabric = fabrics[kind]()
    try:
        size = fabric.size(ask)
    except InfeasibleError as error:
        raise InfeasibleError(f"{name} network ({kind}): {error}") from error
    return Net(name=name, kind=kind, ask=ask, size=size, parts=parts, speed_bit_per_s=speed)


def switch_units(campus: Campus, networks: tuple[Net, ...]) -> float:
    """Return rack units of all switches together."""
    return sum(
        count * campus.catalogue.switches[part].height_u
        for net in networks
        for count, part in zip(net.size.switches, net.parts, strict=True)
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
    wirings = [net.fabric.wire(net.ask) for net in networks]
    filler = _Filler(place, campus)
    for net, w in zip(networks, wirings, strict=True):
        for tier, (count, part) in enumerate(zip(net.size.switches, net.parts, strict=True)):
            if count:
                wish = filler.near_nodes(w, count) if tier == 0 else filler.spread(count)
                groups.append(filler.group(f"{net.name}-{TIERS[tier]}", part, wish))
        groups += filler.managers(net)
    bases: dict[str, int] = {}
    first = 0
    for group in groups:
        bases[group.kind] = first
        first += len(group.rack_id)
    return _device_table(groups), _links(networks, wirings, n, bases)


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

    def group(self, kind: str, part: str, wish: NDArray[np.int64]) -> _Group:
        """Return switches of one tier, each in the free network rack nearest to its wish."""
        height = self._campus.catalogue.switches[part].height_u
        rack, u = np.empty(len(wish), np.int32), np.empty(len(wish), np.float32)
        for i, at_best in enumerate(wish.tolist()):
            at = self._take(at_best, height)
            rack[i], u[i] = self._racks[at], 1 + self._used[at] - height
        return _Group(kind=kind, part=part, name=kind.removeprefix("gpu-"), rack_id=rack, u=u)

    def managers(self, net: Net) -> list[_Group]:
        """Return the fabric manager of a network that has one: one unit in the first free network rack."""
        if not net.ask.manager_links:
            return []
        at = self._take(0, 1.0)
        rack, u = self._racks[at : at + 1].astype(np.int32), np.array([self._used[at]], np.float32)
        return [_Group(kind=f"{net.name}-manager", part="manager", name=f"{net.name}-manager", rack_id=rack, u=u)]

    def spread(self, count: int) -> NDArray[np.int64]:
        """Return wishes of upper tiers: evenly over all network racks."""
        return np.arange(count) * len(self._racks) // max(count, 1)

    def near_nodes(self, w: Wiring, count: int) -> NDArray[np.int64]:
        """Return wishes of leaves: the network rack in the row of their middle node (storage: of the last node)."""
        down = w.tier == 0
        links = np.maximum(np.bincount(w.z[down], minlength=count), 1)
        node = np.bincount(w.z[down], weights=w.a[down], minlength=count) / links
        rack = node.astype(np.int64) // self._campus.compute.servers_per_rack
        return self._near[np.minimum(rack, len(self._near) - 1)]

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
    number = pl.Series(index).cast(pl.String).str.zfill(NAME_DIGITS)
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


def _links(networks: tuple[Net, ...], wirings: list[Wiring], n: Counts, bases: dict[str, int]) -> Links:
    """Join the networks' wirings into port ids; each network's ports of a server follow the previous one's."""
    parts = []
    server_port = storage_port = 0
    for net, w in zip(networks, wirings, strict=True):
        parts.append(_net_links(net, w, n, bases, server_port, storage_port))
        server_port += net.ask.nics * net.ask.planes
        storage_port += net.ask.nics * net.ask.planes if net.ask.nodes > n.servers else 0
    fabric, tier, a, z = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Links(fabric=fabric, tier=tier, a_port=a, z_port=z)


def _net_links(
    net: Net, w: Wiring, n: Counts, bases: dict[str, int], server_port: int, storage_port: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return fabric, tier and both port ids of one network's links.

    Nodes are the servers, then the storage nodes, then the fabric manager: as devices they have bases of their own.
    """
    above = np.array([bases.get(f"{net.name}-{t}", 0) for t in TIERS], np.int64)
    below = np.concatenate([[0], above[:-1]])
    a = below[w.tier] + w.a
    port = w.a_port.astype(np.int64)
    nodes = w.tier == 0
    is_server = nodes & (w.a < n.servers)
    is_manager = nodes & (w.a >= net.ask.nodes)
    is_storage = nodes & ~is_server & ~is_manager
    a = np.where(is_storage, bases.get("storage", 0) + w.a - n.servers, a)
    a = np.where(is_manager, bases.get(f"{net.name}-manager", 0) + w.a - net.ask.nodes, a)
    port = port + np.where(is_server, server_port, 0) + np.where(is_storage, storage_port, 0)
    a_id = a << PORT_BITS | port
    z_id = (above[w.tier] + w.z) << PORT_BITS | w.z_port
    return np.full(len(a), FABRICS.index(net.name), np.uint8), w.tier, a_id, z_id
