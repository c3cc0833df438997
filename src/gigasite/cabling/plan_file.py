"""A plan as the diagnosis takes it: ends of cables with ids of devices, and where devices stand if that is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.compare import read_plan_csv
from gigasite.cabling.store import read_plan
from gigasite.cabling.types import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES = {
    "node": pl.String(), "hall": pl.Int32(), "row": pl.Int32(), "position": pl.Int32(), "rack": pl.String(),
    "u": pl.Int32(),
}  # fmt: skip
_PLACE_COLUMNS = [f"{end}_{name}" for end in "az" for name in PLACES if name != "node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """Ends of cables: `a_node, a_port, z_node, z_port`, ids may follow; and places: columns `PLACES`, may be empty."""

    ends: pl.DataFrame
    places: pl.DataFrame


def plan_file(path: str | Path) -> PlanFile:
    """Read a plan: CSV with four columns and more, `cables.parquet` beside its dictionary, or the folder of both.

    A CSV may say where devices stand in columns `a_hall, a_row, a_position, a_rack, a_u` and the same of `z`.

    Raises
    ------
    InputFileError
        As `read_plan_csv` and `read_plan`.
    """
    place = Path(path)
    if place.is_dir() and not (place / "cables.parquet").exists() and (place / "plan.csv").exists():
        place /= "plan.csv"
    if place.is_dir() or place.suffix == ".parquet":
        folder = place if place.is_dir() else place.parent
        ends = read_plan(place).select("a_node", "a_port", "z_node", "z_port")
        return PlanFile(ends=ends, places=places_of(pl.read_parquet(folder / "devices.parquet")))
    table = read_plan_csv(place, _PLACE_COLUMNS)
    return PlanFile(ends=table.drop(_PLACE_COLUMNS), places=_told(table))


def places_of(directory: pl.DataFrame) -> pl.DataFrame:
    """Return the places of a plan's own dictionary of devices (follows `DIRECTORY`)."""
    return DIRECTORY.check(directory).select(*PLACES).cast(pl.Schema(PLACES))


def _told(table: pl.DataFrame) -> pl.DataFrame:
    """Return the places that columns of a CSV tell; numbers that are none count as untold."""
    sides = [table.select(**{n: f"{end}_{n}" for n in PLACES}) for end in "az"]
    each: Sequence[pl.Expr] = [
        pl.col(n) if t == pl.String else pl.col(n).cast(t, strict=False) for n, t in PLACES.items()
    ]
    told = (
        pl.concat(sides)
        .select(each)
        .filter(pl.any_horizontal(pl.col("hall", "row", "position", "u").is_not_null()) | (pl.col("rack") != ""))
    )
    return told.unique("node", keep="first", maintain_order=True)
