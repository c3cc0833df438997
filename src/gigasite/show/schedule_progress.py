"""Verbs of a build under way: progress, lookahead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, File, designed, emit, end, show
from gigasite.show.schedule import schedule

if TYPE_CHECKING:
    from datetime import date

    from gigasite.schedule.progress import Progress, Work
    from gigasite.schedule.progress.ahead import Ahead, Constraint, Delivery
    from gigasite.schedule.progress.earned import Earned
    from gigasite.schedule.progress.track import Moved

Status = Annotated[str, typer.Option(help="Status: project day or date.", show_default=False)]
Told = Annotated[Path | None, typer.Option("--actuals", help="CSV of what was done.", show_default=False)]
Base = Annotated[
    Path | None, typer.Option(help="activities.csv of the plan to compare with; default: the likely plan.")
]
Folder = Annotated[Path | None, typer.Option("--out", help="Folder for progress.html and tables.")]

SHOWN = 12


@schedule.command()
def progress(
    file: File,
    actuals: Annotated[Path, typer.Option(help="CSV of what was done.", show_default=False)],
    status: Status,
    baseline: Base = None,
    out: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Where does the build stand, what does that do to the rest, what is it worth?"""
    made, p = _tracked(file, actuals, status, baseline, out, sampled=True)
    rest = progress_json(made, p)
    if as_json:
        emit(rest)
    else:
        show(f"{rest['campus']}: progress on day {p.status_day:g}", _rows(p), p.findings)
    end(p.findings)


