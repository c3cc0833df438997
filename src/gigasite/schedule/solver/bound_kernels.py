"""Compiled loops of the lower bounds: heads, tails, energy between a head and a tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel

Ints = NDArray[np.int64]


@kernel
def heads(topo: Ints, ptr: Ints, idx: Ints, w: Ints) -> Ints:
    """Return the earliest starts by links alone; `ptr`, `idx`, `w`: predecessors and the slots between both starts."""
    head = np.zeros(len(topo), np.int64)
    for pos in range(len(topo)):
        i = topo[pos]
        for k in range(ptr[i], ptr[i + 1]):
            head[i] = max(head[i], head[idx[k]] + w[k])
    return head


@kernel
def energy(
    mode_ptr: Ints,
    dur: Ints,
    demand: Ints,
    head: Ints,
    behind: Ints,
    before: Ints,
    after: Ints,
    total: Ints,
    known: int,
) -> int:
    """Return the energetic bound of one resource [slots].

    Parameters
    ----------
    mode_ptr, dur, demand
        Modes of each activity (rows), their durations [slots] and demands.
    head, behind
        (n,): earliest start, least time from the finish to the end of the project [slots].
    before, after
        Spells at the begin and at the end of the project that are tried [slots], in pairs.
    total
        (T + 1,): capacity summed up to the start of each slot; its last slot goes on for ever.
    known
        A bound [slots].

    Notes
    -----
    However early or late an activity is put, some of it lies between the first `s` and the last `b` slots: its duration
    less what fits into the longer of the two spells (left-shift and right-shift work: Baptiste, Le Pape & Nuijten,
    Annals of Operations Research 92, 1999). All this work needs capacity from `s` on, and `b` follows. That holds where
    any project leaves room for the longest activity between the two spells, which `known` tells; else only those count
    that lie between them as a whole.
    """
    best, slots, longest = known, len(total) - 1, np.max(dur)
    rate = total[slots] - total[slots - 1]
    for s in before:
        level = total[s] if s < slots else total[slots] + (s - slots) * rate
        for b in after:
            work = 0
            part = s + b + longest <= best
            for i in range(len(head)):
                out = max(s - head[i], b - behind[i], 0)
                if out > 0 and not part:
                    continue
                least = max(0, dur[mode_ptr[i]] - out) * demand[mode_ptr[i]]
                for m in range(mode_ptr[i] + 1, mode_ptr[i + 1]):
                    least = min(least, max(0, dur[m] - out) * demand[m])
                work += least
            if work == 0:
                continue
            if level + work <= total[slots]:
                done = np.searchsorted(total, level + work)
            elif rate > 0:
                done = slots + (level + work - total[slots] + rate - 1) // rate
            else:
                continue  # never done: said by the problem's own checks
            best = max(best, done + b)
    return best


def warm() -> None:
    """Compile every kernel."""
    one = np.array([1, 1])
    heads(np.array([0, 1]), np.array([0, 0, 1]), np.array([0]), np.array([1]))
    energy(np.array([0, 1, 2]), one, one, one, one, one, one, np.array([0, 1]), 0)
