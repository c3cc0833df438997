"""Whether the rows of a weather file are one year, hour by hour: the first hour that is missing is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Finding, Severity

if TYPE_CHECKING:
    from pathlib import Path

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
HOURS, LEAP_HOURS = 8760, 8784


def one_year(place: Path, rows: list[list[str]], first: int) -> tuple[list[list[str]], list[Finding]]:
    """Return 8,760 rows, 29 February left out, and what is to be known of them.

    Parameters
    ----------
    rows
        Of an EPW file: year, month, day, hour (1 to 24) in the first four columns.
    first
        Line of the first row.

    Raises
    ------
    InputFileError
        With the line at which an hour is missing, twice, or out of order.
    """
    stamps = np.array([_stamp(place, row, first + i) for i, row in enumerate(rows)], np.int64).reshape(-1, 4)
    leap = (stamps[:, 1] == 2) & (stamps[:, 2] == 29)
    month = np.repeat(np.arange(1, 13), [24 * d for d in DAYS])
    day = np.concatenate([np.repeat(np.arange(1, d + 1), 24) for d in DAYS])
    want = np.column_stack([month, day, np.tile(np.arange(1, 25), 365)])
    kept = stamps[~leap, 1:]
    both = min(len(kept), HOURS)
    off = np.flatnonzero((kept[:both] != want[:both]).any(axis=1))
    if len(off) or len(kept) != HOURS:
        at = int(off[0]) if len(off) else both
        line = first + (int(np.flatnonzero(~leap)[at]) if at < len(kept) else len(rows))
        raise InputFileError(str(place), line, _missing(want, kept, at))
    out = [row for row, skip in zip(rows, leap.tolist(), strict=True) if not skip]
    return out, _notes(place, stamps[:, 0], int(leap.sum()))


def _stamp(place: Path, row: list[str], line: int) -> list[int]:
    try:
        year, month, day, hour = (int(float(x)) for x in row[:4])
    except (ValueError, OverflowError) as error:
        raise InputFileError(str(place), line, "needs year, month, day, hour in its first four columns") from error
    if not (abs(year) < 10_000 and 1 <= month <= 12 and 1 <= day <= 31 and 1 <= hour <= 24):
        raise InputFileError(str(place), line, f"{row[0]}-{row[1]}-{row[2]}, hour {row[3]} is no moment of a year")
    return [year, month, day, hour]


def _missing(want: np.ndarray, kept: np.ndarray, at: int) -> str:
    if at >= HOURS:
        return f"has {len(kept)} hours, not {HOURS}: more than a year"
    month, day, hour = want[at].tolist()
    text = f"month {month}, day {day}, hour {hour} is missing: has {len(kept)} hours, not {HOURS}"
    if at >= len(kept):
        return text + "; is the file cut off?"
    return text + "; here is month {}, day {}, hour {}".format(*kept[at].tolist())


def _notes(place: Path, years: np.ndarray, leap: int) -> list[Finding]:
    """Note a leap day, and a year that was and is not typical."""
    out = []
    if leap:
        out.append(_note(place, "29 February is left out: a year has 8,760 hours here", f"{leap} hours"))
    if len(np.unique(years)) == 1:
        out.append(_note(place, "is one year as it was, not a typical one", f"{int(years[0])}"))
    return out


def _note(place: Path, what: str, found: str) -> Finding:
    return Finding(
        severity=Severity.note, chapter="cooling", where=place.name, what=what, found=found,
        remedy="for energy over the years take a typical year (TMY)",
    )  # fmt: skip
