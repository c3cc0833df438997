"""What a style of labels is: places of ports in, one text a port out. Parts are the files of `labels/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    import polars as pl


class Style(Protocol):
    """One style."""

    example: str
    """A label as it looks."""

    def label(self, places: pl.DataFrame, /) -> pl.Series:
        """Return one label a row, unique for unique ports.

        `places` has the columns hall, row, position (numbers), u (lowest unit), node, port (texts).
        """
        ...


styles: Registry[type[Style]] = Registry("gigasite.cabling.labels", "label style")


def digits(column: pl.Series, width: int = 2) -> pl.Series:
    """Return whole numbers as text with leading zeros."""
    return column.cast(int).cast(str).str.zfill(width)
