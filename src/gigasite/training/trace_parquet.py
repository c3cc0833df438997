"""Recordings as Parquet: columns of time (numbers, dates or durations) and power, named as in a table of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError
from gigasite.training.columns import WATTS, columns_of
from gigasite.training.measured import (
    FEWEST_ROWS,
    MOST_BYTES,
    MOST_ROWS,
    MOST_W,
    Rows,
    seconds,
    too_large,
    without_unit,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from gigasite._core.finding import Finding


def read_parquet(place: Path) -> tuple[Rows, list[Finding]]:
    """Read a table of time and power; line numbers in messages are rows, counted from 1.

    Raises
    ------
    InputFileError
        It cannot be read, has no unit, or holds what is no load.
    """
    table = _table(place)
    if not FEWEST_ROWS <= table.height <= MOST_ROWS:
        raise InputFileError(str(place), 0, f"has {table.height:,} rows; {FEWEST_ROWS} to {MOST_ROWS:,} are read")
    c = columns_of(str(place), table.columns, line=0)
    time, power = table.to_series(c.time), table.to_series(c.power)
    if not power.dtype.is_numeric():
        raise InputFileError(str(place), 0, f"column '{power.name}' must be numbers, not {power.dtype}")
    p = power.cast(pl.Float64).fill_null(float("nan")).to_numpy() * WATTS[c.unit]
    t = _moments(place, time, c.seconds)
    _first(place, ~np.isfinite(t), "time is not finite")
    _first(place, ~np.isfinite(p), "power is not finite")
    _first(place, p < 0.0, "power is negative; a load is positive")
    _first(place, p > MOST_W, too_large(float(p.max())))
    rows = Rows(file=str(place), line=np.arange(1, len(t) + 1), t_s=t, power_w=p)
    plain = time.dtype.is_numeric() and not c.named
    return rows, [*c.findings, *(without_unit(place, rows) if plain else [])]


def _table(place: Path) -> pl.DataFrame:
    try:
        if place.stat().st_size > MOST_BYTES:
            raise InputFileError(str(place), 0, f"is larger than {MOST_BYTES / 1e6:.0f} MB; cut or thin it")
        return pl.read_parquet(place)
    except (OSError, pl.exceptions.PolarsError) as error:
        text = str(error).strip().splitlines()
        raise InputFileError(str(place), 0, f"is no readable Parquet file: {text[0] if text else error}") from error


def _moments(place: Path, column: pl.Series, scale: float) -> NDArray[np.float64]:
    """Return moments [s]; dates count from the first one, so that no digit of a nanosecond is lost."""
    if column.dtype.is_numeric():
        return np.asarray(column.cast(pl.Float64).fill_null(float("nan")).to_numpy() * scale, dtype=np.float64)
    if column.dtype == pl.String:
        return np.array([seconds(place, i + 1, str(x or "").strip(), scale) for i, x in enumerate(column)])
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if column.dtype == pl.Time:
        column = column.cast(pl.Duration("ns"))
    if isinstance(column.dtype, pl.Datetime):
        known = column.drop_nulls()
        if not len(known):
            raise InputFileError(str(place), 1, "time is not finite")
        column = column - known[0]
    if not isinstance(column.dtype, pl.Duration):
        what = f"column '{column.name}' must be numbers, dates or durations, not {column.dtype}"
        raise InputFileError(str(place), 0, what)
    return column.dt.total_nanoseconds().cast(pl.Float64).fill_null(float("nan")).to_numpy() / 1e9


def _first(place: Path, bad: NDArray[np.bool_], what: str) -> None:
    """Refuse the first row that is bad."""
    if bad.any():
        raise InputFileError(str(place), int(np.argmax(bad)) + 1, what)
