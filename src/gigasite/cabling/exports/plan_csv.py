"""plan.csv: the interchange format, one row a cable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.dialect import discovered, infiniband
from gigasite.cabling.export import exports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("plan-csv")
class PlanCsv:
    """a_node, a_port, z_node, z_port first; name, part, length, bundle and labels follow.

    InfiniBand ends are called as discovery prints them, so that the plan compares with `ibnetdiscover`.
    """

    title = "plan.csv, the interchange format (a_node,a_port,z_node,z_port, ...)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write plan.csv."""
        with (folder / "plan.csv").open("wb") as file:
            for i, (rows, own) in enumerate(book.chunks()):
                sheet = discovered(rows, infiniband(book, own))
                sheet.drop("route_m").write_csv(file, include_header=i == 0, float_precision=3)
