"""Cells of project files: columns of text become columns of numbers and dates, and every bad cell a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.finding import Severity
from gigasite.schedule.exchange import finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite._core.finding import Finding

LINE = "#line"
MOST_SHOWN = 5  # bad cells of a column that are named one by one
MOST_S = 2**40  # 35,000 years: more is a slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A table of text, with the line of each row in column `#line`; an absent column reads as empty."""

    file: str
    name: str
    rows: pl.DataFrame
    findings: list[Finding]

    def text(self, column: str) -> pl.Series:
        """Return a column as it stands, without spaces around."""
        if column not in self.rows.columns:
            return pl.Series(column, [""] * self.rows.height, dtype=pl.String)
        return self.rows[column].str.strip_chars().fill_null("")

    def number(self, column: str, default: float = 0.0) -> pl.Series:
        """Return a column of finite numbers; decimal commas are read too."""
        raw = self.text(column)
        out = raw.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        out = (
            out.to_frame("x")
            .select(pl.when(pl.col("x").is_finite() & (pl.col("x").abs() < MOST_S)).then("x"))
            .to_series()
        )
        self._bad(raw, out, column, "a number")
        return out.fill_null(default)

    def seconds(self, column: str) -> pl.Series:
        """Return a column of hours as whole seconds."""
        return (self.number(column).clip(-MOST_S / 3600, MOST_S / 3600) * 3600.0).round().cast(pl.Int64)

    def percent(self, column: str) -> pl.Series:
        """Return a column of per cent as fractions, 0 to 1."""
        # polars multiplies by 1/100, which misses 35 / 100 by a bit
        return pl.Series(column, self.number(column).clip(0.0, 100.0).to_numpy() / 100.0)

    def date(self, column: str) -> pl.Series:
        """Return a column of dates as `YYYY-MM-DDTHH:MM`, "" where there is none."""
        raw = self.text(column)
        cut = raw.str.replace(" ", "T").str.slice(0, 16)
        cut = (
            cut.to_frame("x")
            .select(pl.when(pl.col("x").str.len_chars() == 10).then(pl.col("x") + "T00:00").otherwise("x"))
            .to_series()
        )
        day = cut.str.to_datetime("%Y-%m-%dT%H:%M", strict=False)
        out = day.dt.strftime("%Y-%m-%dT%H:%M")
        self._bad(raw, out, column, "a date such as 2024-03-22 08:00")
        return out.fill_null("")

    def choice(self, column: str, words: Mapping[str, str], default: str) -> pl.Series:
        """Return a column translated; unknown words become `default`."""
        raw = self.text(column)
        out = raw.replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.String)
        self._bad(raw, out, column, f"one of {', '.join(w for w in words if w)}")
        return out.fill_null(default)

    def rows_of(self, column: str, ids: pl.Series, of: str = "") -> pl.Series:
        """Return the row numbers of the ids that a column names, -1 where there is none; `of` names what is wanted."""
        raw = self.text(column)
        keys = ids.to_frame("id").with_row_index("row").unique("id", keep="first", maintain_order=True)
        out = raw.to_frame("id").join(keys, on="id", how="left", maintain_order="left")["row"].cast(pl.Int32)
        if of:
            self._bad(raw, out, column, of)
        return out.fill_null(-1)

    def _bad(self, raw: pl.Series, out: pl.Series, column: str, wanted: str) -> None:
        bad = (out.is_null() & (raw != "")).arg_true().to_list()
        for i in bad[:MOST_SHOWN]:
            self.findings.append(
                finding(
                    Severity.warning,
                    f"{self.file}:{self.rows[LINE][i]}",
                    f"{self.name}.{column} is not {wanted}; it was left out",
                    "correct it in the planning program and export again",
                    found=raw[i][:60],
                )
            )
        if len(bad) > MOST_SHOWN:
            text = f"{self.name}.{column}: {len(bad) - MOST_SHOWN:,} more cells are not {wanted}"
            self.findings.append(finding(Severity.warning, self.file, text, "see the first ones"))
