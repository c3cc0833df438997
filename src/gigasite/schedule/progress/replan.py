"""The rest of the work from the status day on: crews go from job to job as planned; retained logic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.schedule import kernels
from gigasite.schedule.graph import rows
from gigasite.schedule.progress.work import DAY_SLOTS
from gigasite.schedule.sampling import MOST_SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.work import Work

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SPARE_SLOTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """Days of every activity: actual ones where there are any, else planned anew; `goes_on` is when the rest begins."""

    start_day: Floats
    finish_day: Floats
    goes_on_day: Floats
    resequenced: bool
    """The crews' order of jobs could not be kept: progress came in another order than planned."""


def replan(made: Work, a: Actuals, status_day: float, delay: Ints | None = None) -> Replan:
    """Plan the rest.

    Nothing that is left begins before the status day or before what it waits for; what is in progress goes on when its
    predecessors are finished (retained logic). Each gang takes over its people from whom it was to take them, so that
    without progress in another order nothing changes places. Where that overfills a crew, the rest is generated
    serially, in the order of the days found so far.

    Parameters
    ----------
    made, a
        Baseline and progress.
    status_day
        Day of the status.
    delay
        Slots (n,) on top of what is left; what is done has none.

    Raises
    ------
    InfeasibleError
        The rest takes more than a century.
    """
    now = int(np.ceil(status_day * DAY_SLOTS - 1e-9))
    fixed = np.array([t == "absence" for t in made.trades]) & ~a.begun
    begun = np.where(a.done | fixed, 2, np.where(a.begun, 1, 0)).astype(np.int64)
    more = np.zeros(len(begun), np.int64) if delay is None else delay
    left = np.where(begun == 2, 0, np.ceil(made.dur * a.left_frac - 1e-9) + more).astype(np.int64)
    left[(begun == 1) & (made.dur > 0) & (left == 0)] = 1  # begun and not finished: the last hour is the longest
    ended = np.ceil(np.nan_to_num(a.finish_day) * DAY_SLOTS - 1e-9).astype(np.int64)
    early = np.where(fixed, made.finish, np.where(a.done, ended, now))
    finish = _followed(made, begun, left, early)
    if int(finish.max(initial=0)) > now + MOST_SLOTS:
        raise InfeasibleError("what is left takes more than a century: look at the remaining hours of the actuals")
    crowded = _crowded(made, begun, finish - left, finish, now)
    if crowded:
        finish = _generated(made, (fixed, begun), left, early, finish)
    goes_on = (finish - left) / DAY_SLOTS
    start = np.where(a.begun, a.start_day, np.where(fixed, made.start / DAY_SLOTS, goes_on))
    end = np.where(a.done, a.finish_day, finish / DAY_SLOTS)
    return Replan(start_day=start, finish_day=end, goes_on_day=goes_on, resequenced=crowded)


def _followed(made: Work, begun: Ints, left: Ints, early: Ints) -> Ints:
    """Return finishes along links and hand-overs; hand-overs into what has begun are over."""
    over = made.handovers()
    over = over[begun[over[:, 1]] == 0]
    n = len(made.names)
    links = np.concatenate([made.links, over])
    soft = np.zeros(len(links), np.int64)
    soft[len(made.links) :] = 1
    sort = np.lexsort((soft, links[:, 0], links[:, 1]))
    pptr, pidx = rows(links[:, 1], links[:, 0], n)
    ptr, idx = rows(links[:, 0], links[:, 1], n)
    topo = kernels.topological(ptr, idx, np.diff(pptr))
    if len(topo) < n:  # the baseline is older than the links and contradicts them: links alone, then crews by room
        return _linked(made, begun, left, early)
    out: Ints = kernels.follow(topo, pptr, pidx, soft[sort] == 1, begun, left, early)
    return out


def _linked(made: Work, begun: Ints, left: Ints, early: Ints) -> Ints:
    n = len(made.names)
    pptr, pidx = rows(made.links[:, 1], made.links[:, 0], n)
    ptr, idx = rows(made.links[:, 0], made.links[:, 1], n)
    topo = kernels.topological(ptr, idx, np.diff(pptr))
    out: Ints = kernels.follow(topo, pptr, pidx, np.zeros(len(pidx), np.bool_), begun, left, early)
    return out


def _crowded(made: Work, begun: Ints, goes_on: Ints, finish: Ints, now: int) -> bool:
    """Return whether a crew is overfull at any time after now."""
    away = np.array([t == "absence" for t in made.trades])
    start = np.where(away, np.maximum(made.start, now), goes_on)
    mine = (made.crew >= 0) & (finish > start) & ((begun < 2) | away)
    crew, people = np.concatenate([made.crew[mine]] * 2), made.people[mine]
    when = np.concatenate([start[mine], finish[mine]])
    change = np.concatenate([people, -people])
    order = np.lexsort((change, when, crew))  # at one instant people leave before others come
    crew, change = crew[order], change[order]
    busy = np.cumsum(change)
    # each crew's changes sum to nothing, so that one running sum serves all
    return bool((busy > made.capacity[crew]).any())


def _generated(made: Work, state: tuple[NDArray[np.bool_], Ints], left: Ints, early: Ints, finish: Ints) -> Ints:
    """Return finishes by serial generation in the order of the starts so far, absences first."""
    n = len(made.names)
    fixed, begun = state
    open_ = made.links[begun[made.links[:, 1]] < 2]  # what is over waits for nothing
    pptr, pidx = rows(open_[:, 1], open_[:, 0], n)
    ptr, idx = rows(made.links[:, 0], made.links[:, 1], n)
    rank = np.empty(n, np.int64)
    rank[kernels.topological(ptr, idx, np.diff(pptr))] = np.arange(n)
    order = np.lexsort((rank, finish - left, ~fixed)).astype(np.int64)
    early = np.where(fixed, made.start, early)
    left = np.where(fixed, made.dur, left)
    # all work one after the other would end by then
    grid = int(max(finish.max(), made.finish.max()) * 2 + SPARE_SLOTS)
    while True:
        out: Ints = kernels.resume(order, pptr, pidx, left, early, made.crew, made.people, made.capacity, grid)
        if int(out.max()) <= grid:
            return out
        grid *= 2
