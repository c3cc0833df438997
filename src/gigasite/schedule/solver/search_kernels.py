"""Compiled loops of the search: serial generation, first populations, justification, a slice of evolution.

Every array of times has side 0 (the problem) or side 1 (its mirror image): what is generated on one side gives the list
for the other, so that each generation is also a justification (Debels & Vanhoucke, Operations Research 55, 2007).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight
from gigasite.schedule.solver.list_kernels import cross, draw, flip, mirror, sample, shake, shuffled

Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]

MOST_SHUFFLED = 1000  # activities up to which random lists make a first population
SWAP_ONE_IN = 50  # places of a list: the rate of mutation
NEVER = 1 << 40  # makespan of a schedule that does not fit the time grid


@tight
def fit(t: int, d: int, row: int, q: Ints, guard: Ints, free: Ints, free0: Ints, top: int) -> int:
    """Return the first start from `t` on with room for demand `q[row]` for `d` slots, beyond the grid if there is none.

    Slots from `top` on are untouched: their capacity stands in `free0`.
    """
    last, grid = len(free0) - 1, len(free)
    u = t + d - 1
    if q.shape[1] == 1:  # the usual case, twice as fast without the loop over words
        need, g = q[row, 0], guard[0]
        while u >= t:
            if u >= grid:
                return u
            have = free[u, 0] if u < top else free0[min(u, last), 0]
            if ((have | g) - need) & g != g:
                t = u + 1  # start after the last slot without room
                u = t + d
            u -= 1
        return t
    while u >= t:
        if u >= grid:
            return u
        room = True
        for w in range(q.shape[1]):
            have = free[u, w] if u < top else free0[min(u, last), w]
            if ((have | guard[w]) - q[row, w]) & guard[w] != guard[w]:
                room = False
        if room:
            u -= 1
        else:
            t = u + 1
            u = t + d - 1
    return t


@tight
def take(t: int, d: int, row: int, q: Ints, free: Ints, free0: Ints, top: int) -> int:
    """Take demand `q[row]` for `d` slots from `t` on; return up to which slot `free` is now touched."""
    last, words = len(free0) - 1, q.shape[1]
    while top < t + d:
        for w in range(words):
            free[top, w] = free0[min(top, last), w]
        top += 1
    for w in range(words):
        if q[row, w] != 0:
            for u in range(t, t + d):
                free[u, w] -= q[row, w]
    return top


@kernel
def generate(
    order: Shorts,
    pptr: Ints,
    pidx: Ints,
    pw: Ints,
    dur: Ints,
    q: Ints,
    guard: Ints,
    kind: Ints,
    ahead: Ints,
    free0: Ints,
    free: Ints,
    start: Ints,
) -> int:
    """Generate a schedule serially; return its makespan, or `NEVER` when it does not fit the time grid.

    Parameters
    ----------
    order
        Activities, predecessors first.
    pptr, pidx, pw
        Who comes before (CSR), and the slots between both starts.
    dur, q, guard
        (n,), (n, W), (W,): durations [slots], packed demands, guard bits.
    kind, ahead
        (n,), (kinds,): activities of one kind have one demand; the first slot with room for it only moves ahead, and is
        remembered in `ahead`. Both empty where hardly two demands are equal.
    free0
        (T, W): packed capacity by slot; the last row holds for ever.
    free
        Work space, whose length is the time grid.
    start
        Filled with the starts.
    """
    top, makespan, grid = 0, 0, len(free)
    ahead[:] = 0
    for pos in range(len(order)):
        i = order[pos]
        t = 0
        for k in range(pptr[i], pptr[i + 1]):
            t = max(t, start[pidx[k]] + pw[k])
        d = dur[i]
        if d > 0:
            if len(ahead) > 0:
                a = fit(ahead[kind[i]], 1, i, q, guard, free, free0, top)
                ahead[kind[i]] = a
                t = max(t, a)
            t = fit(t, d, i, q, guard, free, free0, top)
            if t + d > grid:
                return NEVER
            top = take(t, d, i, q, free, free0, top)
        start[i] = t
        makespan = max(makespan, t + d)
    return makespan


@kernel
def populate(
    lists: Shorts,
    keys: Shorts,
    spans: Ints,
    sptr: Ints,
    sidx: Ints,
    percent: int,
    rng: Ints,
    topo: Ints,
    pptr: tuple[Ints, Ints],
    pidx: tuple[Ints, Ints],
    pw: tuple[Ints, Ints],
    plain: bool,  # noqa: FBT001
    dur: Ints,
    q: Ints,
    guard: Ints,
    kind: Ints,
    ahead: Ints,
    free0: Ints,
    free: Ints,
) -> None:
    """Fill lists, keys (N, n) and makespans (N,) for side 1 with schedules of random lists.

    On small problems all but one in four are random throughout: worse at first, but a population that differs more ends
    better (measured on J120). On large ones time suffices for few generations, and all lists are disturbed by up to
    `percent`.
    """
    n = len(topo)
    start = np.empty(n, np.int64)
    count = np.empty(len(free) + 3, np.int64)
    for a in range(len(lists)):
        if n <= MOST_SHUFFLED and a % 4 > 0:
            order = shuffled(pptr[0], sptr, sidx, rng)
        else:
            order = sample(topo, sptr, sidx, dur, draw(rng, percent + 1), rng)
        spans[a] = generate(order, pptr[0], pidx[0], pw[0], dur, q, guard, kind, ahead, free0, free, start)
        if spans[a] == NEVER:
            lists[a] = topo[::-1]
            keys[a] = 0
        else:
            mirror(start, dur, spans[a], order, topo, pptr[1], pidx[1], plain, keys[a], lists[a], count)


@kernel
def justify(
    order: Shorts,
    topo: Ints,
    pptr: tuple[Ints, Ints],
    pidx: tuple[Ints, Ints],
    pw: tuple[Ints, Ints],
    plain: bool,  # noqa: FBT001
    dur: Ints,
    q: Ints,
    guard: Ints,
    kind: Ints,
    ahead: Ints,
    free0: Ints,
    free: Ints,
    ample: Ints,
    best_start: Ints,
) -> int:
    """Generate by `order` on side 0, then backwards and forwards until neither gains (double justification).

    Returns
    -------
    int
        The makespan of `best_start`, which is filled; `NEVER` when the first pass does not fit the time grid.

    Notes
    -----
    With finish-start links each activity may keep its place in the pass backwards, so that no pass is worse than the
    one before (Valls, Ballestin & Quintanilla, EJOR 165, 2005). With other links a pass may be worse: it ends the loop.
    """
    n = len(topo)
    start = np.empty(n, np.int64)
    count = np.empty(len(free) + 3, np.int64)
    flipped = np.empty_like(free)
    keys, turned, forth = np.empty(n, np.int32), np.empty(n, np.int32), order.copy()
    back = topo[::-1].copy()
    best = NEVER
    while True:
        span = generate(forth, pptr[0], pidx[0], pw[0], dur, q, guard, kind, ahead, free0, free, start)
        if span >= best:
            return best
        best = span
        for i in range(n):
            best_start[i] = start[i]
        mirror(start, dur, span, forth, topo, pptr[1], pidx[1], plain, keys, turned, count)
        room = flip(free0, ample, span, flipped)
        span = generate(turned, pptr[1], pidx[1], pw[1], dur, q, guard, kind, ahead, room, free, start)
        if span == NEVER:
            return best
        mirror(start, dur, span, turned, back, pptr[0], pidx[0], plain, keys, forth, count)


@kernel
def facing(
    side: int, topo: Ints, pptr: tuple[Ints, Ints], pidx: tuple[Ints, Ints], pw: tuple[Ints, Ints]
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Return order, predecessors with weights, and successors as a side sees them: side 1 is the project mirrored."""
    if side == 1:
        return topo[::-1], pptr[1], pidx[1], pw[1], pptr[0], pidx[0]
    return topo[::1], pptr[0], pidx[0], pw[0], pptr[1], pidx[1]


