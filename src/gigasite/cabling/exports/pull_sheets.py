"""Pull sheets: what each crew pulls in each shift, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.export import exports
from gigasite.cabling.pull import pulls

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("pull-sheets")
class PullSheets:
    """A folder a crew, a CSV a shift, and pulls.csv that says how much each of them holds."""

    title = "pull sheets per crew and shift in pulling order (pulls.csv, TRADE-CREW/shift-NNN.csv)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write pulls.csv and one file for every crew and shift."""
        order = pulls(book)
        summary = order.group_by("trade", "crew", "shift").agg(
            pl.len().alias("cables"),
            pl.col("bundle").n_unique().alias("bundles"),
            pl.col("length_m").cast(pl.Float64).sum().round(1),
            pl.col("hours").sum().round(2).alias("crew_hours"),
        )
        summary.sort("trade", "crew", "shift").write_csv(folder / "pulls.csv")
        for (trade, crew, shift), rows in order.group_by("trade", "crew", "shift", maintain_order=True):
            place = folder / f"{trade}-{crew:03d}"
            place.mkdir(exist_ok=True)
            rows.drop("trade", "crew", "shift", "hours").write_csv(place / f"shift-{shift:03d}.csv", float_precision=2)
