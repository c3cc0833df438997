"""What a facility loop is made of: pipes with their places, metres and tonnes by size, welds, valves, water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.cooling.network import PIPE
from gigasite.cooling.pipes import JOINT_M

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
        Column("x1_m", "Float64", "end"),
        Column("y1_m", "Float64", ""),
    ),
)

BILL = Schema(
    "pipe bill",
    (
        Column("size", "String", "catalogue name"),
        Column("length_m", "Float64", ""),
        Column("mass_kg", "Float64", "steel"),
        Column("welds", "Int64", "joints of the pipe's lengths and two at every piece's fitting"),
        Column("weld_inches", "Float64", "welds x nominal inches: what welders are planned by"),
        Column("valves", "Int64", "isolating valves, two at every drop and main, and balancing valves"),
        Column("price_usd", "Float64", "pipe, fabricated and hung"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities:
    """Pipes as a table (`PIPES`), by size (`BILL`), and sums."""

    pipes: pl.DataFrame
    bill: pl.DataFrame
    fill_m3: float
    steel_kg: float
    weld_inches: float
    drains: int
    """One at the low point of every main and drop."""
    vents: int
    """One at the high end of every row, both ways."""
    supports: int
    price_usd: float


SUPPORT_M = 3.0  # between hangers; MSS SP-58 asks for 2.1 m (DN25) to 6 m (DN300 and above)


def quantities(loop: FacilityLoop) -> Quantities:
    """Return what the loop is made of."""
    net = loop.network
    at = np.flatnonzero(net.kind == PIPE)
    length, inner = net.length_m[at], net.diameter_m[at]
    area = np.pi / 4 * inner**2
    q = loop.flow.flow_m3_per_s[at]
    pipes = pl.DataFrame(
        {
            "pipe": list(net.link_ids[: len(at)]),
            "kind": list(loop.kind),
            "size": np.array(loop.sizes.name)[loop.size],
            "length_m": length,
            "flow_m3_per_s": q,
            "velocity_m_per_s": np.abs(q) / area,
            "x0_m": loop.x_m[net.start[at]],
            "y0_m": loop.y_m[net.start[at]],
            "x1_m": loop.x_m[net.end[at]],
            "y1_m": loop.y_m[net.end[at]],
        },
        schema=PIPES.polars(),
    )
    bill = _bill(loop, length)
    kinds = np.array(loop.kind)
    racks, rows = len(loop.rack_link), len(np.unique(loop.terminals.hall * 100_000 + loop.terminals.row))
    return Quantities(
        pipes=PIPES.check(pipes),
        bill=BILL.check(bill),
        fill_m3=float((area * length).sum()),
        steel_kg=float(bill["mass_kg"].sum()),
        weld_inches=float(bill["weld_inches"].sum()),
        drains=racks + 2 * len(loop.halls),
        vents=2 * rows,
        supports=int(np.ceil(length[kinds != "drop"] / SUPPORT_M).sum()),
        price_usd=float(bill["price_usd"].sum()),
    )


def _bill(loop: FacilityLoop, length: np.ndarray) -> pl.DataFrame:
    """Return the pipes by size."""
    table, k = loop.sizes, len(loop.sizes.name)
    metres = np.bincount(loop.size, length, minlength=k)
    pieces = np.bincount(loop.size, minlength=k)
    joints = np.bincount(loop.size, np.ceil(length / JOINT_M) - 1, minlength=k)
    welds = (joints + 2 * pieces).astype(np.int64)
    kind = np.array(loop.kind)
    # balancing, and one isolating valve each way, at racks; two isolating valves at each hall's pumps and plates
    valves = 3 * np.bincount(loop.size[kind == "drop"], minlength=k)
    valves[loop.size[-len(loop.halls) :]] += 4
    used = np.flatnonzero(pieces)
    return pl.DataFrame(
        {
            "size": [table.name[i] for i in used.tolist()],
            "length_m": metres[used],
            "mass_kg": (metres * table.kg_per_m)[used],
            "welds": welds[used],
            "weld_inches": (welds * table.nominal / 25.0)[used],
            "valves": valves[used],
            "price_usd": (metres * table.usd_per_m)[used],
        },
        schema=BILL.polars(),
    )
