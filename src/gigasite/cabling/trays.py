"""The trays: straight runs along rows, across rows, between halls; each run is cut by stops into segments.

A run over a row goes along x through all banks of its hall; a cross run goes along y at each end of a bank and leaves
the hall to the corridors south and north of it; corridor runs go along x south of each line of halls; column runs join
the corridors along y, west of each column of halls. Cables pass only through halls in which they end: walls between
halls are fire walls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.layout import HALL_GAP_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.types import Design

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

KINDS = ("row", "cross", "corridor", "column")
SPAN_M = 1e6  # more than any campus is wide: run * SPAN_M + place orders stops by run, then place
NEAR_M = 5e-4  # stops closer than this are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Trays:
    """All runs and stops.

    Parameters
    ----------
    kind, hall, at_m
        (runs,) index into `KINDS`; hall, 0 between halls; the coordinate that is fixed along the run (y of row and
        corridor, x of cross and column).
    stop_run, stop_m
        (stops,) run of each stop and its place along the run, ascending within a run. Segment i lies between stops
        i and i + 1 of one run.
    rack_run
        (racks,) run over the row of each rack.
    cross_m, cross_run
        (halls, most crosses) x of each cross run (infinite where a hall has fewer) and its number.
    line, column
        (halls,) place of each hall in the grid of halls.
    corridor_m, corridor_run, column_m, column_run
        Place and number of corridors (by line) and columns (by column); empty in a campus of one hall.
    """

    kind: NDArray[np.uint8]
    hall: Ints
    at_m: Floats
    stop_run: Ints
    stop_m: Floats
    rack_run: Ints
    cross_m: Floats
    cross_run: Ints
    line: Ints
    column: Ints
    corridor_m: Floats
    corridor_run: Ints
    column_m: Floats
    column_run: Ints

    def stop(self, run: Ints, place_m: Floats) -> Ints:
        """Return the number of the stop at a place of a run; both (n,)."""
        keys = self.stop_run * SPAN_M + self.stop_m
        return np.searchsorted(keys, run * SPAN_M + place_m - 2 * NEAR_M)

    def segments(self) -> Ints:
        """Return the first stop of every segment."""
        return np.flatnonzero(self.stop_run[:-1] == self.stop_run[1:])


class _Laid:
    """Collects runs and their stops."""

    def __init__(self) -> None:
        self.kind: list[int] = []
        self.hall: list[int] = []
        self.at: list[float] = []
        self.stops: list[Floats] = []

    def add(self, kind: str, hall: int, at_m: float, stops_m: Floats) -> int:
        """Add one run; stops that are nearly equal become one."""
        ordered = np.sort(np.asarray(stops_m, np.float64))
        keep = np.r_[True, np.diff(ordered) > NEAR_M]
        self.kind.append(KINDS.index(kind))
        self.hall.append(hall)
        self.at.append(at_m)
        self.stops.append(ordered[keep])
        return len(self.at) - 1


def trays(design: Design) -> Trays:
    """Lay the trays of a design: a few thousand runs at most, whatever the number of cables.

    Parameters
    ----------
    design
        Halls with their cross aisles, racks with coordinates.
    """
    halls = design.halls
    x, y = design.racks["x_m"].to_numpy(), design.racks["y_m"].to_numpy()
    hall = design.racks["hall"].to_numpy().astype(np.int64) - 1
    lines = np.unique([h.y_m for h in halls])
    columns = np.unique([h.x_m for h in halls])
    line = np.searchsorted(lines, [h.y_m for h in halls])
    column = np.searchsorted(columns, [h.x_m for h in halls])
    many = len(halls) > 1
    corridor_m = lines - HALL_GAP_M / 2 if many else np.empty(0)
    column_m = columns - HALL_GAP_M / 2 if many else np.empty(0)
    laid = _Laid()
    rack_run = _rows(laid, design, hall, x, y)
    cross_m, cross_run = _crosses(laid, design, hall, y, line, corridor_m)
    corridor_run, column_run = _corridors(laid, cross_m, line, corridor_m, column_m)
    return Trays(
        kind=np.array(laid.kind, np.uint8),
        hall=np.array(laid.hall, np.int64),
        at_m=np.array(laid.at),
        stop_run=np.repeat(np.arange(len(laid.stops)), [len(s) for s in laid.stops]),
        stop_m=np.concatenate(laid.stops),
        rack_run=rack_run,
        cross_m=cross_m,
        cross_run=cross_run,
        line=line,
        column=column,
        corridor_m=corridor_m,
        corridor_run=corridor_run,
        column_m=column_m,
        column_run=column_run,
    )


def _rows(laid: _Laid, design: Design, hall: Ints, x: Floats, y: Floats) -> Ints:
    """Lay one run over each line of rows; return the run of each rack."""
    key = np.round(y / NEAR_M).astype(np.int64) + hall * int(SPAN_M / NEAR_M)
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    edges = np.searchsorted(which[order], np.arange(len(first) + 1))
    for i, rack in enumerate(first.tolist()):
        mine = order[edges[i] : edges[i + 1]]
        stops = np.r_[x[mine], design.halls[hall[rack]].cross_x_m]
        laid.add("row", int(hall[rack]) + 1, float(y[rack]), stops)
    runs: Ints = which.reshape(-1).astype(np.int64)
    return runs


def _crosses(laid: _Laid, design: Design, hall: Ints, y: Floats, line: Ints, corridor_m: Floats) -> tuple[Floats, Ints]:
    most = max(len(h.cross_x_m) for h in design.halls)
    place, run = np.full((len(design.halls), most), np.inf), np.zeros((len(design.halls), most), np.int64)
    for i, h in enumerate(design.halls):
        gates = corridor_m[line[i] : line[i] + 2]  # the corridors south and north of the hall, where there are
        stops = np.r_[np.unique(y[hall == i]), gates]
        for k, at in enumerate(h.cross_x_m):
            place[i, k], run[i, k] = at, laid.add("cross", h.hall, at, stops)
    return place, run


def _corridors(laid: _Laid, cross_m: Floats, line: Ints, corridor_m: Floats, column_m: Floats) -> tuple[Ints, Ints]:
    corridors = []
    for i, at in enumerate(corridor_m.tolist()):
        gates = cross_m[(line == i) | (line == i - 1)].ravel()
        corridors.append(laid.add("corridor", 0, at, np.r_[gates[np.isfinite(gates)], column_m]))
    columns = [laid.add("column", 0, at, corridor_m) for at in column_m.tolist()]
    return np.array(corridors, np.int64), np.array(columns, np.int64)
