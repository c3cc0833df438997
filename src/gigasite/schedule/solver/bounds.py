"""Lower bounds that cost milliseconds: critical path, and energy between heads and tails, rounded by dual functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.solver import bound_kernels
from gigasite.schedule.solver.problem import START_START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gigasite.schedule.solver.pack import Packed
    from gigasite.schedule.solver.problem import Problem

    Ints = NDArray[np.int64]

MARKS = 64  # tails that are tried per resource on large problems; on small ones all
SMALL = 1000  # activities of one resource
MOST_ROUNDING = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """(n,) earliest start, and least time from the start to the end of the project [slots]; `least` bounds that end."""

    head: Ints
    tail: Ints
    least: int


def windows(p: Problem, pk: Packed) -> Windows:
    """Return heads and tails by links and shortest modes, and the best cheap lower bound."""
    if not p.n:
        return Windows(head=np.zeros(0, np.int64), tail=np.zeros(0, np.int64), least=0)
    short = np.minimum.reduceat(pk.duration, pk.mode_ptr[:-1])
    gap = np.where(pk.kind == START_START, 0, short[pk.links[:, 0]]) + pk.lag
    head = bound_kernels.heads(pk.topo, pk.pptr[0], pk.pidx[0], gap[pk.pedge[0]])
    # heads of the mirrored network count from the end back to the finish
    mirrored = gap + short[pk.links[:, 1]] - short[pk.links[:, 0]]
    back = pk.topo[::-1].copy()
    behind = bound_kernels.heads(back, pk.pptr[1], pk.pidx[1], mirrored[pk.pedge[1]])
    least = max(int((head + short + behind).max()), *(_energy(p, r, head, behind) for r in range(p.demand.shape[1])), 0)
    return Windows(head=head, tail=short + behind, least=least)


def _energy(p: Problem, r: int, head: Ints, behind: Ints) -> int:
    """Return the best energy bound of resource r: for each activity the mode with the least."""
    first = p.mode_ptr[:-1]
    mine = np.flatnonzero(np.minimum.reduceat(p.duration * p.demand[:, r], first) > 0)
    order = mine[np.argsort(-head[mine], kind="stable")]
    marks = np.unique(behind[mine])
    if len(mine) > SMALL and len(marks) > MARKS:
        marks = marks[np.linspace(0, len(marks) - 1, MARKS).astype(int)]
    best = 0
    for demand, capacity in _rounded(p.demand[:, r], p.capacity[r]):
        work = np.minimum.reduceat(p.duration * demand, first)
        total = np.concatenate([[0], np.cumsum(capacity)])
        best = max(best, int(bound_kernels.energy(order, head, behind, work, marks, total)))
    return best


def _rounded(demand: Ints, capacity: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Give the demands and capacities themselves, then in whole units, then rounded by dual feasible functions.

    Notes
    -----
    A dual feasible function f maps shares so that what fits together still does: sum x <= 1 implies sum f(x) <= 1.
    Of f_k(x) = floor((k + 1) x) / k, or x where (k + 1) x is whole, the best k is taken (Fekete & Schepers, Math.
    Programming 91, 2001); it sees that four gangs of 8 do not fit into 30 people.
    """
    used = demand[demand > 0]
    if not len(used):
        return
    unit = int(np.gcd.reduce(used))
    yield demand // unit, capacity // unit
    if len(np.unique(capacity)) > 1:
        return
    c = int(capacity[0]) // unit
    q = demand // unit
    for k in range(1, min(c, MOST_ROUNDING)):
        whole = (k + 1) * q % c == 0
        yield np.where(whole, q * k, (k + 1) * q // c * c), np.full(1, c * k)
