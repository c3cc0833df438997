"""Ring: three or more plugs that went round without being side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("cycle")
class Cycle:
    """Three or more plugs, each in the port of the next: swaps that share a cable look so."""

    stage = Stage.CABLE
    signature = "a ring of three or more cables, each where the next one's far end should be"
    remedy = "take out all plugs of the ring and put each where its label says"
    verify = "read the neighbours of all these ports again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return rings of three or more cables."""
        parts = residue(case)
        return [_cause(case, ports) for ports in parts.members(parts.closed & (parts.real > 2))]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Let three plugs of one device go round that are not side by side."""
        case = lab.case
        cabled = lab.cabled
        for _ in range(50):
            mine = case.ports_of(int(case.unit[rng.choice(cabled)]))
            mine = mine[case.plan[mine] >= 0]
            if len(mine) < 6:
                continue
            at = np.sort(rng.choice(len(mine), 3, replace=False))
            ports = mine[at]
            if (np.diff(at) > 1).all() and lab.free(ports) and not np.isin(case.plan[ports], ports).any():
                every = np.r_[ports, case.plan[ports]]
                lab.plug(ports, np.roll(ports, 1))
                return lab.tell("cycle", every.tolist())
        return False


def _cause(case: Case, ports: NDArray[np.int64]) -> Cause:
    ring = [int(ports[0])]
    while (after := int(case.belongs(np.array(ring[-1:]))[0])) != ring[0]:
        ring.append(after)
    other = [p for p in ports.tolist() if p not in set(ring)]
    sides = sorted((ring, other), key=lambda side: (len(set(case.unit[side].tolist())), side[0]))
    at = np.array(sides[0])
    return Cause(
        kind="cycle",
        ports=tuple(ports.tolist()),
        at=tuple(at.tolist()),
        belongs=tuple(case.belongs(at).tolist()),
        confidence_frac=float(case.bound.reporting[ports].mean()),
        evidence=(f"{len(at)} plugs went round: {', '.join(case.port(p) for p in at[:8].tolist())}",),
        ties=(f"{len(at) - 1} swaps, one after the other",),
    )
