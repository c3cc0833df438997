"""What readers of InfiniBand tools share: GUIDs and descriptions as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.reader import MOST_NOTES, note

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump


def guid_text(column: pl.Expr) -> pl.Expr:
    """Return GUIDs as 16 digits; "" where all digits are alike (redacted) or there is none. As `ids.guid`."""
    text = column.str.to_lowercase().str.strip_prefix("0x").str.replace_all(":", "").str.zfill(16)
    alike = pl.any_horizontal(*(text == c * 16 for c in "0123456789abcdef"))
    return pl.when(alike | (text.str.len_chars() != 16)).then(pl.lit("")).otherwise(text).fill_null("")


def name_text(column: pl.Expr) -> pl.Expr:
    """Return a managed switch's own name (`MF0;name:MODEL/U1`), else the description without outer blanks."""
    text = column.fill_null("").str.strip_chars()
    return pl.coalesce(text.str.extract(r"^MF0;([^:]+):"), text)


def table_of(dump: Dump, rows: pl.DataFrame) -> pl.DataFrame:
    """Return columns of `Sighting`: kinds of identities, protocol, lines of the file."""
    numbers = np.asarray(dump.numbers if isinstance(dump.numbers, tuple) else (), np.int64)
    at = rows["at"].to_numpy().astype(np.int64)
    line = numbers[at] if len(numbers) else at + 1
    return rows.drop("at").with_columns(
        identity_kind=_kind("identity"),
        node_kind=_kind("node_id"),
        protocol=pl.lit("ib"),
        line=pl.Series(line).cast(pl.Int32),
    )


def _kind(column: str) -> pl.Expr:
    return pl.when(pl.col(column) != "").then(pl.lit("guid")).otherwise(pl.lit(""))


def unread(dump: Dump, lines: pl.DataFrame, patterns: tuple[str, ...], what: str = "") -> list[Finding]:
    """Return a finding for each line (columns at, text) that no pattern fits."""
    known = pl.any_horizontal(*(pl.col("text").str.contains(p) for p in patterns)) if patterns else pl.lit(value=False)
    rest = lines.filter(~known)
    many = rest.height - MOST_NOTES
    out = [
        note(dump.file, dump.at(at), what or f"cannot be read: {t.strip()[:60]!r}")
        for at, t in rest.head(MOST_NOTES).iter_rows()
    ]
    return out + ([note(dump.file, 0, f"{many} more lines cannot be read")] if many > 0 else [])
