"""How long the way between two racks is: up, along the row's tray, across, along the other row's tray, down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.types import Design

    Floats = NDArray[np.float64]

UNIT_M = 0.04445  # one rack unit, EIA-310
TRAY_ABOVE_M = 0.6  # tray above the top of a rack; estimate
CHUNK = 1_000_000


def routes(
    design: Design, a_port: NDArray[np.int64], z_port: NDArray[np.int64], rack_units: int
) -> NDArray[np.float32]:
    """Return the length of each link's route [m], shape (n,), without slack.

    Parameters
    ----------
    design
        Racks with coordinates, devices with rack and unit, halls with cross trays.
    a_port, z_port
        (n,) port ids.
    rack_units
        Height of a rack [U]: trays run above it.

    Notes
    -----
    Row trays run along x, cross trays along y at each end of a bank of rows. Within a row the way is straight; between
    rows of one hall it takes the better of all cross trays; between halls the cross trays of both.
    """
    rack = design.devices["rack_id"].to_numpy()
    riser = (rack_units - design.devices["u"].to_numpy().astype(np.float64)) * UNIT_M + TRAY_ABOVE_M
    x, y = design.racks["x_m"].to_numpy(), design.racks["y_m"].to_numpy()
    hall = design.racks["hall"].to_numpy().astype(np.int64)
    crosses = _crosses(design)
    out = np.empty(len(a_port), np.float32)
    for first in range(0, len(a_port), CHUNK):
        part = slice(first, first + CHUNK)
        a, z = a_port[part] >> PORT_BITS, z_port[part] >> PORT_BITS
        ra, rz = rack[a], rack[z]
        flat = _flat(x[ra], y[ra], x[rz], y[rz], crosses[hall[ra] - 1], crosses[hall[rz] - 1])
        same = ra == rz
        inside = np.abs(riser[a] - riser[z])
        out[part] = np.where(same, inside + 0.3, flat + riser[a] + riser[z])
    return out


def _crosses(design: Design) -> Floats:
    """Return (halls, k) x of cross trays; halls with fewer repeat their last."""
    most = max(len(h.cross_x_m) for h in design.halls)
    return np.array([[*h.cross_x_m, *[h.cross_x_m[-1]] * (most - len(h.cross_x_m))] for h in design.halls])


def _flat(xa: Floats, ya: Floats, xz: Floats, yz: Floats, ca: Floats, cz: Floats) -> Floats:
    along = np.full(len(xa), np.inf)
    for i in range(ca.shape[1]):
        for j in range(cz.shape[1]):
            way = np.abs(xa - ca[:, i]) + np.abs(ca[:, i] - cz[:, j]) + np.abs(cz[:, j] - xz)
            along = np.minimum(along, way)
    down = np.abs(ya - yz)
    out: Floats = np.where(down < 1e-9, np.minimum(np.abs(xa - xz), along), along + down)
    return out
