"""A mistake of an edited sheet: a column, what is wrong, in which rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Severity

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong, alike in all `rows`."""

    column: str
    what: str
    rows: NDArray[np.bool_]
    """(n,)"""
    remedy: str
    limit: pl.Series | None = None
    """(n,) what would be right."""
    found: pl.Series | None = None
    """(n,) what is there; None: the text of the cell."""
    also: str = ""
    """Column whose text stands before the cell's."""
    severity: Severity = Severity.error


def spread(m: Mistake, at: NDArray[np.int64], height: int) -> Mistake:
    """Return a mistake of some rows, which are rows `at` of `height`, as one of all."""
    rows = np.zeros(height, bool)
    rows[at] = m.rows
    place = np.zeros(height, np.int64)
    place[at] = np.arange(len(at))
    limit, found = (None if s is None or s.is_empty() else s.gather(place) for s in (m.limit, m.found))
    return replace(m, rows=rows, limit=limit, found=found)
