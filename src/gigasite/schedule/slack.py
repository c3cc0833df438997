"""How far each activity may slip, and the driving path, with the crews' hand-overs as links."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import kernels, risk
from gigasite.schedule.graph import rows
from gigasite.schedule.network import SLOT_H

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


def slack(case: risk.Case, result: risk.Result) -> tuple[Ints, NDArray[np.bool_]]:
    """Return float [slots] and whether on the driving path, of a schedule that was generated serially.

    Float counts to the first step for all that it waits for, to the last finish for the rest. People go from activity
    to activity as in this schedule (a partial-order schedule: Policella et al., AI Communications 20, 2007).

    Parameters
    ----------
    case
        The network.
    result
        The schedule.
    """
    net = case.net
    n = len(result.start)
    by_start = np.lexsort((np.arange(n), result.start)).astype(np.int64)
    over = kernels.handovers(by_start, result.start, result.dur, net.crew, net.people, net.capacity)
    links = np.unique(np.concatenate([net.links, over]), axis=0)
    ptr, idx = rows(links[:, 0], links[:, 1], n)
    pptr, pidx = rows(links[:, 1], links[:, 0], n)
    finish = result.start + result.dur
    late = np.full(n, finish.max(), np.int64)
    end = risk.binding(case, result)
    waited, day = waited_for(case, result, end)
    late[waited] = day
    topo = kernels.topological(ptr, idx, np.diff(pptr))
    late = kernels.latest_finish(topo, ptr, idx, result.dur, late)
    if end < 0:
        return late - finish, np.zeros(n, np.bool_)
    none, empty = np.full(n, -1, np.int64), np.zeros(0, np.int64)
    path = kernels.driving(end, pptr, pidx, result.start, result.dur, none, empty, np.zeros(1, np.int64))
    return late - finish, path


def waited_for(case: risk.Case, result: risk.Result, end: int) -> tuple[Ints, int]:
    """Return the arrays, networks, gensets, intake and plants that are ready for the first step, and its slot."""
    made = case.net.made
    names = ("array ready", "array network", "genset", "plant", "intake")
    ids = np.concatenate([made[name] for name in names])
    finish = result.start + result.dur
    last = int(finish[ids].max())  # when the first step never comes, or long after all of these
    if end >= 0:
        last = int(finish[end])
    elif math.isfinite(result.ready):
        last = min(last, math.floor(result.ready * 24.0 / SLOT_H + 1e-6))
    counted: Ints = ids[finish[ids] <= last]
    return counted, last
