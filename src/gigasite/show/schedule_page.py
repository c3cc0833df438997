"""The schedule as pictures: Gantt of all activities, line of balance, crews, S-curve; a page of a build under way."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import polars as pl
from markupsafe import Markup

from gigasite._core.files import folder_beside
from gigasite.schedule.progress.actuals import nothing
from gigasite.schedule.progress.ahead import constraints, deliveries, look_ahead
from gigasite.schedule.progress.balance import lines
from gigasite.schedule.progress.curves import workforce
from gigasite.schedule.progress.replan import replan
from gigasite.show.html import script
from gigasite.show.result import dumps

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gigasite.schedule.progress import Progress, Work
    from gigasite.schedule.progress.ahead import Ahead, Constraint, Delivery
    from gigasite.schedule.progress.balance import Line
    from gigasite.schedule.types import Schedule
    from gigasite.show.schedule_progress import Tracked

SCRIPTS = {"echarts": "echarts.min.js", "base": "base.js", "schedule": "schedule.js", "css": "page.css"}
MOST_BARS = 60_000  # activities that are drawn one by one; above, one bar per kind of work and hall
MOST_LISTED = 40
MOST_CLEAR = 15
WEEKS = 6.0
DIGITS = 2  # of days: a quarter of an hour


def chapter(s: Schedule) -> Markup:
    """Return the report's tables and the places of its pictures; `schedule.js` draws them."""
    made, told = s.baseline, nothing(len(s.baseline.names))
    plan = replan(made, told, 0.0)
    window = look_ahead(made, told, plan, 0.0, WEEKS)
    return _chapter(made, 0.0, window, constraints(made, plan, window, 0.0), deliveries(made, told, plan))


def data(s: Schedule) -> dict[str, Any]:
    """Return what `schedule.js` draws for a plan that has not begun."""
    days = ("start_day", "finish_day")
    table = s.activities.with_columns(
        baseline_start_day="start_day", baseline_finish_day="finish_day", done_frac=pl.lit(0.0), state=pl.lit("to do")
    )
    marks = [{"name": m.name, "day": m.day.likely} for m in s.milestones]
    out = _pictures(s.baseline, table, lines(table), marks, tuple(s.activities[d].to_numpy() for d in days))
    fan = s.fan
    curve = {"planned": _xy(fan.day, fan.likely_h), "p10": _xy(fan.day, fan.p10_h), "p90": _xy(fan.day, fan.p90_h)}
    return out | {"curve": curve, "status": None}


def progress_page(made: Tracked, p: Progress) -> str:
    """Return the page of a build under way: one self-contained file."""
    from gigasite.show.schedule_progress import progress_json  # noqa: PLC0415  # the verbs import this page

    folder = files("gigasite.show") / "assets"
    text = (folder / "schedule.html").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    scripts = {key: script((folder / file).read_text(encoding="utf-8")) for key, file in SCRIPTS.items()}
    r = progress_json(made, p)
    return page.render(
        r=r,
        start=made.start.isoformat(),
        cards=_cards(r),
        moved=r["moved_most"][:MOST_LISTED],
        chapter=_chapter(made.made, p.status_day, p.ahead[WEEKS], p.constraints, p.deliveries),
        data=script(dumps({"schedule": _progress_data(made, p)})),
        **scripts,
    )


def _progress_data(made: Tracked, p: Progress) -> dict[str, Any]:
    marks = [{"name": m.name, "day": m.day, "was": m.baseline_day} for m in p.milestones]
    table = p.variance.with_columns(driving=pl.lit(value=False))
    days = tuple(table[d].to_numpy() for d in ("start_day", "finish_day"))
    out = _pictures(made.made, table, p.lines, marks, days)
    c = p.curve
    curve = {
        "planned": _xy(c.day, c.planned_h),
        "earned": _xy(c.day, c.earned_h),
        "forecast": _xy(c.day, c.forecast_h),
    }
    if p.outlook is not None:
        fan = p.outlook.fan
        curve |= {"p10": _xy(fan.day, fan.p10_h), "p90": _xy(fan.day, fan.p90_h)}
    return out | {"curve": curve, "status": p.status_day}


