"""The baseline: a plan's activities as arrays, with who hands people over to whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite.schedule import kernels
from gigasite.schedule.network import SLOT_H

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gigasite.schedule import risk

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

DAY_SLOTS = round(24 / SLOT_H)
MOST_DAYS = 36_525.0  # a century
NEEDED = ("name", "start_day", "finish_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan to compare with: n activities, durations and days in slots of a quarter of an hour.

    `at_work_frac` is the share of the clock in which a crew works; `people_h` are man-hours, `cost_usd` their cost.
    """

    names: list[str]
    trades: list[str]
    places: list[str]
    keys: list[str]
    crew_names: tuple[str, ...]
    crew: Ints
    people: Ints
    capacity: Ints
    start: Ints
    dur: Ints
    links: Ints
    at_work_frac: Floats
    people_h: Floats
    cost_usd: Floats

    @property
    def finish(self) -> Ints:
        """Return the planned finishes [slots]."""
        return self.start + self.dur

    @property
    def codes(self) -> list[str]:
        """Return ids as exports write them: A000001 and so on."""
        return self.codes_of(tuple(range(len(self.names))))

    def codes_of(self, rows: tuple[int, ...]) -> list[str]:
        """Return the ids of some activities."""
        return [f"A{i + 1:06d}" for i in rows]

    def titles(self) -> list[str]:
        """Return what is done, without the place."""
        return [name.split(": ", 1)[0] for name in self.names]

    def handovers(self) -> Ints:
        """Return rows of who takes people over from whom in this plan."""
        by_start = np.lexsort((np.arange(len(self.start)), self.start)).astype(np.int64)
        out: Ints = kernels.handovers(by_start, self.start, self.dur, self.crew, self.people, self.capacity)
        return np.unique(out, axis=0)


def work(case: risk.Case, likely: risk.Result) -> Work:
    """Return the baseline of a likely plan.

    Parameters
    ----------
    case, likely
        The network and its plan.
    """
    net, campus = case.net, case.campus
    with_crew = net.crew >= 0
    week = np.array([campus.schedule.week_days.get(name, 7) / 7 for name in net.crew_names] + [1.0])
    share = np.where(with_crew, campus.schedule.shifts.hours_per_day / 24.0 * week[net.crew], 1.0)
    away = np.zeros(len(net.names), np.bool_)
    away[net.absent] = True
    hours = np.where(with_crew & ~away, likely.dur * SLOT_H * share * net.people, 0.0)
    price = np.array([campus.catalogue.crews[name].cost for name in net.crew_names] + [0.0])
    return Work(
        names=net.names,
        trades=net.trades,
        places=net.places,
        keys=[net.key_names[k] for k in net.key.tolist()],
        crew_names=net.crew_names,
        crew=net.crew,
        people=net.people,
        capacity=net.capacity,
        start=likely.start,
        dur=likely.dur,
        links=net.links,
        at_work_frac=share,
        people_h=hours,
        cost_usd=hours * price[net.crew],
    )


def with_baseline(made: Work, path: Path) -> tuple[Work, int]:
    """Return the work with the days of a saved plan, and how many activities that plan does not have.

    Parameters
    ----------
    made
        Today's plan.
    path
        `activities.csv` of an earlier plan: columns name, start_day, finish_day.

    Raises
    ------
    InputFileError
        It is no such table.
    """
    try:
        table = pl.read_csv(read_bytes(path), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        text = f"is no table: {str(error).splitlines()[0][:200]}; give the activities.csv of a plan"
        raise InputFileError(str(path), 0, text) from error
    missing = [n for n in NEEDED if n not in table.columns]
    if missing:
        text = f"has no column {', '.join(missing)}; give the activities.csv of a plan"
        raise InputFileError(str(path), 1, text)
    days = [table[n].cast(pl.Float64, strict=False) for n in NEEDED[1:]]
    sound = days[0].is_between(0.0, days[1]) & days[1].is_between(0.0, MOST_DAYS)  # NaN and nothing are not
    bad = (~sound.fill_null(value=False)).arg_true().to_list()
    if bad:
        text = f"start_day and finish_day must be days from 0 to {MOST_DAYS:g}, the finish not before the start"
        raise InputFileError(str(path), bad[0] + 2, text)
    twice = table["name"].is_first_distinct().not_().arg_true().to_list()
    if twice:
        text = f"'{str(table['name'][twice[0]])[:60]}' stands there twice; keep one of the rows"
        raise InputFileError(str(path), twice[0] + 2, text)
    row = {name: i for i, name in enumerate(table["name"].cast(pl.String).to_list())}
    at = np.array([row.get(name, -1) for name in made.names], np.int64)
    start, finish = (np.rint(d.to_numpy() * DAY_SLOTS).astype(np.int64) for d in days)
    known = at >= 0
    if not known.any():
        raise InputFileError(str(path), 0, "names no activity of this campus; give the activities.csv of its own plan")
    new_start, new_dur = made.start.copy(), made.dur.copy()
    new_start[known] = start[at[known]]
    new_dur[known] = (finish - start)[at[known]]
    return replace(made, start=new_start, dur=new_dur), int((~known).sum())
