"""The fewest plugs to move: what to put where, and why fewer cannot do.

In a ring or chain with h real and w planned links (`residue.py`) every planned link that is to come from a cable that
is there needs one plug of it moved, and one is enough: the cable keeps its end at one port of the planned link. So
min(h, w) moves are needed and do, w - h cables are to be laid where w is more, h - w to be taken out where h is more.
Moved are the plugs of one of the two classes into which the ports of a ring or chain fall: every second port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gigasite._core.errors import SolverError
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.residue import Residue


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What makes the cabling as planned; ports are rows of `Bound.ports`.

    Parameters
    ----------
    moves
        Take the plug in the first port and put it into the second, all at once (k, 2).
    installs
        Cables to lay (k, 2).
    removals
        Ports whose cables are to be taken out (k,).
    lower_bound
        Moves that no other repair with as few new cables can undercut.
    """

    moves: NDArray[np.int64]
    installs: NDArray[np.int64]
    removals: NDArray[np.int64]
    lower_bound: int


def repair(case: Case, preferred: NDArray[np.int64]) -> Repair:
    """Return the fewest moves.

    Parameters
    ----------
    case
        Cabling, names put right.
    preferred
        Ports whose plugs are moved rather than those at the other ends, where there is a choice.

    Raises
    ------
    SolverError
        The moves do not make the plan: an error in here, not in the data.
    """
    parts = residue(case)
    moving = _moving(case, parts, preferred)
    held = parts.ports[moving & (case.real[parts.ports] >= 0)]
    to = case.belongs(held)
    moves = np.c_[held, to][to >= 0]
    removals = held[to < 0]
    found = Repair(
        moves=moves[np.lexsort((moves[:, 1], moves[:, 0]))],
        installs=_installs(case, parts, moving),
        removals=np.sort(removals),
        lower_bound=int(np.minimum(parts.planned, parts.real).sum()),
    )
    _check(case, found, parts.ports)
    return found


def _moving(case: Case, parts: Residue, preferred: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which ports' plugs are moved: in each component the better one of its two classes (k,)."""
    ports = parts.ports
    k = len(ports)
    at = np.argsort(ports)
    to = case.belongs(ports)
    u = np.flatnonzero(to >= 0)
    v = at[np.minimum(np.searchsorted(ports, to[u], sorter=at), k - 1)] if k else u
    count, label = connected_components(coo_array((np.ones(len(u), np.int8), (u, v)), shape=(k, k)), directed=False)
    surplus = np.bincount(label[(case.real[ports] >= 0) & (to < 0)], minlength=count)
    liked = np.bincount(label[np.isin(ports, preferred)], minlength=count)
    devices = np.bincount(np.unique(np.c_[label, case.unit[ports]], axis=0)[:, 0], minlength=count)
    first = np.full(count, len(case.plan))
    np.minimum.at(first, label, ports)
    component = np.zeros(count, np.int64)
    component[label] = parts.component
    order = np.lexsort((first, devices, -liked, surplus, component))
    best = order[np.r_[True, np.diff(component[order]) != 0]] if count else order
    chosen = np.zeros(count, bool)
    chosen[best] = True
    out: NDArray[np.bool_] = chosen[label]
    return out


def _installs(case: Case, parts: Residue, moving: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return planned links that no cable is put into: neither end keeps one."""
    ports = parts.ports
    keeps = np.zeros(len(case.plan), bool)
    keeps[ports[~moving & (case.real[ports] >= 0)]] = True
    a = ports[case.plan[ports] > ports]
    a = a[~keeps[a] & ~keeps[case.plan[a]]]
    out: NDArray[np.int64] = np.c_[np.sort(a), case.plan[np.sort(a)]]
    return out


def apply_moves(real: NDArray[np.int64], found: Repair) -> NDArray[np.int64]:
    """Return the far ends once a repair is done: removals, then all moves at once, then new cables (n,)."""
    out = real.copy()
    for_removal = found.removals
    out[out[for_removal]] = -1
    out[for_removal] = -1
    at, to = found.moves[:, 0], found.moves[:, 1]
    where = np.arange(len(real))
    where[at] = to
    far = out[at]
    out[at] = out[far] = -1
    out[to], out[where[far]] = where[far], to
    a, z = found.installs[:, 0], found.installs[:, 1]
    out[a], out[z] = z, a
    return out


def _check(case: Case, found: Repair, ports: NDArray[np.int64]) -> None:
    after = apply_moves(case.real, found)
    if (after[ports] != case.plan[ports]).any():
        at = int(ports[np.flatnonzero(after[ports] != case.plan[ports])[0]])
        raise SolverError(f"the repair does not make the plan at {case.port(at)}; please report this with the files")
    if len(found.moves) != found.lower_bound:
        raise SolverError(f"{len(found.moves)} moves where {found.lower_bound} do; please report this with the files")
