"""Flapping: one link alone goes down again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.dirt import bursts, dirty, unsteady
from gigasite.cabling.drill import lit_link
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("flapping")
@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """A marginal link, which no snapshot shows down: its counter does."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "one port went down far more often than others of its tier"
    remedy = "clean and reseat; then replace the cable, then the module"
    verify = "the counter stands still for a day"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a link; not those of a burst, nor those whose bit errors say why."""
        seen = look(case)
        found = unsteady(seen, self.limits)
        if found is None:
            return []
        often, count = found
        for _, ports in bursts(seen, often, self.limits):
            often[ports] = False
            often[seen.far[ports][seen.far[ports] >= 0]] = False
        sick, _ = dirty(seen, self.limits)
        out = []
        for port in seen.links(often).tolist():
            ends = seen.pair(port)
            if not sick[list(ends)].any():
                told = tuple(f"{case.port(p)} went down {count[p]:.0f} times" for p in ends if often[p])
                out.append(Cause(kind="flapping", ports=ends, confidence_frac=0.9, evidence=told))
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Let one link go down a few times."""
        link = lit_link(lab, rng)
        if link is None:
            return False
        lab.normal("link_downs", lambda n: rng.integers(0, 2, n).astype(float))
        lab.set("link_downs", link, float(rng.integers(15, 40)))
        return lab.tell("flapping", link)