@schedule.command()
def lookahead(
    file: File,
    status: Status,
    actuals: Told = None,
    baseline: Base = None,
    weeks: Annotated[float, typer.Option(help="3 or 6.")] = 3.0,
    out: Folder = None,
    as_json: AsJson = False,
) -> None:
    """What begins in the next weeks, and what must be cleared for it?"""
    from gigasite._core.errors import QuantityError
    from gigasite.schedule.progress.track import WEEKS

    if weeks not in WEEKS:
        raise QuantityError(f"--weeks must be one of {', '.join(f'{w:g}' for w in WEEKS)}; found {weeks:g}")
    made, p = _tracked(file, actuals, status, baseline, out)
    window = p.ahead[weeks]
    if as_json:
        rows = [ahead_json(made, x) for x in window]
        clear = [constraint_json(c) for c in p.constraints]
        found = [f.to_json() for f in p.findings]
        emit({"status_day": p.status_day, "weeks": weeks, "activities": rows, "constraints": clear, "findings": found})
        end(p.findings)
        return
    cells: list[tuple[str, object]] = [(f"begin within {weeks:g} weeks", len(window))]
    cells += [(f"  {k}", v) for k, v in _by_trade(made, window).items()]
    cells += [("to clear", len(p.constraints))]
    cells += [(f"  {c.name}", _clear(c)) for c in p.constraints[:SHOWN]]
    cells += [("first to begin", "")]
    cells += [("  " + made.made.names[x.row], f"day {x.start_day:.1f} to {x.finish_day:.1f}") for x in window[:SHOWN]]
    show(f"look-ahead from day {p.status_day:g}", cells, p.findings)
    end(p.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What the verbs and pages share: the campus's name and start, and the baseline."""

    name: str
    start: date
    made: Work


def status_day(text: str, start: date) -> float:
    """Return the project day of a status given as a day or a date.

    Raises
    ------
    QuantityError
        It is neither, or lies before the start.
    """
    from datetime import date as calendar_day
    from math import isfinite

    from gigasite._core.errors import QuantityError

    try:
        day = float(text)
    except ValueError:
        try:
            day = float((calendar_day.fromisoformat(text) - start).days)
        except ValueError as error:
            raise QuantityError(f"--status '{text[:40]}' is neither a project day nor a date") from error
    if not isfinite(day) or not 0 <= day <= 36525:
        raise QuantityError(f"--status {text[:40]} lies outside day 0 ({start}) to day 36525")
    return day


def _tracked(
    file: Path, actuals: Path | None, status: str, baseline: Path | None, out: Path | None, *, sampled: bool = False
) -> tuple[Tracked, Progress]:
    """Read, plan, compare; write the folder where one is asked for."""
    from dataclasses import replace

    from gigasite._core.finding import Severity, worst_first
    from gigasite.schedule.build import likely_plan
    from gigasite.schedule.exchange import finding
    from gigasite.schedule.progress import progress as track
    from gigasite.schedule.progress import read_actuals, work
    from gigasite.schedule.progress.actuals import nothing
    from gigasite.schedule.progress.work import with_baseline

    campus, d = designed(file)
    now = status_day(status, campus.start)
    case, likely = likely_plan(campus, d)
    base, new = work(case, likely), 0
    if baseline is not None:
        base, new = with_baseline(base, baseline)
    told = nothing(len(base.names)) if actuals is None else read_actuals(actuals, base, campus.start, now)
    p = track(case, base, told, now, sampled=sampled)
    if new:
        text = "activities are not in the baseline: they have the days of today's plan"
        note = finding(Severity.note, str(baseline), text, "none needed", found=f"{new:,}")
        p = replace(p, findings=worst_first([*p.findings, note]))
    made = Tracked(name=campus.name, start=campus.start, made=base)
    if out is not None:
        from gigasite.show.schedule_page import write_progress

        write_progress(made, p, out)
    return made, p


def progress_json(made: Tracked, p: Progress) -> dict[str, Any]:
    """Return milestones, earned value, what moved most, what to clear."""
    import polars as pl

    from gigasite.show.result import spread

    counts = dict(p.variance["state"].value_counts().iter_rows())
    table = p.variance.filter(pl.col("state") != "done").sort(pl.col("moved_days").abs(), descending=True)
    most = table.filter(pl.col("moved_days").abs() > 0.01).head(50)
    return {
        "campus": made.name,
        "status_day": p.status_day,
        "activities": {state: counts.get(state, 0) for state in ("done", "in progress", "to do")},
        "milestones": [
            {"name": m.name, "baseline_day": m.baseline_day, "day": m.day, "moved_days": m.moved_days}
            for m in p.milestones
        ],
        "forecast": {m.name: spread(m.day) for m in p.outlook.milestones} if p.outlook is not None else None,
        "man_hours": earned_json(p.hours),
        "labour_cost": earned_json(p.cost),
        "plan_complete_frac": p.plan_complete_frac,
        "moved": p.moved,
        "resequenced": p.resequenced,
        "moved_most": most.drop("place").to_dicts(),
        "lookahead": {f"{w:g} weeks": len(x) for w, x in p.ahead.items()},
        "constraints": [constraint_json(c) for c in p.constraints],
        "deliveries": [delivery_json(x) for x in p.deliveries],
        "findings": [f.to_json() for f in p.findings],
    }


def earned_json(e: Earned) -> dict[str, Any]:
    """Return earned value by its usual letters."""
    return {
        "unit": e.unit,
        "bac": e.budget,
        "pv": e.planned,
        "ev": e.earned,
        "ac": e.actual,
        "sv": e.variance,
        "spi": e.spi,
        "cpi": e.cpi,
        "spi_t": e.spi_t,
        "earned_schedule_day": e.earned_day,
        "eac": e.at_completion,
    }


def ahead_json(made: Tracked, x: Ahead) -> dict[str, Any]:
    """Return one activity of the look-ahead, days and what it waits for by id."""
    w = made.made
    return {
        "activity": w.codes_of((x.row,))[0],
        "name": w.names[x.row],
        "trade": w.trades[x.row],
        "place": w.places[x.row],
        "crew": w.crew_names[w.crew[x.row]] if w.crew[x.row] >= 0 else "",
        "people": int(w.people[x.row]),
        "start_day": x.start_day,
        "finish_day": x.finish_day,
        "late_days": x.late_days,
        "waits_for": w.codes_of(x.waits_for),
    }


def constraint_json(c: Constraint) -> dict[str, Any]:
    """Return one constraint to clear."""
    return {
        "kind": c.kind,
        "name": c.name,
        "forecast_day": c.forecast_day,
        "needed_day": c.needed_day,
        "late_days": c.late_days,
        "holds": c.holds,
    }


def delivery_json(x: Delivery) -> dict[str, Any]:
    """Return one line of the delivery log."""
    return {
        "name": x.name,
        "ordered_day": x.ordered_day,
        "promised_day": x.promised_day,
        "expected_day": x.expected_day,
        "arrived_day": x.arrived_day,
        "needed_day": x.needed_day,
        "late_days": x.expected_day - x.promised_day,
    }


def _rows(p: Progress) -> list[tuple[str, object]]:
    from gigasite.show import terminal
    from gigasite.show.result import spread

    counts = dict(p.variance["state"].value_counts().iter_rows())
    rows: list[tuple[str, object]] = [
        ("done, in progress, to do", ", ".join(f"{counts.get(s, 0):,}" for s in ("done", "in progress", "to do"))),
    ]
    rows += [(m.name, _moved(m)) for m in p.milestones]
    if p.outlook is not None:
        sure = [m for m in p.outlook.milestones if m.name in {"first step", "full size"}]
        rows += [(f"{m.name}, forecast", terminal.day(spread(m.day))) for m in sure]
    for e, unit in ((p.hours, "h"), (p.cost, "USD")):
        rows.append((f"planned, earned of {e.budget:,.0f} {unit}", f"{e.planned:,.0f}, {e.earned:,.0f}"))
        rows.append(("  SPI, SPI(t), CPI", ", ".join(_index(x) for x in (e.spi, e.spi_t, e.cpi))))
        if e.at_completion is not None:
            rows.append(("  at completion", f"{e.at_completion:,.0f} {unit}"))
    if p.plan_complete_frac is not None:
        rows.append(("finished of what was due this week", f"{p.plan_complete_frac:.0%}"))
    rows.append(("activities that move", p.moved))
    rows.append(("to clear in six weeks", len(p.constraints)))
    rows += [(f"  {c.name}", _clear(c)) for c in p.constraints[:SHOWN]]
    return rows


def _moved(m: Moved) -> str:
    """Print a milestone against its baseline."""
    from math import isfinite

    if not isfinite(m.day):
        return "never"
    if not isfinite(m.baseline_day):
        return f"day {m.day:.1f} (never in the baseline)"
    return f"day {m.day:.1f} (baseline {m.baseline_day:.1f}, {round(m.moved_days, 1) + 0.0:+.1f} days)"


def _index(x: float | None) -> str:
    return "-" if x is None else f"{x:.3f}"


def _clear(c: Constraint) -> str:
    return f"{c.kind}: day {c.forecast_day:.1f}, needed {c.needed_day:.1f}, holds {c.holds}"


def _by_trade(made: Tracked, window: tuple[Ahead, ...]) -> dict[str, int]:
    out: dict[str, int] = {}
    for x in window:
        trade = made.made.trades[x.row]
        out[trade] = out.get(trade, 0) + 1
    return dict(sorted(out.items(), key=lambda kv: (-kv[1], kv[0])))
