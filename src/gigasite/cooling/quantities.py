"""What a facility loop is made of: pipes with their places and flows, the bill by size, supports, drains, vents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.cooling.network import PIPE
from gigasite.design.pipe_bill import pipe_bill
from gigasite.design.pipe_points import pipe_points

if TYPE_CHECKING:
    from gigasite.cooling.plant_network import FacilityLoop

PIPES = Schema(
    "pipes",
    (
        Column("pipe", "String", "name: hall, bank or row, s (supply) or r (return), number"),
        Column("kind", "String", "main, row, drop"),
        Column("size", "String", "catalogue name"),
        Column("length_m", "Float64", ""),
        Column("flow_m3_per_s", "Float64", "at the design point"),
        Column("velocity_m_per_s", "Float64", ""),
        Column("x0_m", "Float64", "start, campus coordinates"),
        Column("y0_m", "Float64", ""),
        Column("z0_m", "Float64", "over the racks' connections"),
        Column("x1_m", "Float64", "end"),
        Column("y1_m", "Float64", ""),
        Column("z1_m", "Float64", ""),
        Column("supports", "Int64", "places: see the points"),
        Column("drains", "Int64", ""),
        Column("vents", "Int64", ""),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities:
    """Pipes as a table (`PIPES`), by size (`design.pipe_bill.BILL`), points (`design.pipe_points.POINTS`), sums."""

    pipes: pl.DataFrame
    bill: pl.DataFrame
    points: pl.DataFrame
    fill_m3: float
    steel_kg: float
    weld_inches: float
    drains: int
    vents: int
    supports: int
    valves: int
    fittings: int
    price_usd: float
    """Of the pipe alone; fittings, valves and liquids have lines of their own in the bill of materials."""


def quantities(loop: FacilityLoop) -> Quantities:
    """Return what the loop is made of."""
    bill, points = pipe_bill(loop.piping).bill, pipe_points(loop.piping)
    count = dict(points.group_by("kind").len().iter_rows())
    return Quantities(
        pipes=PIPES.check(_pipes(loop, points)),
        bill=bill,
        points=points,
        fill_m3=loop.piping.fill_m3,
        steel_kg=float(bill["mass_kg"].sum()),
        weld_inches=float(bill["weld_inches"].sum()),
        drains=count.get("drain", 0),
        vents=count.get("vent", 0),
        supports=count.get("support", 0),
        valves=int(bill["valves"].sum()),
        fittings=int(sum(bill[name].sum() for name in ("elbows", "tees", "outlets", "reducers"))),
        price_usd=float(bill["price_usd"].sum()),
    )


def _pipes(loop: FacilityLoop, points: pl.DataFrame) -> pl.DataFrame:
    net = loop.network
    at = np.flatnonzero(net.kind == PIPE)
    q, s, e = loop.flow.flow_m3_per_s[at], net.start[at], net.end[at]
    kinds = {f"{kind}s": kind for kind in ("support", "drain", "vent")}
    counts = [pl.col("kind").eq(kind).sum().cast(pl.Int64).alias(name) for name, kind in kinds.items()]
    table = pl.DataFrame(
        {
            "pipe": list(net.link_ids[: len(at)]),
            "kind": list(loop.kind),
            "size": np.array(loop.sizes.name)[loop.size],
            "length_m": net.length_m[at],
            "flow_m3_per_s": q,
            "velocity_m_per_s": np.abs(q) / (np.pi / 4 * net.diameter_m[at] ** 2),
            "x0_m": loop.x_m[s],
            "y0_m": loop.y_m[s],
            "z0_m": net.elevation_m[s],
            "x1_m": loop.x_m[e],
            "y1_m": loop.y_m[e],
            "z1_m": net.elevation_m[e],
        }
    )
    by_pipe = points.group_by("pipe").agg(*counts)
    joined = table.join(by_pipe, on="pipe", how="left", maintain_order="left")
    return joined.with_columns(pl.col(*kinds).fill_null(0))
