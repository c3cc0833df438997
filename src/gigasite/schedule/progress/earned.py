"""Earned value by man-hours and by their cost (ANSI/EIA-748), earned schedule (Lipke, The Measurable News, 2003)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.progress.curves import Curve
from gigasite.schedule.progress.work import DAY_SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]

SAME = 1e-9  # of the budget: planned and earned values that differ by less are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """Earned value in man-hours or USD; None where a figure has no meaning yet (nothing planned, nothing told)."""

    unit: str
    budget: float
    """At completion (BAC)."""
    planned: float
    earned: float
    actual: float | None
    """Spent on what was told (AC); None when no row told."""
    told_earned: float
    """Earned by the activities whose rows told what was spent: what `actual` is compared with."""
    variance: float
    """Earned less planned (SV)."""
    spi: float | None
    cpi: float | None
    spi_t: float | None
    """Earned schedule over actual time: unlike SPI it does not return to 1 at the end of a late project."""
    earned_day: float | None
    """Day on which the plan had the value that is earned now."""
    at_completion: float | None
    """Budget over CPI (EAC)."""


def done_frac(a: Actuals) -> Floats:
    """Return the share of each activity that is done, 0 to 1."""
    out: Floats = np.where(a.done, 1.0, np.where(a.begun, np.clip(1.0 - a.left_frac, 0.0, 1.0), 0.0))
    return out


def earned(made: Work, a: Actuals, status_day: float, unit: str) -> Earned:
    """Return the figures in `unit`, man-hours ("h") or "usd".

    Deliveries, permits and waits have no man-hours: they weigh nothing here; the milestones show them.
    """
    weight, spent = (made.people_h, a.people_h) if unit == "h" else (made.cost_usd, a.usd)
    budget = float(weight.sum())
    curve = Curve.of(weight, made.start / DAY_SLOTS, made.finish / DAY_SLOTS)
    planned = float(curve.at(np.array([status_day]))[0])
    got = done_frac(a) * weight
    value = min(float(got.sum()), budget)
    told = np.isfinite(spent)
    actual = float(spent[told].sum()) if told.any() else None
    paid = float(got[told].sum())
    cpi = paid / actual if actual else None
    day = curve.when(value, status_day, SAME * max(budget, 1.0))
    return Earned(
        unit=unit,
        budget=budget,
        planned=planned,
        earned=value,
        actual=actual,
        told_earned=paid,
        variance=value - planned,
        spi=value / planned if planned > 0 else None,
        cpi=cpi,
        spi_t=day / status_day if day is not None and status_day > 0 else None,
        earned_day=day,
        at_completion=budget / cpi if cpi else None,
    )
