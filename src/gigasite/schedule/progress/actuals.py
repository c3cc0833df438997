"""Rows of progress: read with the line of every slip, and compared with the logic of the plan."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity
from gigasite.schedule.exchange import finding
from gigasite.schedule.format import decoded
from gigasite.schedule.network import SLOT_H

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]

COLUMNS = ("actual_start", "actual_finish", "remaining_h", "percent", "actual_h", "actual_usd")
MOST_LEFT_H = 20 * 8766.0  # twenty years: more is a slip of the pen, and fills the memory
MOST_NAMED = 20  # out-of-sequence rows that are named one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuals:
    """What was done: one entry per activity, NaN where nothing is known; days of the project, fractions, hours, USD.

    `line` is the row's line in the file, 0 for activities without one.
    """

    file: str
    line: NDArray[np.int64]
    start_day: Floats
    finish_day: Floats
    left_frac: Floats
    """Of the planned duration that remains."""
    people_h: Floats
    usd: Floats
    findings: tuple[Finding, ...]

    @property
    def begun(self) -> NDArray[np.bool_]:
        """Return which have begun."""
        return np.isfinite(self.start_day)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Return which are finished."""
        return np.isfinite(self.finish_day)


def nothing(n: int) -> Actuals:
    """Return no progress at all."""
    blank = np.full(n, np.nan)
    return Actuals(
        file="",
        line=np.zeros(n, np.int64),
        start_day=blank,
        finish_day=blank.copy(),
        left_frac=np.ones(n),
        people_h=blank.copy(),
        usd=blank.copy(),
        findings=(),
    )


def read_actuals(path: Path, made: Work, start: date, status_day: float) -> Actuals:
    """Read rows of progress.

    Parameters
    ----------
    path
        CSV with the column `activity` (id such as A000012, or name) and any of `actual_start`, `actual_finish` (project
        day or date), `remaining_h` (hours of work left) or `percent`, `actual_h` (man-hours spent), `actual_usd`.
    made
        The baseline.
    start
        Date of day 0.
    status_day
        Day up to which the rows tell what happened.

    Returns
    -------
    Actuals
        With a finding for every row that is left out, by file and line.

    Raises
    ------
    InputFileError
        It is no such table.
    """
    text = decoded(read_bytes(path), str(path))
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    head = [h.strip() for h in rows.fieldnames or ()]
    if "activity" not in head or not set(COLUMNS) & set(head):
        need = f"the first line must name activity and some of {', '.join(COLUMNS)}, separated by commas"
        raise InputFileError(str(path), 1, need)
    twice = sorted({h for h in head if h and head.count(h) > 1})
    if twice:
        raise InputFileError(str(path), 1, f"names {twice[0]} twice; keep one of these columns")
    rows.fieldnames = head
    read = _Reader(path=str(path), start=start, status_day=status_day, made=made)
    try:
        for row in rows:
            if any(cell.strip() for cell in row.pop(None, None) or ()):  # such as a decimal comma
                read.long_row(rows.line_num)
                continue
            read.row(rows.line_num, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str) and k})
    except csv.Error as error:
        raise InputFileError(str(path), rows.line_num, f"is no table: {error}") from error
    return read.result()


