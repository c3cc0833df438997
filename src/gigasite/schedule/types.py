"""The plan in time: activities, milestones, and what is ready on which day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.schedule.progress.work import Work

ACTIVITIES = Schema(
    "activities",
    (
        Column("activity_id", "Int32", "row number of this table"),
        Column("name", "String", "unique"),
        Column("trade", "String", "template that made it: site, power, cooling, rack, fibre, ..."),
        Column("place", "String", "campus, H1, H1-R03, array 12, ..."),
        Column("zone", "String", "hall, or campus"),
        Column("level", "String", "commissioning: L1 factory test ... L5 integrated test, or ''"),
        Column("crew", "String", "'' when no crew is held"),
        Column("people", "Int32", "held while it runs"),
        Column("hours", "Float64", "likely duration by the clock; crew work is stretched by its shifts"),
        Column("start_day", "Float64", "in the likely plan"),
        Column("finish_day", "Float64", ""),
        Column(
            "float_days",
            "Float64",
            "to the first-step day for what it waits for, else to the last finish; links and crews; 0 on the path",
        ),
        Column("driving", "Boolean", "on the path that sets the first-step day"),
        Column("critical_frac", "Float64", "share of samples in which it drives"),
        Column("trust", "String", "of its duration"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A day that is not certain: the likely plan and percentiles of the samples."""

    likely: float
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A day that people ask for."""

    name: str
    day: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Staircase:
    """What is ready from which day on; `amount[i]` holds from `day[i]` until the next."""

    name: str
    """racks, network (both GPUs); power, cooling (both W)."""
    day: NDArray[np.float64]
    amount: NDArray[np.float64]

    def at(self, day: float) -> float:
        """Return the amount on `day`; 0 before the first step."""
        import numpy as np  # noqa: PLC0415  # types stay light for the command line

        i = int(np.searchsorted(self.day, day, side="right")) - 1
        return float(self.amount[i]) if i >= 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What the first-step day hangs on: days by which the likely plan moves with this input at its low and high value.

    Positive is later. A crew has few people at its low value, so that its `low_days` are usually positive.
    """

    name: str
    low_days: float
    high_days: float
    trust: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    """The S-curve: man-hours done by each day in the likely plan, and P10 and P90 of the samples on that day."""

    day: NDArray[np.float64]
    likely_h: NDArray[np.float64]
    p10_h: NDArray[np.float64]
    p90_h: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The build.

    `activities` follows `ACTIVITIES`; `links` has shape (m, 2): predecessor, successor. `staircases` are those of
    the likely plan. `first_step_samples` and `full_size_samples` have shape (samples,), same seed for every variant,
    so that two variants may be compared sample by sample.
    """

    activities: pl.DataFrame
    links: NDArray[np.int32]
    first_step: Spread
    full_size: Spread
    milestones: tuple[Milestone, ...]
    staircases: tuple[Staircase, ...]
    drivers: tuple[Driver, ...]
    first_step_samples: NDArray[np.float64]
    full_size_samples: NDArray[np.float64]
    modes: dict[str, str]
    """How each long-lead item is obtained in this variant."""
    baseline: Work
    """The likely plan as arrays: what progress is compared with."""
    fan: Fan
    """Man-hours by day, and how far they may lie off."""
    findings: tuple[Finding, ...]
