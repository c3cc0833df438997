"""Compiled loops on lists: random ones, those of the mirrored problem, crossover, mutation; random numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight

Ints = NDArray[np.int64]
Shorts = NDArray[np.int32]


@tight
def draw(rng: Ints, below: int) -> int:
    """Return a random number from 0 to `below` - 1 (xorshift64: Marsaglia, J. Stat. Softw. 8, 2003)."""
    x = rng[0]
    x ^= x << 13
    x ^= (x >> 7) & 0x1FFFFFFFFFFFFFF
    x ^= x << 17
    rng[0] = x
    # the low bits are the weak ones
    out: int = ((x >> 20) & 0x7FFFFFFFFFF) % below
    return out


@kernel
def mirror(
    start: Ints,
    dur: Ints,
    makespan: int,
    order: Shorts,
    topo: Ints,
    sptr: Ints,
    sidx: Ints,
    plain: bool,  # noqa: FBT001
    keys: Shorts,
    out: Shorts,
    count: Ints,
) -> None:
    """Fill `keys` with the starts in the mirror image and `out` with the list for it: by finish, latest first.

    Ties keep the reverse of `order`. Unless the problem is `plain`, keys are raised until who comes before is first.
    """
    n = len(start)
    for t in range(makespan + 2):
        count[t] = 0
    for i in range(n):
        keys[i] = makespan - start[i] - dur[i]
    if not plain:
        for pos in range(n - 1, -1, -1):
            i = topo[pos]
            for k in range(sptr[i], sptr[i + 1]):
                keys[i] = max(keys[i], keys[sidx[k]])
    for i in range(n):
        count[keys[i] + 1] += 1
    for t in range(makespan + 1):
        count[t + 1] += count[t]
    for pos in range(n - 1, -1, -1):
        i = order[pos]
        out[count[keys[i]]] = i
        count[keys[i]] += 1


@kernel
def cross(mother_list: Shorts, mother_keys: Shorts, father_list: Shorts, t1: int, t2: int, child: Shorts) -> None:
    """Fill `child`: the mother's activities from `t1` to `t2` in her order, those before and after in the father's."""
    pos = 0
    for k in range(len(child)):
        if mother_keys[father_list[k]] < t1:
            child[pos] = father_list[k]
            pos += 1
    for k in range(len(child)):
        i = mother_list[k]
        if t1 <= mother_keys[i] < t2:
            child[pos] = i
            pos += 1
    for k in range(len(child)):
        if mother_keys[father_list[k]] >= t2:
            child[pos] = father_list[k]
            pos += 1


@kernel
def shake(child: Shorts, pptr: Ints, pidx: Ints, gap: int, rng: Ints) -> None:
    """Swap neighbours of the list that need not keep their order, on average one in `gap`."""
    k = draw(rng, 2 * gap)
    while k < len(child) - 1:
        i, j = child[k], child[k + 1]
        free = True
        for x in range(pptr[j], pptr[j + 1]):
            if pidx[x] == i:
                free = False
        if free:
            child[k], child[k + 1] = j, i
        k += 1 + draw(rng, 2 * gap)


@kernel
def sample(topo: Ints, sptr: Ints, sidx: Ints, dur: Ints, percent: int, rng: Ints) -> Shorts:
    """Return a random list, predecessors first: longest chain behind first, each chain disturbed by up to `percent`."""
    n = len(topo)
    tail = np.zeros(n, np.int64)
    key = np.zeros(n, np.int64)
    place = np.empty(n, np.int64)
    for pos in range(n - 1, -1, -1):
        i = topo[pos]
        longest, least = 0, 0
        for k in range(sptr[i], sptr[i + 1]):
            longest = max(longest, tail[sidx[k]])
            least = max(least, key[sidx[k]])
        tail[i] = longest + dur[i]
        # disturbed one by one, not along the chain: lists that differ more make populations that converge later
        key[i] = max(least, tail[i] * (1000 + 10 * percent - draw(rng, 20 * percent + 1)))
        place[pos] = -key[i]
    order = np.empty(n, np.int32)
    sort = np.argsort(place, kind="mergesort")
    for pos in range(n):
        order[pos] = topo[sort[pos]]
    return order


@kernel
def shuffled(pptr: Ints, sptr: Ints, sidx: Ints, rng: Ints) -> Shorts:
    """Return a random list, predecessors first: any activity that may follow does so with equal chance."""
    n = len(pptr) - 1
    order, waits, ready = np.empty(n, np.int32), np.empty(n, np.int64), np.empty(n, np.int64)
    many = 0
    for i in range(n):
        waits[i] = pptr[i + 1] - pptr[i]
        if waits[i] == 0:
            ready[many] = i
            many += 1
    for pos in range(n):
        at = draw(rng, many)
        i = ready[at]
        many -= 1
        ready[at] = ready[many]
        order[pos] = i
        for k in range(sptr[i], sptr[i + 1]):
            waits[sidx[k]] -= 1
            if waits[sidx[k]] == 0:
                ready[many] = sidx[k]
                many += 1
    return order


@kernel
def flip(free0: Ints, ample: Ints, makespan: int, out: Ints) -> Ints:
    """Return the capacity by slot backwards from `makespan`, in `out`; before the project there is ample."""
    last = len(free0) - 1
    if last == 0:
        return free0
    length = min(makespan, len(out) - 1)
    for t in range(length):
        out[t] = free0[min(makespan - 1 - t, last)]
    out[length] = ample[0]
    return out[: length + 1]
