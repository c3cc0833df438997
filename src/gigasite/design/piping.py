"""The facility loop as pipes: laid, sized for the flow that the heat asks for, with fittings and welds.

`cooling` adds flows and pressures; the bill of materials and the schedule take what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from gigasite._core.errors import InfeasibleError
from gigasite._core.fluids import fluid
from gigasite.design.pipe_routes import DROP, DROP_M, MAIN, Laid, Terminals, lay, terminals
from gigasite.design.pipe_sizes import Sizes, chosen, sizes

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Hall

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SUCTION_M = 5.0  # between a hall's return and its pumps, strainer included in the loss; estimate
SHORT_M = 0.1  # a run at a tap may be short: a place of two nodes still takes a fitting


@dataclass(frozen=True, slots=True, kw_only=True)
class Piping:
    """Pipes: the runs as laid, then a drop per terminal (both ways), then the suction of each hall's pumps; (p,) each.

    Parameters
    ----------
    design_m3_per_s
        Flow that each terminal's heat asks for (n,).
    flow_m3_per_s
        Design flow of each pipe, above 0.
    size
        Row of `sizes`.
    row
        0 for mains.
    density_kg_per_m3, cp_j_per_kg_k, viscosity_pa_s
        Water at the middle of supply and return.
    """

    terminals: Terminals
    laid: Laid
    sizes: Sizes
    design_m3_per_s: Floats
    flow_m3_per_s: Floats
    size: Ints
    kind: tuple[str, ...]
    length_m: Floats
    hall: Ints
    row: Ints
    density_kg_per_m3: float
    cp_j_per_kg_k: float
    viscosity_pa_s: float

    @property
    def hall_of(self) -> Ints:
        """Return the place of each terminal's hall among `laid.halls` (n,)."""
        return np.searchsorted(np.array(self.laid.halls), self.terminals.hall).astype(np.int64)

    @property
    def fill_m3(self) -> float:
        """Return the water in the pipes."""
        return float((np.pi / 4 * self.sizes.inner_m[self.size] ** 2 * self.length_m).sum())


def piping(campus: Campus, halls: tuple[Hall, ...], racks: pl.DataFrame, air_w: float) -> Piping:
    """Lay and size the pipes of the facility loop.

    Parameters
    ----------
    racks
        The design's racks, switches in them included.
    air_w
        All heat to air.

    Raises
    ------
    InfeasibleError
        The design has no heat that water could carry.
    """
    t = terminals(campus, racks, air_w)
    if not len(t.rack):
        raise InfeasibleError("no rack gives heat to water: the campus has no facility loop")
    laid, water = lay(campus, halls, list(racks.sort("rack_id")["label"]), t), fluid("water")
    mid = np.array(campus.cooling.supply_degc + campus.cooling.rise_k / 2)
    cp, density = float(water.heat_capacity(mid)), float(water.density(mid))
    q = t.heat_w / (density * cp * campus.cooling.rise_k)
    r, n, h = laid.routes, len(t.rack), len(laid.halls)
    at = np.searchsorted(np.array(laid.halls), t.hall)
    flow = np.r_[np.abs(_tree_flow(laid, q)), q, np.bincount(at, q, minlength=h)]
    table = sizes(campus)
    return Piping(
        terminals=t, laid=laid, sizes=table, design_m3_per_s=q, flow_m3_per_s=flow, size=chosen(table, flow),
        kind=(*r.kind, *([DROP] * n), *([MAIN] * h)),
        length_m=np.r_[np.maximum(r.length_m, SHORT_M), np.full(n, 2 * DROP_M), np.full(h, SUCTION_M)],
        hall=np.r_[r.hall, t.hall, laid.halls].astype(np.int64),
        row=np.r_[r.row, t.row, np.zeros(h)].astype(np.int64), density_kg_per_m3=density, cp_j_per_kg_k=cp,
        viscosity_pa_s=float(water.viscosity(mid)),
    )  # fmt: skip


def _tree_flow(laid: Laid, q: Floats) -> Floats:
    """Return design flow of each laid pipe: runs are trees, so that flows follow from what racks draw."""
    r = laid.routes
    n, m = len(r.nodes), len(r.start)
    root = np.zeros(n, bool)
    root[np.r_[laid.plant_supply, laid.plant_return]] = True
    free = np.where(root, -1, np.cumsum(~root) - 1)
    rows, columns = free[np.r_[r.end, r.start]], np.r_[np.arange(m), np.arange(m)]
    values = np.r_[np.ones(m), -np.ones(m)]
    ok = rows >= 0
    matrix = coo_array((values[ok], (rows[ok], columns[ok])), shape=(int((~root).sum()), m)).tocsc()
    draw = np.bincount(laid.rack_supply, q, minlength=n) - np.bincount(laid.rack_return, q, minlength=n)
    out: Floats = splu(matrix).solve(draw[~root])
    return out
