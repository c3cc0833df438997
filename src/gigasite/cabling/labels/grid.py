"""`01.AC07-12:swp5`: hall, row as letters and position of the floor grid, unit, port."""

from __future__ import annotations

import numpy as np
import polars as pl

from gigasite.cabling.label import digits, styles


@styles.part("grid")
class Grid:
    """Cabinet by floor grid as TIA-606 draws it: letters for the row, digits for the place in it; unit and port."""

    example = "01.AC07-12:swp5"

    def label(self, places: pl.DataFrame, /) -> pl.Series:
        """Return one label a row."""
        rows = places["row"].to_numpy().astype(np.int64)
        letters = pl.Series([_letters(i) for i in range(int(rows.max(initial=0)) + 1)], dtype=pl.String).gather(rows)
        cabinet = digits(places["hall"]) + "." + letters + digits(places["position"])
        return cabinet + "-" + digits(places["u"]) + ":" + places["port"]


def _letters(number: int) -> str:
    """Return AA for 1, AB for 2, ..., ZZ for 676, then three letters.

    >>> [_letters(n) for n in (1, 27, 676, 677)]
    ['AA', 'BA', 'ZZ', 'BAA']
    """
    place: list[int] = []
    rest = max(number - 1, 0)
    while rest or len(place) < 2:
        rest, digit = divmod(rest, 26)
        place.append(digit)
    return "".join(chr(65 + d) for d in reversed(place))
