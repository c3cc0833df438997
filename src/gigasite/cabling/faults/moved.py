"""Moved: a plug in a port that should be free, its own port dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.faults.swap import beside
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("moved")
class Moved:
    """A plug in the wrong port or switch, and what it drove out before it."""

    stage = Stage.CABLE
    signature = "a planned port is dark, and its far end is lit in a port that is not planned or is another's"
    remedy = "move the plug to its port"
    verify = "read the neighbours of the port that it leaves and of the one that it goes to"

    def find(self, case: Case, /) -> list[Cause]:
        """Return chains that have planned and real cables."""
        parts = residue(case)
        chain = ~parts.closed & (parts.real > 0) & (parts.planned > 0)
        return [_cause(case, ports) for ports in parts.members(chain)]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Move a plug into a free port of its device, or else of another one."""
        case = lab.case
        cabled = lab.cabled
        free = lab.spare
        if not len(free):
            return False
        for _ in range(50):
            a = int(rng.choice(cabled))
            mine = case.ports_of(int(case.unit[a]))
            near = mine[(case.plan[mine] < 0) & (lab.real[mine] < 0)]
            around = beside(case, a)
            around = around[case.plan[around] < 0]
            b = int(rng.choice(next(p for p in (near, around, free) if len(p))))
            if lab.free([a, b]) and lab.real[b] < 0 and int(case.unit[case.plan[a]]) != int(case.unit[b]):
                lab.plug([a], [b])
                return lab.tell("moved", [a, b, int(case.plan[a])])
        return False


def _cause(case: Case, ports: NDArray[np.int64]) -> Cause:
    held = ports[case.real[ports] >= 0]
    to = case.belongs(held)
    at, to = held[to >= 0], to[to >= 0]
    dark = ports[(case.real[ports] < 0) & (case.plan[ports] >= 0)]
    strange = ports[case.plan[ports] < 0]
    evidence = []
    if len(dark):
        evidence.append(f"nothing is seen in {', '.join(case.port(p) for p in dark[:4].tolist())}")
    if len(strange):
        evidence.append(f"the plan has no cable in {', '.join(case.port(p) for p in strange[:4].tolist())}")
    # of the two classes of plugs, those that end in a dark port explain the chain by plugs that were moved
    ends = np.isin(to, dark)
    return Cause(
        kind="moved",
        ports=tuple(ports.tolist()),
        at=tuple(at[ends].tolist()),
        belongs=tuple(to[ends].tolist()),
        confidence_frac=float(case.bound.reporting[ports].mean()),
        evidence=tuple(evidence),
    )
