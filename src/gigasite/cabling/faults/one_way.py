"""One way: A sees B, and B sees nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("one_way")
class OneWay:
    """One fibre of a pair is broken or dirty, or one end does not send neighbour frames."""

    stage = Stage.EVIDENCE
    signature = "one end sees the other, which reports but sees nothing there"
    remedy = "check the fibre pair and the optic of the end that sees nothing; check that the far end sends frames"
    verify = "both ports see each other"

    def find(self, case: Case, /) -> list[Cause]:
        """Return links that only one end sees though both report."""
        seen, reporting = case.bound.seen_peer, case.bound.reporting
        at = np.flatnonzero((seen >= 0) & reporting)
        at = at[reporting[seen[at]] & (seen[seen[at]] < 0)]
        return [
            Cause(
                kind="one_way",
                ports=(p, int(seen[p])),
                confidence_frac=0.9,  # estimate: a dump that was cut off looks the same
                evidence=(f"{case.port(p)} sees {case.port(int(seen[p]))}, which sees nothing",),
            )
            for p in at.tolist()
        ]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Let one end of a cable see nothing while the rest of its device reports."""
        case = lab.case
        for _ in range(50):
            a = int(rng.choice(lab.cabled))
            mine = case.ports_of(int(case.unit[a]))
            mine = mine[case.node[mine] == case.node[a]]
            # what its device tells of other ports shows that it reports at all
            if lab.free([a]) and lab.real[a] == case.plan[a] and (lab.real[mine] >= 0).sum() > 1:
                lab.deaf[a] = True
                return lab.tell("one_way", [a, int(case.plan[a])])
        return False
