"""Compiled loops of the search over modes: choice, repair of nonrenewable resources, a slice of evolution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight
from gigasite.schedule.solver.list_kernels import cross, draw, flip, mirror, sample, shake, shuffled
from gigasite.schedule.solver.search_kernels import (
    MOST_SHUFFLED,
    NEVER,
    SWAP_ONE_IN,
    facing,
    fit,
    generate,
    take,
    tournament,
    window,
)

Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]

PENALTY = 1 << 24  # slots per unit of a nonrenewable resource too much: any feasible choice is better than that


@kernel
def repair(mode: Shorts, mode_ptr: Ints, use: Ints, total: Ints, tries: int, rng: Ints) -> int:
    """Change modes at random as long as that lowers the excess; return what is left of it."""
    n, kinds = len(mode), len(total)
    left = np.empty(kinds, np.int64)
    over = 0
    for k in range(kinds):
        left[k] = total[k]
        for i in range(n):
            left[k] -= use[mode[i], k]
        over += max(-left[k], 0)
    for _ in range(tries):
        if over == 0:
            break
        i = draw(rng, n)
        new = mode_ptr[i] + draw(rng, mode_ptr[i + 1] - mode_ptr[i])
        then = 0
        for k in range(kinds):
            then += max(use[new, k] - use[mode[i], k] - left[k], 0)
        if then < over:
            for k in range(kinds):
                left[k] += use[mode[i], k] - use[new, k]
            mode[i] = new
            over = then
    return over


@kernel
def choose(
    mode: Shorts,
    duration: Ints,
    demand: Ints,
    links: Ints,
    start_start: NDArray[np.bool_],
    lag: Ints,
    pedge: tuple[Ints, Ints],
    dur: Ints,
    q: Ints,
    pw: tuple[Ints, Ints],
) -> None:
    """Fill durations, packed demands and the weights of both sides' links for a choice of modes."""
    for i in range(len(mode)):
        dur[i] = duration[mode[i]]
        q[i] = demand[mode[i]]
    for k in range(len(links)):
        e = pedge[0][k]
        pw[0][k] = lag[e] + (0 if start_start[e] else dur[links[e, 0]])
        e = pedge[1][k]
        a, z = links[e, 0], links[e, 1]
        pw[1][k] = lag[e] + (0 if start_start[e] else dur[a]) + dur[z] - dur[a]


@tight
def affordable(new: int, old: int, use: Ints, left: Ints) -> bool:
    """Return whether mode `new` in place of `old` overdraws nothing that is not overdrawn already."""
    ok = True
    for k in range(len(left)):
        ok = ok and use[new, k] - use[old, k] <= max(left[k], 0)
    return ok


@kernel
def greedy(
    order: Shorts,
    mode: Shorts,
    mode_ptr: Ints,
    duration: Ints,
    demand: Ints,
    use: Ints,
    total: Ints,
    pptr: Ints,
    pidx: Ints,
    pw: Ints,
    dur: Ints,
    guard: Ints,
    free0: Ints,
    free: Ints,
    start: Ints,
    rng: Ints,
) -> int:
    """Generate; 5 to 54 percent of the activities take the affordable mode with the earliest finish; fill `mode`.

    Returns the makespan, or `NEVER` when it does not fit the time grid. Only for finish-start links: the weight of
    a link is then the duration of who comes first on either side, and the lag.
    """
    top, grid, makespan, share = 0, len(free), 0, 5 + draw(rng, 50)
    left = total.copy()
    for i in range(len(mode)):
        for k in range(len(total)):
            left[k] -= use[mode[i], k]
    for pos in range(len(order)):
        i = order[pos]
        early = 0
        for k in range(pptr[i], pptr[i + 1]):
            p = pidx[k]
            # the weight was made for the mode that the predecessor had before
            early = max(early, start[p] + pw[k] - dur[p] + duration[mode[p]])
        own, took, finish = mode[i], mode[i], NEVER
        searched = draw(rng, 100) < share
        for m in range(mode_ptr[i], mode_ptr[i + 1]):
            if m == own or (searched and affordable(m, own, use, left)):
                d = duration[m]
                t = fit(early, d, m, demand, guard, free, free0, top) if d > 0 else early
                if t + d < finish or (t + d == finish and m == own):
                    finish, took = t + d, m
        if finish > grid:
            return NEVER
        for k in range(len(total)):
            left[k] += use[own, k] - use[took, k]
        mode[i], start[i] = took, finish - duration[took]
        top = take(start[i], duration[took], took, demand, free, free0, top)
        makespan = max(makespan, finish)
    return makespan


