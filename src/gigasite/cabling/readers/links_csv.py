"""Links as a table: what `gigasite cables read --out` writes, or any CSV with `node,port,seen_node,seen_port`."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from gigasite.cabling.reader import Read, Sighting, note, readers
from gigasite.cabling.types import SIGHTINGS

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_MUST = ("node", "port", "seen_node", "seen_port")
_KNOWN = {n: t for n, t in SIGHTINGS.polars().items() if n in Sighting._fields and n != "line"}


@readers.part("links-csv")
class LinksCsv:
    """One row a neighbour of a port; further columns as in the links table, others are left out."""

    def sniff(self, dump: Dump, /) -> float:
        """Look at the head."""
        head = [c.strip().strip('"') for c in dump.text[:4000].split("\n", 1)[0].split(",")]
        return 0.95 if set(_MUST) <= set(head) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return the rows; those that lack node or port are findings."""
        try:
            table = pl.read_csv(io.BytesIO(dump.text.encode()), infer_schema=False).rename(str.strip)
        except PolarsError:
            return _by_row(dump)
        return _table(dump, table)


def _table(dump: Dump, table: pl.DataFrame) -> Read:
    """Return the columns that are known; numbers that are none are findings."""
    if not set(_MUST) <= set(table.columns):
        return Read([], [note(dump.file, dump.at(0), f"needs the columns {', '.join(_MUST)}")])
    known = [n for n in _KNOWN if n in table.columns]
    table = table.select(*known, at=pl.int_range(pl.len()))
    table = table.with_columns(pl.col(known).str.strip_chars().fill_null(""))
    bad = table.filter((pl.col("node") == "") | (pl.col("port") == ""))
    found = [note(dump.file, dump.at(r + 1), "a row without node or port; left out") for r in bad["at"].to_list()]
    table = table.filter((pl.col("node") != "") & (pl.col("port") != ""))
    columns = [(pl.col("at").cast(pl.Int32) + dump.at(1)).alias("line")]
    for name, dtype in _KNOWN.items():
        if name not in known:
            continue
        if dtype == pl.String:
            columns.append(pl.col(name))
            continue
        number = table[name].cast(pl.Float64, strict=False)
        wrong = table.filter(number.is_null() & (table[name] != ""))
        found += [note(dump.file, dump.at(r + 1), f"{name} is no number; left out") for r in wrong["at"].to_list()]
        columns.append(pl.lit(number.fill_null(float("nan"))).alias(name))
    return Read([], found, table=table.select(columns))


def _by_row(dump: Dump) -> Read:
    """Read a table that is broken somewhere row by row: what can be read is kept."""
    found, rows = [], []
    head: list[str] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(dump.text))):
            if number == 0:
                head = [c.strip() for c in cells]
            elif len(cells) >= len(head):
                rows.append(cells[: len(head)])
            elif cells:
                found.append(note(dump.file, dump.at(number), "a row with fewer cells than the head; left out"))
    except csv.Error as error:
        found.append(note(dump.file, dump.at(len(rows)), f"is no CSV from here on: {error}"))
    if len(set(head)) < len(head):
        found.append(note(dump.file, dump.at(0), "two columns of one name"))
        return Read([], found)
    read = _table(dump, pl.DataFrame(rows, schema=dict.fromkeys(head, pl.String), orient="row"))
    return Read([], [*found, *read.findings], table=read.table)
