"""Structured cabling: fibre between racks runs from panel to panel, with a jumper at each end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.bill import Patching
from gigasite.cabling.choose import used
from gigasite.cabling.types import PANELS
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.choose import Chosen
    from gigasite.cabling.routes import Routes
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


def jumpers_m(campus: Campus, ways: Routes) -> NDArray[np.float32]:
    """Return what jumpers add to the length of each link (n,): two between racks, none where cables are direct."""
    c = campus.network.cabling
    if c.patching == "direct":
        return np.zeros(len(ways.pair), np.float32)
    between = ways.rack_a != ways.rack_z
    return np.where(between[ways.pair], 2 * c.jumper_m, 0.0).astype(np.float32)


def patched_m(campus: Campus, chosen: Chosen, extra_m: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the lengths of jumpers of the links that became fibre, 0 for copper."""
    fibre = np.zeros(len(chosen.names), bool)
    for index, cable in used(campus, chosen.names, chosen.part):
        fibre[index] = cable.fibre is not None
    return np.where(fibre[chosen.part], extra_m, np.float32(0.0))


def positions(campus: Campus, design: Design, extra_m: NDArray[np.float32]) -> pl.DataFrame:
    """Return panel and position of both ends of every patched cable; follows `PANELS`, empty where none is.

    Positions are given in the order of ports within each rack; panels of a rack count from 1.
    """
    mine = np.flatnonzero(extra_m > 0)
    links = design.links
    ports = np.concatenate([links.a_port[mine], links.z_port[mine]])
    rack = design.devices["rack_id"].to_numpy().astype(np.int64)[ports >> PORT_BITS]
    order = np.lexsort((ports, rack))
    ordered = rack[order]
    first = np.maximum.accumulate(np.where(np.r_[True, ordered[1:] != ordered[:-1]], np.arange(len(ordered)), 0))
    nth = np.empty(len(ordered), np.int64)
    nth[order] = np.arange(len(ordered)) - first
    panel, position = np.divmod(nth, campus.network.cabling.panel_positions)
    n = len(mine)
    table = pl.DataFrame(
        {
            "a_port": links.a_port[mine],
            "z_port": links.z_port[mine],
            "a_rack": rack[:n].astype(np.int32),
            "a_panel": (panel[:n] + 1).astype(np.int16),
            "a_position": (position[:n] + 1).astype(np.int16),
            "z_rack": rack[n:].astype(np.int32),
            "z_panel": (panel[n:] + 1).astype(np.int16),
            "z_position": (position[n:] + 1).astype(np.int16),
        },
        schema=PANELS.polars(),
    )
    return PANELS.check(table.sort("a_port", "z_port"))


def count(panels: pl.DataFrame) -> Patching:
    """Return panels and jumpers to order."""
    each = _panels_of_rack(panels)
    return Patching(panels=int(each["panels"].sum()), jumpers=2 * panels.height)


def _panels_of_rack(panels: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat([panels.select(rack=f"{e}_rack", panel=f"{e}_panel") for e in ("a", "z")])
    return both.group_by("rack").agg(pl.col("panel").max().cast(pl.Int64).alias("panels")).sort("rack")


def findings(campus: Campus, design: Design, panels: pl.DataFrame) -> list[Finding]:
    """Return racks in which devices leave no room for the panels."""
    if panels.is_empty():
        return []
    parts = campus.catalogue
    names = design.devices["part"].unique().to_list()
    tall = {
        n: parts.servers[n].height_u
        if n in parts.servers
        else parts.switches[n].height_u
        if n in parts.switches
        else 2.0
        for n in names
    }
    used = design.devices.select("rack_id", u=pl.col("part").replace_strict(tall, return_dtype=pl.Float64))
    height = {"compute": campus.compute.rack, "network": "network-rack", "storage": "storage"}
    racks = design.racks.select(
        "rack_id",
        "label",
        room=pl.col("kind").replace_strict({k: parts.racks[v].height_u for k, v in height.items()}, default=48),
    )
    table = (
        _panels_of_rack(panels)
        .join(used.group_by("rack_id").agg(pl.col("u").sum()), left_on="rack", right_on="rack_id")
        .join(racks, left_on="rack", right_on="rack_id")
        .with_columns(free=(pl.col("room") - pl.col("u")).floor())
        .filter(pl.col("panels") > pl.col("free"))
        .sort("panels", "label", descending=[True, False])
    )
    if table.is_empty():
        return []
    worst = table.row(0, named=True)
    need = math.ceil(worst["panels"])
    return [
        Finding(
            severity=Severity.error,
            chapter="cabling",
            where=f"rack {worst['label']}" + (f" and {table.height - 1:,} more" if table.height > 1 else ""),
            what="have no room for their patch panels",
            limit=f"{worst['free']:.0f} U free",
            found=f"{need} panels of 1 U",
            remedy="denser panels (network.cabling.panel_positions), fewer switches in a rack, or patching: direct",
        )
    ]
