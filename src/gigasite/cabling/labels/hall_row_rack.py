"""`H1-R03.07:U12/swp5`: hall, row, position, unit, port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.label import digits, styles

if TYPE_CHECKING:
    import polars as pl


@styles.part("hall-row-rack")
class HallRowRack:
    """Where the port is, from hall to port, as TIA-606 orders it."""

    example = "H1-R03.07:U12/swp5"

    def label(self, places: pl.DataFrame, /) -> pl.Series:
        """Return one label a row."""
        where = "H" + digits(places["hall"], 1) + "-R" + digits(places["row"]) + "." + digits(places["position"])
        return where + ":U" + digits(places["u"], 1) + "/" + places["port"]
