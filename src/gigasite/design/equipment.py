"""Servers, switches and storage nodes as devices, and every link between their ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.design.layout import Counts, Layout, counts
from gigasite.design.placing import PLACED
from gigasite.design.types import DEVICES, FABRICS, NAME_DIGITS, PORT_BITS, TIERS, Links

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.fabric import Wiring
    from gigasite.design.networks import Net
    from gigasite.design.placing import Nodes, Placing, Seats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Devices of one kind, in order."""

    kind: str
    part: str
    name: str
    rack_id: NDArray[np.int32]
    u: NDArray[np.float32]


def devices(
    campus: Campus, networks: tuple[Net, ...], wirings: tuple[Wiring, ...], seats: Placing, place: Layout
) -> tuple[pl.DataFrame, Links]:
    """Return the devices table and all links in port ids."""
    n = counts(campus)
    groups = [_servers(campus, n, place), *_storage_group(n, place)]
    first_rack = np.cumsum(seats.racks) - seats.racks
    for net in networks:
        for tier, count in enumerate(net.size.switches):
            if count:
                at = seats.seats[net.name, tier]
                groups.append(_seated(f"{net.name}-{TIERS[tier]}", net.parts[tier], at, first_rack, place))
        if net.name in seats.managers:
            kind = f"{net.name}-manager"
            groups.append(_seated(kind, "manager", seats.managers[net.name], first_rack, place, name=kind))
    bases: dict[str, int] = {}
    first = 0
    for group in groups:
        bases[group.kind] = first
        first += len(group.rack_id)
    return _device_table(groups), _links(networks, wirings, seats, bases)


def _seated(
    kind: str, part: str, at: Seats, first_rack: NDArray[np.int64], place: Layout, name: str | None = None
) -> _Group:
    return _Group(
        kind=kind,
        part=part,
        name=name or kind.removeprefix("gpu-"),
        rack_id=place.network[first_rack[at.row] + at.rack].astype(np.int32),
        u=at.u,
    )


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


def _links(networks: tuple[Net, ...], wirings: tuple[Wiring, ...], seats: Placing, bases: dict[str, int]) -> Links:
    """Join the networks' wirings into port ids.

    Ports of a server follow each other network by network in the order of `PLACED`, those of a storage node likewise. A
    network that is turned off keeps the number of one port: it renames no port of the others.
    """
    first: dict[str, tuple[int, int]] = {}
    server = storage = 0
    by_name = {net.name: net for net in networks}
    for name in PLACED:
        first[name] = server, storage
        net = by_name.get(name)
        ports = net.ask.nics * net.ask.planes if net is not None else 1
        server += ports
        storage += ports if net is None or seats.nodes[name].storage.any() else 0
    parts = [
        _net_links(n, w, seats.nodes[n.name], bases, first[n.name]) for n, w in zip(networks, wirings, strict=True)
    ]
    fabric, tier, a, z = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Links(fabric=fabric, tier=tier, a_port=a, z_port=z)


def _net_links(
    net: Net, w: Wiring, nodes: Nodes, bases: dict[str, int], first: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return fabric, tier and both port ids of one network's links; the node behind the last is a fabric manager."""
    above = np.array([bases.get(f"{net.name}-{t}", 0) for t in TIERS], np.int64)
    below = np.concatenate([[0], above[:-1]])
    device = np.append(
        np.where(nodes.storage, bases.get("storage", 0), bases["server"]) + nodes.index,
        bases.get(f"{net.name}-manager", 0),
    )
    shift = np.append(np.where(nodes.storage, first[1], first[0]), 0)
    down = w.tier == 0
    a = below[w.tier] + w.a
    port = w.a_port.astype(np.int64)
    a[down] = device[w.a[down]]
    port[down] += shift[w.a[down]]
    z_id = (above[w.tier] + w.z) << PORT_BITS | w.z_port
    return np.full(len(a), FABRICS.index(net.name), np.uint8), w.tier, a << PORT_BITS | port, z_id
