"""The neutral value that planners' file formats are read into and written from.

It holds what Primavera XER and Microsoft Project XML both can say. Dates are text `YYYY-MM-DDTHH:MM`, "" where there
is none: both formats count minutes without a time zone. Durations and lags are working time in whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WBS = Schema(
    "wbs",
    (
        Column("parent", "Int32", "row of this table, -1 for the project"),
        Column("code", "String", "of this level alone"),
        Column("name", "String", ""),
    ),
)
ACTIVITIES = Schema(
    "exchange activities",
    (
        Column("code", "String", "activity id, unique"),
        Column("name", "String", ""),
        Column("wbs", "Int32", "row of the WBS, -1 for the project itself"),
        Column("calendar", "Int32", "number of the calendar, -1 for none"),
        Column("kind", "String", "task, start milestone, finish milestone, level of effort"),
        Column("planned_s", "Int64", "working time"),
        Column("remaining_s", "Int64", "working time"),
        Column("complete_frac", "Float64", "physical, 0 to 1"),
        Column("start", "String", "planned"),
        Column("finish", "String", "planned"),
        Column("actual_start", "String", "'' when not started"),
        Column("actual_finish", "String", "'' when not finished"),
        Column("constraint", "String", "'' or one of CONSTRAINTS"),
        Column("constraint_date", "String", ""),
    ),
)
RELATIONS = Schema(
    "relations",
    (
        Column("before", "Int32", "row of the activities"),
        Column("after", "Int32", "row of the activities"),
        Column("kind", "String", "FS, SS, FF, SF"),
        Column("lag_s", "Int64", "working time, negative for a lead"),
    ),
)
RESOURCES = Schema(
    "resources",
    (
        Column("code", "String", "unique"),
        Column("name", "String", ""),
        Column("kind", "String", "labor, nonlabor, material"),
        Column("units", "Float64", "available at a time; 0 = not said"),
    ),
)
ASSIGNMENTS = Schema(
    "assignments",
    (
        Column("activity", "Int32", "row of the activities"),
        Column("resource", "Int32", "row of the resources"),
        Column("units", "Float64", "held at a time"),
    ),
)
KINDS = ("task", "start milestone", "finish milestone", "level of effort")
RELATION_KINDS = ("FS", "SS", "FF", "SF")
CONSTRAINTS = (
    "as late as possible",
    "start on",
    "start no earlier",
    "start no later",
    "finish on",
    "finish no earlier",
    "finish no later",
    "mandatory start",
    "mandatory finish",
)
DAY_MIN = 1440

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Working time.

    Parameters
    ----------
    name
        Unique in a project.
    week
        Seven days from Monday: (start, finish) [minutes of the day], ascending, at most 1440.
    exceptions
        (date `YYYY-MM-DD`, its working time), ascending; an empty one is a holiday.
    hours_per_day
        That planners mean by "a day".
    """

    name: str
    week: tuple[Spans, ...]
    exceptions: tuple[tuple[str, Spans], ...] = ()
    hours_per_day: float = 8.0

    def week_s(self) -> int:
        """Return the working time of a week without exceptions [s]."""
        return sum(z - a for day in self.week for a, z in day) * 60


def table(schema: Schema, columns: Mapping[str, object]) -> pl.DataFrame:
    """Return a table of a schema from its columns."""
    return schema.check(pl.DataFrame(columns, schema=schema.polars(), strict=False))


