"""Spells: where a series lies beyond a level, since when and for how long; what all limits are judged with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import minimum_filter1d

from gigasite._core.finding import Finding, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.limit import Series

HELD_HZ = 1e-6
"""A frequency that moves less than this is held by a stiff grid: the model's, not a meter's, precision."""
PLATEAU_S = 0.25
"""Changes that a trace must show to have the levels of a training step, about a second long; estimate."""


def sound(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values with zero for what is not a number: a lost voltage or frequency is none.

    >>> sound(np.array([1.0, np.nan])).tolist()
    [1.0, 0.0]
    """
    if np.isfinite(values).all():
        return values
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)


def beyond(values: NDArray[np.float64], level: float, *, above: bool) -> NDArray[np.bool_]:
    """Return where values lie above (or below) a level.

    >>> beyond(np.array([1.0, 2.0, 3.0]), 2.0, above=False).tolist()
    [True, False, False]
    """
    out: NDArray[np.bool_] = values > level if above else values < level
    return out


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first samples of the unbroken runs of True, and the samples behind their last.

    >>> [x.tolist() for x in runs(np.array([True, False, True, True]))]
    [[0, 2], [1, 4]]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges[0::2], edges[1::2]


def longest_run(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Return length and first sample of the longest unbroken run of True; (0, 0) without.

    >>> longest_run(np.array([True, False, True, True]))
    (2, 2)
    """
    starts, ends = runs(mask)
    if not len(starts):
        return 0, 0
    k = int(np.argmax(ends - starts))
    return int(ends[k] - starts[k]), int(starts[k])


def most_within(mask: NDArray[np.bool_], window: int) -> tuple[int, int]:
    """Return the largest number of True in any `window` samples, and the sample at which that window begins.

    >>> most_within(np.array([True, False, True, True, False]), 3)
    (2, 0)
    """
    n = min(window, len(mask))
    sums = np.concatenate([[0], np.cumsum(mask)])
    counts = sums[n:] - sums[:-n]
    k = int(np.argmax(counts))
    return int(counts[k]), k


def means(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the means of all stretches of `window` samples (of the whole, if that is shorter).

    >>> means(np.array([1.0, 3.0, 5.0]), 2).tolist()
    [2.0, 4.0]
    """
    n = min(max(1, window), len(values))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    out: NDArray[np.float64] = (sums[n:] - sums[:-n]) / n
    return out


def rises(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return how far every sample lies above the lowest of the `window` samples before it and itself.

    >>> rises(np.array([3.0, 1.0, 2.0, 5.0, 5.0]), 1).tolist()
    [0.0, 0.0, 1.0, 3.0, 0.0]
    """
    size = max(1, window) + 1
    padded = np.concatenate([np.full(size - 1, values[0]), values])
    lowest = minimum_filter1d(padded, size)
    out: NDArray[np.float64] = values - lowest[size // 2 : size // 2 + len(values)]
    return out


def averaged(power_w: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Return the mean of the last `samples` samples; before the trace the first one stands.

    >>> averaged(np.array([1.0, 3.0, 3.0]), 2).tolist()
    [1.0, 2.0, 3.0]
    """
    if samples <= 1:
        return power_w
    sums = np.cumsum(np.concatenate([np.full(samples, power_w[0]), power_w]))
    out: NDArray[np.float64] = (sums[samples:] - sums[:-samples]) / samples
    return out


def when(series: Series, sample: int) -> str:
    """Return the time of a sample, for a finding (`first at 12.3 s`)."""
    return f"first at {series.start_s + sample * series.dt_s:.6g} s"


def too_coarse(series: Series, needed_s: float) -> bool:
    """Return whether a trace (its meter or its step) shows nothing as short as `needed_s`."""
    return shown_s(series) > needed_s * (1.0 + 1e-9)


def shown_s(series: Series) -> float:
    """Return the shortest change that a trace can show [s]."""
    return max(series.resolution_s, series.dt_s)


def held(series: Series) -> bool:
    """Return whether a grid holds the frequency, so that it says nothing of the plant.

    An intake that opens in the run lets it go: then it is judged.
    """
    return not series.islanded and bool(np.ptp(sound(series.frequency_hz)) <= HELD_HZ)


def note(where: str, what: str, found: str = "") -> Finding:
    """Return a finding that is only worth knowing."""
    return Finding(severity=Severity.note, chapter="power", where=where, what=what, found=found)
