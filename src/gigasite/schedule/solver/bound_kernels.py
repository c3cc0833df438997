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
def energy(order: Ints, head: Ints, behind: Ints, work: Ints, marks: Ints, total: Ints) -> int:
    """Return the head-tail energy bound of one resource [slots].

    Parameters
    ----------
    order
        Activities by head, latest first.
    head, behind, work
        (n,): earliest start, least time after its finish [slots], slots x demand.
    marks
        Values of `behind` to try.
    total
        (T + 1,): capacity summed up to the start of each slot; its last slot goes on for ever.

    Notes
    -----
    Whatever starts after `head` and has `behind` to follow: its work needs capacity from `head` on, and `behind` after.
    """
    best = 0
    slots = len(total) - 1
    rate = total[slots] - total[slots - 1]
    for m in range(len(marks)):
        least = marks[m]
        sum_ = 0
        for pos in range(len(order)):
            i = order[pos]
            if behind[i] < least or work[i] == 0:
                continue
            sum_ += work[i]
            h = head[i]
            before = total[h] if h < slots else total[slots] + (h - slots) * rate
            level = before + sum_
            if level > total[slots]:
                if rate == 0:
                    continue  # never done: said by the problem's own checks
                done = slots + (level - total[slots] + rate - 1) // rate
            else:
                done = np.searchsorted(total, level)
            best = max(best, done + least)
    return best


def warm() -> None:
    """Compile every kernel."""
    one = np.array([1, 1])
    heads(np.array([0, 1]), np.array([0, 0, 1]), np.array([0]), np.array([1]))
    energy(np.array([1, 0]), one, one, one, one, np.array([0, 1]))