@kernel
def inherit(
    mother_modes: Shorts,
    mother_keys: Shorts,
    father_modes: Shorts,
    t1: int,
    t2: int,
    mode_ptr: Ints,
    use: Ints,
    total: Ints,
    mode: Shorts,
    rng: Ints,
) -> int:
    """Fill `mode`: the mother's inside the window, else the father's, up to three at random; return the excess."""
    n = len(mode)
    for i in range(n):
        mode[i] = mother_modes[i] if t1 <= mother_keys[i] < t2 else father_modes[i]
    for _ in range(draw(rng, 4)):
        i = draw(rng, n)
        mode[i] = mode_ptr[i] + draw(rng, mode_ptr[i + 1] - mode_ptr[i])
    return repair(mode, mode_ptr, use, total, 4 * n, rng)


@kernel
def evolve_modes(
    side: int,
    first: int,
    last: int,
    rng: Ints,
    lists: Shorts,
    keys: Shorts,
    modes: Shorts,
    spans: Ints,
    worth: Ints,
    mode_ptr: Ints,
    duration: Ints,
    demand: Ints,
    use: Ints,
    total: Ints,
    links: Ints,
    start_start: NDArray[np.bool_],
    lag: Ints,
    pedge: tuple[Ints, Ints],
    topo: Ints,
    pptr: tuple[Ints, Ints],
    pidx: tuple[Ints, Ints],
    pw: tuple[Ints, Ints],
    plain: bool,  # noqa: FBT001
    guard: Ints,
    free0: Ints,
    free: Ints,
    ample: Ints,
    flipped: Ints,
    best: Ints,
    best_start: Ints,
    best_mode: Ints,
) -> None:
    """Breed parents `first` to `last` as `search_kernels.evolve` does, with a mode per activity.

    `modes` is (2, N, n), rows of the modes; `worth` (2, N) is the makespan and `PENALTY` for each unit overdrawn. A
    child takes the mode of whoever gave it the place of an activity.
    """
    n = len(topo)
    other = 1 - side
    child, mode = np.empty(n, np.int32), np.empty(n, np.int32)
    new_list, new_keys, new_mode = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    start, count = np.empty(n, np.int64), np.empty(len(free) + 3, np.int64)
    dur, q = np.empty(n, np.int64), np.empty((n, demand.shape[1]), np.int64)
    none = np.empty(0, np.int64)
    gap = min(n, SWAP_ONE_IN)
    order, before, who, weight, after, whom = facing(side, topo, pptr, pidx, pw)
    for a in range(first, last):
        father = tournament(worth[side], rng)
        mother = a
        least, span_of = NEVER, NEVER
        for _ in range(2):
            span = spans[side, mother] if spans[side, mother] < NEVER else 1
            t1, t2 = window(span, rng)
            cross(lists[side, mother], keys[side, mother], lists[side, father], t1, t2, child)
            shake(child, before, who, gap, rng)
            given = (modes[side, mother], keys[side, mother], modes[side, father], t1, t2)
            over = inherit(*given, mode_ptr, use, total, mode, rng)
            choose(mode, duration, demand, links, start_start, lag, pedge, dur, q, pw)
            room = free0 if side == 0 else flip(free0, ample, span, flipped)
            if plain and draw(rng, 2) == 0:
                choice = (mode_ptr, duration, demand, use, total)
                found = greedy(child, mode, *choice, before, who, weight, dur, guard, room, free, start, rng)
                choose(mode, duration, demand, links, start_start, lag, pedge, dur, q, pw)
            else:
                found = generate(child, before, who, weight, dur, q, guard, none, none, room, free, start)
            value = found + PENALTY * over
            if found < NEVER and value < least:
                least, span_of = value, found
                mirror(start, dur, found, child, order, after, whom, plain, new_keys, new_list, count)
                new_mode[:] = mode
                if value < best[0] and (side == 0 or len(free0) == 1):
                    best[0] = value
                    for i in range(n):
                        best_start[i] = start[i] if side == 0 else found - start[i] - dur[i]
                        best_mode[i] = mode[i]
            mother, father = father, mother
        if least < NEVER:
            spans[other, a], worth[other, a] = span_of, least
            lists[other, a], keys[other, a], modes[other, a] = new_list, new_keys, new_mode


