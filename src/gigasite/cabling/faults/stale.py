"""Stale: a port still tells of a neighbour that has gone elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("stale")
class Stale:
    """Old news: what a port says is contradicted by its neighbour and a third port, which agree."""

    stage = Stage.EVIDENCE
    signature = "A sees B, but B and C see each other"
    remedy = "read the device again before touching a cable"
    verify = "the port sees nothing, or another neighbour"

    def find(self, case: Case, /) -> list[Cause]:
        """Return ports whose word two others contradict."""
        seen = case.bound.seen_peer
        at = np.flatnonzero(seen >= 0)
        at = at[(seen[seen[at]] >= 0) & (seen[seen[at]] != at)]
        return [
            Cause(
                kind="stale",
                ports=(p,),
                confidence_frac=0.9,  # estimate: an unmanaged switch between them looks the same
                evidence=(
                    f"{case.port(p)} sees {case.port(int(seen[p]))}, which sees {case.port(int(seen[seen[p]]))}",
                ),
            )
            for p in at.tolist()
        ]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Do nothing: old news needs a second reading, which a lab of one moment has not."""
        del lab, rng
        return False
