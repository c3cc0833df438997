"""Compiled loops of the load."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel

REACH = 6.0


@kernel
def spread_edges(
    t: NDArray[np.float64], dt_s: float, at_s: NDArray[np.float64], step_w: NDArray[np.float64], base_w: float,
    sigma_s: float,
) -> NDArray[np.float64]:
    """Return base plus all steps, each spread by a normal distribution.

    Parameters
    ----------
    t
        (n,) equally spaced times.
    at_s, step_w
        (m,) times and heights of edges, ascending.
    """
    n = len(t)
    out = np.zeros(n)
    jump = np.zeros(n + 1)
    if n == 0:
        return out
    for k in range(len(at_s)):
        low = math.ceil((at_s[k] - REACH * sigma_s - t[0]) / dt_s)
        high = math.ceil((at_s[k] + REACH * sigma_s - t[0]) / dt_s)
        low = min(max(low, 0), n)
        high = min(max(high, 0), n)
        for i in range(low, high):
            out[i] += step_w[k] * 0.5 * math.erfc(-(t[i] - at_s[k]) / (sigma_s * math.sqrt(2.0)))
        jump[high] += step_w[k]
    level = base_w
    for i in range(n):
        level += jump[i]
        out[i] += level
    return out


def warm() -> None:
    """Compile every kernel."""
    spread_edges(np.zeros(2), 1.0, np.zeros(1), np.ones(1), 0.0, 0.1)
