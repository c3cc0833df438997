"""Which blocks of displaced plugs explain most: those of all classes held against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gigasite.cabling.fault import Stage, faults
from gigasite.cabling.runs import gain, put_back, touched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case, Cause

PASSES = 4
"""Blocks under blocks show when those above are undone; each pass finds another layer."""
CABLE_COST = 1.0  # what a cause costs, in cables that it puts right: a cause of its own for each is as dear
EXACT = 200
"""Candidates that may contend for cables before the choice is greedy; beyond, the best goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    cause: Cause
    at: NDArray[np.int64]
    to: NDArray[np.int64]
    ports: NDArray[np.int64]
    gain: int

    @property
    def rank(self) -> tuple[int, bool, int, str, tuple[int, ...]]:
        """Order of preference: what explains most; trunks come in fours; the shorter, then the first."""
        return (-self.gain, len(self.at) % 4 != 0, len(self.at), self.cause.kind, self.cause.at)


def blocks(case: Case) -> list[Cause]:
    """Return the blocks that explain most, each put back in `case.real`, which is changed in place."""
    out: list[Cause] = []
    parts = [part for name in faults.names() if (part := faults[name]()).stage == Stage.BLOCK]
    for _ in range(PASSES):
        found = _candidates(case, [c for part in parts for c in part.find(case)])
        chosen = [c for group in _groups(found) for c in _chosen(case, group)]
        if not chosen:
            break
        out += chosen
    return out


def _candidates(case: Case, causes: list[Cause]) -> list[_Candidate]:
    out = []
    for cause in {c.kind + repr(sorted(zip(c.at, c.belongs, strict=True))): c for c in causes}.values():
        at, to = np.array(cause.at, np.int64), np.array(cause.belongs, np.int64)
        fixed = gain(case, at, to)
        out.append(_Candidate(cause=cause, at=at, to=to, ports=touched(case, at, to), gain=fixed))
    return sorted(out, key=lambda c: c.rank)


def _groups(found: list[_Candidate]) -> list[list[_Candidate]]:
    """Return candidates by whether they contend, directly or not, for ports."""
    if not found:
        return []
    who = np.repeat(np.arange(len(found)), [len(c.ports) for c in found])
    ports, what = np.unique(np.concatenate([c.ports for c in found]), return_inverse=True)
    n = len(found) + len(ports)
    graph = coo_array((np.ones(len(who), np.int8), (who, len(found) + what)), shape=(n, n))
    label = connected_components(graph, directed=False)[1][: len(found)]
    groups: dict[int, list[_Candidate]] = {}
    for at, number in enumerate(label.tolist()):
        groups.setdefault(number, []).append(found[at])
    return list(groups.values())


def _chosen(case: Case, group: list[_Candidate]) -> list[Cause]:
    """Apply the candidates of a group that together explain most, and return their causes."""
    best = group[0]
    every = np.unique(np.concatenate([c.ports for c in group]))
    alone = len(best.ports) == len(every) or len(group) > EXACT
    order = group if alone else [*_exact(group), *group]
    out, done = [], np.zeros(0, np.int64)
    for one in order:
        if np.isin(one.ports, done).any() or gain(case, one.at, one.to) < one.gain:
            continue
        done = np.union1d(done, one.ports)
        put_back(case, one.at, one.to)
        ties = tuple(sorted({c.cause.evidence[0] for c in group if _same(c, one)}))
        out.append(replace(one.cause, ports=tuple(one.ports.tolist()), ties=ties))
    return out


def _same(other: _Candidate, one: _Candidate) -> bool:
    """Say whether another candidate explains the very same ports as well, by other plugs."""
    alike = other.gain == one.gain and np.array_equal(other.ports, one.ports)
    return alike and not np.array_equal(np.sort(other.at), np.sort(one.at))


def _exact(group: list[_Candidate]) -> list[_Candidate]:
    """Return the set of candidates without common ports that explains most: an integer programme."""
    ports, where = np.unique(np.concatenate([c.ports for c in group]), return_inverse=True)
    who = np.repeat(np.arange(len(group)), [len(c.ports) for c in group])
    shares = coo_array((np.ones(len(who)), (where, who)), shape=(len(ports), len(group)))
    # rank breaks ties: a little more for what is preferred
    worth = np.array([c.gain - CABLE_COST for c in group]) - np.arange(len(group)) * 1e-4
    found = milp(-worth, constraints=LinearConstraint(shares.tocsr(), ub=1), integrality=1, bounds=Bounds(0, 1))
    return [group[i] for i in np.flatnonzero(found.x > 0.5)] if found.x is not None else []
