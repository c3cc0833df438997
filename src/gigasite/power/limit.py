"""What a limit is: raw series in, lines to draw, figures and findings out.

To add one, put a file into `limits/` with a frozen dataclass of settings (`_core.settings`) and `judge(series)`. A
trace whose meter is too slow can break a limit but never pass it: averages hide swings, they do not make them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gigasite.power.bound_types import SourceLimits
    from gigasite.power.types import Line, Plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a limit may judge; arrays of shape (n,), sample k at `start_s + k dt_s`."""

    plant: Plant
    dt_s: float
    resolution_s: float
    """Shortest change that the load's source can show."""
    load_w: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    source_w: NDArray[np.float64]
    """Electrical power of grid and gensets together."""
    grid_w: NDArray[np.float64]
    """Of the intake; zeros on an island."""
    mechanical_w: NDArray[np.float64]
    """Turbine power of the gensets; zeros without."""
    battery_w: NDArray[np.float64]
    soc_frac: NDArray[np.float64]
    voltage_pu: NDArray[np.float64] | None = None
    """Of the campus bus; the aggregate level has none."""
    start_s: float = 0.0

    @property
    def nominal_hz(self) -> float:
        """Return the plant's nominal frequency."""
        return self.plant.frequency_hz

    @property
    def islanded(self) -> bool:
        """Return whether gensets run alone."""
        return self.plant.grid is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a limit says."""

    lines: tuple[Line, ...] = ()
    """For the picture."""
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    """Figures that only this limit takes, by name with unit (`flicker_pst`)."""


class Limit(Protocol):
    """One limit with its settings."""

    def judge(self, series: Series, /) -> Verdict:
        """Return lines for the picture and what is broken, or that it cannot be judged."""
        ...


class Bounding(Protocol):
    """A limit that also bounds the source in the sizing program; others do not have this method."""

    def source_limits(self) -> SourceLimits:
        """Return what it asks; None where it asks nothing of that kind."""
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


UNSEEN = "cannot be judged on this trace"
"""In the text of a finding that a trace is too coarse for a limit."""


def unseen(where: str, what: str, needed_s: float, resolution_s: float) -> Finding:
    """Return the finding that a trace is too coarse for a limit."""
    return Finding(
        severity=Severity.warning,
        chapter="power",
        where=where,
        what=f"{what} {UNSEEN}: its meter averages for too long",
        limit=f"{needed_s:g} s",
        found=f"{resolution_s:g} s between changes",
        remedy="use a faster recording, or the synthetic job",
    )


def unjudged(where: str, what: str, why: str, remedy: str) -> Finding:
    """Return the finding that a limit cannot be judged for another reason than a slow meter."""
    return Finding(
        severity=Severity.warning,
        chapter="power",
        where=where,
        what=f"{what} cannot be judged: {why}",
        remedy=remedy,
    )


def broken(where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    """Return the finding that a limit is broken."""
    return Finding(
        severity=Severity.error, chapter="power", where=where, what=what, limit=limit, found=found, remedy=remedy
    )