class _Reader:
    """Rows one after the other, into columns and findings."""

    def __init__(self, *, path: str, start: date, status_day: float, made: Work) -> None:
        self.path, self.start, self.status_day, self.made = path, start, status_day, made
        self.row_of = {name: i for i, name in enumerate(made.names)} | {c: i for i, c in enumerate(made.codes)}
        blank = nothing(len(made.names))
        self.line, self.left = blank.line, blank.left_frac
        self.begin, self.end, self.hours, self.usd = (np.full(len(made.names), np.nan) for _ in range(4))
        self.found: list[Finding] = []

    def result(self) -> Actuals:
        """Return what was read."""
        return Actuals(
            file=self.path,
            line=self.line,
            start_day=self.begin,
            finish_day=self.end,
            left_frac=self.left,
            people_h=self.hours,
            usd=self.usd,
            findings=tuple(self.found),
        )

    def long_row(self, line: int) -> None:
        """Leave out a row with more cells than columns: which cell is which is not known."""
        self._slip(
            line, "has more cells than the first line has columns", "quote cells with commas; write 0.5, not 0,5"
        )

    def row(self, line: int, cells: dict[str, str]) -> None:
        """Take one row, or say why not."""
        name = cells.get("activity", "")
        if not any(cells.values()):
            return None
        if name not in self.row_of:
            near = get_close_matches(name, self.row_of, 1, 0.6) if len(self.found) < MOST_NAMED else []
            hint = f"did you mean '{near[0]}'?" if near else "take ids or names of activities.csv"
            return self._slip(line, f"no activity is called '{name[:60]}'", hint)
        i = self.row_of[name]
        if self.line[i]:
            return self._slip(line, f"'{name[:60]}' stands in line {self.line[i]} too", "keep one of them")
        try:
            value = {c: self._value(c, cells.get(c, "")) for c in COLUMNS}
        except ValueError as error:
            return self._slip(line, str(error), "correct the cell")
        wrong = self._wrong(value)
        if wrong:
            return self._slip(line, *wrong)
        self.line[i] = line
        self.begin[i], self.end[i] = value["actual_start"], value["actual_finish"]
        self.hours[i], self.usd[i] = value["actual_h"], value["actual_usd"]
        self.left[i] = self._left(i, value)
        return None

    def _value(self, column: str, text: str) -> float:
        if not text:
            return math.nan
        if column in {"actual_start", "actual_finish"}:
            return self._day(column, text)
        try:
            number = float(text.removesuffix("%"))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{column} '{text[:40]}' is no number")
        if number < 0:
            raise ValueError(f"{column} {text} is negative")
        if column == "remaining_h" and number > MOST_LEFT_H:
            raise ValueError(f"remaining_h {text} is above {MOST_LEFT_H:g} (20 years)")
        if column == "percent" and number > 100:
            raise ValueError(f"percent {text} is above 100")
        return number

    def _day(self, column: str, text: str) -> float:
        """Return a project day from a number, a date or a date with a time."""
        try:
            day = float(text)
        except ValueError:
            try:
                at = datetime.fromisoformat(text)
            except ValueError as error:
                raise ValueError(f"{column} '{text[:40]}' is neither a project day nor a date") from error
            day = (at.replace(tzinfo=None) - datetime.combine(self.start, datetime.min.time())).total_seconds() / 86400
        if not math.isfinite(day) or day < 0:
            raise ValueError(f"{column} '{text[:40]}' lies before the start of the project")
        return day

    def _wrong(self, v: dict[str, float]) -> tuple[str, str] | None:
        """Return what contradicts itself in a row, and the remedy."""
        begin, end = v["actual_start"], v["actual_finish"]
        if math.isfinite(end) and not math.isfinite(begin):
            return "finished and never started", "enter actual_start"
        if end < begin:
            return f"finished on day {end:g}, before its start on day {begin:g}", "correct a date"
        if max((d for d in (begin, end) if math.isfinite(d)), default=0.0) > self.status_day:
            return f"an actual lies after the status day {self.status_day:g}", "correct it or move --status"
        if math.isfinite(end) and (v["remaining_h"] > 0 or v["percent"] < 100):
            return "finished with work remaining", "leave out actual_finish, or set remaining_h to 0"
        if not math.isfinite(begin) and (v["percent"] > 0 or v["actual_h"] > 0):
            return "has progress and never started", "enter actual_start"
        return None

    def _left(self, i: int, v: dict[str, float]) -> float:
        if math.isfinite(v["actual_finish"]):
            return 0.0
        if math.isfinite(v["remaining_h"]):
            planned = float(self.made.dur[i]) * SLOT_H * float(self.made.at_work_frac[i])
            return v["remaining_h"] / planned if planned > 0 else 0.0
        return 1.0 - v["percent"] / 100.0 if math.isfinite(v["percent"]) else 1.0

    def _slip(self, line: int, what: str, remedy: str) -> None:
        where = f"{self.path}:{line}"
        self.found.append(finding(Severity.error, where, f"{what}; the row was left out", remedy))


def with_milestones(made: Work, a: Actuals) -> Actuals:
    """Return the actuals with milestones that nobody needs to tell: reached with the last of what they wait for.

    The start of the project is reached when the first activity after it begins.
    """
    before, after = made.links[:, 0], made.links[:, 1]
    start, finish = a.start_day.copy(), a.finish_day.copy()
    n = len(start)
    waits = np.bincount(after, minlength=n)
    while True:
        done = np.isfinite(finish)
        open_ = (made.dur == 0) & ~np.isfinite(start) & (np.bincount(after[~done[before]], minlength=n) == 0)
        day = np.full(n, -np.inf)
        np.maximum.at(day, after, np.where(done[before], finish[before], -np.inf))
        first = np.full(n, np.inf)
        np.minimum.at(first, before, np.where(np.isfinite(start[after]), start[after], np.inf))
        day = np.where(waits > 0, day, first)
        reached = open_ & np.isfinite(day)
        if not reached.any():
            left = np.where(np.isfinite(finish), 0.0, a.left_frac)
            return replace(a, start_day=start, finish_day=finish, left_frac=left)
        start[reached] = finish[reached] = day[reached]


def against_logic(made: Work, a: Actuals) -> list[Finding]:
    """Return progress that contradicts the plan's links: begun, or even finished, before what it waits for."""
    before, after = made.links[:, 0], made.links[:, 1]
    end = np.where(a.done, a.finish_day, np.inf)
    early = a.begun[after] & (a.start_day[after] < end[before] - 1e-9)
    ended = early & a.done[after] & (a.finish_day[after] < end[before] - 1e-9)
    out = []
    for k in np.flatnonzero(early)[:MOST_NAMED].tolist():
        i, p = int(after[k]), int(before[k])
        word = "finished" if ended[k] else "started"
        other = f"finished on day {a.finish_day[p]:g}" if a.done[p] else "is not finished"
        out.append(
            finding(
                Severity.error if ended[k] else Severity.warning,
                f"{a.file}:{a.line[i]}",
                f"{made.codes[i]} {made.names[i]} {word} out of sequence: {made.codes[p]} {made.names[p]} {other}",
                "enter the progress of the one before, or mend the link; the rest waits for it (retained logic)",
            )
        )
    more = int(early.sum()) - MOST_NAMED
    if more > 0:
        out.append(finding(Severity.warning, a.file, f"{more:,} more links are out of sequence", "see the first ones"))
    return out
