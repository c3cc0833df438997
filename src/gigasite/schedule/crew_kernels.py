"""Compiled loops of the samples: crews at work along a list, and the path back from an end.

Activities are numbered by their place in the list that crews follow, so that the number is the priority.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight

Ints = NDArray[np.int32]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]

# columns of an activity while crews are at work: predecessors to come, slot when ready (then its start), who made it
# so, next of a list; duration, lane (-1: no crew), first of its successors, place in the lane
WAITS, READY, BY, NEXT, DUR, LANE, SUCCESSORS, PLACE = range(8)
DE_BRUIJN = np.empty(64, np.int64)
"""Which bit is set, by the first six bits of its product."""
for _k in range(64):
    DE_BRUIJN[((0x03F79D71B4CB0A89 << _k) & (2**64 - 1)) >> 58] = _k


@tight
def begin(i: int, t: int, state: Ints, sidx: Ints, slag: Ints, head: Ints) -> int:
    """Let `i` start at `t` and tell its successors; return its finish, beyond the grid when that is too short."""
    slots = len(head) - 1
    f: int = t + state[i, DUR]
    for e in range(state[i, SUCCESSORS], state[i + 1, SUCCESSORS]):
        j = sidx[e]
        r = f + slag[e]
        if r >= state[j, READY]:
            state[j, READY], state[j, BY] = r, i
        state[j, WAITS] -= 1
        if state[j, WAITS] == 0:
            r = max(state[j, READY], t)  # a negative lag cannot reach back
            if r > slots:
                return slots + 1
            state[j, READY], state[j, NEXT], head[r, 0] = r, head[r, 0], j
    return f


@tight
def release(
    t: int, state: Ints, head: Ints, lane_crew: Ints, gang: Ints, free: Ints, last: Ints, stirred: Bools
) -> None:
    """Give people back who are done at `t`."""
    i = head[t, 1]
    while i >= 0:
        q = state[i, LANE]
        c = lane_crew[q]
        free[c] += gang[q]
        last[c], stirred[c] = i, True
        i = state[i, NEXT]


@tight
def wait(i: int, t: int, state: Ints, head: Ints, base: Ints, bits: Words, low: Ints, size: Ints) -> bool:
    """Let `i` wait in its lane; return whether it has to: what needs nobody does not, nor do absences.

    An absence (a place of -1) begins when it is time, whoever is at work then: jobs under way are finished first.
    """
    q, at = state[i, LANE], state[i, PLACE]
    if q < 0 or state[i, DUR] == 0:
        return False
    if at < 0:
        back(i, t, state, head)
        return False
    bits[base[q] + (at >> 6)] |= np.uint64(1) << np.uint64(at & 63)
    low[q] = min(low[q], at >> 6)
    size[q] += 1
    return True


@tight
def back(i: int, t: int, state: Ints, head: Ints) -> None:
    """Note when the people of `i`, which starts at `t`, come back."""
    f = t + state[i, DUR]
    if f < len(head):
        state[i, NEXT], head[f, 1] = head[f, 1], i


@tight
def leave(i: int, state: Ints, base: Ints, bits: Words, size: Ints) -> None:
    """Take `i` out of its lane."""
    q, at = state[i, LANE], state[i, PLACE]
    bits[base[q] + (at >> 6)] ^= np.uint64(1) << np.uint64(at & 63)
    size[q] -= 1


@tight
def first_fit(
    c: int, crew_lanes: Ints, gang: Ints, base: Ints, bits: Words, low: Ints, size: Ints, items: Ints, free: Ints
) -> int:
    """Return the first of the list that waits for crew `c` and that the free people suffice for, -1 for none.

    Who waits in a lane is a set of bits; the lowest one is found by its product with a de Bruijn number (Leiserson,
    Prokop & Randall 1998).
    """
    best = -1
    for q in range(crew_lanes[c], crew_lanes[c + 1]):
        if size[q] > 0 and gang[q] <= free[c]:
            while bits[base[q] + low[q]] == 0:
                low[q] += 1
            x = bits[base[q] + low[q]]
            one = x & (~x + np.uint64(1))
            i = items[64 * (base[q] + low[q]) + DE_BRUIJN[(one * np.uint64(0x03F79D71B4CB0A89)) >> np.uint64(58)]]
            best = i if best < 0 else min(best, i)
    return best


@kernel
def dispatch(
    template: Ints,
    dur: Ints,
    sidx: Ints,
    slag: Ints,
    crew_lanes: Ints,
    lane_crew: Ints,
    gang: Ints,
    base: Ints,
    items: Ints,
    capacity: Ints,
    slots: int,
    start: Ints,
    cause: Ints,
) -> int:
    """Fill `start` and `cause`: free people go to the first of the list that is ready and needs no more of them.

    Parameters
    ----------
    template
        (n + 1, 8) columns `WAITS` ... `PLACE` of each activity, side by side: one line of the cache.
    dur, sidx, slag
        Durations; successors (rows of `SUCCESSORS`) with lags.
    crew_lanes, lane_crew, gang, base, items
        Those of one crew and one number of people share a lane; the lanes of crew c are `crew_lanes[c]` to
        `crew_lanes[c + 1]`. People of a lane; its first word of 64; the activity at each bit of all words.
    capacity
        People per crew.
    slots
        Length of the time grid.
    cause
        What made the start: the predecessor that ended then, else the activity whose people became free, -1: neither.

    Returns
    -------
    int
        The last finish, -1 when the grid is too short.
    """
    n, crews = len(dur), len(capacity)
    state = template.copy()
    state[:n, DUR] = dur
    # per slot, lists by `NEXT`: who becomes ready, who gives people back
    head = np.full((slots + 1, 2), -1, np.int32)
    bits, low, size = (
        np.zeros(len(items) // 64, np.uint64),
        np.zeros(len(base), np.int32),
        np.zeros(len(base), np.int32),
    )
    free, last, stirred = capacity.copy(), np.full(crews, -1, np.int32), np.zeros(crews, np.bool_)
    for i in range(n - 1, -1, -1):
        if state[i, WAITS] == 0:
            state[i, NEXT], head[0, 0] = head[0, 0], i
    done, t, end = 0, 0, 0
    while done < n and t <= slots:
        release(t, state, head, lane_crew, gang, free, last, stirred)
        turn = 0 if head[t, 0] >= 0 or head[t, 1] >= 0 else crews  # without news nobody starts
        while head[t, 0] >= 0 or turn < crews:
            if head[t, 0] >= 0:  # all that are ready are known before people go anywhere
                i, turn = head[t, 0], 0
                head[t, 0] = state[i, NEXT]
                if wait(i, t, state, head, base, bits, low, size):
                    stirred[lane_crew[state[i, LANE]]] = True
                    continue
                taken = state[i, LANE] if state[i, DUR] > 0 else -1
            else:
                i = first_fit(turn, crew_lanes, gang, base, bits, low, size, items, free) if stirred[turn] else -1
                stirred[turn] = i >= 0
                if i < 0:
                    turn += 1
                    continue
                leave(i, state, base, bits, size)
                back(i, t, state, head)
                taken = state[i, LANE]
                state[i, BY] = last[turn] if state[i, READY] < t else state[i, BY]
            if taken >= 0:
                free[lane_crew[taken]] -= gang[taken]
            f = begin(i, t, state, sidx, slag, head)
            if f > slots:
                return -1
            state[i, READY], end = t, max(end, f)
            done += 1
        t += 1
    start[:], cause[:] = state[:n, READY], state[:n, BY]
    return end if done == n else -1


@kernel
def walk(end: Ints, cause: Ints, hits: NDArray[np.int64]) -> None:
    """Count in `hits` (n,) the activities on the way back from `end[k]` along `cause` (B, n), for each sample."""
    for k in range(len(end)):
        i = end[k]
        while i >= 0:
            hits[i] += 1
            i = cause[k, i]


def warm() -> None:
    """Compile every kernel."""
    one, two, words = np.zeros(1, np.int32), np.zeros(2, np.int32), np.zeros(64, np.int32)
    dispatch(np.zeros((2, 8), np.int32), one, one, one, two, one, one, one, words, one + 1, 4, one.copy(), one.copy())
    walk(one - 1, np.zeros((1, 1), np.int32), np.zeros(1, np.int64))
