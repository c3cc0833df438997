"""A build under way in one function: actuals against the logic, the rest anew, earned value, what comes next."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Severity, worst_first
from gigasite._core.table import Column, Schema
from gigasite.schedule.exchange import finding
from gigasite.schedule.progress.actuals import against_logic, with_milestones
from gigasite.schedule.progress.ahead import Ahead, Constraint, Delivery, constraints, deliveries, look_ahead
from gigasite.schedule.progress.balance import Line, lines
from gigasite.schedule.progress.curves import Curve
from gigasite.schedule.progress.earned import Earned, done_frac, earned
from gigasite.schedule.progress.marks import marks
from gigasite.schedule.progress.outlook import Outlook, outlook
from gigasite.schedule.progress.replan import replan
from gigasite.schedule.progress.work import DAY_SLOTS
from gigasite.schedule.risk import job_hours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.schedule import risk
    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.replan import Replan
    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]

WEEKS = (3.0, 6.0)
MOVED_DAYS = 0.01  # a quarter of an hour
PACE_DAYS = 7.0

VARIANCE = Schema(
    "variance",
    (
        Column("activity", "String", "id, as exports write it"),
        Column("name", "String", ""),
        Column("trade", "String", ""),
        Column("place", "String", ""),
        Column("baseline_start_day", "Float64", ""),
        Column("baseline_finish_day", "Float64", ""),
        Column("start_day", "Float64", "actual, else forecast"),
        Column("finish_day", "Float64", "actual, else forecast"),
        Column("moved_days", "Float64", "finish against the baseline; positive is later"),
        Column("done_frac", "Float64", "share that is done"),
        Column("state", "String", "done, in progress, to do"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A milestone in the baseline and now [days]; infinite when it never comes."""

    name: str
    baseline_day: float
    day: float

    @property
    def moved_days(self) -> float:
        """Return by how much it is later; two days that never come differ by nothing."""
        return 0.0 if self.day == self.baseline_day else self.day - self.baseline_day