@kernel
def tournament(worth: Ints, rng: Ints) -> int:
    """Return the better of two members drawn by chance; the first of two alike."""
    one, two = draw(rng, len(worth)), draw(rng, len(worth))
    return two if worth[two] < worth[one] else one


@kernel
def window(span: int, rng: Ints) -> tuple[int, int]:
    """Return a stretch of a quarter to three quarters of a makespan, anywhere: what a child takes from its mother."""
    length = span // 4 + draw(rng, max(span // 2, 1))
    begin = draw(rng, max(span, 1)) - length // 2
    return begin, begin + length


@kernel
def evolve(
    side: int,
    first: int,
    last: int,
    rng: Ints,
    lists: Shorts,
    keys: Shorts,
    spans: Ints,
    topo: Ints,
    pptr: tuple[Ints, Ints],
    pidx: tuple[Ints, Ints],
    pw: tuple[Ints, Ints],
    plain: bool,  # noqa: FBT001
    dur: Ints,
    q: Ints,
    guard: Ints,
    kind: Ints,
    ahead: Ints,
    free0: Ints,
    free: Ints,
    ample: Ints,
    flipped: Ints,
    best: Ints,
    best_start: Ints,
) -> None:
    """Breed parents `first` to `last` of the population whose lists are for `side`; children replace theirs.

    Parameters
    ----------
    lists, keys, spans
        (2, N, n), (2, N, n), (2, N): lists for each side, the starts that they were sorted by, makespans.
    best, best_start
        (1,), (n,): the shortest makespan so far and its starts on side 0; updated.

    Notes
    -----
    Each parent has two children with a partner chosen by tournament, once as mother and once as father; the shorter one
    takes its place on the other side whatever its makespan: elitism was tried and converges four times too early.
    """
    n = len(topo)
    other = 1 - side
    child = np.empty(n, np.int32)
    start = np.empty(n, np.int64)
    count = np.empty(len(free) + 3, np.int64)
    new_list, new_keys = np.empty(n, np.int32), np.empty(n, np.int32)
    gap = min(n, SWAP_ONE_IN)
    order, before, who, weight, after, whom = facing(side, topo, pptr, pidx, pw)
    for a in range(first, last):
        father = tournament(spans[side], rng)
        mother = a
        shortest = NEVER
        for _ in range(2):
            span = spans[side, mother]
            if span == NEVER:  # a parent that did not fit the grid has one key: the child is its father
                span = 1
            t1, t2 = window(span, rng)
            cross(lists[side, mother], keys[side, mother], lists[side, father], t1, t2, child)
            shake(child, before, who, gap, rng)
            room = free0 if side == 0 else flip(free0, ample, span, flipped)
            found = generate(child, before, who, weight, dur, q, guard, kind, ahead, room, free, start)
            if found < shortest:
                shortest = found
                mirror(start, dur, found, child, order, after, whom, plain, new_keys, new_list, count)
                # backwards in a changing capacity the schedule is a list only: it may begin before the project
                if found < best[0] and (side == 0 or len(free0) == 1):
                    best[0] = found
                    for i in range(n):
                        best_start[i] = start[i] if side == 0 else found - start[i] - dur[i]
            mother, father = father, mother
        if shortest < NEVER:
            spans[other, a] = shortest
            lists[other, a] = new_list
            keys[other, a] = new_keys


def warm() -> None:
    """Compile every kernel."""
    two, none = np.array([0, 1, 1]), np.array([0, 0, 1])
    idx, w = np.array([1]), np.array([1])
    rng, plain = np.array([88172645463325252]), True
    topo, dur = np.array([0, 1]), np.array([1, 1])
    one = np.ones((2, 1), np.int64)
    guard, room, spare = np.array([2]), np.ones((1, 1), np.int64), np.zeros(2, np.int64)
    lists = np.zeros((2, 1, 2), np.int32)
    keys, spans = np.zeros((2, 1, 2), np.int32), np.full((2, 1), 2)
    lists[0, 0] = sample(topo, two, idx, dur, 50, rng)
    free = np.zeros((8, 1), np.int64)
    sides = ((none, two), (np.array([0]), idx), (w, w))
    best, start = np.array([NEVER]), np.zeros(2, np.int64)
    given = (topo, *sides, plain, dur, one, guard, dur, spare, room, free)
    populate(lists[0], keys[0], spans[0], two, idx, 9, rng, *given)
    justify(lists[0, 0], *given, room, start)
    evolve(0, 0, 1, rng, lists, keys, spans, *given, room, free, best, start)
