"""Primavera's text of tables, and its text of calendars."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity
from gigasite.schedule.cells import LINE, Cells
from gigasite.schedule.exchange import DAY_MIN, Calendar, finding

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Spans

DAY_ZERO = date(1899, 12, 30)  # Primavera counts the days of exceptions as spreadsheets do
MOST_DAYS = 200_000


def tables(text: str, file: str, findings: list[Finding]) -> dict[str, Cells]:
    """Return the tables of an XER text by name.

    Raises
    ------
    InputFileError
        A row stands before its table or its fields.
    """
    found: dict[str, tuple[list[str], list[list[str]], list[int]]] = {}
    now: tuple[list[str], list[list[str]], list[int]] | None = None
    ended = False
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        kind, *cells = line.split("\t")
        if kind == "%T":
            now = found.setdefault(cells[0].strip().upper() if cells else "", ([], [], []))
        elif kind in {"%F", "%R"} and now is None:
            raise InputFileError(
                file, number, f"{kind} stands before any %T (table); is the begin of the file missing?"
            )
        elif kind == "%F" and now is not None:
            now[0][:] = [c.strip() for c in cells]
        elif kind == "%R" and now is not None:
            if not now[0]:
                raise InputFileError(file, number, "%R stands before the %F (fields) of its table; export again")
            now[1].append(cells)
            now[2].append(number)
        ended = ended or kind.strip() == "%E"
    if not ended:
        text = "there is no %E at the end: the file may be cut off"
        findings.append(finding(Severity.error, file, text, "export the project again"))  # rows may be lost
    return {name: _table(name, file, *parts, findings) for name, parts in found.items()}


def _table(
    name: str, file: str, fields: list[str], rows: list[list[str]], lines: list[int], findings: list[Finding]
) -> Cells:
    width = len(fields)
    short = [i for i, row in enumerate(rows) if len(row) < width]
    if short:
        text = f"{name}: {len(short):,} rows have fewer cells than there are fields; the rest was read as empty"
        findings.append(finding(Severity.warning, f"{file}:{lines[short[0]]}", text, "export the project again"))
    # dictionaries keep the first of two fields with one name
    full = [row[:width] + [""] * (width - len(row)) for row in rows]
    columns = dict(zip(fields[::-1], list(zip(*full, strict=True))[::-1] or [()] * width, strict=True))
    frame = pl.DataFrame({k: pl.Series(k, v, dtype=pl.String) for k, v in columns.items() if k != LINE})
    frame = frame.with_columns(pl.Series(LINE, lines, dtype=pl.Int64))
    return Cells(file=file, name=name, rows=frame, findings=findings)


_STEP = re.compile(
    r"\(0\|\|(?P<day>[1-7])\(\)|d\|(?P<date>\d{1,9})|s\|(?P<s>\d?\d:\d\d)\|f\|(?P<f>\d?\d:\d\d)"
    r"|f\|(?P<f2>\d?\d:\d\d)\|s\|(?P<s2>\d?\d:\d\d)"
)


def calendar(name: str, data: str, hours_per_day: float) -> Calendar:
    """Return the calendar that Primavera's `clndr_data` describes.

    Examples
    --------
    >>> calendar("c", "(0||CalendarData()((0||DaysOfWeek()((0||2()((0||0(s|08:00|f|12:00)())))))))", 8.0).week[0]
    ((480, 720),)
    """
    days: dict[int, list[tuple[int, int]]] = {}
    exceptions: dict[str, list[tuple[int, int]]] = {}
    cut = data.find("Exceptions")
    at = days.setdefault(0, [])
    for step in _STEP.finditer(data):
        within = 0 <= cut < step.start()
        if step["day"] and not within:
            at = days.setdefault(int(step["day"]), [])
        elif step["date"]:
            number = min(int(step["date"]), MOST_DAYS)
            at = exceptions.setdefault((DAY_ZERO + timedelta(number)).isoformat(), [])
        elif step["s"] or step["s2"]:
            at.append((_minute(step["s"] or step["s2"]), _minute(step["f"] or step["f2"]) or DAY_MIN))
    week = tuple(spans(days.get(i, [])) for i in (2, 3, 4, 5, 6, 7, 1))  # Primavera's week begins on Sunday
    return Calendar(
        name=name,
        week=week,
        exceptions=tuple((d, spans(s)) for d, s in sorted(exceptions.items())),
        hours_per_day=hours_per_day,
    )


def spans(found: list[tuple[int, int]]) -> Spans:
    """Return working times of a day in order, without overlap or empty ones; ones that touch are one."""
    out: list[tuple[int, int]] = []
    for a, z in sorted((min(a, DAY_MIN), min(z, DAY_MIN)) for a, z in found):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(z, out[-1][1]))
        elif z > a:
            out.append((a, z))
    return tuple(out)


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return min(int(hours) * 60 + int(minutes), DAY_MIN)


def calendar_text(c: Calendar) -> str:
    """Return Primavera's text of a calendar."""
    week = [c.week[i] for i in (6, 0, 1, 2, 3, 4, 5)]
    days = "".join(f"(0||{i}()({_shifts(s)}))" for i, s in enumerate(week, 1))
    free = "".join(
        f"(0||{i}(d|{(date.fromisoformat(d) - DAY_ZERO).days})({_shifts(s)}))" for i, (d, s) in enumerate(c.exceptions)
    )
    return f"(0||CalendarData()((0||DaysOfWeek()({days}))(0||VIEW(ShowTotal|N)())(0||Exceptions()({free}))))"


def _shifts(day: Spans) -> str:
    clock = [(f"{a // 60:02}:{a % 60:02}", f"{z // 60 % 24:02}:{z % 60:02}") for a, z in day]
    return "".join(f"(0||{i}(s|{a}|f|{z})())" for i, (a, z) in enumerate(clock))