@dataclass(frozen=True, slots=True, kw_only=True)
class SCurve:
    """Man-hours by day: planned, earned up to the status day, and as forecast from there."""

    day: Floats
    planned_h: Floats
    earned_h: Floats
    """NaN after the status day."""
    forecast_h: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The build on its status day. `variance` follows `VARIANCE`; `ahead` maps weeks to activities."""

    status_day: float
    variance: pl.DataFrame
    milestones: tuple[Moved, ...]
    hours: Earned
    cost: Earned
    plan_complete_frac: float | None
    """Of what the baseline was to finish in the last seven days, the share that is finished (PPC, Last Planner)."""
    moved: int
    """Activities to do that end on another day than in the baseline."""
    resequenced: bool
    ahead: dict[float, tuple[Ahead, ...]]
    constraints: tuple[Constraint, ...]
    deliveries: tuple[Delivery, ...]
    lines: tuple[Line, ...]
    curve: SCurve
    outlook: Outlook | None
    """How sure the forecast is; None when it was not asked for."""
    findings: tuple[Finding, ...]


def progress(case: risk.Case, made: Work, a: Actuals, status_day: float, *, sampled: bool = False) -> Progress:
    """Return where the build stands and what that does to the rest.

    Parameters
    ----------
    case
        The campus's network: what counts as ready.
    made
        The baseline.
    a
        What was done.
    status_day
        Day of the status.
    sampled
        Whether to sample what is left, for the spread of the forecast.
    """
    a = with_milestones(made, a)
    plan = replan(made, a, status_day)
    window = look_ahead(made, a, plan, status_day, max(WEEKS))
    table = _variance(made, a, plan)
    to_do = table.filter(pl.col("state") == "to do")
    milestones = _milestones(case, made, plan)
    return Progress(
        status_day=status_day,
        variance=table,
        milestones=milestones,
        hours=earned(made, a, status_day, "h"),
        cost=earned(made, a, status_day, "usd"),
        plan_complete_frac=_complete(made, a, status_day),
        moved=int((to_do["moved_days"].abs() > MOVED_DAYS).sum()),
        resequenced=plan.resequenced,
        ahead={w: tuple(x for x in window if x.due_day < status_day + 7.0 * w) for w in WEEKS},
        constraints=constraints(made, plan, window, status_day),
        deliveries=deliveries(made, a, plan),
        lines=lines(table),
        curve=_curve(made, a, plan, status_day),
        outlook=outlook(case, made, a, status_day) if sampled else None,
        findings=worst_first(
            [*a.findings, *against_logic(made, a), *_told(made, a, plan, status_day), *_never(milestones)]
        ),
    )


def _variance(made: Work, a: Actuals, plan: Replan) -> pl.DataFrame:
    state = np.where(a.done, "done", np.where(a.begun, "in progress", "to do"))
    finish = made.finish / DAY_SLOTS
    table = pl.DataFrame(
        {
            "activity": made.codes,
            "name": made.names,
            "trade": made.trades,
            "place": made.places,
            "baseline_start_day": made.start / DAY_SLOTS,
            "baseline_finish_day": finish,
            "start_day": plan.start_day,
            "finish_day": plan.finish_day,
            "moved_days": plan.finish_day - finish,
            "done_frac": done_frac(a),
            "state": state.tolist(),
        },
        schema=VARIANCE.polars(),
    )
    return VARIANCE.check(table)


def _milestones(case: risk.Case, made: Work, plan: Replan) -> tuple[Moved, ...]:
    job = job_hours(case.campus)
    was, now = (marks(case, days, job) for days in (made.finish / DAY_SLOTS, plan.finish_day))
    return tuple(Moved(name=name, baseline_day=was[name], day=now[name]) for name in was)


def _complete(made: Work, a: Actuals, status_day: float) -> float | None:
    finish = made.finish / DAY_SLOTS
    real = np.array([t not in {"absence", "wait"} for t in made.trades])
    due = real & (finish > status_day - PACE_DAYS) & (finish <= status_day)
    return float(a.done[due].mean()) if due.any() else None


def _curve(made: Work, a: Actuals, plan: Replan, status_day: float) -> SCurve:
    last = math.ceil(max(float(made.finish.max()) / DAY_SLOTS, float(plan.finish_day.max())))
    days = np.unique(np.concatenate([np.arange(0.0, last + 1.0), [status_day]]))
    w, share = made.people_h, done_frac(a)
    planned = Curve.of(w, made.start / DAY_SLOTS, made.finish / DAY_SLOTS).at(days)
    got = w * share
    now = np.where(a.done, plan.finish_day, status_day)
    begin = np.where(a.begun, plan.start_day, status_day)
    so_far = Curve.of(got, begin, now).at(days)
    rest = Curve.of(w - got, plan.goes_on_day, plan.finish_day).at(days)
    return SCurve(
        day=days,
        planned_h=planned,
        earned_h=np.where(days <= status_day + 1e-9, so_far, np.nan),
        forecast_h=np.where(days >= status_day - 1e-9, so_far + rest, np.nan),
    )


def _never(milestones: tuple[Moved, ...]) -> list[Finding]:
    text, remedy = "is never reached: what is there never suffices", "see `gigasite schedule FILE`: what is short"
    return [
        finding(Severity.error, m.name, text, remedy, found="never") for m in milestones if not math.isfinite(m.day)
    ]


def _told(made: Work, a: Actuals, plan: Replan, status_day: float) -> list[Finding]:
    """Say what the reader must know: late starts, crews in another order, rows without cost."""
    out = []
    behind = ~a.begun & (made.start / DAY_SLOTS < status_day - MOVED_DAYS)
    behind &= np.array([t != "absence" for t in made.trades])
    if behind.any():
        i = int(np.flatnonzero(behind)[np.argmin(made.start[behind])])
        out.append(
            finding(
                Severity.warning,
                f"{made.codes[i]} {made.names[i]}",
                f"{int(behind.sum()):,} activities should have begun before the status day; this one first",
                "enter their actual_start, or clear what holds them",
                found="not begun",
                limit=f"day {made.start[i] / DAY_SLOTS:.1f}",
            )
        )
    if plan.resequenced:
        text = "progress came in another order than planned: crews take the rest in the order of its starts"
        out.append(finding(Severity.note, "crews", text, "none needed"))
    begun, told = a.begun & (made.people_h > 0), np.isfinite(a.people_h)
    if told.any() and (begun & ~told).any():
        found = f"{int((begun & told).sum()):,} of {int(begun.sum()):,} begun activities"
        text = "cost performance (CPI) stands on the rows that tell actual_h"
        out.append(finding(Severity.note, "earned value", text, "enter actual_h for the others", found=found))
    return out
