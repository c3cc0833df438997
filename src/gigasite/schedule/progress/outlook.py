"""How sure the forecast is: what is left to do with sampled durations, from the status day on."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import risk
from gigasite.schedule.network import slots
from gigasite.schedule.progress.curves import MOST_POINTS, SAMPLES, Curve
from gigasite.schedule.progress.draws import draws
from gigasite.schedule.progress.earned import done_frac
from gigasite.schedule.progress.marks import marks
from gigasite.schedule.progress.replan import replan
from gigasite.schedule.types import Fan, Milestone, Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.replan import Replan
    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Milestones with their spread, and man-hours by day between P10 and P90, from the status day on."""

    milestones: tuple[Milestone, ...]
    fan: Fan
    samples: int


def outlook(case: risk.Case, made: Work, a: Actuals, status_day: float) -> Outlook:
    """Return the spread of the forecast.

    What is done stays; what is left takes its sampled share of the likely duration, with the quantiles of the plan's
    own samples; crews keep their order of jobs.
    """
    likely = np.maximum(case.net.hours[:, 1], 1e-12)
    plans = []
    for hours, job in draws(case, SAMPLES):
        told = replace(a, left_frac=a.left_frac * np.where(case.net.hours[:, 1] > 0, hours / likely, 1.0))
        # the arrival of an order takes no time in the plan: what a sample adds to it (late suppliers) has no share
        late = np.where(case.net.hours[:, 1] > 0, 0, slots(hours))
        plans.append((replan(made, told, status_day, late), job))
    own = replan(made, a, status_day)
    days = [marks(case, p.finish_day, job) for p, job in plans]
    base = marks(case, own.finish_day, risk.job_hours(case.campus))
    names = [name for name in base if name != "last activity"]
    return Outlook(
        milestones=tuple(Milestone(name=n, day=_spread(base[n], np.array([d[n] for d in days]))) for n in names),
        fan=_fan(made, a, status_day, [own, *(p for p, _ in plans)]),
        samples=SAMPLES,
    )


def _spread(likely: float, days: Floats) -> Spread:
    p10, p50, p90 = (float(np.quantile(days, q, method="lower")) for q in (0.1, 0.5, 0.9))
    return Spread(likely=likely, p10=p10, p50=p50, p90=p90)


def _fan(made: Work, a: Actuals, status_day: float, plans: list[Replan]) -> Fan:
    """Return the man-hours that are earned by each day; the first plan is the likely one."""
    real = made.people_h > 0
    got = made.people_h * done_frac(a)
    last = max(math.ceil(max(float(p.finish_day[real].max(initial=0.0)) for p in plans)), math.ceil(status_day) + 1)
    days = np.linspace(status_day, last, min(last, MOST_POINTS) + 1)
    rest = np.stack([Curve.of(made.people_h - got, p.goes_on_day, p.finish_day).at(days) for p in plans])
    low, high = np.quantile(rest[1:], [0.1, 0.9], axis=0)
    done = float(got.sum())
    return Fan(day=days, likely_h=done + rest[0], p10_h=done + low, p90_h=done + high)
