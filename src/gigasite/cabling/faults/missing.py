"""Missing: both ends of a planned cable are dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("missing")
class Missing:
    """A cable that is not there, or not seated, or dead."""

    stage = Stage.CABLE
    signature = "both ends of one planned cable see nothing"
    remedy = "find the cable by its labels: lay it, or seat both plugs, or replace it"
    verify = "both ports see each other"

    def find(self, case: Case, /) -> list[Cause]:
        """Return planned cables that nobody sees."""
        parts = residue(case)
        return [_cause(case, ports) for ports in parts.members((parts.planned == 1) & (parts.real == 0))]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Take out one cable."""
        cabled = lab.cabled
        for _ in range(50):
            a = int(rng.choice(cabled))
            if lab.free([a]):
                mine = [a, int(lab.case.plan[a])]
                lab.unplug([a])
                return lab.tell("missing", mine)
        return False


def _cause(case: Case, ports: NDArray[np.int64]) -> Cause:
    told = case.bound.reporting[ports]
    silent = ports[~told].tolist()
    ties = tuple(f"{case.bound.nodes[case.node[p]]} is off or not there: nothing of it is seen" for p in silent)
    return Cause(
        kind="missing",
        ports=tuple(ports.tolist()),
        confidence_frac=float(told.mean()),
        evidence=(f"{' and '.join(case.port(p) for p in ports[told].tolist())}: nothing is seen",),
        ties=ties,
    )
