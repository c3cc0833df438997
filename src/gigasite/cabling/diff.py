"""What changes with the campus: cables to add, remove, move, re-part; applied to the old plan it gives the new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.naming import pull_sheet
from gigasite.cabling.store import ENDS, FULL
from gigasite.cabling.types import CHANGES

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design

PLACE = (*ENDS, "a_label", "z_label")
VALUES = (*PLACE, "part", "length_m")


def full(design: Design, cables: CablePlan) -> pl.DataFrame:
    """Return a plan with names, as `diff` takes it: columns `FULL`."""
    table = pull_sheet(design, cables).select(*FULL)
    return table.with_columns(pl.col("length_m").cast(pl.Float64).round(3))


def diff(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return what to do to get from one plan to another; follows `CHANGES`, sorted by cable.

    Cables are the same if they have the same name. Where a plan has no names (a bare `plan.csv`) they are the same if
    they join the same ports; of the rest, those that keep one end.

    Parameters
    ----------
    old, new
        Columns `FULL`.
    """
    if not (_has_names(old) and _has_names(new)):
        old, new = _by_ports(old, new)
    joined = old.rename({v: f"old_{v}" for v in VALUES}).join(
        new.rename({v: f"new_{v}" for v in VALUES}), on="cable", how="full", coalesce=True
    )
    gone, born = pl.col("new_a_node").is_null(), pl.col("old_a_node").is_null()
    moved = pl.any_horizontal([pl.col(f"old_{c}") != pl.col(f"new_{c}") for c in PLACE])
    other = (pl.col("old_part") != pl.col("new_part")) | (
        (pl.col("old_length_m") - pl.col("new_length_m")).abs() > 5e-4
    )
    kind = pl.when(gone).then(pl.lit("remove")).when(born).then(pl.lit("add")).when(moved).then(pl.lit("move"))
    table = (
        joined.with_columns(kind=kind.when(other).then(pl.lit("re-part")).otherwise(pl.lit("")))
        .filter(pl.col("kind") != "")
        .select([_filled(c.name, c.dtype) for c in CHANGES.columns])
        .sort("cable")
    )
    return CHANGES.check(table)


def _filled(name: str, dtype: str) -> pl.Expr:
    return pl.col(name).fill_null("" if dtype == "String" else 0.0)


def _has_names(plan: pl.DataFrame) -> bool:
    return bool((plan["cable"] != "").all())


def apply(old: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Return the plan after the changes, sorted by cable; columns `FULL`."""
    gone = changes.filter(pl.col("kind") != "add")["cable"]
    made = changes.filter(pl.col("kind") != "remove").select("cable", *(pl.col(f"new_{v}").alias(v) for v in VALUES))
    kept = old.filter(~pl.col("cable").is_in(gone.implode()))
    return pl.concat([kept.select(*FULL), made.select(*FULL)]).sort("cable")


def _by_ports(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Name the cables of both plans by their ports: `node:port = node:port` of the old plan for those that are kept."""
    old, new = (_oriented(p).with_columns(row=pl.int_range(pl.len())) for p in (old, new))
    pairs = old.join(new, on=list(ENDS), how="inner").select("row", other="row_right")
    for end in ("a", "z"):
        rest = old.join(pairs, on="row", how="anti").select("row", node=f"{end}_node", port=f"{end}_port")
        open_ = new.join(pairs, left_on="row", right_on="other", how="anti")
        ends = pl.concat([open_.select(other="row", node=f"{e}_node", port=f"{e}_port") for e in ("a", "z")])
        found = rest.join(ends, on=["node", "port"]).sort("row", "other").unique("other", keep="first")
        pairs = pl.concat([pairs, found.select("row", "other").unique("row", keep="first")])
    name = old.select("row", cable=_joined_ends())
    was = pairs.rename({"row": "was"})
    named = new.join(was, left_on="row", right_on="other", how="left", maintain_order="left")
    named = named.join(name.rename({"row": "was", "cable": "kept"}), on="was", how="left", maintain_order="left")
    taken = set(name["cable"].to_list())
    fresh = pl.when(_joined_ends().is_in(list(taken))).then(_joined_ends() + " (new)").otherwise(_joined_ends())
    new = named.with_columns(cable=pl.coalesce("kept", fresh))
    return old.with_columns(cable=_joined_ends()).select(*FULL), new.select(*FULL)


def _joined_ends() -> pl.Expr:
    return pl.format("{}:{} = {}:{}", *ENDS)


def _oriented(plan: pl.DataFrame) -> pl.DataFrame:
    """Turn every cable so that its ends are in order: which end a file names first means nothing."""
    turn = pl.concat_str("a_node", pl.lit("\0"), "a_port") > pl.concat_str("z_node", pl.lit("\0"), "z_port")
    swap = {"a_node": "z_node", "a_port": "z_port", "a_label": "z_label"}
    both = swap | {z: a for a, z in swap.items()}
    return plan.with_columns([pl.when(turn).then(pl.col(o)).otherwise(pl.col(c)).alias(c) for c, o in both.items()])
