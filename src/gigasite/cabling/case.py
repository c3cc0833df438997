"""A plan and what was seen, made ready for diagnosis: who sits beside whom, and what is truly connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.fault import Case
from gigasite.cabling.hosts import host_name, natural
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.match import Bound
    from gigasite.cabling.types import Observed

OTHER_LEAST = 3
"""Cables of a device that the plan lacks from which on it is taken for one of another network (`estimate`)."""


def case(bound: Bound, observed: Observed) -> Case:
    """Return plan and sightings, ready for diagnosis."""
    node = bound.packed >> PORT_BITS
    hosts = [host_name(n) for n in bound.nodes]
    host = _first(pl.Series(hosts, dtype=pl.String))
    within = pl.Series([n[len(h) :] for n, h in zip(bound.nodes, hosts, strict=True)], dtype=pl.String)
    unit = host[node]
    slot, rank = _slots(within, node, bound.ports["port"])
    # one key and a sort that likes runs: ports come in the order of devices already
    order = np.argsort(unit * (int(rank.max(initial=0)) + 1) + rank, kind="stable")
    line = np.empty(len(node), np.int64)
    line[order] = np.arange(len(node))
    real = true_links(bound)
    away = _elsewhere(bound, node, real)
    real[away] = -1
    return Case(
        bound=bound,
        observed=observed,
        plan=bound.plan_peer,
        real=real,
        known=_reports(unit, node, bound.reporting) | (real >= 0),
        node=node,
        host=host,
        unit=unit,
        slot=slot,
        line=line,
        order=order,
        first=np.r_[0, np.cumsum(np.bincount(unit, minlength=len(hosts)))],
        elsewhere=away,
    )


def _elsewhere(bound: Bound, node: NDArray[np.int64], real: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ports of cables of other networks, which a plan of one fabric says nothing of.

    Hosts tell of all their ports, those of management too. Such are cables, in ports that the plan does not use, among
    devices that the plan lacks; and those of a device that it lacks and that has several of them, and no other.
    """
    lit = np.flatnonzero(real >= 0)
    stranger = node >= bound.planned_nodes
    spare = lit[(bound.plan_peer[lit] < 0) & (bound.plan_peer[real[lit]] < 0)]
    count = np.bincount(node[lit], minlength=len(bound.nodes))
    free = np.bincount(node[spare], minlength=len(bound.nodes))
    other = (count == free) & (count >= OTHER_LEAST)
    other[: bound.planned_nodes] = False
    far = real[spare]
    out: NDArray[np.int64] = spare[(stranger[spare] & stranger[far]) | other[node[spare]] | other[node[far]]]
    return out


def _reports(unit: NDArray[np.int64], node: NDArray[np.int64], reporting: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the ports of groups of which a device reports: an adapter without link is not printed, its server is.

    A device that reports of some ports alone has a dump that is cut.
    """
    group = np.zeros(int(unit.max(initial=-1)) + 1, bool)
    group[unit[reporting]] = True
    device = np.zeros(int(node.max(initial=-1)) + 1, bool)
    device[node[reporting]] = True
    out: NDArray[np.bool_] = reporting | (group[unit] & ~device[node])
    return out


def _first(texts: pl.Series) -> NDArray[np.int64]:
    """Return for each text the place where it stands first."""
    table = texts.to_frame("text").with_row_index("at")
    out: NDArray[np.int64] = table.select(pl.col("at").first().over("text").cast(pl.Int64))["at"].to_numpy()
    return out


def _slots(within: pl.Series, node: NDArray[np.int64], port: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a number for each different pair of adapter and port name, and its rank in natural order."""
    adapters, ports = within.unique().sort(), port.unique().sort()
    a = _codes(within, adapters)[node]
    p = _codes(port, ports)
    slot = a * len(ports) + p
    a_rank, p_rank = (_ranks([natural(t) for t in texts.to_list()]) for texts in (adapters, ports))
    return slot, a_rank[a] * len(ports) + p_rank[p]


def _codes(texts: pl.Series, values: pl.Series) -> NDArray[np.int64]:
    out: NDArray[np.int64] = texts.cast(pl.Enum(values)).to_physical().to_numpy().astype(np.int64)
    return out


def _ranks(keys: list[str]) -> NDArray[np.int64]:
    out = np.empty(len(keys), np.int64)
    out[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    return out


def true_links(bound: Bound) -> NDArray[np.int64]:
    """Return the far end that each port truly has, symmetric, as far as it is known (n,).

    What both ends say is believed. What one end says is believed where the other says nothing. Where the other end
    and a third agree, the first one's word is old news: see the fault `stale`. Among ports that contradict each other
    in a ring the plan's word counts, then the lowest number.
    """
    seen = bound.seen_peer
    n = len(seen)
    real = np.full(n, -1, np.int64)
    told = np.flatnonzero((seen >= 0) & (seen != np.arange(n)))  # what sees itself is looped: the fault `loopback`
    both = told[seen[seen[told]] == told]
    real[both] = seen[both]
    alone = told[seen[seen[told]] != told]
    alone = alone[(real[alone] < 0) & (real[seen[alone]] < 0)]
    order = np.lexsort((alone, bound.plan_peer[alone] != seen[alone], seen[seen[alone]] >= 0))
    for p in alone[order].tolist():  # a handful: ports whose far end does not say the same
        q = int(seen[p])
        if real[p] < 0 and real[q] < 0 and p != q:
            real[p], real[q] = q, p
    return real
