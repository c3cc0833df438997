"""Series of the fabric chapter: cable lengths, tray fill on the plan of the halls, watts and cost by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan
    from gigasite.plan.types import Plan

MOST_SEGMENTS = 30_000  # drawn one by one; of more, each run is drawn whole, in the colour of its fullest
MOST_PARTS = 12
COUNTS = (
    "tiers",
    "nodes",
    "leaf",
    "spine",
    "core",
    "supercore",
    "node_leaf_cables",
    "leaf_spine_cables",
    "spine_core_cables",
    "core_super_cables",
)


def cables_data(plan: Plan) -> dict[str, Any]:
    """Return what the page draws; figures are in the tables beside it."""
    limit = plan.campus.network.cabling.fill_frac
    return {"lengths": _lengths(plan.cables), "trays": _trays(plan.cables, limit), "parts": _parts(plan.cables)}


def cable_rows(cables: CablePlan) -> dict[str, Any]:
    """Return the rows of the chapter's tables: modules with watts, trays by kind of run; if runs are drawn whole."""
    modules = cables.modules.sort("total_w", "module", descending=[True, False]).to_dicts()
    trays = (
        cables.segments.group_by("kind")
        .agg(
            pl.col("run").n_unique().alias("runs"),
            pl.col("trays").max(),
            pl.col("cables").max(),
            pl.col("fill_frac").max(),
            pl.col("name").sort_by("fill_frac", "name").last().alias("fullest"),
        )
        .sort("kind")
        .to_dicts()
    )
    return {"modules": modules, "trays": trays, "whole_runs": cables.segments.height > MOST_SEGMENTS}


def fabric_rows(fabrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the chapter's first table from what the JSON holds of each network."""
    return [
        f
        | {
            "name": f["network"],
            "counts": [f[c] for c in COUNTS],
            "speeds": ", ".join(f"{v / 1e9:g}" for v in f["link_speed_bit_per_s"]),
            "ratios": ", ".join(f"{t['oversubscription']:.3g}:1" for t in f["by_tier"] if t["oversubscription"]) or "-",
        }
        for f in fabrics
    ]


def _lengths(cables: CablePlan) -> list[list[Any]]:
    table = cables.cables.group_by("length_m").len().sort("length_m")
    return [[f"{x:g}", n] for x, n in table.rows()]


def _trays(cables: CablePlan, limit: float) -> dict[str, Any]:
    table = cables.segments
    if table.height > MOST_SEGMENTS:
        ends = [pl.col(c).min() for c in ("x0_m", "y0_m")] + [pl.col(c).max() for c in ("x1_m", "y1_m")]
        table = table.group_by("run", maintain_order=True).agg(*ends, pl.col("fill_frac").max())
    table = table.sort("fill_frac")  # the fullest are drawn last, on top
    rounded = {c: table[c].round(1).to_list() for c in ("x0_m", "y0_m", "x1_m", "y1_m")}
    return {
        "x0": rounded["x0_m"],
        "y0": rounded["y0_m"],
        "x1": rounded["x1_m"],
        "y1": rounded["y1_m"],
        "fill": table["fill_frac"].round(3).to_list(),
        "limit": limit,
    }


def _parts(cables: CablePlan) -> dict[str, list[list[Any]]]:
    """Return the largest parts by watts [kW] and by cost [million USD]."""
    watts = cables.modules.group_by("module").agg(pl.col("total_w").sum() / 1e3)
    cost = cables.bom.group_by("part").agg(pl.col("likely_usd").sum() / 1e6)
    return {
        "kw": [[n, round(v, 1)] for n, v in watts.sort("total_w", "module", descending=True).head(MOST_PARTS).rows()],
        "musd": [[n, round(v, 3)] for n, v in cost.sort("likely_usd", "part", descending=True).head(MOST_PARTS).rows()],
    }
