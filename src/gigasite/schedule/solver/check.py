"""Is a schedule feasible? The oracle of every test and of every answer: shares nothing with the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite.schedule.solver.problem import FINISH_START

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.solver.problem import Problem

    Ints = NDArray[np.int64]

MOST = 20  # findings of one kind that are reported


def feasible(p: Problem, starts: Ints, modes: Ints) -> list[Finding]:
    """Return what is wrong with a schedule; an empty list is a feasible one.

    Parameters
    ----------
    p
        The problem.
    starts
        (n,) [slots].
    modes
        (n,): index of the mode among the activity's own, from 0.
    """
    if len(starts) != p.n or len(modes) != p.n:
        return [_error("schedule", "has not one start and one mode per activity", str(p.n), str(len(starts)))]
    count = np.diff(p.mode_ptr)
    bad = np.flatnonzero((modes < 0) | (modes >= count))
    if len(bad):
        return [
            _error(p.names[i], "has no such mode", f"0 to {count[i] - 1}", str(modes[i])) for i in bad[:MOST].tolist()
        ]
    row = p.mode_ptr[:-1] + modes
    dur = p.duration[row]
    early = np.flatnonzero(starts < 0)[:MOST].tolist()
    out = [_error(p.names[i], "starts before the project", "0", str(starts[i])) for i in early]
    return [*out, *_links(p, starts, dur), *_renewable(p, starts, dur, p.demand[row]), *_totals(p, row)]


def _links(p: Problem, starts: Ints, dur: Ints) -> list[Finding]:
    a, z = p.links[:, 0], p.links[:, 1]
    least = starts[a] + np.where(p.kind == FINISH_START, dur[a], 0) + p.lag
    broken = np.flatnonzero(starts[z] < least)[:MOST].tolist()
    return [
        _error(
            f"{p.names[a[k]]} -> {p.names[z[k]]}",
            "the successor starts too early",
            f"slot {least[k]}",
            f"slot {starts[z[k]]}",
        )
        for k in broken
    ]


def _renewable(p: Problem, starts: Ints, dur: Ints, demand: Ints) -> list[Finding]:
    """Sweep over starts and finishes; at one instant people leave before others come."""
    if not p.n:
        return []
    work = np.flatnonzero(dur > 0)
    last = p.capacity.shape[1]
    # the load may only pass the capacity where either of them changes
    times = np.unique(np.concatenate([starts[work], (starts + dur)[work], np.arange(last)]))
    load = np.zeros((len(times), p.demand.shape[1]), np.int64)
    np.add.at(load, np.searchsorted(times, starts[work]), demand[work])
    np.subtract.at(load, np.searchsorted(times, (starts + dur)[work]), demand[work])
    load = np.cumsum(load, axis=0)
    limit = p.capacity[:, np.clip(times, 0, last - 1)].T
    return [
        _error(f"resource {r + 1}, slot {times[t]}", "is overloaded", str(limit[t, r]), str(load[t, r]))
        for t, r in np.argwhere(load > limit)[:MOST].tolist()
    ]


def _totals(p: Problem, row: Ints) -> list[Finding]:
    used = p.use[row].sum(axis=0)
    return [
        _error(f"nonrenewable resource {k + 1}", "is used up", str(p.total[k]), str(used[k]))
        for k in np.flatnonzero(used > p.total).tolist()
    ]


def _error(where: str, what: str, limit: str, found: str) -> Finding:
    return Finding(
        severity=Severity.error,
        chapter="schedule",
        where=where,
        what=what,
        limit=limit,
        found=found,
        remedy="a schedule that breaks this cannot be built: report it",
    )
