"""An edited point-to-point sheet read back as rows of text; `sheet_rules.py` judges them."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity
from gigasite.cabling.sheet_rules import HEADERS, NEEDED, judged
from gigasite.cabling.store import FULL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gigasite.cabling.export import Book

MOST_BYTES = 1024**3
MOST_CELL = 1 << 20  # characters
WANTED = (*FULL, "a_type", "z_type")
SCAN = 20  # rows at the top among which the header is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet says.

    `plan` has the columns of `store.FULL`, only rows without a mistake; `rows` counts all that hold anything.
    """

    plan: pl.DataFrame
    rows: int
    findings: tuple[Finding, ...]
    networks: tuple[str, ...]
    """Those that the rows belong to: of others the sheet says nothing."""

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong and there are rows: of half a sheet no change may be made."""
        return 0 < self.plan.height == self.rows and all(f.severity < Severity.error for f in self.findings)


def read_sheet(path: str | Path, book: Book) -> Sheet:
    """Read a point-to-point sheet (xlsx or CSV) that belongs to a plan.

    The header may stand below a title; sheets of a workbook without any known column are told and left out. Every row
    is held against the campus, and every row that differs from the plan against the rules that the plan keeps
    (`sheet_rules.judged`): what is wrong is a finding with row and column, as that sheet calls it, and the row is left
    out of the plan that comes back. Of a sheet without a column for parts or lengths these are the plan's.

    Raises
    ------
    InputFileError
        Absent, neither xlsx nor text, or no sheet has the four needed columns.
    """
    place = Path(path)
    data = read_bytes(place, MOST_BYTES)
    found: list[Finding] = []
    tables: list[pl.DataFrame] = []
    titles: dict[str, dict[str, str]] = {}
    for name, rows in _workbook(place, data) if data[:2] == b"PK" else _text(place, data, found):
        table = _table(name, rows, found, titles)
        if table is not None:
            tables.append(table)
    if not tables:
        raise InputFileError(
            str(place),
            1,
            "no sheet has the columns A-Node Name, A-Port, Z-Node Name, Z-Port (or a_node, a_port, z_node, z_port)",
        )
    whole = pl.concat(tables)
    if whole.is_empty():
        found.append(
            _finding(place.name, "has a header and no row below it", remedy="write the cables below the header")
        )
    made, bad, more = judged(whole, titles, book)
    good = made.filter(~pl.Series(bad))
    return Sheet(
        plan=good.select(*FULL),
        rows=whole.height,
        findings=(*found, *more),
        networks=tuple(good["network"].unique().sort().to_list()),
    )


def _workbook(place: Path, data: bytes) -> Iterator[tuple[str, Iterable[Any]]]:
    from openpyxl import load_workbook  # noqa: PLC0415  # 0.2 s to import, and only workbooks need it
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that other programs write; cells are unharmed
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = [book[name] for name in book.sheetnames]
            for sheet in sheets:
                if hasattr(sheet, "iter_rows"):
                    sheet.reset_dimensions()  # a wrong size written by other programs would hide rows
                    yield sheet.title, list(sheet.iter_rows(values_only=True))
    except (InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, *_BROKEN) as error:
        raise InputFileError(str(place), 0, f"is no Excel workbook: {str(error)[:100]}") from error


def _text(place: Path, data: bytes, found: list[Finding]) -> Iterator[tuple[str, Iterable[Any]]]:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputFileError(str(place), 0, "begins as UTF-16 and breaks off") from error
    elif b"\0" in data[:4096]:
        raise InputFileError(str(place), 0, "is neither a workbook (xlsx) nor text (CSV)")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            found.append(
                _finding(
                    f"{place.name}, row {line}",
                    "is not UTF-8: read as Windows-1252",
                    severity=Severity.warning,
                    found=f"byte 0x{data[error.start]:02x}",
                    remedy="save the sheet as CSV UTF-8",
                )
            )
            text = data.decode("cp1252", errors="replace")
    first = next((x for x in text.splitlines() if x.strip()), "")
    delimiter = max(",;\t", key=first.count)
    yield place.name, _rows(place, text, delimiter)


def _rows(place: Path, text: str, delimiter: str) -> list[list[str]]:
    limit = csv.field_size_limit(MOST_CELL)  # one limit for the whole process: it is given back
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InputFileError(str(place), 0, f"is no CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)


def _table(
    name: str, rows: Iterable[Any], found: list[Finding], titles: dict[str, dict[str, str]]
) -> pl.DataFrame | None:
    """Return the rows of one sheet with their place, None if it is no point-to-point sheet; note its titles."""
    where: dict[str, int] = {}
    kept: list[tuple[Any, ...]] = []
    named: list[str] = []
    for number, row in enumerate(rows, start=1):
        cells = ["" if c is None else str(c).strip() for c in row]
        if not where:
            if number > SCAN:
                break
            where, named = _header(name, number, cells, found), cells
        elif any(cells):
            beyond = next((c for i, c in enumerate(cells) if c and (i >= len(named) or not named[i])), "")
            values = (cells[where[c]] if c in where and where[c] < len(cells) else "" for c in WANTED)
            kept.append((*values, beyond, number))
    if not where:
        found.append(
            _finding(
                f"sheet '{name}'",
                "has no known header in its first rows; left out",
                severity=Severity.warning,
                remedy="name the columns A-Node Name, A-Port, Z-Node Name, Z-Port",
            )
        )
        return None
    titles[name] = {key: named[at] for key, at in where.items()}
    schema = dict.fromkeys((*WANTED, "beyond"), pl.String) | {"number": pl.Int64}
    return pl.DataFrame(kept, schema=schema, orient="row").with_columns(sheet=pl.lit(name))


def _header(name: str, number: int, cells: list[str], found: list[Finding]) -> dict[str, int]:
    """Return the place of each known column; empty where this row is no header."""
    lower = [c.lower() for c in cells]
    places = {key: [i for i, c in enumerate(lower) if c in names] for key, names in HEADERS.items()}
    missing = [HEADERS[c][1] for c in NEEDED if not places[c]]
    if not missing:
        found += [
            _finding(
                f"sheet '{name}', row {number}, column {cells[at[1]]}",
                f"there are {len(at)} columns of this meaning",
                found=", ".join(cells[i] for i in at),
                remedy="keep one of them",
            )
            for at in places.values()
            if len(at) > 1
        ]
        return {key: at[0] for key, at in places.items() if at}
    if len(missing) < len(NEEDED):
        found.append(
            _finding(
                f"sheet '{name}', row {number}",
                f"the header lacks {', '.join(missing)}",
                remedy="name all four columns",
            )
        )
    return {}


_BROKEN = (
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
)  # what a damaged workbook raises


def _finding(
    where: str, what: str, *, found: str = "", remedy: str = "", severity: Severity = Severity.error
) -> Finding:
    return Finding(severity=severity, chapter="cabling", where=where, what=what, found=found, remedy=remedy)
