"""Dirty or half seated: the link is up, but errors are many or light is low."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.dirt import dirty
from gigasite.cabling.drill import lit_link
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.slow import slow_links

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("dirty")
@dataclass(frozen=True, slots=True, kw_only=True)
class Dirty:
    """An end face or a plug: cleaned and reseated, not replaced."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "up, raw bit errors far above the tier's, or low light on one lane"
    remedy = "clean and inspect the end faces, reseat the plug; if it stays, replace the cable, then the module"
    verify = "bit errors and light are those of the tier after an hour of traffic"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a link; links that are slow as well are told by `slow_link`."""
        seen = look(case)
        flag, signs = dirty(seen, self.limits)
        if not flag.any():
            return []
        below = slow_links(seen, self.limits)
        out = []
        for port in seen.links(flag).tolist():
            ends = seen.pair(port)
            if below is not None and below[1][list(ends)].any():
                continue
            told = [(p, words.format(value[p])) for hit, value, words in signs for p in ends if hit[p]]
            sure = 0.95 if any("error" in words for _, words in told) else 0.7
            lines = tuple(f"{case.port(p)} receives {words}" for p, words in told)
            out.append(Cause(kind="dirty", ports=ends, confidence_frac=sure, evidence=lines))
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Put dirt before one lane of one port."""
        link = lit_link(lab, rng)
        if link is None:
            return False
        lab.normal("raw_ber", lambda n: 10.0 ** rng.uniform(-10.0, -8.0, n))
        lab.normal("rx_dbm", lambda n: rng.normal(-2.0, 0.4, n))
        lab.set("raw_ber", link[:1], 10.0 ** rng.uniform(-4.5, -3.7))
        lab.set("rx_dbm", link[:1], -7.5)
        lab.set("rx_lanes_dbm", link[:1], "-2.1 -1.9 -7.5 -2.0")
        return lab.tell("dirty", link)
