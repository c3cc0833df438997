"""topology.dot: the plan for PTM, the topology manager of Cumulus switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.dialect import ethernet_only
from gigasite.cabling.export import exports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("ptm")
class Ptm:
    """An undirected DOT graph whose edges join device:port."""

    title = "topology.dot for the Prescriptive Topology Manager, ptmd (Ethernet)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write topology.dot.

        Raises
        ------
        InfeasibleError
            All chosen cables are InfiniBand.
        """
        book = ethernet_only(book, "ptmd knows neighbours by LLDP, which InfiniBand has not; take ibdiagnet")
        with (folder / "topology.dot").open("wb") as file:
            file.write(b"graph G {\n")
            for rows in book.sheets():
                line = pl.format('"{}":"{}" -- "{}":"{}";', "a_node", "a_port", "z_node", "z_port")
                rows.select(line).write_csv(file, include_header=False, quote_style="never")
            file.write(b"}\n")
