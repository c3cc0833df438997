"""Largest rise and fall within a window, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def largest_moves(values: NDArray[np.float64], window: int) -> tuple[float, float]:
    """Return the largest rise and the largest fall between two samples at most `window` apart, in time order.

    Lowest and highest of the window behind each sample are kept in two queues of candidates, so that it takes one pass
    for any window.

    >>> largest_moves(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 1)
    (3.0, 2.0)
    """
    n, size = len(values), window + 2
    low, high = np.empty(size, np.int64), np.empty(size, np.int64)
    low_first, low_count, high_first, high_count = 0, 0, 0, 0
    rise, fall = 0.0, 0.0
    for i in range(n):
        x = values[i]
        while low_count > 0 and values[low[(low_first + low_count - 1) % size]] >= x:
            low_count -= 1
        low[(low_first + low_count) % size] = i
        low_count += 1
        if low[low_first] < i - window:
            low_first, low_count = (low_first + 1) % size, low_count - 1
        while high_count > 0 and values[high[(high_first + high_count - 1) % size]] <= x:
            high_count -= 1
        high[(high_first + high_count) % size] = i
        high_count += 1
        if high[high_first] < i - window:
            high_first, high_count = (high_first + 1) % size, high_count - 1
        rise = max(rise, x - values[low[low_first]])
        fall = max(fall, values[high[high_first]] - x)
    return rise, fall


def warm() -> None:
    """Compile the kernel."""
    largest_moves(np.zeros(4), 1)
