"""Loopback: a port sees itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("loopback")
class Loopback:
    """A loopback plug left from a test, or a trunk that was led back: the port's own light returns."""

    stage = Stage.EVIDENCE
    signature = "a port that is its own neighbour"
    remedy = "take out the loopback plug, then put the planned cable in"
    verify = "the port sees its planned neighbour"

    def find(self, case: Case, /) -> list[Cause]:
        """Return ports that see themselves."""
        at = np.flatnonzero(case.bound.seen_peer == np.arange(len(case.bound.seen_peer)))
        return [
            Cause(kind="loopback", ports=(p,), evidence=(f"{case.port(p)} is its own neighbour",)) for p in at.tolist()
        ]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Do nothing: what is planted are cables between ports."""
        del lab, rng
        return False
