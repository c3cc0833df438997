"""The plan as columns on disk: cables with integer ports, names once in a dictionary of devices; and back.

A folder holds `cables.parquet` (follows `CABLES`), `devices.parquet` (follows `DIRECTORY`) and `parts.parquet`
(names of parts, and the style of labels). A CSV holds names in full: `a_node,a_port,z_node,z_port` and any of
`cable,part,length_m,a_label,z_label`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite.cabling.compare import read_plan_csv
from gigasite.cabling.dialect import undiscovered
from gigasite.cabling.naming import directory, sheet
from gigasite.cabling.types import CABLES, DIRECTORY

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design

ENDS = ("a_node", "a_port", "z_node", "z_port")
TEXTS = (*ENDS, "a_label", "z_label", "part")
FULL = ("cable", *TEXTS, "length_m")


def write_columns(design: Design, cables: CablePlan, folder: Path) -> None:
    """Write the three files into a folder that exists."""
    cables.cables.write_parquet(folder / "cables.parquet")
    directory(design).write_parquet(folder / "devices.parquet")
    parts = pl.DataFrame({"part": list(cables.parts), "label": [cables.label] * len(cables.parts)})
    parts.write_parquet(folder / "parts.parquet")


def read_plan(path: str | Path) -> pl.DataFrame:
    """Read a plan: CSV, `cables.parquet` beside its dictionary, or the folder of both.

    Returns
    -------
    DataFrame
        Columns `FULL`; what a CSV lacks is "" or 0, and cables without a name have none ("").

    Raises
    ------
    InputFileError
        Absent, broken, or a port or a cable named twice (with line for CSV).
    """
    place = Path(path)
    if place.is_dir():
        place /= "cables.parquet"
    table = _parquet(place) if place.suffix == ".parquet" else _csv(place)
    named = table.filter(pl.col("cable") != "")
    twice = named.filter(pl.col("cable").is_duplicated())
    if twice.height:
        raise InputFileError(
            str(place), 0, f"cable {twice['cable'][0]} is named {twice.height} times; names are unique"
        )
    return table


def _parquet(place: Path) -> pl.DataFrame:
    tables = []
    for name, schema in ((place.name, CABLES), ("devices.parquet", DIRECTORY), ("parts.parquet", None)):
        file = place.with_name(name)
        read_bytes(file)  # a clear message where it is absent or may not be read
        try:
            table = pl.read_parquet(file)
        except (PolarsError, OSError) as error:
            raise InputFileError(str(file), 0, f"is no Parquet file: {str(error)[:100]}") from error
        if schema is not None and table.schema != pl.Schema(schema.polars()):
            raise InputFileError(str(file), 0, f"has other columns than {', '.join(schema.polars())}")
        tables.append(table)
    cables, devices, parts = tables
    if not {"part", "label"} <= set(parts.columns) or parts.is_empty():
        raise InputFileError(str(place.with_name("parts.parquet")), 0, "needs the columns part, label")
    full = sheet(devices, parts["part"].to_list(), parts["label"][0], cables)
    return full.select(*FULL).with_columns(pl.col("length_m").cast(pl.Float64).round(3))


def _csv(place: Path) -> pl.DataFrame:
    table = read_plan_csv(place, [c for c in FULL if c not in ENDS])
    metres = table["length_m"]
    number = metres.cast(pl.Float64, strict=False)
    wrong = ((number.is_null() | ~number.is_finite()) & (metres != "")).fill_null(value=True)
    if wrong.any():
        first = table.row(int(wrong.arg_true()[0]), named=True)
        raise InputFileError(
            str(place), 0, f"length_m of {first['a_node']} {first['a_port']} is no number: '{first['length_m'][:40]}'"
        )
    table = table.with_columns(length_m=number.fill_null(0.0).round(3)).select(*FULL)
    # plan.csv calls InfiniBand ends as discovery does; a plan of others, whose cables have no names, stays as it is
    return undiscovered(table) if (table["cable"] != "").all() else table
