"""How long the way between two racks is, and over which trays it goes.

A way is at most seven straight pieces: over the row, along a cross run, along a corridor, along a column, along a
corridor, along a cross run, over the row. In such a grid the shortest way is known in closed form; a test compares it
with Dijkstra's algorithm on the graph of the trays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.trays import Trays
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

UNIT_M = 0.04445  # one rack unit, EIA-310
INSIDE_M = 0.3  # from a port to the side of its rack and back; estimate
PIECES = 7
CHUNK = 250_000
TIE_M = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Ways as pieces of runs: `run` (n, 7), -1 where there is none; `a_m`, `z_m` (n, 7) places along the run."""

    run: Ints
    a_m: Floats
    z_m: Floats

    def length_m(self) -> Floats:
        """Return the length of each way along the trays (n,)."""
        length: Floats = np.abs(self.a_m - self.z_m).sum(axis=1)
        return length


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """The route of every link.

    Parameters
    ----------
    pair
        (n,) number of the pair of racks that the link joins, into `rack_a` and `rack_z`.
    rack_a, rack_z
        (pairs,) racks, the lower id first.
    route_m
        (n,) from port to port, risers included, without slack.
    """

    pair: Ints
    rack_a: Ints
    rack_z: Ints
    route_m: NDArray[np.float32]


def routes(design: Design, trays: Trays, tray_m: float, a_port: NDArray[np.int64], z_port: NDArray[np.int64]) -> Routes:
    """Return the route of each link.

    Parameters
    ----------
    design
        Racks with coordinates, devices with rack and unit.
    trays
        As laid over them.
    tray_m
        Height of the lowest tray above the floor [m].
    a_port, z_port
        (n,) port ids.
    """
    rack = design.devices["rack_id"].to_numpy().astype(np.int64)
    riser = np.abs(tray_m - design.devices["u"].to_numpy().astype(np.float64) * UNIT_M)
    a, z = a_port >> PORT_BITS, z_port >> PORT_BITS
    ra, rz = rack[a], rack[z]
    racks = design.racks.height
    pairs, pair = np.unique(np.minimum(ra, rz) * racks + np.maximum(ra, rz), return_inverse=True)
    rack_a, rack_z = np.divmod(pairs, racks)
    x, y = design.racks["x_m"].to_numpy(), design.racks["y_m"].to_numpy()
    hall = design.racks["hall"].to_numpy().astype(np.int64) - 1
    flat = np.empty(len(pairs))
    for first in range(0, len(pairs), CHUNK):
        part = slice(first, first + CHUNK)
        flat[part] = pieces(trays, x, y, hall, rack_a[part], rack_z[part]).length_m()
    up_a, up_z = riser[a], riser[z]
    inside = np.abs(up_a - up_z) + INSIDE_M
    out = np.where(ra == rz, inside, flat[pair] + up_a + up_z)
    return Routes(pair=pair.reshape(-1), rack_a=rack_a, rack_z=rack_z, route_m=out.astype(np.float32))


def pieces(trays: Trays, x: Floats, y: Floats, hall: Ints, a: Ints, z: Ints) -> Pieces:
    """Return the shortest way between racks `a` and `z`, both (n,); of equal ways the pair of rows chooses one.

    Parameters
    ----------
    x, y, hall
        (racks,) coordinates [m] and hall from 0.
    """
    order = trays.line[hall] * len(trays.line) + hall
    swap = (order[a] > order[z]) | ((order[a] == order[z]) & (a > z))  # the same way, to the bit, from either end
    a, z = np.where(swap, z, a), np.where(swap, a, z)
    run = np.full((len(a), PIECES), -1, np.int64)
    am, zm = np.zeros((len(a), PIECES)), np.zeros((len(a), PIECES))
    made = Pieces(run=run, a_m=am, z_m=zm)
    row_a, row_z = trays.rack_run[a], trays.rack_run[z]
    straight = np.flatnonzero((row_a == row_z) & (a != z))
    _put(made, straight, 0, row_a[straight], x[a[straight]], x[z[straight]])
    same = np.flatnonzero((hall[a] == hall[z]) & (row_a != row_z))
    _inside(made, trays, same, (x, y, hall), (a[same], z[same]))
    other = np.flatnonzero(hall[a] != hall[z])
    if len(other):
        _between(made, trays, other, (x, y, hall), (a[other], z[other]))
    return made


def _put(made: Pieces, rows: Ints, piece: int, run: Ints, a_m: Floats, z_m: Floats) -> None:
    made.run[rows, piece], made.a_m[rows, piece], made.z_m[rows, piece] = run, a_m, z_m


