"""Compiled loops of the load."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 8.0  # standard deviations after which an edge is over: 6e-16 of it is left, less than rounding


@kernel
def spread_edges(
    grid: tuple[float, float, int],
    at_s: NDArray[np.float64],
    power_w: NDArray[np.float64],
    base_w: float,
    sigma_s: float,
) -> NDArray[np.float64]:
    """Return levels between edges, each edge spread by a normal distribution.

    Far from edges the result is exactly the level, so windows of one trace join without a seam.

    Parameters
    ----------
    grid
        First time [s], step [s], number of samples.
    at_s, power_w
        (m,) times of edges, ascending, and the level from each on.
    base_w
        Level before the first of them.
    sigma_s
        Standard deviation of an edge [s]; 0: a sharp edge, whose own moment has the new level.
    """
    start_s, dt_s, count = grid
    out = np.empty(count)
    done, opened = 0, 0
    level_w = base_w
    for i in range(count):
        t = start_s + i * dt_s
        while opened < len(at_s) and at_s[opened] - REACH * sigma_s <= t:
            opened += 1
        while done < opened and at_s[done] + REACH * sigma_s <= t:
            level_w = power_w[done]
            done += 1
        value = level_w
        below = level_w
        for k in range(done, opened):
            x = (t - at_s[k]) / (sigma_s * math.sqrt(2.0))
            value += (power_w[k] - below) * 0.5 * math.erfc(-x)
            below = power_w[k]
        out[i] = value
    return out


@kernel
def risen(z: float) -> float:
    """Return the integral of the normal distribution function from minus infinity to z."""
    return z * 0.5 * math.erfc(-z / math.sqrt(2.0)) + math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


@kernel
def mean_edges(
    grid: tuple[float, float, int],
    at_s: NDArray[np.float64],
    power_w: NDArray[np.float64],
    base_w: float,
    sigma_s: float,
) -> NDArray[np.float64]:
    """Return the exact mean of every step of the same levels; `grid` and the others as in `spread_edges`."""
    start_s, dt_s, count = grid
    out = np.empty(count)
    done, opened = 0, 0
    level_w = base_w
    for i in range(count):
        t = start_s + i * dt_s
        while opened < len(at_s) and at_s[opened] - REACH * sigma_s <= t + dt_s:
            opened += 1
        while done < opened and at_s[done] + REACH * sigma_s <= t:
            level_w = power_w[done]
            done += 1
        value = level_w
        below = level_w
        for k in range(done, opened):
            if sigma_s > 0.0:
                share = sigma_s / dt_s * (risen((t + dt_s - at_s[k]) / sigma_s) - risen((t - at_s[k]) / sigma_s))
            else:
                share = min(max((t + dt_s - at_s[k]) / dt_s, 0.0), 1.0)
            value += (power_w[k] - below) * share
            below = power_w[k]
        out[i] = value
    return out


def warm() -> None:
    """Compile every kernel."""
    mean_edges((0.0, 1.0, 2), np.zeros(1), np.ones(1), 0.0, 0.1)
    spread_edges((0.0, 1.0, 2), np.zeros(1), np.ones(1), 0.0, 0.1)
