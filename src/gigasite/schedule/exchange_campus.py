"""A campus's schedule as a project that planners' programs open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Severity
from gigasite.schedule.exchange import (
    ACTIVITIES,
    ASSIGNMENTS,
    DAY_MIN,
    RELATIONS,
    RESOURCES,
    WBS,
    Calendar,
    Exchange,
    finding,
    normal,
    table,
)
from gigasite.schedule.network import network

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.exchange import Spans
    from gigasite.schedule.types import Schedule

SHIFT_STARTS_MIN = 6 * 60  # the first shift begins at 06:00; the campus file says how long shifts are, not when


def exchange(campus: Campus, design: Design, made: Schedule) -> Exchange:
    """Return the likely plan as a project.

    Parameters
    ----------
    campus, design, made
        The campus, its design and its schedule.
    """
    a = made.activities
    wbs, activities = _activities(campus, made)
    hours = campus.schedule.shifts.hours_per_day
    net = network(campus, design, made.modes)
    people = dict(zip(net.crew_names, net.capacity.tolist(), strict=True))
    crews = sorted(set(a["crew"].to_list()) - {""})
    held = a.with_row_index("row").filter(pl.col("crew") != "")
    return normal(
        Exchange(
            name=campus.name,
            start=f"{campus.start.isoformat()}T00:00",
            calendar=0,
            calendars=(_calendar("Round the clock", 24.0), _calendar("Shifts", hours)),
            wbs=wbs,
            activities=activities,
            relations=table(
                RELATIONS,
                {
                    "before": made.links[:, 0],
                    "after": made.links[:, 1],
                    "kind": ["FS"] * len(made.links),
                    "lag_s": np.zeros(len(made.links), np.int64),
                },
            ),
            resources=table(
                RESOURCES,
                {
                    "code": crews,
                    "name": crews,
                    "kind": ["labor"] * len(crews),
                    "units": [float(people[c]) for c in crews],
                },
            ),
            assignments=table(
                ASSIGNMENTS,
                {
                    "activity": held["row"],
                    "resource": held["crew"].replace_strict(crews, list(range(len(crews)))) if crews else [],
                    "units": held["people"],
                },
            ),
            findings=(
                finding(
                    Severity.note,
                    "dates",
                    "the plan spreads a crew's hours over the day; the project has shifts from 06:00, so that a "
                    "planning program that computes it anew moves work by up to a shift",
                    "none needed",
                ),
            ),
        )
    )


def _activities(campus: Campus, made: Schedule) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the WBS by hall and trade, and the activities in it."""
    a = made.activities
    hall = pl.col("place").str.extract(r"^(H\d+)").fill_null("Campus")
    wbs, element = _wbs(a.select(hall=hall, trade="trade"))
    work = pl.col("hours") * pl.lit(pl.Series(made.baseline.at_work_frac))
    columns = a.select(
        code="A" + (pl.col("activity_id") + 1).cast(pl.String).str.zfill(6),
        name="name",
        calendar=(pl.col("crew") != "").cast(pl.Int32),
        kind=pl.when(pl.col("hours") > 0).then(pl.lit("task")).otherwise(pl.lit("finish milestone")),
        planned_s=(work * 3600.0).round().cast(pl.Int64),
        complete_frac=pl.lit(0.0),
        start=_date(campus, "start_day"),
        finish=_date(campus, "finish_day"),
        **dict.fromkeys(("actual_start", "actual_finish", "constraint", "constraint_date"), pl.lit("")),
    ).with_columns(remaining_s="planned_s", wbs=element)
    return wbs, columns.select(list(ACTIVITIES.polars()))


def _wbs(places: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return halls with trades below, and the element of each activity."""
    pairs = places.unique().sort(pl.col("hall") != "Campus", pl.col("hall").str.len_chars(), "hall", "trade")
    halls = pairs["hall"].unique(maintain_order=True).to_list()
    parent = [-1] * len(halls) + pairs["hall"].replace_strict(halls, list(range(len(halls)))).to_list()
    names = halls + pairs["trade"].to_list()
    row = pairs.with_row_index("row").select("hall", "trade", wbs=(pl.col("row") + len(halls)).cast(pl.Int32))
    element = places.join(row, on=["hall", "trade"], how="left", maintain_order="left")["wbs"]
    return table(WBS, {"parent": parent, "code": names, "name": names}), element


def _date(campus: Campus, column: str) -> pl.Expr:
    minutes = (pl.col(column) * DAY_MIN).round().cast(pl.Int64)
    at = pl.lit(campus.start).cast(pl.Datetime("us")) + pl.duration(minutes=minutes)
    return at.dt.strftime("%Y-%m-%dT%H:%M")


def _calendar(name: str, hours: float) -> Calendar:
    """Return the same working time on all seven days; what passes midnight begins the next day."""
    end = SHIFT_STARTS_MIN + round(hours * 60)
    after: Spans = ((0, end - DAY_MIN),) if end > DAY_MIN else ()
    day: Spans = ((0, DAY_MIN),) if hours >= 24 else (*after, (SHIFT_STARTS_MIN, min(end, DAY_MIN)))
    return Calendar(name=name, week=(day,) * 7, hours_per_day=hours)
