"""The list that crews follow: made so that what the first step waits for comes first, justified by the solver."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import risk
from gigasite.schedule.slack import waited_for
from gigasite.schedule.solver import island, plain_problem
from gigasite.schedule.solver.pack import packed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.solver import Problem

    Ints = NDArray[np.int64]

MOST_ROUNDS = 12  # the day stops to move after two to six (measured on the reference campuses)


def improved(
    case: risk.Case, likely: risk.Result, hours: NDArray[np.float64], job_hours: float
) -> tuple[risk.Case, risk.Result]:
    """Return a list and its schedule with a first step that is no later.

    Parameters
    ----------
    case, likely
        A list and its schedule.
    hours, job_hours
        Clock hours of all activities (n,), and of the start of the job, that `likely` was made with.

    Notes
    -----
    All that the first step waits for in `likely`, and what that waits for, is a problem of its own: its list is
    justified forwards and backwards until neither gains. All other work follows in the order that it had and fills
    the gaps. Then other arrays may be the first to be ready: so again, until the day stays. Deterministic.
    """
    for _ in range(MOST_ROUNDS):
        order = _justified(case, likely)
        if order is None:
            break
        other = replace(case, order=order)
        result = risk.solve(other, hours, job_hours)
        if (result.first_step, result.full_size) >= (likely.first_step, likely.full_size):
            break
        case, likely = other, result
    return case, likely


def _justified(case: risk.Case, likely: risk.Result) -> Ints | None:
    """Return the next list, or nothing when no activity makes the first step (a grid step does, or it never comes)."""
    net = case.net
    end = risk.binding(case, likely)
    if end < 0:
        return None
    counted, _ = waited_for(case, likely, end)
    needed = _closure(case, counted)
    ids = np.flatnonzero(needed)
    problem = subproblem(case, likely.dur, ids)
    pk = packed(problem)
    place = np.empty(len(net.names), np.int64)
    place[case.order] = np.arange(len(case.order))
    # by start, as the crews go now; ties as in the list, which keeps predecessors of no duration first
    own = np.lexsort((place[ids], likely.start[ids])).astype(np.int32)
    starts, _, _ = island.first(pk, np.arange(len(ids)), case.grid_slots, own)
    rank = np.empty(len(ids), np.int64)
    rank[pk.topo] = np.arange(len(ids))
    first = ids[np.lexsort((rank, starts))]
    order = np.concatenate([net.absent, first, case.order[~needed[case.order]]]).astype(np.int64)
    return order[np.sort(np.unique(order, return_index=True)[1])]  # each at its first place


def _closure(case: risk.Case, ids: Ints) -> NDArray[np.bool_]:
    """Return which activities are `ids` or come before them."""
    net = case.net
    needed = np.zeros(len(net.names), np.bool_)
    needed[ids] = True
    front = ids
    while len(front):
        count = net.pptr[front + 1] - net.pptr[front]
        # positions of all predecessors' entries: each row's begin, and steps of one within it
        inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        before = net.pidx[np.repeat(net.pptr[front], count) + inside]
        front = np.unique(before[~needed[before]])
        needed[front] = True
    return needed


def subproblem(case: risk.Case, dur: Ints, ids: Ints) -> Problem:
    """Return the activities `ids` (ascending, with all that they wait for) as a problem of the solver."""
    net = case.net
    n = len(net.names)
    inside = np.zeros(n, np.bool_)
    inside[ids] = True
    new = np.cumsum(inside) - 1
    links = net.links[inside[net.links[:, 0]] & inside[net.links[:, 1]]]
    demand = np.zeros((len(ids), len(net.capacity)), np.int64)
    with_crew = np.flatnonzero(net.crew[ids] >= 0)
    demand[with_crew, net.crew[ids][with_crew]] = net.people[ids][with_crew]
    names = tuple(net.names[i] for i in ids.tolist())
    return plain_problem(dur[ids], demand, net.capacity, new[links], names=names)
