"""The walk of a crew: which order after which, so that least way is made.

Racks stand in rows; from row to row one walks round one of their ends. Orders are shared among crews as they lie, then
each crew's are put in sequence by OR-Tools' routing solver, bounded by the number of solutions it looks at, so
that the same orders give the same walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.orders import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Distances on the floor (all `estimate`; a campus file knows better ones for its own halls).

    Parameters
    ----------
    rack_m
        From rack to rack along a row.
    row_m
        From row to row.
    hall_m
        From hall to hall.
    """

    rack_m: float = 0.75
    row_m: float = 3.0
    hall_m: float = 60.0


MOST_STOPS = 300
"""Stops that the routing solver orders at once; longer walks are cut as the rows lie (facts: about 500)."""
SOLUTIONS = 400
"""Better walks that the solver may find before it stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Orders of one crew, in walking order: numbers in the list of orders.

    Parameters
    ----------
    metres, ticket_metres
        Way of this walk, and of a crew's share of the orders when these are dealt out as they come.
    """

    crew: int
    orders: tuple[int, ...]
    metres: float
    ticket_metres: float


def places(found: Diagnosis, directory: pl.DataFrame) -> NDArray[np.float64]:
    """Return hall, row and position of each device (m, 3); NaN where the directory has it not."""
    at = pl.DataFrame({"node": list(found.bound.nodes)}).join(
        directory.select("node", "hall", "row", "position").unique("node", keep="first"),
        on="node",
        how="left",
        maintain_order="left",
    )
    out: NDArray[np.float64] = at.select(pl.col("hall", "row", "position").cast(pl.Float64)).to_numpy()
    return out


def walks(
    found: Diagnosis, made: Sequence[Order], where: NDArray[np.float64], *, crews: int = 1, floor: Floor | None = None
) -> tuple[Walk, ...]:
    """Return a walk for each crew.

    Parameters
    ----------
    found, made
        A diagnosis and its orders.
    where
        From `places`; orders whose devices have no place come last, as they are.
    crews
        Crews that work at once.
    """
    floor = floor or Floor()
    stops = [_stops(found, order, where) for order in made]
    known = [i for i, s in enumerate(stops) if len(s)]
    lost = [i for i, s in enumerate(stops) if not len(s)]
    known.sort(key=lambda i: (stops[i][0][0], stops[i][0][1], _there_and_back(stops[i][0]), made[i].key))
    tickets = sorted(known)
    rest = np.array_split(np.array(lost, np.int64), max(1, crews))
    out = []
    for crew, share in enumerate(np.array_split(np.array(known, np.int64), max(1, crews))):
        mine = share.tolist()
        ends = [stops[i] for i in mine]
        order = _routed(ends, floor)
        out.append(
            Walk(
                crew=crew + 1,
                orders=(*(mine[k] for k in order), *rest[crew].tolist()),
                metres=_length([ends[k] for k in order], floor),
                ticket_metres=_length([stops[i] for i in tickets[crew::crews]], floor),
            )
        )
    return tuple(w for w in out if w.orders)


def _there_and_back(stop: NDArray[np.float64]) -> float:
    """Return the position along a row, every second row from its other end."""
    return float(stop[2] if int(stop[1]) % 2 else -stop[2])


def _stops(found: Diagnosis, order: Order, where: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places that an order visits, one after the other (k, 3)."""
    nodes = [
        n
        for step in order.steps
        for n in (step.ports if step.do == "rename" else found.case.node[list(step.ports)].tolist())
    ]
    at = where[nodes]
    at = at[~np.isnan(at).any(axis=1)]
    _, first = np.unique(at, axis=0, return_index=True)  # who works at two places has a second pair of hands there
    out: NDArray[np.float64] = at[np.sort(first)]
    return out


def metres(a: NDArray[np.float64], b: NDArray[np.float64], floor: Floor, longest: float) -> NDArray[np.float64]:
    """Return the way between places (..., 3): along the row, or round the nearer end of the rows."""
    along = np.abs(a[..., 2] - b[..., 2])
    rows = np.abs(a[..., 1] - b[..., 1])
    halls = np.abs(a[..., 0] - b[..., 0])
    round_ = np.minimum(a[..., 2] + b[..., 2], 2 * longest - a[..., 2] - b[..., 2])
    out: NDArray[np.float64] = (
        np.where((rows == 0) & (halls == 0), along, round_) * floor.rack_m + rows * floor.row_m + halls * floor.hall_m
    )
    return out


def _length(ends: list[NDArray[np.float64]], floor: Floor) -> float:
    if not ends:
        return 0.0
    path = np.concatenate(ends)
    longest = float(path[:, 2].max())
    return float(metres(path[:-1], path[1:], floor, longest).sum())


def _routed(ends: list[NDArray[np.float64]], floor: Floor) -> list[int]:
    """Return the sequence of a crew's orders, cut into parts that the solver can take."""
    out: list[int] = []
    longest = max((float(e[:, 2].max()) for e in ends), default=0.0)
    for first in range(0, len(ends), MOST_STOPS):
        part = list(range(first, min(first + MOST_STOPS, len(ends))))
        head = out[-1] if out else None
        out += _solved(ends, part, head, floor, longest)
    return out


def _solved(
    ends: list[NDArray[np.float64]], part: list[int], head: int | None, floor: Floor, longest: float
) -> list[int]:
    """Return one part in the order of the shortest walk found that begins behind `head` and ends anywhere."""
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2  # noqa: PLC0415  # half a second to import

    if len(part) < 2:
        return part
    leave = np.array([ends[i][-1] for i in part])
    enter = np.array([ends[i][0] for i in part])
    cost = np.zeros((len(part) + 1, len(part) + 1))
    cost[1:, 1:] = metres(leave[:, None], enter[None, :], floor, longest)
    if head is not None:
        cost[0, 1:] = metres(ends[head][-1], enter, floor, longest)
    matrix = np.round(cost * 100).astype(np.int64).tolist()  # the solver counts in whole centimetres
    index = pywrapcp.RoutingIndexManager(len(part) + 1, 1, 0)
    model = pywrapcp.RoutingModel(index)
    way = model.RegisterTransitMatrix(matrix)
    model.SetArcCostEvaluatorOfAllVehicles(way)
    settings = pywrapcp.DefaultRoutingSearchParameters()
    settings.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    settings.solution_limit = SOLUTIONS
    found = model.SolveWithParameters(settings)
    if found is None:  # cannot be: any sequence is one; as they lie, then
        return part
    out, at = [], found.Value(model.NextVar(model.Start(0)))
    while not model.IsEnd(at):
        out.append(part[index.IndexToNode(at) - 1])
        at = found.Value(model.NextVar(at))
    return out
