"""Where the pipes of the facility loop lie: from each hall's plant along its mains and rows to every rack.

A hall's plant stands at its south-west corner. A main runs north along the aisle west of each bank, with one tap per
row; a row's pair of branches runs east over the racks, with one tap per rack. Direct return comes back the way it
went; reverse return goes on to the far end first, so that every way is equally long.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Hall

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PLANT_M = 30.0  # from the plant room to the hall's corner; estimate
DROP_M = 4.0  # from the branch over the racks down to a rack's exchanger, each way; estimate
OVER_M = 3.0  # height of mains and branches above the racks' connections; estimate
MAIN_K, ROW_K, TAP_K, DROP_K = (
    2.0,
    1.2,
    0.3,
    3.0,
)  # elbows and tees: plant run, row take-off, straight tee, hose; estimate
MAIN, ROW, DROP = "main", "row", "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminals:
    """What the loop feeds: racks with an exchanger or a rear door, (n,) each, sorted by hall, row and position."""

    rack: Ints
    """Row number in the design's table of racks."""
    hall: Ints
    row: Ints
    x_m: Floats
    y_m: Floats
    liquid_w: Floats
    """Heat by way of a coolant distribution unit."""
    air_w: Floats
    """Heat by way of a rear door."""

    @property
    def heat_w(self) -> Floats:
        """Return both."""
        return self.liquid_w + self.air_w


def terminals(campus: Campus, table: pl.DataFrame, air_w: float) -> Terminals:
    """Return what the loop feeds: doors on every rack, exchangers in racks or in the row's CDUs.

    Parameters
    ----------
    table
        Racks, switches in them included.
    air_w
        All heat to air, modules of links included.
    """
    import polars as pl  # noqa: PLC0415  # the table's library is loaded with the table

    racks = table.sort("hall", "row", "position")
    in_rack = campus.catalogue.cdus[campus.cooling.cdu].in_rack == "yes"
    air = (racks["typical_w"] - racks["liquid_w"]).to_numpy()
    # modules are not in the table of racks: their heat is spread as the other heat to air
    air = air * (air_w / max(float(air.sum()), 1.0))
    liquid = racks["liquid_w"].to_numpy()
    if not in_rack:
        share = (
            racks.with_columns(
                w=pl.col("liquid_w").sum().over("hall", "row"), n=(pl.col("kind") == "cdu").sum().over("hall", "row")
            )
            .select(pl.when(pl.col("kind") == "cdu").then(pl.col("w") / pl.col("n")).otherwise(0.0))
            .to_series()
            .to_numpy()
        )
        liquid = np.where(np.isfinite(share), share, 0.0)
    keep = np.flatnonzero(air + liquid > 1.0)
    return Terminals(
        rack=racks["rack_id"].to_numpy().astype(np.int64)[keep],
        hall=racks["hall"].to_numpy().astype(np.int64)[keep],
        row=racks["row"].to_numpy().astype(np.int64)[keep],
        x_m=racks["x_m"].to_numpy()[keep],
        y_m=racks["y_m"].to_numpy()[keep],
        liquid_w=liquid[keep],
        air_w=air[keep],
    )


