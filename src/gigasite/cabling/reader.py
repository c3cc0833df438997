"""What a reader of observed cabling is, and how dumps become one table of links."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

import polars as pl

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.registry import Registry
from gigasite.cabling.capture import Dump, dumps, files
from gigasite.cabling.merge import by_guid, merged, shared_names
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, Observed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gigasite.cabling.capture import Raw

__all__ = ["Dump", "Local", "Read", "Reader", "Sighting", "note", "observe", "observed_of", "readers"]

NAN = math.nan
MOST_NOTES = 20
"""Findings of one kind that a reader tells of one dump; the rest is counted."""


class Sighting(NamedTuple):
    """What one port says of itself or of one neighbour; see `SIGHTINGS`.

    A named tuple, not a frozen class: there are hundreds of thousands, and they become columns at once.
    """

    node: str
    port: str
    seen_node: str = ""
    seen_port: str = ""
    seen_port_raw: str = ""
    seen_port_descr: str = ""
    identity_kind: str = ""
    identity: str = ""
    seen_ip: str = ""
    node_kind: str = ""
    node_id: str = ""
    protocol: str = ""
    time: str = ""
    age_s: float = NAN
    ttl_s: float = NAN
    width: str = ""
    speed: str = ""
    capable: str = ""
    state: str = ""
    raw_ber: float = NAN
    effective_ber: float = NAN
    rx_dbm: float = NAN
    rx_lanes_dbm: str = ""
    tx_dbm: float = NAN
    tx_bias_a: float = NAN
    temperature_degc: float = NAN
    serial: str = ""
    part_number: str = ""
    vendor: str = ""
    link_downs: float = NAN
    symbol_errors: float = NAN
    line: int = 0


class Local(NamedTuple):
    """What a device says of itself."""

    node: str
    identity_kind: str
    identity: str
    line: int = 0


class Read(NamedTuple):
    """What a reader gives back; `table`, with the columns of `Sighting`, stands for rows where there are very many."""

    rows: list[Sighting]
    findings: list[Finding]
    nodes: list[Local] = []  # noqa: RUF012  # never changed
    table: pl.DataFrame | None = None
    which: str = ""
    """Template or dialect, where a reader has several."""
    cut: tuple[str, ...] = ()
    """Devices of whose own account the end is missing: what they do not tell is not dark."""


class Reader(Protocol):
    """One format; `most_sure`, where it has that, is the most that its `sniff` ever says."""

    def sniff(self, dump: Dump, /) -> float:
        """Say how sure it is that the text is of this format, 0 to 1; the surest reader reads."""
        ...

    def read(self, dump: Dump, /) -> Read:
        """Return what is seen; broken rows are findings with a line, never an exception."""
        ...


readers: Registry[type[Reader]] = Registry("gigasite.cabling.readers", "reader")


def note(file: str, line: int, what: str, severity: Severity = Severity.warning) -> Finding:
    """Make a finding about a dump."""
    where = f"{file}:{line}" if line else file
    return Finding(severity=severity, chapter="cabling", where=where, what=what, remedy="check the capture")


def observe(*places: str | Path) -> Observed:
    """Read dumps, archives, or folders of them; every format at once.

    Unknown files are listed as notes, never fatal. `plan.csv` in a folder is left for the comparison. Rows of one port
    from several dumps become one row per neighbour with the evidence of all; see `merge.py`.

    Raises
    ------
    InputFileError
        A place does not exist or holds nothing.
    """
    return observed_of(raw for place in places for raw in files(place))


def observed_of(raws: Iterable[Raw]) -> Observed:
    """Read dumps that are already in memory; as `observe`."""
    kinds = {name: readers[name]() for name in readers.names()}
    got = _Got()
    count = 0
    for raw in raws:
        count += 1
        if raw.trouble:
            got.findings.append(note(raw.file, 0, raw.trouble))
            continue
        if not raw.data.strip(b"\x00 \r\n\t"):
            got.findings.append(note(raw.file, 0, "is empty", Severity.note))
            continue
        pieces, told = dumps(raw)
        got.findings += [note(raw.file, line, what) for line, what in told]
        known = sum(_one(kinds, dump, got) for dump in pieces)
        if not known:
            got.findings.append(note(raw.file, 0, "is in no format that is read; left out"))
    rows = got.table()
    shared = shared_names(rows)
    table, more = merged(by_guid(rows, shared))
    more += [
        note("observation", 0, f"several devices are called '{n}'; named by their GUIDs", Severity.note)
        for n in shared.to_list()[:20]
    ]
    nodes = pl.DataFrame(got.nodes, schema=OBSERVED_NODES.polars(), orient="row").unique(maintain_order=True)
    nodes = nodes.with_columns(node=pl.when(pl.col("node").is_in(shared.implode())).then("identity").otherwise("node"))
    return Observed(
        sightings=SIGHTINGS.check(table),
        nodes=OBSERVED_NODES.check(nodes.sort("node", "identity_kind", "identity", maintain_order=True)),
        files=count,
        readers=dict(sorted(got.used.items())),
        cut=tuple(sorted(set(got.cut))),
        findings=worst_first([*got.findings, *more]),
    )


def _one(kinds: dict[str, Reader], dump: Dump, got: _Got) -> bool:
    """Let the surest reader read; say whether there was one."""
    best, name = 0.0, ""
    for other, kind in sorted(kinds.items(), key=lambda k: -_most_sure(k[1])):
        # one that has to read everything to be a little sure is not asked when another is sure
        if best >= _most_sure(kind):
            break
        sure = kind.sniff(dump)
        if sure > best:
            best, name = sure, other
    if best <= 0:
        return False
    read = kinds[name].read(dump)
    got.add(dump, f"{name}:{read.which}" if read.which else name, read)
    got.used[name] = got.used.get(name, 0) + 1
    return True


def _most_sure(kind: Reader) -> float:
    return float(getattr(kind, "most_sure", 1.0))


class _Got:
    """What was read so far."""

    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []
        self.tables: list[pl.DataFrame] = []
        self.nodes: list[tuple[str, str, str, str, int]] = []
        self.findings: list[Finding] = []
        self.used: dict[str, int] = {}
        self.cut: list[str] = []

    def add(self, dump: Dump, reader: str, read: Read) -> None:
        """Take what one reader read of one dump; long runs of alike findings are counted."""
        tail = (reader, dump.file)
        self.rows += [(*row, *tail) for row in read.rows]
        if read.table is not None and read.table.height:
            self.tables.append(_filled(read.table, dump.file, reader))
        self.nodes += [(n.node, n.identity_kind, n.identity, dump.file, n.line) for n in read.nodes if n.identity]
        self.cut += read.cut
        self.findings += read.findings[:MOST_NOTES]
        if len(read.findings) > MOST_NOTES:
            self.findings.append(note(dump.file, 0, f"{len(read.findings) - MOST_NOTES} more lines cannot be read"))

    def table(self) -> pl.DataFrame:
        """Return all rows as one table, columns of `Sighting` with reader and file."""
        schema = _schema()
        columns = list(zip(*self.rows, strict=True)) or [()] * len(schema)
        made = pl.DataFrame(
            [pl.Series(n, list(c), dtype=t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)]
        )
        return pl.concat([made, *self.tables])


def _schema() -> dict[str, pl.DataType]:
    return {n: SIGHTINGS.polars()[n] for n in (*Sighting._fields, "reader", "file")}


def _filled(table: pl.DataFrame, file: str, reader: str) -> pl.DataFrame:
    schema = _schema()
    defaults = Sighting._field_defaults
    exprs = [
        pl.col(n).cast(t) if n in table.columns else pl.lit(defaults.get(n, ""), t).alias(n)
        for n, t in schema.items()
        if n not in {"reader", "file"}
    ]
    return table.select(*exprs, reader=pl.lit(reader), file=pl.lit(file))
