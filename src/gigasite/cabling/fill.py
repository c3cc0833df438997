"""How full every segment of tray is, how many trays each run needs, and whether the halls can hold them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite._core.words import counted
from gigasite.cabling.routes import CHUNK, UNIT_M, pieces
from gigasite.cabling.trays import KINDS
from gigasite.cabling.types import SEGMENTS
from gigasite.design.layout import CROSS_AISLE_M, HALL_GAP_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.routes import Routes
    from gigasite.cabling.trays import Trays
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]

CLEAR_M = 0.3  # between the highest tray and the roof; estimate
MOST_NAMED = 10  # findings of one kind that are told one by one; the table of segments has all


def tray_height(campus: Campus) -> float:
    """Return the height of the lowest tray above the floor [m]: above the highest of the racks that are used."""
    racks = campus.catalogue.racks
    used = {campus.compute.rack, "network-rack", "storage"} & set(racks)
    return max(racks[r].height_u for r in used) * UNIT_M + campus.network.cabling.tray_above_m


def segments(campus: Campus, design: Design, trays: Trays, routes: Routes, area_m2: Floats) -> pl.DataFrame:
    """Return every segment that a cable lies on; follows `SEGMENTS`.

    Parameters
    ----------
    area_m2
        (links,) section of each link's cable, spare fibres included.
    """
    # whole square micrometres: their sums are exact, so that they do not hang on the order of the cables
    area = np.bincount(routes.pair, weights=np.round(area_m2 * 1e12), minlength=len(routes.rack_a)).astype(np.float64)
    count = np.bincount(routes.pair, minlength=len(routes.rack_a)).astype(np.float64)
    area_on, count_on = _loads(design, trays, routes, area), _loads(design, trays, routes, count)
    at = trays.segments()
    at = at[count_on[at] > 0]
    run = trays.stop_run[at]
    area_s = area_on[at] * 1e-12
    number = _trays(campus, trays, run, area_s)
    one = campus.network.cabling.tray_width_m * campus.network.cabling.tray_height_m
    lo, hi, fixed = trays.stop_m[at], trays.stop_m[at + 1], trays.at_m[run]
    along_x = (trays.kind[run] == KINDS.index("row")) | (trays.kind[run] == KINDS.index("corridor"))
    table = pl.DataFrame(
        {
            "kind": pl.Series(list(KINDS)).gather(trays.kind[run].astype(np.int64)),
            "hall": trays.hall[run].astype(np.int16),
            "run": run.astype(np.int32),
            "name": _names(design, trays, at, run),
            "x0_m": np.where(along_x, lo, fixed),
            "y0_m": np.where(along_x, fixed, lo),
            "x1_m": np.where(along_x, hi, fixed),
            "y1_m": np.where(along_x, fixed, hi),
            "cables": count_on[at].astype(np.int32),
            "area_m2": area_s,
            "trays": number[run].astype(np.int16),
            "fill_frac": area_s / (number[run] * one),
        }
    )
    return SEGMENTS.check(table)


def _loads(design: Design, trays: Trays, routes: Routes, weight: Floats) -> Floats:
    """Return the sum of weights over each stop's following segment: +w where a piece begins, -w where it ends."""
    x, y = design.racks["x_m"].to_numpy(), design.racks["y_m"].to_numpy()
    hall = design.racks["hall"].to_numpy().astype(np.int64) - 1
    change = np.zeros(len(trays.stop_m))
    for first in range(0, len(routes.rack_a), CHUNK):
        part = slice(first, first + CHUNK)
        made = pieces(trays, x, y, hall, routes.rack_a[part], routes.rack_z[part])
        rows, cols = np.nonzero(made.run >= 0)
        run, w = made.run[rows, cols], weight[part][rows]
        lo = trays.stop(run, np.minimum(made.a_m[rows, cols], made.z_m[rows, cols]))
        hi = trays.stop(run, np.maximum(made.a_m[rows, cols], made.z_m[rows, cols]))
        change += np.bincount(lo, weights=w, minlength=len(change))
        change -= np.bincount(hi, weights=w, minlength=len(change))
    return np.cumsum(change)


def _trays(campus: Campus, trays: Trays, run: NDArray[np.int64], area_m2: Floats) -> NDArray[np.int64]:
    """Return the trays of every run: as the campus says, or as many as its fullest segment needs."""
    c = campus.network.cabling
    most = np.zeros(len(trays.at_m))
    np.maximum.at(most, run, area_m2)
    room = c.tray_width_m * c.tray_height_m * c.fill_frac
    needed = np.maximum(np.ceil(most / room - 1e-9), 1).astype(np.int64)
    fixed = np.array([c.row_trays, c.cross_trays, c.corridor_trays, c.corridor_trays])[trays.kind]
    return np.where(fixed > 0, fixed, needed)


