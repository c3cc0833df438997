"""Rows of many dumps into one table: evidence joins its port, one neighbour seen twice becomes one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.port_names import port_key, port_name
from gigasite.cabling.types import SIGHTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

_RANK = {"guid": 0, "mac": 1, "serial": 2, "ip": 3, "name": 4, "": 5}
_KEYS = ("node", "port_k", "seen_k", "seen_port_k")


def shared_names(rows: pl.DataFrame) -> pl.Series:
    """Return names under which two devices of one dump have the same port: unmanaged switches share one description."""
    known = rows.filter(
        (pl.col("node_kind") == "guid") & (pl.col("node_id") != "") & (pl.col("node") != pl.col("node_id"))
    )
    counted = known.group_by("file", "reader", "node", "port").agg(pl.col("node_id").n_unique())
    return counted.filter(pl.col("node_id") > 1)["node"].unique().sort()


def by_guid(rows: pl.DataFrame, shared: pl.Series) -> pl.DataFrame:
    """Name the devices of shared names by their GUIDs."""
    if shared.is_empty():
        return rows
    mine = pl.col("node").is_in(shared.implode()) & (pl.col("node_kind") == "guid") & (pl.col("node_id") != "")
    theirs = (
        pl.col("seen_node").is_in(shared.implode()) & (pl.col("identity_kind") == "guid") & (pl.col("identity") != "")
    )
    return rows.with_columns(
        node=pl.when(mine).then("node_id").otherwise("node"),
        seen_node=pl.when(theirs).then("identity").otherwise("seen_node"),
    )


def merged(rows: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Return the links table (follows `SIGHTINGS`) and findings on ports that see several neighbours.

    Rows of one port and one neighbour (two protocols, two dumps, a table and its details) become one, each column from
    the first row that has it, the best identity first. Rows without neighbour (optics, counters) lend their columns to
    every row of their port, and stay alone only where the port sees nobody.

    Parameters
    ----------
    rows
        Columns of `reader.Sighting`, reader and file.
    """
    table = rows.with_columns(
        port_raw=pl.col("port"),
        seen_port_raw=pl.when(pl.col("seen_port_raw") == "").then("seen_port").otherwise("seen_port_raw"),
        port=mapped(rows["port"], port_name),
        seen_port=mapped(rows["seen_port"], port_name),
        port_k=mapped(rows["port"], port_key),
        seen_port_k=mapped(rows["seen_port"], port_key),
        order=pl.int_range(pl.len()),
    ).filter((pl.col("node") != "") | (pl.col("port") != ""))
    table = _one_neighbour(table)
    lone = table.filter(pl.col("seen_node") == "")
    seen = table.filter(pl.col("seen_node") != "")
    seen = _folded(seen.sort(pl.col("identity_kind").replace_strict(_RANK, default=5), "order"), _KEYS)
    has = pl.when(pl.col("serial") != "").then("serial")
    serial = pl.coalesce(has, has.drop_nulls().first().over("node", "port_k"), pl.lit(""))
    lone = _folded(lone.with_columns(serial_k=serial), ("node", "port_k", "serial_k")).drop("serial_k")
    seen = _lent(seen, lone.unique(["node", "port_k"], keep="first", maintain_order=True))
    alone = lone.join(seen, on=["node", "port_k"], how="anti").select(seen.columns)
    # a name that one source cut is not kept as identity
    cut = (pl.col("identity_kind") == "name") & pl.col("seen_node").str.starts_with(pl.col("identity"))
    named = pl.when(cut).then("seen_node").otherwise("identity")
    seen = seen.with_columns(identity=named)
    out = pl.concat([seen, alone]).sort("node", "port", "seen_node", "seen_port", "order")
    found = _several(seen)
    return out.select(SIGHTINGS.polars().keys()).cast(pl.Schema(SIGHTINGS.polars())), found


def mapped(column: pl.Series, change: Callable[[str], str]) -> pl.Series:
    """Return a column changed text by text, each different text once."""
    each = column.unique()
    new = pl.Series([change(t) for t in each.to_list()], dtype=pl.String)
    return column.replace_strict(each, new, return_dtype=pl.String) if len(each) else column


