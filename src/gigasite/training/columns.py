"""Which columns of a table are time and power, and in which unit: the header says so, as `t_ms` or `load [MW]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

WATTS = {"W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9, "mW": 1e-3}
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
# In a suffix of a name, letters are small: `_mw` is megawatts, as in SI names of files.
_SUFFIX = {"w": "W", "kw": "kW", "mw": "MW", "gw": "GW"}
_TIME = re.compile(
    r"(?:t|time|timestamp|datetime|date|clock|elapsed)"
    r"(?:_?time)?(?:(?:_| ?\[| ?\(| )(s|ms|us|ns|min|h|sec|seconds|utc)[\])]?)?"
)
_SAME = {"sec": "s", "seconds": "s", "utc": ""}
SHOWN = 12
"""Columns that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Places of time and power, their units, and what was taken for granted."""

    time: int
    seconds: float
    """Per unit of a number in the time column; dates need none."""
    named: bool
    """Whether the header gives the unit of time."""
    power: int
    unit: str
    findings: tuple[Finding, ...]


def columns_of(file: str, header: Sequence[str], line: int = 1) -> Columns:
    """Find time and power.

    Raises
    ------
    InputFileError
        There is no time column, or no power column with its unit; says how to name them.
    """
    times = [i for i, h in enumerate(header) if _TIME.fullmatch(h.strip().lower())]
    powers = [i for i, h in enumerate(header) if power_unit(h) and i not in times]
    seen = ", ".join(header[:SHOWN])[:160]
    if not times:
        raise InputFileError(
            file, line, f"lacks a time column: name it t_s, t_ms, 'time [s]' or timestamp (dates); found: {seen}"
        )
    if not powers:
        raise InputFileError(
            file,
            line,
            f"lacks a power column with its unit: name it power_w, p_kw, load_mw or 'load [MW]'; found: {seen}",
        )
    found = _TIME.fullmatch(header[times[0]].strip().lower())
    unit = (found[1] or "") if found else ""
    unit = _SAME.get(unit, unit)
    return Columns(
        time=times[0],
        seconds=SECONDS.get(unit, 1.0),
        named=bool(unit),
        power=powers[0],
        unit=power_unit(header[powers[0]]),
        findings=tuple(_several(file, header, powers)),
    )


def _several(file: str, header: Sequence[str], powers: Sequence[int]) -> list[Finding]:
    if len(powers) == 1:
        return []
    return [
        Finding(
            severity=Severity.note,
            chapter="training",
            where=Path(file).name,
            what=f"has {len(powers)} columns of power: '{header[powers[0]]}' is read",
            remedy="keep one, or put it first",
        )
    ]


def power_unit(header: str) -> str:
    """Return the unit that a header names; "" where none.

    >>> power_unit("load [MW]"), power_unit("p_kw"), power_unit("Power (W)"), power_unit("power")
    ('MW', 'kW', 'W', '')
    """
    bracket = re.search(r"[\[(]\s*(W|kW|MW|GW|mW)\s*[\])]$", header.strip())
    if bracket:
        return bracket[1]
    suffix = re.search(r"(?:^|_)(w|kw|mw|gw)$", header.strip().lower())
    if suffix:
        return _SUFFIX[suffix[1]]
    word = re.search(r" (W|kW|MW|GW)$", header.strip())
    return word[1] if word else ""
