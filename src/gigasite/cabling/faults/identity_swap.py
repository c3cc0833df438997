"""Identity swap: devices bear each other's names, or stand in each other's places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.names import LEAST, alike, rings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab
    from gigasite.cabling.names import Ring


@faults.part("identity_swap")
class IdentitySwap:
    """Two or more boxes in each other's place: exchange names and configurations, move no cable."""

    stage = Stage.IDENTITY
    signature = "devices with each other's whole neighbourhood; a name that the plan lacks in a place that is dark"
    remedy = "exchange names and configurations of the devices (or the boxes); move no cable"
    verify = "read the neighbours of both devices again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return rings of names that put most of their devices' cables right."""
        return [_cause(case, ring) for ring in rings(case)]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Exchange the names of two devices of one kind: as many ports, called alike."""
        case = lab.case
        cabled = np.bincount(case.unit[case.plan >= 0], minlength=len(case.host))
        units = np.flatnonzero(cabled >= LEAST)
        for a in rng.permutation(units)[:20].tolist():
            mine = case.ports_of(a)
            alike = units[(cabled[units] == cabled[a]) & (units != a)]
            for b in rng.permutation(alike)[:20].tolist():
                theirs = case.ports_of(b)
                joined = np.isin(case.plan[mine], theirs).any()
                if np.array_equal(case.slot[mine], case.slot[theirs]) and not joined and lab.free(np.r_[mine, theirs]):
                    return _exchange(lab, a, b)
        return False


def _exchange(lab: Lab, a: int, b: int) -> bool:
    """Let all devices of two groups bear each other's names."""
    case = lab.case
    mine, theirs = case.ports_of(a), case.ports_of(b)
    lab.name[case.node[mine]], lab.name[case.node[theirs]] = case.node[theirs], case.node[mine]
    every = np.r_[mine, theirs]
    every = every[case.plan[every] >= 0]
    return lab.tell("identity_swap", np.r_[every, case.plan[every]].tolist())


def _cause(case: Case, ring: Ring) -> Cause:
    names = [case.name(u) for u in ring.units]
    stranger = [u for u in ring.units if (case.plan[case.ports_of(u)] < 0).all()]
    evidence = [
        f"{round(ring.right_frac * 100)} % of the cables of {' and '.join(names)} are right once names are exchanged"
    ]
    if stranger:
        evidence.append(f"the plan has no {case.name(stranger[0])}")
    return Cause(
        kind="identity_swap",
        ports=tuple(_differing(case, ring)),
        names=_pairs(case, ring),
        confidence_frac=ring.right_frac,
        evidence=tuple(evidence),
    )


def _differing(case: Case, ring: Ring) -> list[int]:
    """Return the planned ports of the devices and their planned far ends that differ; all ports of a stranger.

    Free ports of a device that another fault has filled are left to that fault.
    """
    every: list[NDArray[np.int64]] = []
    for unit in ring.units:
        mine = case.ports_of(unit)
        planned = mine[case.plan[mine] >= 0]
        every += [planned, case.plan[planned]] if len(planned) else [mine, case.real[mine]]
    ports = np.unique(np.concatenate(every))
    ports = ports[ports >= 0]
    out: list[int] = ports[case.plan[ports] != case.real[ports]].tolist()
    return out


def _pairs(case: Case, ring: Ring) -> tuple[tuple[int, int], ...]:
    """Return exchanges of device names, one after the other, that put a ring right.

    A ring a -> b -> c -> a is put right by exchanging a with b, then a with c: each exchange puts one name right.
    """
    nodes = [case.node[p] for p in alike(case, ring.units)]
    pairs = [np.unique(np.c_[nodes[0], other], axis=0) for other in nodes[1:]]
    return tuple((int(a), int(b)) for a, b in np.concatenate(pairs))
