"""What a limit is: raw series in, lines to draw and findings out.

To add one, put a file into `limits/` with `of(settings)` and `judge(series)`. A trace whose meter
is too slow can break a limit but never pass it: averages hide swings, they do not make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a limit may judge; arrays of shape (n,)."""

    dt_s: float
    resolution_s: float
    """Shortest change that the load's source can show."""
    nominal_hz: float
    frequency_hz: NDArray[np.float64]
    source_w: NDArray[np.float64]
    islanded: bool


class Limit(Protocol):
    """One limit with its settings."""

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return lines for the picture and what is broken, or that it cannot be judged."""
        ...


limits: Registry[type[Any]] = Registry("gigasite.power.limits", "limit")


def ramps(power_w: NDArray[np.float64], dt_s: float, window_s: float) -> NDArray[np.float64]:
    """Return the change over a window, per second, at every sample that has one behind it.

    >>> ramps(np.array([0.0, 1.0, 2.0, 4.0]), 0.5, 1.0).tolist()
    [2.0, 3.0]
    """
    n = max(1, round(window_s / dt_s))
    if len(power_w) <= n:
        return np.zeros(1)
    out: NDArray[np.float64] = (power_w[n:] - power_w[:-n]) / (n * dt_s)
    return out


def unseen(where: str, what: str, needed_s: float, resolution_s: float) -> Finding:
    """Return the finding that a trace is too coarse for a limit."""
    return Finding(
        severity=Severity.warning,
        chapter="power",
        where=where,
        what=f"{what} cannot be judged on this trace: its meter averages for too long",
        limit=f"{needed_s:g} s",
        found=f"{resolution_s:g} s between changes",
        remedy="use a faster recording, or the synthetic job",
    )