def _one_neighbour(table: pl.DataFrame) -> pl.DataFrame:
    """Give the rows of one neighbour on one port one key: same identity, or same short name whatever the case."""
    short = pl.col("seen_node").str.to_lowercase().str.split(".").list.first()
    is_ip = pl.col("seen_node").str.contains(r"^\d+\.\d+\.\d+\.\d+$")
    name = pl.when(is_ip).then(pl.col("seen_node")).otherwise(short)
    keyed = table.with_columns(name_k=name, seen_k=name)
    # a short name that is the beginning of the only longer one on this port was cut by a table
    strong = pl.col("identity_kind").is_in(["guid", "mac", "serial"])
    ids = (
        keyed.filter(strong & (pl.col("identity") != ""))
        .group_by("node", "port_k", "identity")
        .agg(one=pl.col("name_k").sort_by(pl.col("name_k").str.len_chars(), "order", descending=[True, False]).first())
    )
    keyed = keyed.join(ids, on=["node", "port_k", "identity"], how="left", maintain_order="left")
    keyed = keyed.with_columns(seen_k=pl.coalesce("one", "name_k")).drop("one")
    long = (
        keyed.filter(pl.col("seen_k") != "")
        .group_by("node", "port_k")
        .agg(longest=pl.col("seen_k").sort_by(pl.col("seen_k").str.len_chars(), descending=True).first())
    )
    keyed = keyed.join(long, on=["node", "port_k"], how="left", maintain_order="left")
    cut = (pl.col("seen_k").str.len_chars() >= 15) & pl.col("longest").str.starts_with(pl.col("seen_k"))
    keyed = keyed.with_columns(seen_k=pl.when(cut.fill_null(value=False)).then("longest").otherwise("seen_k"))
    return keyed.drop("longest", "name_k")


def _folded(table: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Return one row a key, each column from the first row that has it."""
    if not table.select(pl.struct(*keys).is_duplicated().any()).item():
        return table.sort("order")
    schema = table.schema
    exprs = []
    for name, dtype in schema.items():
        if name in keys:
            continue
        column = pl.col(name)
        if name == "seen_node":  # the longest: tables cut names
            exprs.append(column.sort_by(column.str.len_chars(), descending=True, maintain_order=True).first())
        elif name == "protocol":
            exprs.append(column.filter(column != "").unique(maintain_order=True).sort().str.join("+"))
        elif name in {"age_s", "link_downs", "symbol_errors"}:
            exprs.append(column.drop_nans().max().fill_null(float("nan")))
        elif dtype == pl.Float64:
            exprs.append(column.drop_nans().first().fill_null(float("nan")))
        elif dtype == pl.String and name not in {"file", "reader"}:
            exprs.append(column.filter(column != "").first().fill_null(""))
        else:
            exprs.append(column.first())
    return table.group_by(*keys, maintain_order=True).agg(*exprs).select(table.columns).sort("order")


_LENT = (
    "time", "width", "speed", "capable", "state", "raw_ber", "effective_ber", "rx_dbm", "rx_lanes_dbm", "tx_dbm",
    "tx_bias_a", "temperature_degc", "serial", "part_number", "vendor", "link_downs", "symbol_errors", "node_id",
    "node_kind",
)  # fmt: skip


def _lent(seen: pl.DataFrame, lone: pl.DataFrame) -> pl.DataFrame:
    """Fill what the rows of a port lack from the row that tells of the port alone."""
    if lone.is_empty() or seen.is_empty():
        return seen
    other = lone.select("node", "port_k", *(pl.col(c).alias(f"{c}_l") for c in _LENT))
    both = seen.join(other, on=["node", "port_k"], how="left", maintain_order="left")
    exprs = []
    for name in _LENT:
        absent = pl.col(name).is_nan() if seen.schema[name] == pl.Float64 else pl.col(name) == ""
        exprs.append(
            pl.when(absent & pl.col(f"{name}_l").is_not_null())
            .then(pl.col(f"{name}_l"))
            .otherwise(pl.col(name))
            .alias(name)
        )
    return both.with_columns(*exprs).select(seen.columns)


def _several(seen: pl.DataFrame) -> list[Finding]:
    many = (
        seen.group_by("node", "port_k", maintain_order=True)
        .agg(
            pl.len(),
            pl.col("port").first(),
            pl.col("file").first(),
            pl.col("line").first(),
            pl.col("seen_node").unique().sort().head(4),
        )
        .filter((pl.col("len") > 1) & (pl.col("port") != ""))
        .sort("node", "port")
    )
    return [
        Finding(
            severity=Severity.warning,
            chapter="cabling",
            where=f"{r['file']}:{r['line']}" if r["line"] else r["file"],
            what=f"port {r['port']} of {r['node']} sees {r['len']} neighbours ({', '.join(r['seen_node'])}): "
            "an unmanaged switch or stale data",
            remedy="read again, or look what stands between",
        )
        for r in many.head(200).to_dicts()
    ]
