"""Table schemas: more than about a hundred alike are a polars table with declared columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import GigasiteError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """One column: polars type by name, unit or meaning in words."""

    name: str
    dtype: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What a table between rooms looks like; checked at the room's door.

    Examples
    --------
    >>> import polars as pl
    >>> schema = Schema("rows", (Column("row_id", "Int32", "number"), Column("x_m", "Float64", "west edge")))
    >>> schema.check(pl.DataFrame({"row_id": [1], "x_m": [0.0]}, schema=schema.polars())).height
    1
    """

    name: str
    columns: tuple[Column, ...]

    def polars(self) -> dict[str, pl.DataType]:
        """Return the polars schema."""
        import polars as pl  # noqa: PLC0415  # polars costs 0.3 s and the command line must stay light

        return {c.name: getattr(pl, c.dtype)() for c in self.columns}

    def check(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return `table` if its columns, order and types are as declared and nothing is null.

        Raises
        ------
        GigasiteError
            Naming the first column that differs.
        """
        wanted = self.polars()
        if table.columns != list(wanted):
            raise GigasiteError(f"table {self.name}: columns {table.columns}, not {list(wanted)}")
        for name, dtype in wanted.items():
            if table.schema[name] != dtype:
                raise GigasiteError(f"table {self.name}.{name}: {table.schema[name]}, not {dtype}")
            if table[name].null_count():
                raise GigasiteError(f"table {self.name}.{name}: {table[name].null_count()} nulls")
        return table
