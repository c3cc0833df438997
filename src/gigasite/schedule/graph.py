"""Networks as compressed rows, and what is wrong with one that has a cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_SOURCES = 2000  # activities of a cyclic part from which a shortest cycle is looked for


def rows(a: Ints, z: Ints, n: int) -> tuple[Ints, Ints]:
    """Return compressed rows: the `z` of each `a`, ascending."""
    sort = np.lexsort((z, a))
    ptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(a, minlength=n), out=ptr[1:])
    return ptr, z[sort].astype(np.int64)


def shortest_cycle(ptr: Ints, idx: Ints, topo: Ints) -> list[int]:
    """Return the ids of a shortest cycle among activities that the topological order left out.

    What hangs behind a cycle without being on one is left out first (strong components), and the smallest component is
    searched first, so that a long search soon has a short cycle to beat.
    """
    n = len(ptr) - 1
    if len(topo) == n:
        return []
    graph = csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=(n, n))
    _, part = connected_components(graph, connection="strong")
    size = np.bincount(part)[part]
    own = idx[idx == np.repeat(np.arange(n), np.diff(ptr))]
    if len(own):  # an activity that waits for itself
        return [int(own[0])] * 2
    left = np.flatnonzero(size > 1)
    best: list[int] = []
    for source in left[np.lexsort((left, size[left]))][:MOST_SOURCES].tolist():
        path = _cycle_from(source, ptr, idx, part, len(best) - 1 if best else n)
        best = path or best
        if len(best) == 2:
            break
    return [*best, best[0]] if best else []


def _cycle_from(source: int, ptr: Ints, idx: Ints, part: NDArray[np.int32], most: int) -> list[int]:
    """Return a shortest cycle of at most `most` activities through `source`, by breadth-first search, or nothing."""
    came = {source: -1}
    level = [source]
    for _ in range(most):
        after = []
        for i in level:
            for j in idx[ptr[i] : ptr[i + 1]].tolist():
                if j == source:
                    path = [i]
                    while came[path[-1]] >= 0:
                        path.append(came[path[-1]])
                    return path[::-1]
                if part[j] == part[source] and j not in came:
                    came[j] = i
                    after.append(j)
        level = after
    return []