@kernel
def populate_modes(
    lists: Shorts,
    keys: Shorts,
    modes: Shorts,
    spans: Ints,
    worth: Ints,
    sptr: Ints,
    sidx: Ints,
    rng: Ints,
    mode_ptr: Ints,
    duration: Ints,
    demand: Ints,
    use: Ints,
    total: Ints,
    links: Ints,
    start_start: NDArray[np.bool_],
    lag: Ints,
    pedge: tuple[Ints, Ints],
    topo: Ints,
    pptr: tuple[Ints, Ints],
    pidx: tuple[Ints, Ints],
    pw: tuple[Ints, Ints],
    plain: bool,  # noqa: FBT001
    guard: Ints,
    free0: Ints,
    free: Ints,
) -> None:
    """Fill a population for side 1 with random lists and random, repaired modes."""
    n = len(topo)
    start, count = np.zeros(n, np.int64), np.empty(len(free) + 3, np.int64)
    dur, q = np.empty(n, np.int64), np.empty((n, demand.shape[1]), np.int64)
    none = np.empty(0, np.int64)
    for a in range(len(lists)):
        for i in range(n):
            modes[a, i] = mode_ptr[i] + draw(rng, mode_ptr[i + 1] - mode_ptr[i])
        over = repair(modes[a], mode_ptr, use, total, 20 * n, rng)
        choose(modes[a], duration, demand, links, start_start, lag, pedge, dur, q, pw)
        if n <= MOST_SHUFFLED and a % 4 > 0:
            order = shuffled(pptr[0], sptr, sidx, rng)
        else:
            order = sample(topo, sptr, sidx, dur, draw(rng, 101), rng)
        spans[a] = generate(order, pptr[0], pidx[0], pw[0], dur, q, guard, none, none, free0, free, start)
        worth[a] = min(spans[a] + PENALTY * over, NEVER)
        if spans[a] == NEVER:
            lists[a], keys[a] = topo[::-1], 0
        else:
            mirror(start, dur, spans[a], order, topo, pptr[1], pidx[1], plain, keys[a], lists[a], count)


def warm() -> None:
    """Compile every kernel."""
    two, none, plain = np.array([0, 1, 1]), np.array([0, 0, 1]), True
    first, idx, w = np.array([0]), np.array([1]), np.array([1])
    lists, keys, modes = (np.zeros((2, 1, 2), np.int32) for _ in range(3))
    spans, worth = np.full((2, 1), NEVER), np.full((2, 1), NEVER)
    one, rng = np.ones((2, 1), np.int64), np.array([88172645463325252])
    given: list[Any] = [np.array([0, 1, 2]), np.array([1, 1]), one, one, np.array([5])]
    given += [np.array([[0, 1]]), np.array([False]), np.array([0]), (first, first)]
    given += [np.array([0, 1]), (none, two), (first, idx), (w, w), plain]
    given += [np.array([2]), np.ones((1, 1), np.int64), np.zeros((8, 1), np.int64)]
    populate_modes(lists[1], keys[1], modes[1], spans[1], worth[1], two, idx, rng, *given)
    best, start = np.array([NEVER]), np.zeros(2, np.int64)
    given += [given[-2], given[-1], best, start, start.copy()]
    evolve_modes(1, 0, 1, rng, lists, keys, modes, spans, worth, *given)
