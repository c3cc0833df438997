"""Rainflow counting: the closed cycles in a history of turning points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel


@kernel
def rainflow(points: NDArray[np.float64], ranges: NDArray[np.float64], counts: NDArray[np.float64]) -> int:
    """Write ranges and counts (1 or 0.5) of the cycles among turning points; return how many.

    ASTM E1049-85, 5.4.4. `ranges` and `counts` are as long as `points`.
    """
    stack = np.empty(len(points))
    top, found = 0, 0
    for point in points:
        stack[top] = point
        top += 1
        while top >= 3:  # two ranges
            last = abs(stack[top - 1] - stack[top - 2])
            before = abs(stack[top - 2] - stack[top - 3])
            if last < before:
                break
            ranges[found] = before
            if top == 3:  # the range begins at the start of the history
                counts[found] = 0.5
                stack[0], stack[1] = stack[1], stack[2]
                top = 2
            else:
                counts[found] = 1.0
                stack[top - 3] = stack[top - 1]
                top -= 2
            found += 1
    for k in range(top - 1):
        ranges[found] = abs(stack[k + 1] - stack[k])
        counts[found] = 0.5
        found += 1
    return found


def warm() -> None:
    """Compile."""
    rainflow(np.array([0.0, 1.0, 0.5, 2.0]), np.empty(4), np.empty(4))
