"""Readers of end-to-end measurements: ping meshes; bandwidth of pairs as table, matrix, and as nccl-tests prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.table import Column, Schema
from gigasite.cabling.capture import decoded, files

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.capture import Raw

MEASUREMENTS = Schema(
    "measurements",
    (
        Column("src", "String", "device, or device:port"),
        Column("dst", "String", "device, or device:port; a switch for a probe that bounces there"),
        Column("via", "String", "devices on the way in order, separated by blanks; '' where the path is not known"),
        Column("sent", "Float64", "packets; NaN for a bandwidth"),
        Column("lost", "Float64", "packets; NaN for a bandwidth"),
        Column("gb_per_s", "Float64", "bandwidth [GB/s]; NaN for a ping"),
        Column("file", "String", ""),
        Column("line", "Int32", "1-based"),
    ),
)
MOST_NOTES = 20
"""Findings on bad rows of one file; the rest is counted."""
_ON = re.compile(r"#\s+Rank\s+\d+.*\bon\s+(\S+)\s+device")
_PING, _RATE = ("src", "dst", "sent", "lost"), ("src", "dst", "gb_per_s")
_WANTED = "needs the columns src,dst,sent,lost (pings) or src,dst,gb_per_s (bandwidth), a matrix, or nccl-tests output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was measured between pairs; `table` follows `MEASUREMENTS`."""

    table: pl.DataFrame
    findings: tuple[Finding, ...]


def read_measurements(*places: str | Path) -> Measured:
    """Read files, archives or folders of measurements; every format at once.

    A row that cannot be read is a finding with its line and is left out; so is a file of no known format.

    Raises
    ------
    InputFileError
        A place does not exist, or nothing in it is a measurement.
    """
    tables, found = [], []
    for place in places:
        for raw in files(place):
            table, told = _one(raw)
            tables.append(table)
            found += told
    table = pl.concat(tables) if tables else pl.DataFrame(schema=MEASUREMENTS.polars())
    if table.is_empty():
        first = f" ({found[0].where}: {found[0].what})" if found else ""
        raise InputFileError(", ".join(map(str, places)), 0, f"holds no measurement{first}; {_WANTED}")
    return Measured(table=MEASUREMENTS.check(table), findings=worst_first(found))


def _one(raw: Raw) -> tuple[pl.DataFrame, list[Finding]]:
    empty = pl.DataFrame(schema=MEASUREMENTS.polars())
    if raw.trouble:
        return empty, [_note(raw.file, 0, raw.trouble)]
    text, trouble = decoded(raw.data)
    told = [_note(raw.file, 0, trouble)] if trouble else []
    lines = pl.DataFrame({"text": [t.strip("\r \ufeff") for t in text.split("\n")]}).with_row_index("line", offset=1)
    if "#wrong" in text or _ON.search(text):
        table, more = _nccl(raw.file, lines)
    else:
        table, more = _table(raw.file, lines.filter((pl.col("text") != "") & ~pl.col("text").str.starts_with("#")))
    return table, told + more


