"""Compiled loops: topological order, critical path, serial schedule generation, the driving path."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel


@kernel
def topological(ptr: NDArray[np.int64], idx: NDArray[np.int64], waits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ids in an order in which predecessors come first, in waves, lowest id first; short on a cycle.

    `ptr`, `idx` list successors (CSR), `waits` counts predecessors (copied).
    """
    n = len(waits)
    left = waits.copy()
    order = np.empty(n, np.int64)
    head, tail = 0, 0
    for i in range(n):
        if left[i] == 0:
            order[tail] = i
            tail += 1
    while head < tail:
        i = order[head]
        head += 1
        for k in range(ptr[i], ptr[i + 1]):
            left[idx[k]] -= 1
            if left[idx[k]] == 0:
                order[tail] = idx[k]
                tail += 1
    return order[:tail]


@kernel
def latest(
    order: NDArray[np.int64],
    ptr: NDArray[np.int64],
    idx: NDArray[np.int64],
    dur: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return time from each activity's start to the end of the longest chain behind it (its tail)."""
    tail = np.zeros(len(order), np.int64)
    for pos in range(len(order) - 1, -1, -1):
        i = order[pos]
        longest = 0
        for k in range(ptr[i], ptr[i + 1]):
            longest = max(longest, tail[idx[k]])
        tail[i] = longest + dur[i]
    return tail


@kernel
def waves(
    order: NDArray[np.int64],
    ptr: NDArray[np.int64],
    idx: NDArray[np.int64],
    own: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the highest `own` among each activity and all that it waits for."""
    wave = own.copy()
    for pos in range(len(order)):
        i = order[pos]
        for k in range(ptr[i], ptr[i + 1]):
            wave[idx[k]] = max(wave[idx[k]], wave[i])
    return wave


@kernel
def generate(
    order: NDArray[np.int64],
    pptr: NDArray[np.int64],
    pidx: NDArray[np.int64],
    dur: NDArray[np.int64],
    crew: NDArray[np.int64],
    people: NDArray[np.int64],
    kind: NDArray[np.int64],
    kinds: int,
    capacity: NDArray[np.int64],
    slots: int,
) -> NDArray[np.int64]:
    """Generate a schedule serially: each activity, in `order`, starts at its earliest feasible slot.

    Parameters
    ----------
    order
        Precedence-feasible list.
    pptr, pidx
        Predecessors (CSR).
    dur
        Durations [slots].
    crew
        Crew index, -1 for none.
    people
        Demand.
    kind, kinds
        Those of one kind have one crew and one demand, so that the first slot with enough people left moves forward
        only; it is remembered per kind.
    capacity
        People per crew.
    slots
        Length of the time grid; starts beyond it ignore capacity (the caller then enlarges it).
    """
    n = len(order)
    start = np.zeros(n, np.int64)
    used = np.zeros((len(capacity), slots), np.int32)
    first = np.zeros(kinds, np.int64)
    for pos in range(n):
        i = order[pos]
        early = 0
        for k in range(pptr[i], pptr[i + 1]):
            p = pidx[k]
            early = max(early, start[p] + dur[p])
        c = crew[i]
        if c < 0 or dur[i] == 0:
            start[i] = early
            continue
        room = capacity[c] - people[i]
        f = first[kind[i]]
        while f < slots and used[c, f] > room:
            f += 1
        first[kind[i]] = f
        t = max(early, f)
        u = t
        while u < t + dur[i] and u < slots:
            if used[c, u] > room:
                t = u + 1
            u += 1
        start[i] = t
        for u in range(t, min(t + dur[i], slots)):
            used[c, u] += people[i]
    return start


@kernel
def driving(
    end: int,
    pptr: NDArray[np.int64],
    pidx: NDArray[np.int64],
    start: NDArray[np.int64],
    dur: NDArray[np.int64],
    crew: NDArray[np.int64],
    by_crew: NDArray[np.int64],
    crew_ptr: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Walk back from activity `end` along what made each start when it did; mark the path.

    A start is made by a predecessor that finishes then, else by an activity of the same crew that finishes then.
    """
    n = len(start)
    path = np.zeros(n, np.bool_)
    i = end
    while i >= 0 and not path[i]:
        path[i] = True
        if start[i] == 0:
            break
        cause, instant = -1, -1
        for k in range(pptr[i], pptr[i + 1]):
            if start[pidx[k]] + dur[pidx[k]] == start[i]:
                if dur[pidx[k]] > 0:
                    cause = pidx[k]
                else:
                    instant = pidx[k]
        if cause < 0:  # milestones made it, and what made them
            cause = instant
        if cause < 0 and crew[i] >= 0:
            for k in range(crew_ptr[crew[i]], crew_ptr[crew[i] + 1]):
                j = by_crew[k]
                if dur[j] > 0 and start[j] + dur[j] == start[i]:
                    cause = j
                    break
        i = cause
    return path


@kernel
def handovers(
    order: NDArray[np.int64],
    start: NDArray[np.int64],
    dur: NDArray[np.int64],
    crew: NDArray[np.int64],
    people: NDArray[np.int64],
    capacity: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Say who takes people over from whom: rows of predecessor, successor.

    Parameters
    ----------
    order
        Ids by start.
    start, dur, crew, people, capacity
        A feasible schedule; -1 for no crew.

    Notes
    -----
    Each person goes to the next activity that starts when he is free. Together with the links these rows make a
    network without crews whose earliest starts are this schedule, if the schedule was generated serially: an activity
    that started at the first slot with room takes at least one person who became free in that very slot.
    """
    most = 0
    for c in range(len(capacity)):
        most = max(most, capacity[c])
    free = np.zeros((len(capacity), most), np.int64)
    last = np.full((len(capacity), most), -1, np.int64)
    out = np.empty((np.sum(people), 2), np.int64)
    count = 0
    for pos in range(len(order)):
        i = order[pos]
        c = crew[i]
        if c < 0 or dur[i] == 0:
            continue
        left = people[i]
        for p in range(capacity[c]):
            if left == 0:
                break
            if free[c, p] <= start[i]:
                if last[c, p] >= 0:
                    out[count, 0], out[count, 1] = last[c, p], i
                    count += 1
                free[c, p], last[c, p] = start[i] + dur[i], i
                left -= 1
    return out[:count]


@kernel
def latest_finish(
    order: NDArray[np.int64],
    ptr: NDArray[np.int64],
    idx: NDArray[np.int64],
    dur: NDArray[np.int64],
    own: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the latest finish of each activity so that itself and all behind it keep their `own` latest finish."""
    late = own.copy()
    for pos in range(len(order) - 1, -1, -1):
        i = order[pos]
        for k in range(ptr[i], ptr[i + 1]):
            late[i] = min(late[i], late[idx[k]] - dur[idx[k]])
    return late


@kernel
def passes(
    topo: NDArray[np.int64],
    ptr: NDArray[np.int64],
    idx: NDArray[np.int64],
    offset: NDArray[np.int64],
    dur: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return earliest and latest starts; `offset` is from start to start of each link (CSR of successors)."""
    n = len(topo)
    early = np.zeros(n, np.int64)
    end = 0
    for pos in range(n):
        i = topo[pos]
        end = max(end, early[i] + dur[i])
        for k in range(ptr[i], ptr[i + 1]):
            early[idx[k]] = max(early[idx[k]], early[i] + offset[k])
    late = end - dur
    for pos in range(n - 1, -1, -1):
        i = topo[pos]
        for k in range(ptr[i], ptr[i + 1]):
            late[i] = min(late[i], late[idx[k]] - offset[k])
    return early, late


@kernel
def follow(
    topo: NDArray[np.int64],
    pptr: NDArray[np.int64],
    pidx: NDArray[np.int64],
    soft: NDArray[np.bool_],
    begun: NDArray[np.int64],
    left: NDArray[np.int64],
    early: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the finish of each activity when work goes on along links and hand-overs.

    Parameters
    ----------
    topo, pptr, pidx
        Order and predecessors (CSR).
    soft
        Whether a predecessor hands people over: what has begun does not wait for those any more.
    begun
        0 not begun, 1 in progress, 2 fixed.
    left
        Duration, or what remains of it [slots]; of fixed ones nothing.
    early
        Earliest slot at which the rest may go on; the finish of fixed ones.
    """
    finish = np.zeros(len(topo), np.int64)
    for pos in range(len(topo)):
        i = topo[pos]
        at = early[i]
        if begun[i] < 2:
            for k in range(pptr[i], pptr[i + 1]):
                if not (soft[k] and begun[i] > 0):
                    at = max(at, finish[pidx[k]])
        finish[i] = at + left[i]
    return finish


@kernel
def resume(
    order: NDArray[np.int64],
    pptr: NDArray[np.int64],
    pidx: NDArray[np.int64],
    left: NDArray[np.int64],
    early: NDArray[np.int64],
    crew: NDArray[np.int64],
    people: NDArray[np.int64],
    capacity: NDArray[np.int64],
    slots: int,
) -> NDArray[np.int64]:
    """Return finishes of what is left to do, serially generated in `order`, none going on before its `early`."""
    finish = np.zeros(len(order), np.int64)
    used = np.zeros((len(capacity), slots), np.int32)
    for pos in range(len(order)):
        i = order[pos]
        t = early[i]
        for k in range(pptr[i], pptr[i + 1]):
            t = max(t, finish[pidx[k]])
        c = crew[i]
        if c >= 0 and left[i] > 0:
            room = capacity[c] - people[i]
            u = t
            while u < t + left[i] and u < slots:
                if used[c, u] > room:
                    t = u + 1
                u += 1
            for u in range(t, min(t + left[i], slots)):
                used[c, u] += people[i]
        finish[i] = t + left[i]
    return finish


def warm() -> None:
    """Compile every kernel."""
    ptr, idx = np.array([0, 1, 1]), np.array([1])
    order = topological(ptr, idx, np.array([0, 1]))
    dur, one = np.array([1, 1]), np.array([0, 0])
    latest(order, ptr, idx, dur)
    waves(order, ptr, idx, dur)
    pptr, pidx = np.array([0, 0, 1]), np.array([0])
    start = generate(order, pptr, pidx, dur, one, dur, one, 1, np.array([1]), 8)
    driving(1, pptr, pidx, start, dur, one, np.array([0, 1]), np.array([0, 2]))
    handovers(order, start, dur, one, dur, np.array([1]))
    latest_finish(order, ptr, idx, dur, start + dur)
    passes(order, ptr, idx, np.array([1]), dur)
    follow(order, pptr, pidx, np.zeros(1, np.bool_), one, dur, one)
    resume(order, pptr, pidx, dur, one, one, dur, np.array([1]), 8)
