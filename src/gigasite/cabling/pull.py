"""The order in which cables are pulled: by crew, by shift, bundle after bundle, far ends first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.identity import texts

if TYPE_CHECKING:
    from gigasite.cabling.export import Book
    from gigasite.campus.schema import Campus

TRADES = {"fibre": "link-end", "copper": "copper-end"}  # crew and its rate of the catalogue, hours an end
CREW_GPUS = 100_000  # the catalogue's crews are for a campus of this size


def crews(campus: Campus, trade: str) -> int:
    """Return how many crews of a trade work in one shift: people of the campus file, else the catalogue's by size."""
    people = campus.schedule.crews.get(trade)
    if people is None:
        people = max(1, round(campus.catalogue.crews[trade].people * campus.compute.gpus / CREW_GPUS))
    return max(1, people // campus.network.cabling.crew_people)


def pulls(book: Book) -> pl.DataFrame:
    """Return every cable with trade, crew, shift and crew-hours, in pulling order.

    Bundles are shared among the crews of their trade as they lie: each crew has its own part of the floor. Within a
    crew the farthest bundles are pulled first, because they lie at the bottom of the trays; equally far ones follow the
    path.
    A bundle stays in one shift if it began there.

    Raises
    ------
    InfeasibleError
        The catalogue lacks a rate.
    """
    campus, rows = book.campus, book.rows
    c = campus.network.cabling
    known = campus.catalogue.cables
    copper = np.array([p in known and known[p].medium == "copper" for p in book.cables.parts])
    a = book.places("a")
    table = book.sheet().with_columns(
        trade=pl.Series(["fibre", "copper"]).gather(copper[rows["part"].to_numpy()].astype(np.int64)),
        place=pl.concat_str(a["hall"].cast(pl.String).str.zfill(3), a["row"].cast(pl.String).str.zfill(4)),
    )
    each = {}
    for trade, rate in TRADES.items():
        if rate not in campus.catalogue.rates:
            raise InfeasibleError(f"the catalogue has no rate '{rate}': add it under parts.rates")
        each[trade] = 2.0 * campus.catalogue.rates[rate].likely / c.crew_people
    work = table.group_by("trade", "bundle").agg(
        pl.len().alias("n"),
        pl.col("place").min(),
        pl.col("route_m").max().alias("far"),
        pl.col("a_label").min().alias("first"),
    )
    work = work.with_columns(
        hours=pl.col("n") * pl.col("trade").replace_strict(each, return_dtype=pl.Float64) + c.bundle_pull_s / 3600.0
    )
    out = pl.concat([_crewed(campus, part) for (_,), part in work.group_by("trade", maintain_order=False)])
    share = out.select("trade", "bundle", "crew", "shift", "turn", hours=pl.col("hours") / pl.col("n"))
    table = table.join(share, on=["trade", "bundle"]).sort(
        "trade", "crew", "turn", "a_label", descending=[True, False, False, False]
    )
    first = ["trade", "crew", "shift", "bundle", "cable", "part", "length_m", "a_label", "z_label"]
    patched = _panels(book)
    if patched is not None:
        table = table.join(patched, on="cable", how="left", maintain_order="left")
        first += ["a_panel", "z_panel"]
    return table.select(*first, "a_node", "a_port", "z_node", "z_port", "hours")


def _crewed(campus: Campus, work: pl.DataFrame) -> pl.DataFrame:
    """Give the bundles of one trade to its crews, then to shifts."""
    number = crews(campus, work["trade"][0])
    shift_h = campus.schedule.shifts.hours
    work = work.sort("place", "first", "bundle")
    ahead = pl.col("hours").cum_sum() - pl.col("hours")
    total = float(work["hours"].sum())
    work = work.with_columns(crew=(ahead / total * number).floor().cast(pl.Int32).clip(0, number - 1) + 1)
    work = work.sort("crew", "far", "place", "bundle", descending=[False, True, False, False])
    return work.with_columns(
        turn=pl.int_range(pl.len()).over("crew"),
        shift=(((pl.col("hours").cum_sum().over("crew") - pl.col("hours")) / shift_h).floor().cast(pl.Int32) + 1),
    )


def _panels(book: Book) -> pl.DataFrame | None:
    """Return panel positions by cable, None where cables run directly."""
    panels = book.cables.panels
    if panels.is_empty():
        return None
    known = book.rows.join(panels, on=["a_port", "z_port"])
    rack = book.design.racks["label"]
    place = [
        rack.gather(known[f"{e}_rack"])
        + ":P"
        + known[f"{e}_panel"].cast(pl.String)
        + "/"
        + known[f"{e}_position"].cast(pl.String)
        for e in ("a", "z")
    ]
    return pl.DataFrame({"cable": texts(book.devices, known["cable_id"]), "a_panel": place[0], "z_panel": place[1]})