def _table(file: str, lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Read a table or a matrix: cells separated by commas, semicolons or blanks."""
    empty = pl.DataFrame(schema=MEASUREMENTS.polars())
    if lines.is_empty():
        return empty, [_note(file, 0, "is empty")]
    head = lines["text"][0]
    mark = next((m for m in (",", ";", "\t") if m in head), None)
    cells = (lines["text"].str.split(mark) if mark else lines["text"].str.extract_all(r"\S+")).list.eval(
        pl.element().str.strip_chars(' "')
    )
    names = [n.lower() for n in cells[0].to_list()]
    body = lines.select("line").with_columns(cells=cells).slice(1)
    for wanted in (_PING, _RATE):
        if set(wanted) <= set(names):
            return _rows(file, names, body, wanted)
    if len(names) > 1 and body.height and not {"src", "dst"} & set(names) and _is_matrix(cells, body):
        return _matrix(file, cells[0].to_list(), body)
    return empty, [_note(file, int(lines["line"][0]), f"{_WANTED}; found {', '.join(names)[:80]}")]


def _rows(
    file: str, names: list[str], body: pl.DataFrame, wanted: tuple[str, ...]
) -> tuple[pl.DataFrame, list[Finding]]:
    at = {n: names.index(n) for n in (*wanted, "via") if n in names}
    table = body.select("line", **{n: pl.col("cells").list.get(i, null_on_oob=True) for n, i in at.items()})
    numbers = [pl.col(n).cast(pl.Float64, strict=False) for n in wanted[2:]]
    table = table.with_columns(numbers)
    low = [pl.col(n).is_null() | ~pl.col(n).is_finite() | (pl.col(n) < 0) for n in wanted[2:]]
    bad = pl.any_horizontal(
        *low, *(pl.col(n).fill_null("") == "" for n in ("src", "dst")), pl.col("src") == pl.col("dst")
    )
    if wanted is _PING:
        bad |= (pl.col("sent") == 0) | (pl.col("lost") > pl.col("sent"))
    table = table.with_columns(bad=bad.fill_null(value=True))
    what = "needs two different devices and numbers, none below zero" + (
        ", lost at most sent" if wanted is _PING else ""
    )
    wrong = table.filter("bad")
    told = [_note(file, line, what) for line in wrong["line"].head(MOST_NOTES).to_list()]
    if wrong.height > MOST_NOTES:
        told.append(_note(file, 0, f"{wrong.height - MOST_NOTES} more rows cannot be read"))
    return _filled(file, table.filter(~pl.col("bad"))), told


def _filled(file: str, table: pl.DataFrame) -> pl.DataFrame:
    blank = {"via": pl.lit(""), **{n: pl.lit(np.nan) for n in ("sent", "lost", "gb_per_s")}, "file": pl.lit(file)}
    made = table.with_columns([v.alias(n) for n, v in blank.items() if n not in table.columns])
    made = made.with_columns(pl.col("via").fill_null("").str.replace_all(r"[;|>\s]+", " ").str.strip_chars())
    return made.select(MEASUREMENTS.polars().keys()).cast(pl.Schema(MEASUREMENTS.polars()))


def _is_matrix(cells: pl.Series, body: pl.DataFrame) -> bool:
    """Say whether the first row names columns and each further row has its name and numbers, one a column."""
    widths = set(body["cells"].list.len().unique().to_list())
    if len(widths) != 1 or not widths <= {len(cells[0]), len(cells[0]) + 1}:
        return False
    values = body["cells"].list.slice(1).explode()
    numbers = values.cast(pl.Float64, strict=False).is_not_null().sum()
    return bool(2 * numbers >= len(values))


def _matrix(file: str, head: list[str], body: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Read a matrix: rows are sources, columns destinations; its diagonal is no measurement."""
    width = int(body["cells"].list.len()[0])
    names = head[len(head) - width + 1 :]
    long = body.select("line", src=pl.col("cells").list.first(), value=pl.col("cells").list.slice(1), dst=pl.lit(names))
    long = long.explode("value", "dst").filter(pl.col("src") != pl.col("dst"))
    long = long.with_columns(gb_per_s=pl.col("value").cast(pl.Float64, strict=False))
    bad = pl.col("gb_per_s").is_null() | ~pl.col("gb_per_s").is_finite() | (pl.col("gb_per_s") < 0)
    wrong = long.filter(bad.fill_null(value=True) & ~pl.col("value").str.to_lowercase().is_in(["", "-", "n/a"]))
    told = [
        _note(file, r["line"], f"{r['src']} to {r['dst']}: {str(r['value'])[:30]!r} is no bandwidth")
        for r in wrong.head(MOST_NOTES).to_dicts()
    ]
    return _filled(file, long.filter(~bad).select("line", "src", "dst", "gb_per_s")), told


def _nccl(file: str, lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Read what nccl-tests prints for one pair of hosts: the bus bandwidth of the largest size."""
    hosts = sorted({m.group(1) for t in lines["text"].to_list() if (m := _ON.match(t))})
    empty = pl.DataFrame(schema=MEASUREMENTS.polars())
    if len(hosts) != 2:
        many = f"names {len(hosts)} hosts ({', '.join(hosts[:4])})" if hosts else "names no host"
        return empty, [_note(file, 0, f"{many}: a measurement of a pair has two; run nccl-tests on pairs")]
    best = (0.0, 0.0, 0)
    for line, text in lines.select("line", "text").iter_rows():
        words = text.split()
        # size count type redop root, then time algbw busbw #wrong out of place and in place
        if len(words) >= 11 and words[0].isdigit():
            rates = [float(w) for w in (words[-6], words[-2]) if re.fullmatch(r"\d+(\.\d+)?", w)]
            if rates and float(words[0]) >= best[0]:
                best = (float(words[0]), max(rates), line)
    if not best[2]:
        return empty, [_note(file, 0, "has no line of results; the run ended early")]
    row = pl.DataFrame({"line": [best[2]], "src": [hosts[0]], "dst": [hosts[1]], "gb_per_s": [best[1]]})
    return _filled(file, row), []


def _note(file: str, line: int, what: str) -> Finding:
    where = f"{file}:{line}" if line else file
    return Finding(
        severity=Severity.warning,
        chapter="cabling",
        where=where,
        what=what,
        remedy="mend the file; left out until then",
    )
