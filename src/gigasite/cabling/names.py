"""Devices that bear other devices' names: candidates, trial, and the cabling once names are put right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case

ENOUGH = 0.75
"""Share of a device's cables that must be right under its other name (`estimate`: a block of cables that two small
switches have exchanged clears at most two thirds)."""
LEAST = 2
"""Cabled ports of a device whose name can be judged: of one cable nobody can tell whether it or the name is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Devices whose names went round: `units[i]` is called so, and belongs where the plan has `units[i + 1]`."""

    units: tuple[int, ...]
    right_frac: float = 0.0


def rings(case: Case) -> list[Ring]:
    """Return rings of names that clear most of their devices' cables, judged together until nothing changes."""
    left = _candidates(case)
    while left:
        after = renamed(case, left)
        judged = [replace(r, right_frac=_right(after, r)) for r in left]
        kept = [r for r in judged if r.right_frac >= ENOUGH and _gain(case, after, r) >= LEAST]
        if len(kept) == len(left):
            return kept
        left = kept
    return []


def _candidates(case: Case) -> list[Ring]:
    """Return rings of the relation "most plugs of this device belong to that one"."""
    bad = case.bad
    to = case.belongs(bad)
    far = to >= 0
    a, b = case.unit[bad[far]], case.unit[to[far]]
    m = len(case.host)
    pair, votes = np.unique((a * m + b)[a != b], return_counts=True)
    a, b = np.divmod(pair, m)
    cabled = np.bincount(case.unit[np.flatnonzero(case.real >= 0)], minlength=m)
    most = (votes >= LEAST) & (2 * votes >= cabled[a])
    a, b, votes = a[most], b[most], votes[most]
    order = np.lexsort((b, -votes, a))
    a, b = a[order], b[order]
    first = np.r_[True, a[1:] != a[:-1]] if len(a) else np.zeros(0, bool)
    target = dict(zip(a[first].tolist(), b[first].tolist(), strict=True))
    return _cycles(target, cabled)


def _cycles(target: dict[int, int], cabled: NDArray[np.int64]) -> list[Ring]:
    """Return the cycles of a map; a target that nobody has seen closes the ring."""
    out: list[Ring] = []
    done: set[int] = set()
    for start in sorted(target):
        walk = [start]
        while (after := target.get(walk[-1])) is not None and after not in walk and after not in done:
            walk.append(after)
        closed = target.get(walk[-1]) == start
        unseen = len(walk) == LEAST and not cabled[walk[-1]]
        if (closed or unseen) and not done & set(walk):
            out.append(Ring(units=tuple(walk)))
            done |= set(walk)
    return out


def renamed(case: Case, which: list[Ring]) -> Case:
    """Return the case as it is once the names of rings are put right."""
    to = np.arange(len(case.plan))
    for ring in which:
        shared = alike(case, ring.units)
        for mine, theirs in zip(shared, (*shared[1:], shared[0]), strict=True):
            to[mine] = theirs
    return moved(case, np.flatnonzero(to != np.arange(len(to))), to)


def alike(case: Case, units: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """Return for each group its ports whose names all the groups have, in one order."""
    ports = [case.ports_of(u) for u in units]
    shared = reduce(np.intersect1d, [case.slot[p] for p in ports])
    kept = [p[np.isin(case.slot[p], shared)] for p in ports]
    return [p[np.argsort(case.slot[p])] for p in kept]


def moved(case: Case, at: NDArray[np.int64], to: NDArray[np.int64]) -> Case:
    """Return the case with the plugs (and what is known) of ports `at` at `to[at]`, a permutation of ports."""
    real, known = case.real.copy(), case.known.copy()
    linked = at[case.real[at] >= 0]
    far = case.real[linked]
    real[linked] = real[far] = -1
    real[to[linked]], real[to[far]] = to[far], to[linked]
    known[to[at]] = case.known[at]
    return replace(case, real=real, known=known)


def _ports(case: Case, ring: Ring) -> NDArray[np.int64]:
    return np.concatenate([case.ports_of(u) for u in ring.units])


def _right(after: Case, ring: Ring) -> float:
    """Return the least share, over the ring's devices, of cables that are right."""
    shares = []
    for unit in ring.units:
        ports = after.ports_of(unit)
        cabled = ports[after.real[ports] >= 0]
        if len(cabled):  # a device that nobody has seen cannot speak against its name
            shares.append(float((after.plan[cabled] == after.real[cabled]).mean()) if len(cabled) >= LEAST else 0.0)
    return min(shares, default=0.0)


def _gain(case: Case, after: Case, ring: Ring) -> int:
    ports = _ports(case, ring)
    return int((after.plan[ports] == after.real[ports]).sum() - (case.plan[ports] == case.real[ports]).sum())
