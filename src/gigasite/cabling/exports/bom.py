"""Bill of materials of the cabling, with the power of every kind of module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.export import exports
from gigasite.cabling.xlsx import write_xlsx

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("bom")
class Bom:
    """Parts with counts and price ranges, modules with watts, metres of tray; always of the whole campus."""

    title = "bill of materials (bom.csv, modules.csv, trays.csv, cabling.xlsx), power of each kind of module"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write bom.csv, modules.csv, trays.csv and cabling.xlsx."""
        tables = {"bom": book.cables.bom, "modules": book.cables.modules, "trays": _trays(book)}
        for name, table in tables.items():
            table.write_csv(folder / f"{name}.csv", float_precision=3)
        write_xlsx(folder / "cabling.xlsx", tables.items())


def _trays(book: Book) -> pl.DataFrame:
    """Return metres of tray by kind of run and hall."""
    long = (pl.col("x1_m") - pl.col("x0_m")) + (pl.col("y1_m") - pl.col("y0_m"))
    table = book.cables.segments.with_columns(length_m=long)
    width = f"{book.campus.network.cabling.tray_width_m * 1e3:.0f} mm"
    return (
        table.group_by("hall", "kind")
        .agg(
            pl.col("length_m").sum().alias("run_m"),
            (pl.col("length_m") * pl.col("trays")).sum().alias("tray_m"),
            pl.col("fill_frac").max().alias("highest_fill_frac"),
        )
        .with_columns(width=pl.lit(width))
        .sort("hall", "kind")
    )