def _pick(cost: Floats, turn: Ints) -> Ints:
    """Return the column of the least cost of each row; of equals the `turn`-th, so that trays fill alike."""
    ties = cost <= cost.min(axis=1, keepdims=True) + TIE_M
    number = np.cumsum(ties, axis=1)
    wanted = turn % number[:, -1] + 1
    chosen: Ints = np.argmax(ties & (number == wanted[:, None]), axis=1)
    return chosen


def _inside(
    made: Pieces, trays: Trays, rows: Ints, places: tuple[Floats, Floats, Ints], ends: tuple[Ints, Ints]
) -> None:
    """Way between two rows of one hall: over one cross run."""
    (x, y, hall), (a, z) = places, ends
    row_a, row_z = trays.rack_run[a], trays.rack_run[z]
    cross = trays.cross_m[hall[a]]
    which = _pick(np.abs(x[a][:, None] - cross) + np.abs(cross - x[z][:, None]), row_a + row_z)
    at = np.take_along_axis(cross, which[:, None], axis=1)[:, 0]
    _put(made, rows, 0, row_a, x[a], at)
    _put(made, rows, 1, trays.cross_run[hall[a], which], y[a], y[z])
    _put(made, rows, 2, row_z, at, x[z])


def _between(
    made: Pieces, trays: Trays, rows: Ints, places: tuple[Floats, Floats, Ints], ends: tuple[Ints, Ints]
) -> None:
    """Way between two halls: out by a cross run, along corridors (and a column), in by a cross run."""
    (x, y, hall), (a, z) = places, ends
    ha, hz = hall[a], hall[z]
    first, last = _corridor_of(trays, y[a], y[z], trays.line[ha], trays.line[hz])
    across, column = _across(trays)
    k = trays.cross_m.shape[1]
    ca, cz = trays.cross_m[ha], trays.cross_m[hz]
    with np.errstate(invalid="ignore"):
        out, into = np.abs(x[a][:, None] - ca), np.abs(x[z][:, None] - cz)
    cost = (out[:, :, None] + across[ha, hz] + into[:, None, :]).reshape(len(a), k * k)
    row_a, row_z = trays.rack_run[a], trays.rack_run[z]
    i, j = np.divmod(_pick(cost, row_a + row_z), k)
    n = np.arange(len(a))
    xa, xz = ca[n, i], cz[n, j]
    via = column[ha, hz, i, j]
    far = via >= 0
    turn = np.where(far, trays.column_m[via], xz)
    ya, yz = trays.corridor_m[first], trays.corridor_m[last]
    _put(made, rows, 0, row_a, x[a], xa)
    _put(made, rows, 1, trays.cross_run[ha, i], y[a], ya)
    _put(made, rows, 2, trays.corridor_run[first], xa, turn)
    some = np.flatnonzero(far)
    _put(made, rows[some], 3, trays.column_run[via[some]], ya[some], yz[some])
    _put(made, rows[some], 4, trays.corridor_run[last[some]], turn[some], xz[some])
    _put(made, rows, 5, trays.cross_run[hz, j], yz, y[z])
    _put(made, rows, 6, row_z, xz, x[z])


def _corridor_of(trays: Trays, ya: Floats, yz: Floats, la: Ints, lz: Ints) -> tuple[Ints, Ints]:
    """Return the corridors at which the ways leave and enter; `la` <= `lz`.

    Halls of one line share the corridor south and, where there is one, north of them: the nearer is taken. From a line
    to a later one a way leaves north and enters from the south.
    """
    lines = len(trays.corridor_m)
    south, north = la, np.minimum(la + 1, lines - 1)
    by_south = np.abs(ya - trays.corridor_m[south]) + np.abs(yz - trays.corridor_m[south])
    by_north = np.abs(ya - trays.corridor_m[north]) + np.abs(yz - trays.corridor_m[north])
    alike = np.where(by_north < by_south - TIE_M, north, south)
    return np.where(la == lz, alike, north), np.where(la == lz, alike, lz)


def _across(trays: Trays) -> tuple[Floats, Ints]:
    """Return, for halls and cross runs (halls, halls, k, k), the way along x between their gates and the column taken.

    Halls in neighbouring lines share a corridor; farther ones take the best column between their two corridors (-1: no
    column).
    """
    c = trays.cross_m
    with np.errstate(invalid="ignore"):
        direct = np.abs(c[:, None, :, None] - c[None, :, None, :])
        best = np.full(direct.shape, np.inf)
        column = np.full(direct.shape, -1, np.int64)
        for i, at in enumerate(trays.column_m.tolist()):
            way = np.abs(c[:, None, :, None] - at) + np.abs(at - c[None, :, None, :])
            better = way < best - TIE_M
            best, column = np.where(better, way, best), np.where(better, i, column)
    far = (np.abs(trays.line[:, None] - trays.line[None, :]) > 1)[:, :, None, None]
    length = np.where(far, best, direct)
    return np.where(np.isfinite(length), length, np.inf), np.where(far, column, -1)