def _names(design: Design, trays: Trays, at: NDArray[np.int64], run: NDArray[np.int64]) -> pl.Series:
    """Return what each segment is called: `H1 row tray of R03 R13, x 12.1-12.9 m`."""
    table = (
        pl.DataFrame({"run": trays.rack_run.astype(np.int64), "row": design.racks["row"]}).unique().sort("run", "row")
    )
    rows = table.group_by("run", maintain_order=True).agg(
        ("R" + pl.col("row").cast(pl.String).str.zfill(2)).str.join(" ").alias("rows")
    )
    of_row = dict(rows.iter_rows())
    nth: dict[tuple[int, int], int] = {}
    names = []
    for i, (kind, hall) in enumerate(zip(trays.kind.tolist(), trays.hall.tolist(), strict=True)):
        nth[kind, hall] = nth.get((kind, hall), 0) + 1
        names.append(
            f"H{hall} row tray of {of_row[i]}, x"
            if KINDS[kind] == "row"
            else f"H{hall} cross tray {nth[kind, hall]}, y"
            if KINDS[kind] == "cross"
            else f"{KINDS[kind]} {nth[kind, hall]}, {'x' if KINDS[kind] == 'corridor' else 'y'}"
        )
    lo = pl.Series(trays.stop_m[at].round(1)).cast(pl.String)
    hi = pl.Series(trays.stop_m[at + 1].round(1)).cast(pl.String)
    return pl.Series(names).gather(run) + " " + lo + " to " + hi + " m"


def findings(campus: Campus, table: pl.DataFrame) -> list[Finding]:
    """Return segments over the fill limit and runs for which the hall has no room."""
    return [*_full(campus, table), *_room(campus, table)]


def _full(campus: Campus, table: pl.DataFrame) -> list[Finding]:
    c = campus.network.cabling
    over = table.filter(pl.col("fill_frac") > c.fill_frac * (1 + 1e-9)).sort("fill_frac", "name", descending=True)
    worst = over.unique("run", keep="first", maintain_order=True)
    key = {"row": "row_trays", "cross": "cross_trays", "corridor": "corridor_trays", "column": "corridor_trays"}
    out = []
    for s in worst.head(MOST_NAMED).to_dicts():
        need = math.ceil(s["trays"] * s["fill_frac"] / c.fill_frac - 1e-9)
        wide = c.tray_width_m * s["fill_frac"] / c.fill_frac
        alike = over.filter(pl.col("run") == s["run"]).height
        out.append(
            _error(
                s["name"],
                f"over-filled by {counted(s['cables'], 'cable')}, the worst of {counted(alike, 'segment')} of its run",
                limit=f"{c.fill_frac:.0%} of {s['trays']} x {c.tray_width_m * 1e3:.0f} mm",
                found=f"{s['fill_frac']:.0%}",
                remedy=f"{need} trays (network.cabling.{key[s['kind']]}), or trays {wide * 1e3:,.0f} mm wide",
            )
        )
    if worst.height > MOST_NAMED:
        rest = worst.slice(MOST_NAMED)
        out.append(
            _error(
                "trays",
                f"{counted(rest.height, 'more over-filled run')}; segments.csv names every segment",
                limit=f"{c.fill_frac:.0%}",
                found=f"up to {float(rest['fill_frac'].to_numpy().max()):.0%}",
                remedy="more or wider trays there too",
            )
        )
    return out


def _room(campus: Campus, table: pl.DataFrame) -> list[Finding]:
    """Say where trays do not fit: above each other below the roof, beside each other over the aisle."""
    c, shell = campus.network.cabling, campus.site.shell
    base = tray_height(campus)
    height = shell.height_m - CLEAR_M - base - c.tray_height_m
    levels = 0 if height < 0 else 1 + math.floor(height / c.tray_spacing_m + 1e-9)
    rack = campus.catalogue.racks[campus.compute.rack]
    space = {"row": rack.depth_m, "cross": CROSS_AISLE_M, "corridor": HALL_GAP_M, "column": HALL_GAP_M}
    worst = table.sort("trays", "area_m2", "name", descending=True).unique(
        ["kind", "hall"], keep="first", maintain_order=True
    )
    out = []
    for s in worst.sort("hall", "kind").to_dicts():
        beside = math.floor(space[s["kind"]] / c.tray_width_m + 1e-9)
        if s["trays"] <= beside * levels:
            continue
        out.append(
            _error(
                f"hall {s['hall']}" if s["hall"] else "corridors between halls",
                f"cannot hold its {s['kind']} trays ({s['name']} is the fullest)",
                limit=f"{beside * levels} trays: {beside} beside each other in {space[s['kind']]:.2f} m, {levels} "
                f"above each other between {base:.2f} m and the roof at {shell.height_m:.2f} m",
                found=f"{s['trays']} trays of {c.tray_width_m * 1e3:.0f} mm",
                remedy="wider or higher trays, a higher fill limit, closer tray spacing, more halls, or a higher shell",
            )
        )
    return out


def _error(where: str, what: str, *, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=Severity.error, chapter="cabling", where=where, what=what, limit=limit, found=found, remedy=remedy
    )
