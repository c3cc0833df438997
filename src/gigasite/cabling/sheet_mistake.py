"""A mistake of an edited sheet: a column, what is wrong, in which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.finding import Severity

if TYPE_CHECKING:
    import numpy as np
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
