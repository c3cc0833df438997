"""Scripts of faults as CSV: a row for each thing that goes wrong, a column for each setting."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import CampusFileError, InputFileError, Problem, QuantityError
from gigasite._core.files import read_text
from gigasite._core.quantity import Quantity, show
from gigasite._core.registry import unknown
from gigasite._core.settings import Choice, keys
from gigasite.campus.battery_emulator import BOUNDS, EmulatorFault
from gigasite.field.emulator.fault import fault_mistakes, faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from gigasite.campus.nodes import Path as Path_

TIME, KIND, UNITS, FOR = "time", "kind", "units", "for"
NAMES = {TIME: TIME, "at": TIME, KIND: KIND, UNITS: UNITS, FOR: FOR, "duration": FOR}
"""Columns that every fault has, by what they may be called."""
NEEDED = (TIME, KIND)
MOST_FILE = 16 * 1024**2
MOST_ROWS = 10_000
FLAGS: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTable:
    """A script that was read, and the line of each fault: whoever finds more mistakes can say where they are."""

    file: str
    faults: tuple[EmulatorFault, ...]
    lines: tuple[int, ...]

    def refuse(self, wrong: Sequence[tuple[Path_, str]]) -> None:
        """Raise with every mistake, by the path that it would have in a settings file (`faults`, index, key).

        Raises
        ------
        CampusFileError
            With file and line of each.
        """
        if wrong:
            named = {"fault": KIND, "at": TIME}
            raise CampusFileError(
                [
                    _problem(self.file, self.lines[int(path[1])], named.get(str(path[2]), str(path[2])), message)
                    for path, message in wrong
                ]
            )


def read_faults(path: Path) -> FaultTable:
    """Read a script of faults.

    Raises
    ------
    InputFileError
        The file cannot be read, or is no CSV.
    CampusFileError
        With every mistake, each with line, column and remedy.
    """
    return faults_of(read_text(path, MOST_FILE), str(path))


def faults_of(text: str, file: str) -> FaultTable:
    r"""Read the text of a script; as `read_faults`.

    Examples
    --------
    >>> table = faults_of("time,kind,units,for,by\n10 s,slow,1-3,5 s,300 ms\n", "night.csv")
    >>> table.faults[0].at_s, table.faults[0].fault.settings
    (10.0, {'by': '300 ms'})
    """
    rows = _rows(text, file)
    line, header = next(rows, (1, []))
    columns = _columns(file, line, [c.lower() for c in header])
    out: list[EmulatorFault] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for line, cells in rows:
        if len(lines) >= MOST_ROWS:
            raise InputFileError(file, line, f"is one row too many: {MOST_ROWS:,} faults are the most")
        row = _Row(file=file, line=line, problems=problems)
        out.append(row.fault(columns, cells))
        lines.append(line)
    if problems:
        raise CampusFileError(problems)
    return FaultTable(file=file, faults=tuple(out), lines=tuple(lines))


def _problem(file: str, line: int, key: str, message: str) -> Problem:
    return Problem(file=file, line=line, column=0, key=key, message=message)


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that say something, each with the line where it begins; # begins a comment."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if any(c.strip() for c in cells) and not cells[0].lstrip().startswith("#"):
                yield line, [c.strip() for c in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputFileError(file, line, f"is no CSV with commas and double quotes: {error}") from error


def _columns(file: str, line: int, header: list[str]) -> list[str]:
    """Return what each column is: a name that every fault has, a setting, or "" for one without a name."""
    known = [*NAMES, *sorted({key for name in faults.names() for key in keys(faults[name])})]
    problems = [
        _problem(file, line, "", str(unknown("column", name[:40], known)))
        for name in header
        if name and name not in known
    ]
    columns = [NAMES.get(name, name) for name in header]
    problems += [
        _problem(file, line, "", f"needs a column '{name}'; the columns: {', '.join(known)}")
        for name in NEEDED
        if name not in columns
    ]
    problems += [
        _problem(file, line, "", f"has two columns for '{name}'")
        for name in sorted(set(columns) - {""})
        if columns.count(name) > 1
    ]
    if problems:
        raise CampusFileError(problems)
    return columns


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """Where a row stands, and where its mistakes go."""

    file: str
    line: int
    problems: list[Problem]

    def wrong(self, key: str, message: str) -> None:
        self.problems.append(_problem(self.file, self.line, key, message))

    def fault(self, columns: list[str], cells: list[str]) -> EmulatorFault:
        """Return the fault; where it has mistakes, something in its place."""
        padded = [*columns, *[""] * (len(cells) - len(columns))]
        if any(cell and not name for name, cell in zip(padded, cells, strict=False)):
            self.wrong("", f"has more cells than there are columns ({len(columns)})")
        held = {name: cell for name, cell in zip(columns, cells, strict=False) if name and cell}
        at_s = self._seconds(TIME, "faults[].at", held.pop(TIME, ""))
        for_s = self._seconds(FOR, "faults[].for", held.pop(FOR)) if FOR in held else None
        kind, units = held.pop(KIND, ""), held.pop(UNITS, "all")
        choice = Choice(kind=kind, settings=_typed(kind, held))
        if kind not in faults:
            self.wrong(KIND, str(unknown("fault", kind[:40], faults.names())) if kind else "is missing")
        for key, message in fault_mistakes(choice):
            self.wrong(key, message)
        return EmulatorFault(at_s=at_s, for_s=for_s, units=units, fault=choice)

    def _seconds(self, key: str, bound: str, text: str) -> float:
        if not text:
            self.wrong(key, "is missing: a time after the start, such as 10 s")
            return 0.0
        try:
            value = Quantity("duration", "non-negative").parse(text)
        except QuantityError as error:
            self.wrong(key, str(error))
            return 0.0
        if value > BOUNDS[bound][1]:
            self.wrong(key, f"must be {show(BOUNDS[bound][1], 's')} at most, found {text[:40]!r}")
        return value


def _typed(kind: str, cells: Mapping[str, str]) -> dict[str, Any]:
    """Return settings as a settings file would have them: cells are text, and only yes or no is not read from it."""
    known = keys(faults[kind]) if kind in faults else {}
    flags = {key for key, f in known.items() if isinstance(f.default, bool)}
    return {key: FLAGS.get(cell.lower(), cell) if key in flags else cell for key, cell in cells.items()}
