"""What an export is: the plan as a book in, files in a folder out. Parts are the files of `exports/`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite._core.registry import Registry, unknown
from gigasite.cabling.naming import directory, places, sheet
from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from gigasite.cabling.types import CablePlan
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

CHUNK = 250_000  # rows that are named at a time: names of 4 million cables would fill memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A plan, or those of its cables that are wanted, with the dictionary of its devices."""

    campus: Campus
    design: Design
    cables: CablePlan
    devices: pl.DataFrame
    """Follows `DIRECTORY`."""
    rows: pl.DataFrame
    """Follows `CABLES`."""

    def sheets(self) -> Iterator[pl.DataFrame]:
        """Yield the pull sheet, some rows at a time."""
        for named, _ in self.chunks():
            yield named

    def chunks(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield the pull sheet with the rows of the plan that it tells, some at a time."""
        for first in range(0, self.rows.height, CHUNK):
            rows = self.rows.slice(first, CHUNK)
            yield sheet(self.devices, self.cables.parts, self.cables.label, rows), rows

    def sheet(self) -> pl.DataFrame:
        """Return the pull sheet of all rows."""
        return sheet(self.devices, self.cables.parts, self.cables.label, self.rows)

    def places(self, end: str, rows: pl.DataFrame | None = None) -> pl.DataFrame:
        """Return devices and ports of one end (`a` or `z`)."""
        return places(self.devices, (self.rows if rows is None else rows)[f"{end}_port"])

    def used(self) -> pl.DataFrame:
        """Return the devices that these cables join, in order; follows `DIRECTORY`."""
        seen = np.zeros(self.devices.height, bool)
        for end in ("a_port", "z_port"):
            seen[self.rows[end].to_numpy() >> PORT_BITS] = True
        return self.devices.filter(pl.Series(seen))

    def network(self) -> pl.Series:
        """Return ethernet, infiniband or "" (no switch) for every device of the directory."""
        known = self.campus.catalogue.switches
        look = {p: known[p].network if p in known else "" for p in self.devices["part"].unique().to_list()}
        return self.devices["part"].replace_strict(look, return_dtype=pl.String)


def book(
    campus: Campus,
    design: Design,
    cables: CablePlan,
    *,
    fabric: str | None = None,
    hall: int | None = None,
    row: int | None = None,
) -> Book:
    """Make a book of a plan, or of one fabric, or of the cables that touch one hall or one row of it.

    Raises
    ------
    UnknownPartError
        No such fabric.
    InfeasibleError
        No such hall or row, a row without its hall, or no cable is left.
    """
    devices = directory(design)
    made = Book(campus=campus, design=design, cables=cables, devices=devices, rows=cables.cables)
    if fabric is not None:
        if fabric not in FABRICS:
            raise unknown("fabric", fabric, FABRICS)
        made = replace(made, rows=made.rows.filter(pl.col("fabric") == FABRICS.index(fabric)))
    if row is not None and hall is None:
        raise InfeasibleError("rows are numbered within their hall: name the hall too")
    if hall is not None:
        here = _within(design, devices, hall, row)
        ends = [here[made.rows[e].to_numpy() >> PORT_BITS] for e in ("a_port", "z_port")]
        made = replace(made, rows=made.rows.filter(pl.Series(ends[0] | ends[1])))
    if made.rows.is_empty():
        raise InfeasibleError("no cable is left: this campus has none of that fabric or hall")
    return made


def _within(design: Design, devices: pl.DataFrame, hall: int, row: int | None) -> NDArray[np.bool_]:
    if not 1 <= hall <= len(design.halls):
        raise InfeasibleError(f"there is no hall {hall}: halls count from 1 to {len(design.halls)}")
    here: NDArray[np.bool_] = devices["hall"].to_numpy() == hall
    if row is None:
        return here
    rows = design.halls[hall - 1].rows
    if not 1 <= row <= rows:
        raise InfeasibleError(f"hall {hall} has no row {row}: rows count from 1 to {rows}")
    here &= devices["row"].to_numpy() == row
    return here


class Export(Protocol):
    """One format."""

    title: str
    """What it is, for whom."""

    def write(self, book: Book, folder: Path, /) -> None:
        """Write files into a folder that exists.

        Raises
        ------
        InfeasibleError
            The plan has nothing for this format.
        """
        ...


exports: Registry[type[Export]] = Registry("gigasite.cabling.exports", "cable export")
