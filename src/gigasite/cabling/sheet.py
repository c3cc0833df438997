"""An edited point-to-point sheet read back: every cell judged against the devices and ports of the campus."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity
from gigasite.cabling.store import FULL
from gigasite.design.types import PORT_BITS, SWITCH_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gigasite.cabling.export import Book

HEADERS = {
    "a_node": ("a_node", "a-node name", "a-node", "a node name", "a node"),
    "a_port": ("a_port", "a-port", "a port"),
    "z_node": ("z_node", "z-node name", "z-node", "z node name", "z node"),
    "z_port": ("z_port", "z-port", "z port"),
    "cable": ("cable",),
    "part": ("part",),
    "length_m": ("length_m", "length m", "length"),
    "a_label": ("a_label", "a-label"),
    "z_label": ("z_label", "z-label"),
}
NEEDED = ("a_node", "a_port", "z_node", "z_port")
MOST_BYTES = 1024**3
MOST_EACH = 200  # findings of one kind that are told one by one; the last one counts the rest and names their rows
SCAN = 20  # rows at the top among which the header is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a sheet says.

    `plan` has the columns of `store.FULL`, only rows without a mistake; `rows` counts all that hold anything.
    """

    plan: pl.DataFrame
    rows: int
    findings: tuple[Finding, ...]


def read_sheet(path: str | Path, book: Book) -> Sheet:
    """Read a point-to-point sheet (xlsx or CSV) that belongs to a plan.

    The header may stand below a title; sheets of a workbook without any known column are told and left out. Every row
    with a missing cell, an unknown device or port, a port that is used twice or a cable to itself is a finding with row
    and column, and is left out of the plan that comes back.

    Raises
    ------
    InputFileError
        Absent, neither xlsx nor text, or no sheet has the four needed columns.
    """
    place = Path(path)
    data = read_bytes(place, MOST_BYTES)
    found: list[Finding] = []
    tables = []
    for name, rows in _workbook(place, data) if data[:2] == b"PK" else _text(place, data, found):
        table = _table(name, rows, found)
        if table is not None:
            tables.append(table)
    if not tables:
        raise InputFileError(
            str(place),
            1,
            "no sheet has the columns A-Node Name, A-Port, Z-Node Name, Z-Port (or a_node, a_port, z_node, z_port)",
        )
    whole = pl.concat(tables)
    bad, more = _judged(whole, book)
    plan = whole.filter(~pl.Series(bad)).select(*FULL)
    return Sheet(plan=plan, rows=whole.height, findings=(*found, *more))


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
    csv.field_size_limit(1 << 20)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise InputFileError(str(place), 0, f"is no CSV: {error}") from error
    yield place.name, rows


def _table(name: str, rows: Iterable[Any], found: list[Finding]) -> pl.DataFrame | None:
    """Return the rows of one sheet with their place, None if it is no point-to-point sheet."""
    where: dict[str, int] = {}
    kept: list[tuple[Any, ...]] = []
    numbers: list[int] = []
    for number, row in enumerate(rows, start=1):
        cells = ["" if c is None else str(c).strip() for c in row]
        if not where:
            if number > SCAN:
                break
            where = _header(name, number, cells, found)
        elif any(cells):
            kept.append(tuple(cells[where[c]] if c in where and where[c] < len(cells) else "" for c in FULL))
            numbers.append(number)
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
    table = pl.DataFrame(kept, schema=dict.fromkeys(FULL, pl.String), orient="row")
    metres = table["length_m"].str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    return table.with_columns(
        length_text=pl.col("length_m"),
        length_m=metres.fill_null(0.0),
        sheet=pl.lit(name),
        number=pl.Series(numbers, dtype=pl.Int64),
    )


def _header(name: str, number: int, cells: list[str], found: list[Finding]) -> dict[str, int]:
    lower = [c.lower() for c in cells]
    where = {key: next((lower.index(n) for n in names if n in lower), -1) for key, names in HEADERS.items()}
    where = {k: v for k, v in where.items() if v >= 0}
    missing = [HEADERS[c][1] for c in NEEDED if c not in where]
    if not missing:
        return where
    if len(missing) < len(NEEDED):
        found.append(
            _finding(
                f"sheet '{name}', row {number}",
                f"the header lacks {', '.join(missing)}",
                remedy="name all four columns",
            )
        )
    return {}


def _judged(table: pl.DataFrame, book: Book) -> tuple[np.ndarray, list[Finding]]:
    """Return which rows hold a mistake, and every mistake."""
    bad, found = np.zeros(table.height, bool), []
    for column, what, wrong, remedy in [*_cells(table), *_devices(table, book), *_twice(table)]:
        rows = np.flatnonzero(wrong)
        bad[rows] = True
        found += _told(table, rows, column, what, remedy)
    return bad, found


_BROKEN = (
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    OSError,
    EOFError,
)  # what a damaged workbook raises
Mistake = tuple[str, str, np.ndarray, str]


