"""Point-to-point sheet in the columns of NVIDIA's Cable Validation Tool, as workbook and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.dialect import nvos_sheet
from gigasite.cabling.export import exports
from gigasite.cabling.xlsx import write_xlsx
from gigasite.design.types import FABRICS

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

COLUMNS = {
    "a_node": "A-Node Name",
    "a_type": "A-Type",
    "a_port": "A-Port",
    "z_node": "Z-Node Name",
    "z_type": "Z-Type",
    "z_port": "Z-Port",
    "cable": "Cable",
    "part": "Part",
    "length_m": "Length m",
    "a_label": "A-Label",
    "z_label": "Z-Label",
}


@exports.part("cvt")
class Cvt:
    """One sheet a fabric; the sheet may be edited and read back by `gigasite cables read`.

    On InfiniBand a switch's port is that of NVOS (`sw1p2`), a server's its adapter (`mlx5_3`).
    """

    title = "point-to-point sheet (cvt.xlsx, cvt.csv) for the Cable Validation Tool and for hand work"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write cvt.xlsx and cvt.csv."""
        types = book.devices.select("node", type=pl.col("kind"))
        table = nvos_sheet(book, book.rows, book.sheet())
        for end in ("a", "z"):
            named = types.rename({"node": f"{end}_node", "type": f"{end}_type"})
            table = table.join(named, on=f"{end}_node", how="left", maintain_order="left")
        fabric = table["fabric"]
        table = table.select(pl.col(old).alias(new) for old, new in COLUMNS.items())
        table.write_csv(folder / "cvt.csv", float_precision=3)
        names = sorted(fabric.unique().to_list(), key=FABRICS.index)
        write_xlsx(folder / "cvt.xlsx", ((f"{n} fabric", table.filter(fabric == n)) for n in names))
