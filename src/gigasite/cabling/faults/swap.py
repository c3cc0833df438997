"""Swap: two plugs in each other's port."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("swap")
class Swap:
    """Two plugs in each other's port, on one device or on two."""

    stage = Stage.CABLE
    signature = "two cables, each where the other's far end should be"
    remedy = "exchange the two plugs"
    verify = "read the neighbours of both ports again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return rings of two cables."""
        parts = residue(case)
        return [_cause(case, ports) for ports in parts.members(parts.closed & (parts.real == 2))]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Exchange two plugs of one device (three times in four), or of two."""
        case = lab.case
        cabled = lab.cabled
        for _ in range(50):
            a = int(rng.choice(cabled))
            near = case.ports_of(int(case.unit[a])) if rng.random() < 0.75 else beside(case, a)
            b = int(rng.choice(near))
            if case.plan[b] >= 0 and b not in {a, int(case.plan[a])} and lab.free([a, b]):
                mine = [a, b, int(case.plan[a]), int(case.plan[b])]
                lab.plug([a, b], [b, a])
                return lab.tell("swap", mine)
        return False


def beside(case: Case, port: int) -> NDArray[np.int64]:
    """Return ports around one, of its own device and of those next to it in the list of devices."""
    line = int(case.line[port])
    return case.order[max(0, line - 100) : line + 100]


def _cause(case: Case, ports: NDArray[np.int64]) -> Cause:
    first = ports[0]
    pairs = [
        (int(first), int(case.belongs(ports[:1])[0])),
        tuple(ports[~np.isin(ports, [first, case.belongs(ports[:1])[0]])].tolist()),
    ]
    near = [p for p in pairs if case.unit[p[0]] == case.unit[p[1]]]
    chosen = (near or pairs)[0]
    told = [f"the plugs in {case.port(p)} and {case.port(q)} sit in each other's place" for p, q in (chosen, *pairs)]
    ties = tuple(t for t in told[1:] if t != told[0]) if len(near) != 1 else ()
    return Cause(
        kind="swap",
        ports=tuple(ports.tolist()),
        at=chosen,
        belongs=chosen[::-1],
        confidence_frac=certain(case, ports),
        evidence=(told[0],),
        ties=ties,
    )


def certain(case: Case, ports: NDArray[np.int64]) -> float:
    """Return the share of ports whose own device tells what they see, or that they see nothing."""
    return float(case.bound.reporting[ports].mean())