def _cells(table: pl.DataFrame) -> list[Mistake]:
    out: list[Mistake] = [(c, "is empty", (table[c] == "").to_numpy(), "fill it in, or delete the row") for c in NEEDED]
    number = table["length_text"].str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    wrong = (table["length_text"] != "") & (number.is_null() | (number < 0) | ~number.is_finite()).fill_null(value=True)
    out.append(("length_m", "is no length in metres", wrong.to_numpy(), "a number, such as 12.5"))
    whole = pl.all_horizontal([pl.col(c) != "" for c in NEEDED])
    loop = table.select(
        (pl.col("a_node") == pl.col("z_node")) & (pl.col("a_port") == pl.col("z_port")) & whole
    ).to_series()
    out.append(("z_port", "is the port at which the cable begins", loop.to_numpy(), "name the far end"))
    return out


def _devices(table: pl.DataFrame, book: Book) -> list[Mistake]:
    """Return unknown devices, ports that a device has not, and unknown parts."""
    ports = _ports(book)
    out: list[Mistake] = []
    for end in ("a", "z"):
        node, port = f"{end}_node", f"{end}_port"
        seen = table.select(node=pl.col(node), port=pl.col(port)).join(
            ports, on="node", how="left", maintain_order="left"
        )
        stranger = (seen["most"].is_null() & (table[node] != "")).to_numpy()
        out.append((node, "is no device of this campus", stranger, "a name as in the plan"))
        number = seen.select(
            pl.when(pl.col("port").str.starts_with(pl.col("stem"))).then(
                pl.col("port").str.strip_prefix(pl.col("stem")).cast(pl.Int64, strict=False)
            )
        ).to_series()
        good = (number >= seen["lowest"]) & (number < seen["lowest"] + seen["most"])
        wrong = ~good.fill_null(value=False) & seen["most"].is_not_null() & (table[port] != "")
        out.append((port, "is no port of that device", wrong.to_numpy(), "a port as in the plan, such as swp1 or eth0"))
    part = ~table["part"].is_in(["", *book.cables.parts])
    out.append(
        (
            "part",
            "is no cable of the catalogue",
            part.to_numpy(),
            "a name of the catalogue, or add it under parts.cables",
        )
    )
    return out


def _ports(book: Book) -> pl.DataFrame:
    """Return for every device the stem of its ports' names, the first number, and how many it has.

    A switch has as many as its cages hold at the highest split that the plan uses on its kind; a server as many as the
    plan uses on its kind.
    """
    number = np.zeros(book.devices.height, np.int64)
    for end in ("a_port", "z_port"):
        ids = book.cables.cables[end].to_numpy()
        np.maximum.at(number, ids >> PORT_BITS, ids & ((1 << PORT_BITS) - 1))
    switches = book.campus.catalogue.switches
    cages = {
        p: switches[p].cages + switches[p].uplinks if p in switches else 0
        for p in book.devices["part"].unique().to_list()
    }
    table = book.devices.select("node", "kind", "part", used=pl.Series(number)).with_columns(
        most=pl.max_horizontal(
            pl.col("used").max().over("kind"), pl.col("part").replace_strict(cages, return_dtype=pl.Int64)
        )
    )
    host = ~pl.col("kind").is_in(SWITCH_KINDS)
    return table.select(
        "node",
        "most",
        stem=pl.when(host).then(pl.lit("eth")).otherwise(pl.lit("swp")),
        lowest=pl.when(host).then(0).otherwise(1),
    )


def _twice(table: pl.DataFrame) -> list[Mistake]:
    """Return ports and cables that stand in more than one row: none of them can be trusted."""
    ends = pl.concat(
        [
            table.select(row=pl.int_range(pl.len()), node=f"{e}_node", port=f"{e}_port", end=pl.lit(e))
            for e in ("a", "z")
        ]
    ).filter((pl.col("node") != "") & (pl.col("port") != ""))
    again = ends.filter(pl.struct("node", "port").is_duplicated()).filter(
        pl.col("row").n_unique().over("node", "port") > 1
    )
    out: list[Mistake] = []
    for end in ("a", "z"):
        wrong = np.zeros(table.height, bool)
        wrong[again.filter(pl.col("end") == end)["row"].to_numpy()] = True
        out.append((f"{end}_port", "is used in more than one row", wrong, "one cable a port"))
    name = (table["cable"] != "") & table["cable"].is_duplicated()
    out.append(("cable", "names more than one row", name.to_numpy(), "one row a cable"))
    return out


def _told(table: pl.DataFrame, rows: np.ndarray, column: str, what: str, remedy: str) -> list[Finding]:
    """Return one finding a row, up to `MOST_EACH`; then one that names the other rows."""
    shown = table[rows[:MOST_EACH]]
    text = column if column != "length_m" else "length_text"
    node = f"{column[0]}_node"
    out = [
        _finding(
            f"sheet '{r['sheet']}', row {r['number']}, column {column}",
            what,
            found=f"{r[node]} {r[text]}".strip() if column.endswith("_port") else r[text],
            remedy=remedy,
        )
        for r in shown.to_dicts()
    ]
    rest = rows[MOST_EACH:]
    if len(rest):
        numbers = ", ".join(map(str, table["number"].gather(rest).to_list()))
        out.append(
            _finding(f"column {column}", f"{what} in {len(rest):,} more rows", found=f"rows {numbers}", remedy=remedy)
        )
    return out


def _finding(
    where: str, what: str, *, found: str = "", remedy: str = "", severity: Severity = Severity.error
) -> Finding:
    return Finding(severity=severity, chapter="cabling", where=where, what=what, found=found, remedy=remedy)
