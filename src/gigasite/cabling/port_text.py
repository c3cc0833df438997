"""Text for switch ports: what each port is called in a switch's own language, and what its description says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.dialect import nvos_sheet
from gigasite.cabling.ends import ends
from gigasite.cabling.naming import sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.export import Book


def switch_ports(book: Book) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each switch's name and its ports: number, cage (from 1), sub (port within the cage from 0), share, text.

    `text` is the description: far device, its port, cable.

    Raises
    ------
    InfeasibleError
        No chosen cable ends at a switch.
    """
    network = book.network().to_numpy()
    rows = nvos_sheet(book, book.rows, sheet(book.devices, book.cables.parts, book.cables.label, book.rows))
    made = _cages(book)
    tables = []
    for end, far in (("a", "z"), ("z", "a")):
        here = book.places(end)
        tables.append(
            pl.DataFrame(
                {
                    "node": here["node"],
                    "number": here["number"],
                    **made[end],
                    "switch": network[here["device_id"].to_numpy()] != "",
                    "text": rows[f"{far}_node"] + " " + rows[f"{far}_port"] + " " + rows["cable"],
                }
            )
        )
    table = pl.concat(tables).filter(pl.col("switch")).sort("node", "number")
    if table.is_empty():
        raise InfeasibleError("no chosen cable ends at a switch")
    for (node,), ports in table.group_by("node", maintain_order=True):
        yield str(node), ports.select("number", "cage", "sub", "share", "text")


def _cages(book: Book) -> dict[str, dict[str, np.ndarray]]:
    """Return cage (from 1), port within the cage and links that share it, at both ends of each chosen cable."""
    every = ends(book.campus, book.design)
    links = book.design.links
    order = np.lexsort((links.z_port, links.a_port))  # the order of the plan
    at = order[np.searchsorted(links.a_port[order], book.rows["a_port"].to_numpy())]
    return {
        end: {"cage": cage[at] % every.per_switch + 1, "sub": sub[at], "share": share[at]}
        for end, cage, sub, share in (
            ("a", every.a_cage, every.a_sub, every.a_share),
            ("z", every.z_cage, every.z_sub, every.z_share),
        )
    }
