"""What a reader of observed cabling is, and how a folder of dumps is read."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.registry import Registry
from gigasite.cabling.types import SIGHTINGS, Observed

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_BYTES = 512 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One neighbour as one port sees it; see `SIGHTINGS`."""

    node: str
    port: str
    seen_node: str
    seen_port: str
    identity: str = ""
    width: str = ""
    speed: str = ""
    age_s: float = math.nan
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """One file: its text, its name, and the node that its name announces."""

    file: str
    text: str
    node: str


class Reader(Protocol):
    """One format."""

    def sniff(self, dump: Dump, /) -> bool:
        """Say whether the text looks like this format."""
        ...

    def read(self, dump: Dump, /) -> tuple[list[Sighting], list[Finding]]:
        """Return what is seen; broken rows are findings with a line, never an exception."""
        ...


readers: Registry[type[Reader]] = Registry("gigasite.cabling.readers", "reader")


def observe(place: str | Path) -> Observed:
    """Read one dump or a folder of them.

    Unknown files are listed as notes, never fatal. `plan.csv` in the folder is left for the comparison.

    Raises
    ------
    InputFileError
        The place does not exist.
    """
    root = Path(place)
    files = _files(root)
    if not files:
        raise InputFileError(str(root), 0, "holds no file; give a dump or a folder of dumps")
    kinds = {name: readers[name]() for name in readers.names()}
    rows: list[tuple[Sighting, str]] = []
    found: list[Finding] = []
    used: dict[str, int] = {}
    for path in files:
        dump = _dump(path, found)
        if dump is None:
            continue
        name = next((n for n, reader in kinds.items() if reader.sniff(dump)), None)
        if name is None:
            found.append(note(path.name, 0, "is in no format that is read; left out"))
            continue
        sightings, more = kinds[name].read(dump)
        used[name] = used.get(name, 0) + 1
        rows += [(s, path.name) for s in sightings]
        found += more
    return Observed(sightings=_table(rows), files=len(files), readers=used, findings=worst_first(found))


def _files(root: Path) -> list[Path]:
    try:
        if root.is_dir():
            return sorted(
                p for p in root.rglob("*") if p.is_file() and p.name not in {"plan.csv", "truth.json", "actual.csv"}
            )
        if root.is_file():
            return [root]
    except OSError as error:
        raise InputFileError(str(root), 0, f"cannot be read: {error.strerror}") from error
    raise InputFileError(str(root), 0, "does not exist")


def _dump(path: Path, found: list[Finding]) -> Dump | None:
    try:
        data = read_bytes(path, MOST_BYTES)
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)[:MOST_BYTES]
    except (InputFileError, OSError, EOFError, zlib.error) as error:
        found.append(note(path.name, 0, f"cannot be read: {error}"))
        return None
    text = data.decode("utf-8-sig", errors="replace")
    return Dump(file=path.name, text=text, node=path.name.split(".", 1)[0])


def note(file: str, line: int, what: str, severity: Severity = Severity.warning) -> Finding:
    """Make a finding about a dump."""
    where = f"{file}:{line}" if line else file
    return Finding(severity=severity, chapter="cabling", where=where, what=what, remedy="check the capture")


def _table(rows: Iterable[tuple[Sighting, str]]) -> pl.DataFrame:
    data = [
        (
            s.node,
            s.port,
            s.seen_node,
            s.seen_port,
            s.identity,
            s.width,
            s.speed,
            s.age_s,
            file,
            s.line,
        )
        for s, file in rows
    ]
    table = pl.DataFrame(data, schema=SIGHTINGS.polars(), orient="row")
    return SIGHTINGS.check(table.sort("node", "port", "seen_node", "seen_port", maintain_order=True))