@dataclass(slots=True)
class Routes:
    """Pipes as they are laid: nodes with places, runs between them with length and fittings."""

    nodes: list[str] = field(default_factory=list)
    x_m: list[float] = field(default_factory=list)
    y_m: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    length_m: list[float] = field(default_factory=list)
    loss_k: list[float] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    run: list[int] = field(default_factory=list)
    """Pieces of one run follow each other from the plant, or the main, on."""
    back: list[bool] = field(default_factory=list)
    """Whether water flows from the run's far end: returns of a direct return."""
    hall: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    """0 for mains."""
    at: tuple[int, int] = (0, 0)
    """Hall and row of the pieces that are laid next."""

    def node(self, name: str, x_m: float, y_m: float) -> int:
        """Add a node; return its number."""
        self.nodes.append(name)
        self.x_m.append(float(x_m))
        self.y_m.append(float(y_m))
        return len(self.nodes) - 1

    def pipe(self, name: str, kind: str, a: int, b: int, loss_k: float, *, first: bool = True,
             back: bool = False) -> None:  # fmt: skip
        """Add a piece from `a` to `b`, along x and y; the first of a run begins one."""
        self.start.append(a)
        self.end.append(b)
        self.length_m.append(abs(self.x_m[a] - self.x_m[b]) + abs(self.y_m[a] - self.y_m[b]))
        self.loss_k.append(loss_k)
        self.kind.append(kind)
        self.name.append(name)
        self.run.append(0 if not self.run else self.run[-1] + first)
        self.back.append(back)
        self.hall.append(self.at[0])
        self.row.append(self.at[1])

    def comb(self, name: str, kind: str, feed: tuple[int, int], taps: tuple[list[int], list[int]], loss_k: float,
             *, reverse: bool) -> None:  # fmt: skip
        """Lay a supply and a return run along taps, supply from `feed[0]`, return to `feed[1]`.

        Parameters
        ----------
        taps
            Supply and return nodes in the order in which the supply meets them.
        loss_k
            Of the first piece; the others are straight tees.
        """
        supply, back = [feed[0], *taps[0]], taps[1]
        for i, (a, b) in enumerate(pairwise(supply)):
            self.pipe(f"{name}-s{i + 1}", kind, a, b, TAP_K if i else loss_k, first=not i)
        if reverse:
            for i, (a, b) in enumerate(pairwise(back)):
                self.pipe(f"{name}-r{i + 1}", kind, a, b, TAP_K, first=not i)
            self.pipe(f"{name}-r{len(back)}", kind, back[-1], feed[1], loss_k, first=len(back) == 1)
            return
        for i, (a, b) in enumerate(zip(back, [feed[1], *back[:-1]], strict=True)):
            self.pipe(f"{name}-r{i + 1}", kind, a, b, TAP_K if i else loss_k, first=not i, back=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """All halls' pipes and the nodes that the plant and the racks join."""

    routes: Routes
    halls: tuple[int, ...]
    plant_supply: Ints
    """Node behind each hall's plate exchangers (h,)."""
    plant_return: Ints
    rack_supply: Ints
    """Node above each terminal (n,)."""
    rack_return: Ints


def lay(campus: Campus, all_halls: tuple[Hall, ...], labels: list[str], t: Terminals) -> Laid:
    """Lay the pipes of all halls; `labels` names racks by their number."""
    routes, reverse = Routes(), campus.cooling.piping == "reverse-return"
    rack_s, rack_r = np.zeros(len(t.rack), np.int64), np.zeros(len(t.rack), np.int64)
    plants: list[tuple[int, int]] = []
    halls = [h for h in all_halls if (t.hall == h.hall).any()]
    for hall in halls:
        routes.at = hall.hall, 0
        plant = (
            routes.node(f"H{hall.hall}-supply", hall.x_m - PLANT_M, hall.y_m),
            routes.node(f"H{hall.hall}-return", hall.x_m - PLANT_M, hall.y_m),
        )
        plants.append(plant)
        for bank, rows in _banks(hall, t).items():
            taps = _rows(routes, hall, bank, rows, t)
            west = _west(hall, bank)
            corner = tuple(routes.node(f"H{hall.hall}-B{bank + 1}-{s}", west, hall.y_m) for s in ("supply", "return"))
            tag = f"H{hall.hall}-B{bank + 1}"
            routes.pipe(f"{tag}-supply", MAIN, plant[0], corner[0], MAIN_K)
            routes.pipe(f"{tag}-return", MAIN, corner[1], plant[1], MAIN_K, back=True)
            routes.comb(f"{tag}-main", MAIN, (corner[0], corner[1]), taps, MAIN_K, reverse=reverse)
            for row, a, b in zip(rows, *taps, strict=True):
                mine = np.flatnonzero((t.hall == hall.hall) & (t.row == row))
                pair = _row(routes, labels, t, mine)
                rack_s[mine], rack_r[mine] = pair
                routes.at = hall.hall, row
                routes.comb(f"H{hall.hall}-R{row:02d}", ROW, (a, b), pair, ROW_K, reverse=reverse)
            routes.at = hall.hall, 0
    at = np.array(plants, np.int64).reshape(-1, 2)
    return Laid(
        routes=routes, halls=tuple(h.hall for h in halls), plant_supply=at[:, 0], plant_return=at[:, 1],
        rack_supply=rack_s, rack_return=rack_r,
    )  # fmt: skip


def _west(hall: Hall, bank: int) -> float:
    return hall.cross_x_m[bank] if hall.cross_x_m else hall.x_m


def _banks(hall: Hall, t: Terminals) -> dict[int, list[int]]:
    """Return the rows of each bank from south to north."""
    at = np.flatnonzero(t.hall == hall.hall)
    rows, first = np.unique(t.row[at], return_index=True)
    cross = np.array(hall.cross_x_m or (hall.x_m,))
    bank = np.maximum(np.searchsorted(cross, t.x_m[at[first]]) - 1, 0)
    order = np.argsort(t.y_m[at[first]], kind="stable")
    out: dict[int, list[int]] = {}
    for i in order.tolist():
        out.setdefault(int(bank[i]), []).append(int(rows[i]))
    return dict(sorted(out.items()))


def _rows(routes: Routes, hall: Hall, bank: int, rows: list[int], t: Terminals) -> tuple[list[int], list[int]]:
    west = _west(hall, bank)
    taps: tuple[list[int], list[int]] = ([], [])
    for row in rows:
        y = float(t.y_m[(t.hall == hall.hall) & (t.row == row)][0])
        for side, word in zip(taps, ("supply", "return"), strict=True):
            side.append(routes.node(f"H{hall.hall}-R{row:02d}-{word}", west, y))
    return taps


def _row(routes: Routes, labels: list[str], t: Terminals, mine: Ints) -> tuple[list[int], list[int]]:
    pair: tuple[list[int], list[int]] = ([], [])
    for i in mine.tolist():
        for side, word in zip(pair, ("supply", "return"), strict=True):
            side.append(routes.node(f"{labels[t.rack[i]]}-{word}", t.x_m[i], t.y_m[i]))
    return pair
