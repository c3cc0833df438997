"""Unplanned: a cable between two ports of which the plan knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("unplanned")
class Unplanned:
    """A cable too many: left from tests, or of another plan."""

    stage = Stage.CABLE
    signature = "two ports without a planned cable see each other"
    remedy = "take the cable out, or add it to the plan"
    verify = "both ports see nothing"

    def find(self, case: Case, /) -> list[Cause]:
        """Return cables between ports that the plan leaves free."""
        parts = residue(case)
        return [_cause(case, ports) for ports in parts.members((parts.planned == 0) & (parts.real == 1))]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Lay a cable between two free ports."""
        for _ in range(50 if len(lab.spare) > 1 else 0):
            a, b = (int(rng.choice(lab.spare)) for _ in range(2))
            if lab.case.unit[a] != lab.case.unit[b] and lab.free([a, b]) and (lab.real[[a, b]] < 0).all():
                lab.real[a], lab.real[b] = b, a
                return lab.tell("unplanned", [a, b])
        return False


def _cause(case: Case, ports: NDArray[np.int64]) -> Cause:
    return Cause(
        kind="unplanned",
        ports=tuple(ports.tolist()),
        confidence_frac=float(case.bound.reporting[ports].mean()),
        evidence=(f"{' and '.join(case.port(p) for p in ports.tolist())} see each other; the plan has neither",),
    )