def empty(schema: Schema) -> pl.DataFrame:
    """Return a table of a schema without rows."""
    return pl.DataFrame(schema=schema.polars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A project as planners' programs exchange it.

    Tables follow `WBS`, `ACTIVITIES`, `RELATIONS`, `RESOURCES` and `ASSIGNMENTS`. `calendar` is the number of the
    project's own calendar, -1 for none. `findings` say what a reader could not take.
    """

    name: str
    start: str
    status: str = ""
    """Date up to which progress is known, "" before the first."""
    calendar: int = -1
    calendars: tuple[Calendar, ...] = ()
    wbs: pl.DataFrame = field(default_factory=lambda: empty(WBS))
    activities: pl.DataFrame = field(default_factory=lambda: empty(ACTIVITIES))
    relations: pl.DataFrame = field(default_factory=lambda: empty(RELATIONS))
    resources: pl.DataFrame = field(default_factory=lambda: empty(RESOURCES))
    assignments: pl.DataFrame = field(default_factory=lambda: empty(ASSIGNMENTS))
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        for schema, have in (
            (WBS, self.wbs),
            (ACTIVITIES, self.activities),
            (RELATIONS, self.relations),
            (RESOURCES, self.resources),
            (ASSIGNMENTS, self.assignments),
        ):
            schema.check(have)

    def same(self, other: Exchange) -> list[str]:
        """Return the names of the parts in which two projects differ."""
        plain = ("name", "start", "status", "calendar", "calendars")
        tables = ("wbs", "activities", "relations", "resources", "assignments")
        out = [p for p in plain if getattr(self, p) != getattr(other, p)]
        return out + [t for t in tables if not getattr(self, t).equals(getattr(other, t))]


def _plain(text: pl.Expr) -> pl.Expr:
    """Return text without control characters, which neither format holds, nor spaces around it."""
    return text.str.replace_all(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]", " ").str.strip_chars()


def normal(x: Exchange) -> Exchange:
    """Return the project in the order that every format keeps, with text that every format holds.

    WBS elements follow their parents, activities follow the WBS, relations and assignments are sorted; control
    characters in texts are spaces; an activity without a calendar has the project's.
    """
    order = _preorder(x.wbs)
    place = pl.DataFrame({"old": order, "new": range(len(order))}, schema={"old": pl.Int32, "new": pl.Int32})
    wbs = x.wbs[order].with_columns(
        parent=_renumber("parent", place), code=_plain(pl.col("code")), name=_plain(pl.col("name"))
    )
    acts = x.activities.with_columns(
        wbs=_renumber("wbs", place),
        calendar=pl.when(pl.col("calendar") < 0).then(pl.lit(x.calendar, pl.Int32)).otherwise("calendar"),
        code=_plain(pl.col("code")),
        name=_plain(pl.col("name")),
    )
    acts = acts.with_row_index("old").sort("wbs", maintain_order=True)
    moved = pl.DataFrame({"old": acts["old"].cast(pl.Int32), "new": pl.Series(range(acts.height), dtype=pl.Int32)})
    relations = x.relations.with_columns(before=_renumber("before", moved), after=_renumber("after", moved))
    assignments = x.assignments.with_columns(activity=_renumber("activity", moved))
    return replace(
        x,
        name=pl.select(_plain(pl.lit(x.name))).item(),
        calendars=tuple(replace(c, name=pl.select(_plain(pl.lit(c.name))).item()) for c in x.calendars),
        wbs=wbs,
        activities=acts.drop("old"),
        relations=relations.sort("after", "before", "kind", "lag_s"),
        resources=x.resources.with_columns(code=_plain(pl.col("code")), name=_plain(pl.col("name"))),
        assignments=assignments.sort("activity", "resource", "units"),
    )


def _renumber(name: str, place: pl.DataFrame) -> pl.Expr:
    """Return new row numbers for old ones; -1 stays."""
    if not place.height:
        return pl.col(name)
    return pl.col(name).replace_strict(place["old"], place["new"], default=-1, return_dtype=pl.Int32)


def _preorder(wbs: pl.DataFrame) -> list[int]:
    """Return rows so that each element's children follow it, in file order; elements of a loop hang on the project."""
    children: dict[int, list[int]] = {}
    for i, parent in enumerate(wbs["parent"].to_list()):
        children.setdefault(parent, []).append(i)
    out, todo = [], children.get(-1, [])[::-1]
    while todo:
        i = todo.pop()
        out.append(i)
        todo += children.get(i, [])[::-1]
    return out


def rooted(parent: Sequence[int]) -> list[int]:
    """Return parents with those loops cut that never reach the project (a damaged file may hold some)."""
    out = list(parent)
    good: set[int] = set()
    for i in range(len(out)):
        path, at = [], i
        while at >= 0 and at not in good:
            path.append(at)
            good.add(at)
            at = out[at]
        if at in path:  # came back to itself
            out[at] = -1
    return out


def finding(severity: Severity, where: str, what: str, remedy: str, *, found: str = "", limit: str = "") -> Finding:
    """Make a finding of the schedule."""
    return Finding(
        severity=severity, chapter="schedule", where=where, what=what, remedy=remedy, found=found, limit=limit
    )
