"""Health checks of a project, after the DCMA's 14 points (Earned Value Management System program analysis, 2012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.schedule import kernels
from gigasite.schedule.exchange import finding
from gigasite.schedule.graph import rows, shortest_cycle
from gigasite.schedule.health_path import paths

if TYPE_CHECKING:
    from gigasite.schedule.exchange import Exchange

LONG_S = 44 * 8 * 3600  # DCMA point 8: more than 44 working days
SHARE = 0.05  # what DCMA tolerates of most points
MOST_NAMES = 5


def health(x: Exchange) -> tuple[Finding, ...]:
    """Return what a planner would mend first, worst first; errors are what no program can schedule."""
    return worst_first([*_cycle(x), *_activities(x), *_ends(x), *_relations(x), *_progress(x), *paths(x)])


def cycle(x: Exchange) -> list[str]:
    """Return the names of the shortest cycle of relations, the first again at the end; empty when there is none."""
    a, z = (x.relations[c].to_numpy().astype(np.int64) for c in ("before", "after"))
    n = x.activities.height
    ptr, idx = rows(a, z, n)
    topo = kernels.topological(ptr, idx, np.bincount(z, minlength=n).astype(np.int64))
    ids = shortest_cycle(ptr, idx, topo)
    return [f"{x.activities['code'][i]} {x.activities['name'][i]}".strip() for i in ids]


def _cycle(x: Exchange) -> list[Finding]:
    names = cycle(x)
    if not names:
        return []
    text = "relations form a cycle: " + " -> ".join(names)
    return [finding(Severity.error, "relations", text, "remove one of them")]


def _some(x: Exchange, bad: pl.Series, what: str, remedy: str, severity: Severity = Severity.warning) -> list[Finding]:
    """Return one finding that names the first activities of a mask."""
    codes = x.activities["code"].filter(bad).to_list()
    if not codes:
        return []
    more = f" and {len(codes) - MOST_NAMES:,} more" if len(codes) > MOST_NAMES else ""
    where = ", ".join(codes[:MOST_NAMES]) + more
    return [finding(severity, where, what, remedy, found=f"{len(codes):,} of {x.activities.height:,} activities")]


def _activities(x: Exchange) -> list[Finding]:
    a = x.activities
    hard = a["constraint"].is_in(["mandatory start", "mandatory finish", "start on", "finish on"])
    soft = a["constraint"].is_in(["start no later", "finish no later"])
    left = a["actual_finish"] == ""
    empty = pl.Series([i for i, c in enumerate(x.calendars) if not c.week_s()], dtype=pl.Int32)
    held = pl.Series(range(a.height), dtype=pl.Int32).is_in(x.assignments["activity"].implode())
    return [
        *_some(x, (a["planned_s"] < 0) | (a["remaining_s"] < 0), "negative duration", "correct it", Severity.error),
        *_some(x, a["code"].is_duplicated(), "activity ids are used twice", "rename one of each", Severity.error),
        *_some(x, a["calendar"] < 0, "no calendar", "give the activity or the project a calendar", Severity.error),
        *_some(
            x, a["calendar"].is_in(empty.implode()), "a calendar without working time", "give it shifts", Severity.error
        ),
        *_some(x, (a["finish"] < a["start"]) & (a["finish"] != ""), "planned finish before start", "correct a date"),
        *_many(x, left & (a["remaining_s"] > LONG_S), "durations above 352 h (44 days of 8 h)", "split them"),
        *_many(x, left & (hard | soft), "hard constraints", "let relations set the dates"),
        *(_many(x, (a["kind"] == "task") & ~held, "no resources", "assign crews") if x.resources.height else []),
    ]


def _many(x: Exchange, bad: pl.Series, what: str, remedy: str) -> list[Finding]:
    """Return a finding when more are concerned than DCMA tolerates."""
    return _some(x, bad, f"{what}; more than {SHARE:.0%}", remedy) if bad.sum() > SHARE * len(bad) else []


def _ends(x: Exchange) -> list[Finding]:
    """Find open ends: one start and one finish are a project's own, more are gaps in its logic (DCMA point 1)."""
    rows_ = pl.Series(range(x.activities.height), dtype=pl.Int32)
    real = x.activities["kind"] != "level of effort"
    out = []
    for column, word in (("after", "predecessor"), ("before", "successor")):
        bad = real & ~rows_.is_in(x.relations[column].implode())
        if bad.sum() > 1:
            out += _some(x, bad, f"open ends: no {word}", f"link each to its {word}; one open end is the project's own")
    return out


def _relations(x: Exchange) -> list[Finding]:
    r, out = x.relations, []
    for bad, what, remedy, most in (
        (r["lag_s"] < 0, "negative lags (leads)", "replace a lead by a relation to an earlier step", 0.0),
        (r["lag_s"] > 0, "lags above 5 % of relations", "make an activity of each wait", SHARE),
        (r["kind"] != "FS", "relations other than finish-start above 10 %", "split activities", 0.1),
        (r["kind"] == "SF", "start-finish relations", "turn them round", 0.0),
        (r.select("before", "after").is_duplicated(), "several relations between one pair", "keep one", 0.0),
    ):
        count = int(bad.sum())
        if count > most * r.height:
            first = r.filter(bad).row(0, named=True)
            pair = " -> ".join(x.activities["code"][first[c]] for c in ("before", "after"))
            found = f"{count:,} of {r.height:,} relations"
            out.append(finding(Severity.warning, f"relation {pair}", what, remedy, found=found))
    return out


def _progress(x: Exchange) -> list[Finding]:
    a = x.activities
    began, ended = a["actual_start"] != "", a["actual_finish"] != ""
    out = [
        *_some(x, ended & ~began, "finished and never started", "enter the actual start"),
        *_some(
            x, ended & began & (a["actual_finish"] < a["actual_start"]), "finished before it started", "correct a date"
        ),
        *_some(x, ended & (a["remaining_s"] > 0), "finished with work remaining", "set the remaining duration to 0"),
    ]
    if x.status:
        late = (a["actual_start"] > x.status) | (a["actual_finish"] > x.status)
        out += _some(x, late, "actual dates after the status date", "correct them or move the status date")
        behind = ~began & (a["start"] != "") & (a["start"] < x.status) & (a["kind"] == "task")
        out += _some(
            x, behind, "planned to have started before the status date", "enter progress or compute the project anew"
        )
    return out
