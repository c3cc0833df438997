"""`leaf-000007:swp5`: the device's name and its port, as the network sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.label import styles

if TYPE_CHECKING:
    import polars as pl


@styles.part("node-port")
class NodePort:
    """Name and port; short, and useless to who does not know where the device stands."""

    example = "leaf-000007:swp5"

    def label(self, places: pl.DataFrame, /) -> pl.Series:
        """Return one label a row."""
        return places["node"] + ":" + places["port"]
