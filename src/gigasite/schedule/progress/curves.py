"""Work over time: running sums, the fan of the samples, people of each crew by day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import risk
from gigasite.schedule.progress.work import DAY_SLOTS, work
from gigasite.schedule.types import Fan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]

SAMPLES = 40  # of the fan: its edges are P10 and P90, which so many give to a day or two
MOST_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A running sum of work that is spread evenly over its time: a line with corners."""

    day: Floats
    value: Floats

    @classmethod
    def of(cls, weight: Floats, start: Floats, finish: Floats) -> Curve:
        """Return the curve of pieces of work."""
        mine = weight > 0
        w, s = weight[mine], start[mine]
        f = np.maximum(finish[mine], s + 1e-6)
        days = np.concatenate([s, f])
        slope = np.concatenate([w / (f - s), -w / (f - s)])
        sort = np.argsort(days, kind="stable")
        days, slope = days[sort], np.cumsum(slope[sort])
        value = np.concatenate([[0.0], np.cumsum(slope[:-1] * np.diff(days))]) if len(days) else np.zeros(0)
        total = float(w.sum())
        scale = total / value[-1] if len(value) and value[-1] > 0 else 1.0  # what rounding left out
        return cls(day=days, value=np.maximum.accumulate(value * scale) if len(value) else value)

    def at(self, days: Floats) -> Floats:
        """Return the value on each day."""
        if not len(self.day):
            return np.zeros(len(days))
        out: Floats = np.interp(days, self.day, self.value)
        return out

    def when(self, value: float, now: float, same: float) -> float | None:
        """Return the day on which the curve has a value; `now`, where it has that value now, within `same`."""
        if not len(self.day):
            return None
        if abs(value - float(self.at(np.array([now]))[0])) <= same:
            return now
        i = int(np.searchsorted(self.value, value))
        if i == 0:
            return float(self.day[0])
        if i >= len(self.value):
            return float(self.day[-1])
        low, high = float(self.value[i - 1]), float(self.value[i])
        share = (value - low) / (high - low) if high > low else 1.0
        return float(self.day[i - 1] + share * (self.day[i] - self.day[i - 1]))


def fan(case: risk.Case, likely: risk.Result) -> Fan:
    """Return the S-curve of the likely plan between P10 and P90 of the first samples of its seed.

    Work is counted as shares of its planned man-hours, so that all curves end at the same sum.
    """
    made = work(case, likely)
    starts, finishes = [], []
    for number in range(SAMPLES):
        hours, u = risk.sampled(case.net, case.campus.seed, number)
        r = risk.solve(case, hours, risk.job_hours(case.campus, u))
        starts.append(r.start / DAY_SLOTS)
        finishes.append((r.start + r.dur) / DAY_SLOTS)
    real = made.people_h > 0
    last = max(math.ceil(max(float(f[real].max(initial=0.0)) for f in finishes)), 1)
    days = np.linspace(0.0, last, min(last, MOST_POINTS) + 1)
    curves = np.stack([Curve.of(made.people_h, s, f).at(days) for s, f in zip(starts, finishes, strict=True)])
    low, high = np.quantile(curves, [0.1, 0.9], axis=0)
    own = Curve.of(made.people_h, made.start / DAY_SLOTS, made.finish / DAY_SLOTS).at(days)
    return Fan(day=days, likely_h=own, p10_h=low, p90_h=high)


def workforce(made: Work, start_day: Floats, finish_day: Floats) -> tuple[Floats, dict[str, tuple[Floats, int]]]:
    """Return days, and for each crew that has work the mean people at work on each day and its full strength.

    Absences count as people who are not there: they lower the line of those at work by themselves.
    """
    last = max(math.ceil(float(finish_day.max())), 1)
    edges = np.arange(0.0, last + 1.0)
    away = np.array([t == "absence" for t in made.trades])
    out = {}
    for c, name in enumerate(made.crew_names):
        mine = (made.crew == c) & ~away & (finish_day > start_day)
        if mine.any():
            spent = made.people[mine] * (finish_day[mine] - start_day[mine])
            total = Curve.of(spent, start_day[mine], finish_day[mine]).at(edges)
            out[name] = (np.diff(total), int(made.capacity[c]))
    return edges[:-1], out
