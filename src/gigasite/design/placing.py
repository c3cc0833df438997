"""Which row and which unit every switch takes, before racks are placed.

What is placed later never moves what stands: networks come one after the other (out-of-band switches in a band of their
own above the GPU fabric's), each leaf in the row of its servers,
upper switches in the rows of what they join, and the top tier fills whole racks row by row from the first hall on. So
a hall, a network or a link more adds racks and switches at the end and leaves the others where they are. Only the last
pod, where it was not full, is striped anew when it fills.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.layout import (
    STORAGE_GPUS_PER_RACK,
    STORAGE_NODES_PER_RACK,
    SWITCH_RACK_UNITS,
    counts,
    rows_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.fabric import Wiring
    from gigasite.design.layout import Counts
    from gigasite.design.networks import Net

    Ints = NDArray[np.int64]

PLACED = ("gpu", "management", "storage", "inband")
"""Order in which networks take ports of servers: the ones that change more often come last."""
SEATED = ("gpu", "storage", "inband", "management")
"""Order in which networks take units of racks."""
BAND_U = 4
"""Units above the other switches that out-of-band switches take in the racks of the GPU fabric; estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes:
    """Nodes of a network in the order in which they take leaves: servers, with the storage nodes of their group.

    Parameters
    ----------
    storage
        (n,) whether the node is a storage node.
    index
        (n,) number of the server or of the storage node.
    row
        (n,) row of compute racks that the node stands in or near, over all halls.
    """

    storage: NDArray[np.bool_]
    index: Ints
    row: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """Where the switches of one tier stand.

    Parameters
    ----------
    row, rack
        (n,) row over all halls, and network rack within it, from 0.
    u
        (n,) lowest unit.
    """

    row: Ints
    rack: Ints
    u: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Seats by network and tier (`manager` for a fabric manager), and network racks of each row."""

    nodes: dict[str, Nodes]
    seats: dict[tuple[str, int], Seats]
    managers: dict[str, Seats]
    racks: Ints


def placing(campus: Campus, networks: tuple[Net, ...], wirings: tuple[Wiring, ...]) -> Placing:
    """Give every switch its row, rack and unit."""
    compute, storage, rows = rows_of(campus)
    by_name = {net.name: (net, w) for net, w in zip(networks, wirings, strict=True)}
    cursor = _Cursor(rows)
    nodes: dict[str, Nodes] = {}
    seats: dict[tuple[str, int], Seats] = {}
    managers: dict[str, Seats] = {}
    band: _Band | None = None
    for name in SEATED:
        if name not in by_name:
            continue
        net, w = by_name[name]
        nodes[name] = nodes_of(campus, counts(campus), net, compute, storage)
        for tier, at in enumerate(_rows(campus, net, w, nodes[name], rows)):
            height = campus.catalogue.switches[net.parts[tier]].height_u
            seats[name, tier] = band.seat(at, height) if band and name == "management" else cursor.seat(at, height)
        if net.ask.manager_links:
            managers[name] = cursor.seat(np.zeros(1, np.int64), 1.0)
        band = band or _Band(cursor)
    return Placing(nodes=nodes, seats=seats, managers=managers, racks=cursor.racks())


def nodes_of(campus: Campus, n: Counts, net: Net, compute: Ints, storage: Ints) -> Nodes:
    """Return servers and, in networks that join them, storage nodes.

    Those of a storage rack come before its servers, so that a server more moves none. Out of band they come behind all
    servers, on leaves of their own, so that no server moves with them.
    """
    server = np.arange(n.servers)
    row = compute[server // campus.compute.servers_per_rack]
    if net.ask.nodes <= n.servers:
        return Nodes(storage=np.zeros(n.servers, bool), index=server, row=row)
    extra = np.arange(n.storage_nodes)
    per_group = max(1, STORAGE_GPUS_PER_RACK // campus.catalogue.servers[campus.compute.server].gpus)
    rack = extra // STORAGE_NODES_PER_RACK
    group = np.concatenate([server // per_group, rack])
    is_storage = np.concatenate([np.zeros(n.servers, bool), np.ones(n.storage_nodes, bool)])
    index = np.concatenate([server, extra])
    order = np.lexsort((index, is_storage) if net.ask.gap_at else (index, ~is_storage, group))
    rows = np.concatenate([row, storage[rack]])
    return Nodes(storage=is_storage[order], index=index[order], row=rows[order])


def _rows(campus: Campus, net: Net, w: Wiring, nodes: Nodes, rows: int) -> list[Ints]:
    """Return the row of every switch, by tier."""
    out: list[Ints] = []
    switches = [n for n in net.size.switches if n]
    for tier, count in enumerate(switches):
        mine = w.tier == tier
        if tier == 0:
            known = mine & (w.a < len(nodes.row))  # a fabric manager is a node without a row of its own
            first = np.full(count, rows - 1)
            np.minimum.at(first, w.z[known], nodes.row[w.a[known]])  # the first node's row stays when a unit fills
            out.append(first)
        elif tier == len(switches) - 1:
            height = campus.catalogue.switches[net.parts[tier]].height_u
            out.append(np.arange(count) // max(1, int(SWITCH_RACK_UNITS // height)) % rows)
        else:
            out.append(_between(w.z[mine], out[-1][w.a[mine]], count))
    return out


def _between(switch: NDArray[np.int32], below: Ints, count: int) -> Ints:
    """Spread switches that join the same rows evenly over these rows."""
    low, high = np.full(count, np.iinfo(np.int64).max), np.zeros(count, np.int64)
    np.minimum.at(low, switch, below)
    np.maximum.at(high, switch, below)
    key = low * (int(high.max(initial=0)) + 1) + high
    order = np.argsort(key, kind="stable")
    _, first, size = np.unique(key[order], return_index=True, return_counts=True)
    nth, of = np.empty(count, np.int64), np.empty(count, np.int64)
    nth[order] = np.arange(count) - np.repeat(first, size)
    of[order] = np.repeat(size, size)
    row: Ints = low + nth * (high - low + 1) // of
    return row


class _Cursor:
    """The next free unit of the network racks of each row."""

    def __init__(self, rows: int) -> None:
        self._used = [0.0] * rows

    def seat(self, rows: Ints, height_u: float) -> Seats:
        """Take the next units of each row in turn; a switch never spans two racks."""
        return _seats(rows, [self.take(row, height_u) for row in rows.tolist()])

    def take(self, row: int, height_u: float) -> tuple[int, float]:
        """Return rack and lowest unit of the next place in a row."""
        at = self._used[row]
        free = SWITCH_RACK_UNITS - at % SWITCH_RACK_UNITS
        if height_u > free and free < SWITCH_RACK_UNITS:
            at += free
        self._used[row] = at + height_u
        return int(at // SWITCH_RACK_UNITS), at % SWITCH_RACK_UNITS + 1

    def racks(self) -> Ints:
        """Return network racks of each row, at least one."""
        return np.array([max(1, -int(-u // SWITCH_RACK_UNITS)) for u in self._used], np.int64)


class _Band:
    """The next free unit of the band above the switches of the GPU fabric in each row; behind it the row's own next."""

    def __init__(self, cursor: _Cursor) -> None:
        self._racks = cursor.racks().tolist()
        self._used = [0.0] * len(self._racks)
        self._cursor = cursor

    def seat(self, rows: Ints, height_u: float) -> Seats:
        """Take the next units of each row in turn; a switch never spans two racks."""
        return _seats(rows, [self._take(row, height_u) for row in rows.tolist()])

    def _take(self, row: int, height_u: float) -> tuple[int, float]:
        at = self._used[row]
        free = BAND_U - at % BAND_U
        if height_u > free:
            at += free
        if height_u > BAND_U or at >= BAND_U * self._racks[row]:
            return self._cursor.take(row, height_u)
        self._used[row] = at + height_u
        return int(at // BAND_U), SWITCH_RACK_UNITS + at % BAND_U + 1


def _seats(rows: Ints, taken: list[tuple[int, float]]) -> Seats:
    rack = np.array([r for r, _ in taken], np.int64)
    return Seats(row=rows, rack=rack, u=np.array([u for _, u in taken], np.float32))
