"""Line of balance: how one kind of work walks from array to array and from row to row, planned and as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 3  # units that make a line


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of work over its units: unit k is the k-th to be finished in the baseline.

    Days have one entry per unit; `done` says which are finished: their `finish_day` is actual, else forecast.
    """

    title: str
    trade: str
    unit: str
    """row or array."""
    places: tuple[str, ...]
    planned_day: Floats
    finish_day: Floats
    done: NDArray[np.bool_]


def lines(table: pl.DataFrame) -> tuple[Line, ...]:
    """Return a line for each kind of work that is repeated by array or row; that of racks counts by row.

    A row is finished with the last of its racks.

    Parameters
    ----------
    table
        Columns name, trade, place, baseline_finish_day, finish_day, state.
    """
    rack_row = pl.col("place").str.extract(r"^(H\d+-R\d+)(?:\.\d+)?$")
    array = pl.col("place").str.starts_with("array ")
    units = (
        table.with_columns(
            title=pl.col("name").str.split(": ").list.first(),
            unit=pl.when(array).then(pl.lit("array")).when(rack_row.is_not_null()).then(pl.lit("row")),
            at=pl.when(array).then("place").otherwise(rack_row),
        )
        .filter(pl.col("unit").is_not_null())
        .group_by("title", "trade", "unit", "at", maintain_order=True)
        .agg(
            pl.col("baseline_finish_day").max(),
            pl.col("finish_day").max(),
            done=(pl.col("state") == "done").all(),
        )
        .sort("baseline_finish_day", maintain_order=True)
    )
    out = []
    for (title, trade, unit), mine in units.group_by("title", "trade", "unit", maintain_order=True):
        if mine.height >= FEWEST:
            out.append(
                Line(
                    title=str(title),
                    trade=str(trade),
                    unit=str(unit),
                    places=tuple(mine["at"].to_list()),
                    planned_day=mine["baseline_finish_day"].to_numpy(),
                    finish_day=mine["finish_day"].to_numpy(),
                    done=mine["done"].to_numpy(),
                )
            )
    return tuple(sorted(out, key=lambda x: (float(x.planned_day[0]), x.title)))
