"""fabric.topo: the plan of the InfiniBand fabrics for ibdiagnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.ends import speeds
from gigasite.cabling.export import exports
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

LANES = 4


@exports.part("ibdiagnet")
class Ibdiagnet:
    """One paragraph a switch; each cable stands once, with its lanes and their speed.

    ` P2 -4x-100G-> HCA_1 srv-000012 mlx5_0/P1`: port 2, four lanes of 100G, to the first adapter of a server.
    """

    title = "fabric.topo, topology file of ibdiagnet (InfiniBand fabrics only)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write fabric.topo.

        Raises
        ------
        InfeasibleError
            No switch is InfiniBand.
        """
        band = book.network().to_numpy() == "infiniband"
        mine = book.rows.filter(pl.Series(band[book.rows["z_port"].to_numpy() >> PORT_BITS]))
        if mine.is_empty():
            raise InfeasibleError("no fabric of this campus is InfiniBand: ibdiagnet has nothing to compare")
        a, z = book.places("a", mine), book.places("z", mine)
        speed = speeds(book.design, mine["fabric"].to_numpy(), mine["tier"].to_numpy())
        lane = (speed / LANES / 1e9).round().astype(np.int64)
        host = ~band[mine["a_port"].to_numpy() >> PORT_BITS]
        # a host hangs below its switch, a switch's up-link below itself: `up` is the paragraph's own end
        own = pl.DataFrame({"node": np.where(host, z["node"], a["node"]), "part": np.where(host, z["part"], a["part"])})
        port = np.where(host, z["number"], a["number"])
        far_host = pl.select(pl.format("HCA_1 {} mlx5_{}/P1", a["node"], a["number"] - 1)).to_series()
        far_switch = pl.select(pl.format("{} {} P{}", z["part"].str.to_uppercase(), z["node"], z["number"])).to_series()
        table = own.with_columns(
            port=port,
            line=pl.select(
                pl.format(
                    " P{} -{}x-{}G-> {}",
                    pl.Series(port),
                    LANES,
                    pl.Series(lane),
                    pl.Series(np.where(host, far_host, far_switch)),
                )
            ).to_series(),
        ).sort("node", "port")
        text = table.group_by("node", "part", maintain_order=True).agg(pl.col("line").str.join("\n"))
        paragraph = pl.format("{} {}\n{}\n\n", pl.col("part").str.to_uppercase(), "node", "line")
        (folder / "fabric.topo").write_text("".join(text.select(paragraph).to_series().to_list()), encoding="utf-8")
