"""What the pipes are made of: metres and tonnes by size, fittings, valves, welds, and what welders are planned by.

Fittings follow from the joints of the runs: a turn is an elbow, a change of size a reducer, a branch wider than half of
its run a tee, a smaller one an outlet welded on. Welds follow from fittings and from the lengths that pipe comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.design.pipe_routes import DROP
from gigasite.design.pipe_sizes import JOINT_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.piping import Piping

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DROP_VALVES = 3  # at a rack: one isolating valve each way, one balancing valve
PLANT_VALVES = 4  # at a hall's pumps and plates, both sides
DROP_ELBOWS = 2  # at a rack's exchanger, one each way
OUTLET_FRAC = 0.5  # of the run's bore: up to it a branch is an outlet welded on, above it a tee; usual branch tables
ELBOW, TEE, OUTLET, REDUCER, VALVE = range(5)

BILL = Schema(
    "pipe bill",
    (
        Column("size", "String", "catalogue name"),
        Column("length_m", "Float64", ""),
        Column("mass_kg", "Float64", "steel of the pipe"),
        Column("elbows", "Int64", ""),
        Column("tees", "Int64", "by the run's size"),
        Column("outlets", "Int64", "by the branch's size"),
        Column("reducers", "Int64", "by the larger size"),
        Column("valves", "Int64", "isolating and balancing"),
        Column("welds", "Int64", "joints of lengths, 2 an elbow, reducer or valve, 3 a tee, 1 an outlet"),
        Column("weld_inches", "Float64", "welds x nominal inches, shop and site"),
        Column("outside_m2", "Float64", "surface of mains and rows: what insulation covers"),
        Column("price_usd", "Float64", "pipe: spools from the shop with hangers"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeBill:
    """The pipes, their bill by size (`BILL`), and weld inches by place.

    Parameters
    ----------
    place
        Hall and row (0: mains) of each place (k, 2), sorted.
    inches
        Weld inches there, shop and site (k,).
    """

    piping: Piping
    bill: pl.DataFrame
    place: Ints
    inches: Floats

    def inches_at(self, hall: int, row: int = 0) -> float:
        """Return weld inches of a hall's mains, or of one of its rows."""
        at = (self.place[:, 0] == hall) & (self.place[:, 1] == row)
        return float(self.inches[at].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """Fittings: kind, size, other size (of what is smaller) and the pipe that they belong to; (f,) each."""

    kind: Ints
    size: Ints
    small: Ints
    pipe: Ints
    count: Ints


def pipe_bill(p: Piping) -> PipeBill:
    """Return what the pipes are made of."""
    pieces = _join([*_joints(p), *_own(p)])
    size, count, pipe = _welds(p, pieces)
    k = len(p.sizes.name)
    inches = count * p.sizes.nominal[size] / 25.0
    place, where = np.unique(np.column_stack([p.hall, p.row])[pipe], axis=0, return_inverse=True)
    return PipeBill(
        piping=p,
        bill=_table(p, pieces, _sums(size, count, k), _sums(size, inches, k)),
        place=place.astype(np.int64),
        inches=_sums(where.reshape(-1), inches, len(place)),
    )


def _sums(at: Ints, what: Floats, count: int) -> Floats:
    out: Floats = np.bincount(at, what, minlength=count).astype(np.float64)
    return out


def _table(p: Piping, pieces: _Pieces, welds: Floats, inches: Floats) -> pl.DataFrame:
    table, k = p.sizes, len(p.sizes.name)
    metres = np.bincount(p.size, p.length_m, minlength=k)
    over = np.array(p.kind) != DROP
    high = np.bincount(p.size[over], p.length_m[over], minlength=k)
    made = {
        name: np.bincount(pieces.size, pieces.count * (pieces.kind == kind), minlength=k).astype(np.int64)
        for kind, name in enumerate(("elbows", "tees", "outlets", "reducers", "valves"))
    }
    used = np.flatnonzero(metres > 0)
    data = {"length_m": metres, "mass_kg": metres * table.kg_per_m, **made, "welds": welds.astype(np.int64),
            "weld_inches": inches, "outside_m2": np.pi * table.outer_m * high,
            "price_usd": metres * table.usd_per_m}  # fmt: skip
    names = {"size": [table.name[i] for i in used.tolist()]}
    return BILL.check(pl.DataFrame(names | {n: v[used] for n, v in data.items()}, schema=BILL.polars()))


def _pieces(kind: int, size: Ints, pipe: Ints, small: Ints | None = None, count: Ints | int = 1) -> _Pieces:
    return _Pieces(
        kind=np.full(len(size), kind), size=size, small=size if small is None else small, pipe=pipe,
        count=np.broadcast_to(np.asarray(count, np.int64), (len(size),)),
    )  # fmt: skip


def _join(parts: list[_Pieces]) -> _Pieces:
    kind, size, small, pipe, count = (
        np.concatenate([getattr(x, name) for x in parts]) for name in ("kind", "size", "small", "pipe", "count")
    )
    return _Pieces(kind=kind, size=size, small=small, pipe=pipe, count=count)


def _joints(p: Piping) -> list[_Pieces]:
    """Return what joins pipes at the nodes: the two widest are the run, all others branches."""
    node, pipe = _incidence(p)
    order = np.lexsort((pipe, -p.sizes.inner_m[p.size[pipe]], node))
    node, pipe = node[order], pipe[order]
    first = np.flatnonzero(np.r_[True, node[1:] != node[:-1]])
    degree = np.diff(np.r_[first, len(node)])
    rank = np.arange(len(node)) - np.repeat(first, degree)
    wide = np.repeat(pipe[first], degree)
    two = first[degree >= 2]
    a, b = pipe[two], pipe[two + 1]
    turn = (degree[degree >= 2] == 2) & _turns(p, node[two], a, b)
    change = p.size[a] != p.size[b]
    branch = np.flatnonzero(rank >= 2)
    run, off = wide[branch], pipe[branch]
    tee = p.sizes.inner_m[p.size[off]] > OUTLET_FRAC * p.sizes.inner_m[p.size[run]]
    return [
        _pieces(ELBOW, p.size[a[turn]], a[turn]),
        _pieces(REDUCER, p.size[a[change]], a[change], p.size[b[change]]),
        _pieces(TEE, p.size[run[tee]], run[tee], p.size[off[tee]]),
        _pieces(OUTLET, p.size[off[~tee]], run[~tee]),
    ]


def _incidence(p: Piping) -> tuple[Ints, Ints]:
    """Return node and pipe of every end: runs, drops at their taps, each hall's suction at its plant."""
    laid, r = p.laid, p.laid.routes
    m, n, h = len(r.start), len(p.terminals.rack), len(laid.halls)
    runs, drops, mains = np.arange(m), m + np.arange(n), m + n + np.arange(h)
    node = np.r_[r.start, r.end, laid.rack_supply, laid.rack_return, laid.plant_supply, laid.plant_return]
    return node.astype(np.int64), np.r_[runs, runs, drops, drops, mains, mains]


def _turns(p: Piping, node: Ints, a: Ints, b: Ints) -> NDArray[np.bool_]:
    """Return whether two pipes that meet do so at an angle; drops and suctions leave their level."""
    r = p.laid.routes
    m, x, y = len(r.start), np.array(r.x_m), np.array(r.y_m)
    s, e = np.array(r.start), np.array(r.end)

    def way(pipe: Ints) -> tuple[Floats, Floats]:
        i = np.minimum(pipe, m - 1)
        other = np.where(s[i] == node, e[i], s[i])
        return x[other] - x[node], y[other] - y[node]

    (ax, ay), (bx, by) = way(a), way(b)
    out: NDArray[np.bool_] = (a >= m) | (b >= m) | (np.abs(ax * by - ay * bx) > 1e-6)
    return out


def _own(p: Piping) -> list[_Pieces]:
    """Return elbows and valves of pipes by themselves: drops, heads of runs, plant rooms."""
    r = p.laid.routes
    m, n = len(r.start), len(p.terminals.rack)
    x, y, s, e = np.array(r.x_m), np.array(r.y_m), np.array(r.start), np.array(r.end)
    bent = np.flatnonzero((np.abs(x[s] - x[e]) > 1e-6) & (np.abs(y[s] - y[e]) > 1e-6))
    drops, mains = m + np.arange(n), np.arange(m + n, len(p.size))
    run = np.array(r.run)
    # a reverse return joins its main at its last piece, everything else begins there
    head = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
    return [
        _pieces(ELBOW, p.size[bent], bent),
        _pieces(ELBOW, p.size[drops], drops, count=DROP_ELBOWS),
        _pieces(VALVE, p.size[drops], drops, count=DROP_VALVES),
        _pieces(VALVE, p.size[head], head),
        _pieces(VALVE, p.size[mains], mains, count=PLANT_VALVES),
    ]


def _welds(p: Piping, f: _Pieces) -> tuple[Ints, Floats, Ints]:
    """Return size, number and pipe of all welds."""
    at_size = np.array([2, 2, 1, 1, 2])[f.kind]  # elbow, tee, outlet, reducer, valve
    at_small = np.array([0, 1, 0, 1, 0])[f.kind]
    size, pipe, count = _lengths(p)
    return (
        np.r_[f.size, f.small, size],
        np.r_[at_size * f.count, at_small * f.count, count].astype(np.float64),
        np.r_[f.pipe, f.pipe, pipe],
    )


def _lengths(p: Piping) -> tuple[Ints, Ints, Ints]:
    """Return size, pipe and joints of each stretch of one size: pipe comes in lengths."""
    r = p.laid.routes
    rest = len(p.size) - len(r.start)
    run = np.r_[np.array(r.run), r.run[-1] + 1 + np.arange(rest)]
    key = np.column_stack([run, p.size])
    _, first, stretch = np.unique(key, axis=0, return_index=True, return_inverse=True)
    metres = np.bincount(stretch.reshape(-1), p.length_m)
    joints = np.maximum(np.ceil(metres / JOINT_M - 1e-9) - 1, 0).astype(np.int64)
    joints[np.array(p.kind)[first] == DROP] = 0  # two ways, each within a length
    return p.size[first], first.astype(np.int64), joints