def write_progress(made: Tracked, p: Progress, out: Path) -> None:
    """Write progress.html, variance.csv, lookahead.csv, constraints.csv and deliveries.csv into a folder.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    from gigasite.show.schedule_progress import (  # noqa: PLC0415  # the verbs import this page
        ahead_json,
        constraint_json,
        delivery_json,
    )

    with folder_beside(out) as folder:
        (folder / "progress.html").write_text(progress_page(made, p), encoding="utf-8")
        p.variance.write_csv(folder / "variance.csv")
        ahead = [ahead_json(made, x) | {"waits_for": ""} for x in p.ahead[WEEKS]]
        for row, x in zip(ahead, p.ahead[WEEKS], strict=True):
            row["waits_for"] = " ".join(made.made.codes_of(x.waits_for))
        for name, rows in (
            ("lookahead", ahead),
            ("constraints", [constraint_json(c) for c in p.constraints]),
            ("deliveries", [delivery_json(d) for d in p.deliveries]),
        ):
            pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{name}.csv")


def _pictures(
    made: Work,
    table: pl.DataFrame,
    balance: tuple[Line, ...],
    marks: list[dict[str, Any]],
    days: tuple[NDArray[np.float64], ...],
) -> dict[str, Any]:
    day, crews = workforce(made, *days)
    return {
        "gantt": _gantt(table),
        "marks": [m for m in marks if np.isfinite(m["day"])],
        "balance": [_line(x) for x in balance],
        "crews": [
            {"name": name, "people": _xy(day, people), "capacity": most} for name, (people, most) in crews.items()
        ],
    }


def _gantt(table: pl.DataFrame) -> dict[str, Any]:
    """Return bars as columns: kinds and places by number, days; above `MOST_BARS` one bar per kind and hall."""
    split = pl.col("name").str.split(": ")
    table = table.filter(~pl.col("trade").is_in(["absence", "wait"])).with_columns(title=split.list.first())
    whole = table.height <= MOST_BARS
    if not whole:
        hall = pl.col("place").str.extract(r"^(H\d+)").fill_null("campus")
        table = (
            table.with_columns(place=hall)
            .group_by("title", "trade", "place", maintain_order=True)
            .agg(
                pl.col("start_day", "baseline_start_day").min(),
                pl.col("finish_day", "baseline_finish_day").max(),
                pl.col("driving").any(),
                pl.col("done_frac").mean(),
            )
        )
    kinds = table.group_by("title", "trade", maintain_order=True).agg(pl.col("start_day").min()).sort("start_day")
    titles, places = kinds["title"].to_list(), table["place"].unique(maintain_order=True).to_list()
    moved = (table["baseline_finish_day"] - table["finish_day"]).abs().max()
    out = {
        "whole": whole,
        "titles": titles,
        "trades": kinds["trade"].to_list(),
        "places": places,
        "t": table["title"].replace_strict(titles, list(range(len(titles)))).to_list(),
        "p": table["place"].replace_strict(places, list(range(len(places)))).to_list(),
        "s": table["start_day"].round(DIGITS).to_list(),
        "f": table["finish_day"].round(DIGITS).to_list(),
        "driving": table["driving"].arg_true().to_list(),
    }
    if isinstance(moved, float) and moved > 0:
        out |= {c: table[f"baseline_{k}_day"].round(DIGITS).to_list() for c, k in (("bs", "start"), ("bf", "finish"))}
    if table["done_frac"].max():
        out["done"] = table["done_frac"].round(DIGITS).to_list()
    return out


def _line(x: Line) -> dict[str, Any]:
    return {
        "title": x.title,
        "trade": x.trade,
        "unit": x.unit,
        "places": list(x.places),
        "planned": np.round(x.planned_day, DIGITS).tolist(),
        "now": np.round(x.finish_day, DIGITS).tolist(),
        "done": int(x.done.sum()),
    }


def _xy(day: NDArray[np.float64], value: NDArray[np.float64]) -> list[list[float]]:
    return [[round(d, 3), round(v, 1)] for d, v in zip(day.tolist(), value.tolist(), strict=True) if np.isfinite(v)]


def _chapter(
    made: Work,
    status_day: float,
    window: tuple[Ahead, ...],
    clear: tuple[Constraint, ...],
    log: tuple[Delivery, ...],
) -> Markup:
    text = (files("gigasite.show") / "assets" / "schedule_chapter.html").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(text)
    first = [x for x in window if x.due_day < status_day + WEEKS * 7 / 2]
    rendered = page.render(
        status=status_day,
        counts={"3": len(first), "6": len(window)},
        ahead=[_ahead(made, x) for x in window[:MOST_LISTED]],
        more=max(len(window) - MOST_LISTED, 0),
        clear=clear[:MOST_CLEAR],
        more_clear=max(len(clear) - MOST_CLEAR, 0),
        log=log[:MOST_LISTED],
        more_log=max(len(log) - MOST_LISTED, 0),
    )
    return Markup(rendered)  # noqa: S704  # the template escapes every value


def _ahead(made: Work, x: Ahead) -> dict[str, Any]:
    waits = [made.names[i] for i in x.waits_for]
    more = f" and {len(waits) - 2} more" if len(waits) > 2 else ""
    crew = int(made.crew[x.row])
    return {
        "name": made.names[x.row],
        "crew": f"{made.people[x.row]} {made.crew_names[crew]}" if crew >= 0 else "",
        "start": x.start_day,
        "finish": x.finish_day,
        "late": x.late_days,
        "waits": "; ".join(waits[:2]) + more,
    }


def _cards(r: dict[str, Any]) -> list[dict[str, str]]:
    first = next(m for m in r["milestones"] if m["name"] == "first step")
    full = next(m for m in r["milestones"] if m["name"] == "full size")
    for m in (first, full):
        sure = (r["forecast"] or {}).get(m["name"])
        m["band"] = "" if sure is None else f"; P10 to P90: {_day(sure['p10'])} to {_day(sure['p90'])}"
    hours, a = r["man_hours"], r["activities"]
    spi, spi_t, cpi = ("-" if hours[k] is None else f"{hours[k]:.2f}" for k in ("spi", "spi_t", "cpi"))
    cards = [{"name": m["name"], "value": _day(m["day"]), "more": _moved(m)} for m in (first, full)]
    return [
        *cards,
        {"name": "SPI, SPI(t)", "value": f"{spi}, {spi_t}", "more": f"CPI {cpi}; man-hours, deliveries weigh nothing"},
        {
            "name": "activities done",
            "value": f"{a['done']:,}",
            "more": f"{a['in progress']:,} in progress, {a['to do']:,} to do",
        },
        {
            "name": "to clear in six weeks",
            "value": f"{len(r['constraints']):,}",
            "more": "deliveries, permits, crews, late work",
        },
    ]


def _day(day: float | None) -> str:
    return "never" if day is None or not np.isfinite(day) else f"day {day:.1f}"


def _moved(m: dict[str, Any]) -> str:
    if not np.isfinite(m["moved_days"]):
        return f"baseline {_day(m['baseline_day'])}"
    return f"{round(m['moved_days'], 1) + 0.0:+.1f} days against the baseline{m['band']}"
