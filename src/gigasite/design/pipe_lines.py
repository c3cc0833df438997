"""The facility loop in the bill of materials: pipe, fittings, valves, insulation where it drips, liquids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.bom import Line

if TYPE_CHECKING:
    import polars as pl

    from gigasite.campus.schema import Campus
    from gigasite.design.pipe_bill import PipeBill

ROOM_DEW_DEGC = 15.0  # highest dew point of the recommended envelope, ASHRAE TC 9.9 thermal guidelines
DEW_MARGIN_K = 2.0
JOINING = ("elbows", "tees", "outlets", "reducers")


def insulated(campus: Campus) -> bool:
    """Return whether supply water may be below the room's dew point, so that bare pipes would drip."""
    return campus.cooling.supply_degc < ROOM_DEW_DEGC + DEW_MARGIN_K


def coolant_m3(campus: Campus, racks: pl.DataFrame) -> float:
    """Return coolant in the loops of all racks that have cold plates, CDUs included (`cooling.tcs` each)."""
    return float((racks["liquid_w"] > 0.0).sum()) * campus.cooling.tcs_m3


def pipe_lines(campus: Campus, bill: PipeBill, racks: pl.DataFrame) -> list[Line]:
    """Return lines of the bill of materials; pipe counts metres, fittings and valves nominal inches, liquids m3."""
    table, parts = bill.bill, campus.catalogue
    out = []
    for size, length_m in table.select("size", "length_m").iter_rows():
        part = parts.pipes[size]
        out.append(
            Line(group="cooling", item="pipe", kind="pipes", part=size, count=math.ceil(length_m),
                 unit_usd=part.price_usd_per_m, title=f"{part.title}, m")
        )  # fmt: skip
    inches = np.array([parts.pipes[s].nominal / 25.0 for s in table["size"]])
    fittings = float(sum((table[name].to_numpy() * inches).sum() for name in JOINING))
    valves = float((table["valves"].to_numpy() * inches).sum())
    surface = float(table["outside_m2"].sum()) if insulated(campus) else 0.0
    sums = (
        ("pipe-fitting", "pipe_fitting", fittings), ("pipe-valve", "pipe_valve", valves),
        ("insulation", "pipe_insulation", surface), ("coolant", "facility_water", bill.piping.fill_m3),
        ("coolant", "coolant_pg25", coolant_m3(campus, racks)),
    )  # fmt: skip
    return out + [
        Line(group="cooling", item=item, kind="prices", part=part, count=math.ceil(amount - 1e-9))
        for item, part, amount in sums
    ]
