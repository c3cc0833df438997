"""Lower bounds that cost milliseconds: critical path, and work that lies between a first and a last spell, rounded."""

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

MARKS, LEAST_MARKS = 64, 16  # spells at either end that are tried per resource
WORK = 4e6  # activities x pairs of spells that are tried per resource and rounding: milliseconds
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
    least = int((head + short + behind).max())
    for r in range(p.demand.shape[1]):
        least = _energy(p, r, head, behind, least)
    return Windows(head=head, tail=short + behind, least=least)


def _energy(p: Problem, r: int, head: Ints, behind: Ints, least: int) -> int:
    """Return the best energetic bound of resource r, at least the bound `least` that is known."""
    first, last = p.mode_ptr[:-1], p.mode_ptr[1:]
    mine = np.flatnonzero(np.minimum.reduceat(p.duration * p.demand[:, r], first) > 0)
    if not len(mine):
        return least
    count = last[mine] - first[mine]
    ptr = np.concatenate([[0], np.cumsum(count)])
    mode = np.arange(ptr[-1]) + np.repeat(first[mine] - ptr[:-1], count)
    dur, head, behind = p.duration[mode], head[mine], behind[mine]
    short = np.minimum.reduceat(dur, ptr[:-1])
    most = int(min(MARKS, max(LEAST_MARKS, (WORK / max(len(mode), 1)) ** 0.5)))
    # what lies inside changes its slope where an activity begins or ends at the earliest, and at the latest
    before, after = _marks(head, head + short, most), _marks(behind, behind + short, most)
    for demand, capacity in _rounded(p.demand[:, r], p.capacity[r]):
        total = np.concatenate([[0], np.cumsum(capacity)])
        # the second pass may count parts between spells that the first one's bound allows
        for _ in range(2):
            least = int(bound_kernels.energy(ptr, dur, demand[mode], head, behind, before, after, total, least))
    return least


def _marks(begin: Ints, end: Ints, most: int) -> Ints:
    """Return up to `most` values of both, evenly spread, the least and the greatest among them."""
    values = np.unique(np.concatenate([begin, end]))
    if len(values) <= most:
        return values
    return np.unique(values[np.linspace(0, len(values) - 1, most).round().astype(int)])


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
