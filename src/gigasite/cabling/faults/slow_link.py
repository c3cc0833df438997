"""Slow link: it is up, but narrower or slower than the links of its kind, or than it could run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.drill import lit_link
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.slow import slow_links

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.evidence import Look
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab
    from gigasite.cabling.slow import Slow


@faults.part("slow_link")
@dataclass(frozen=True, slots=True, kw_only=True)
class SlowLink:
    """Width or speed below the majority of the tier, or below what the tool says that the link could run."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "up, but with fewer lanes or less speed than other links between the same kinds of device"
    remedy = "reseat both plugs; if it stays, replace the cable"
    verify = "width and speed of the port are those of its tier"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a link; ports of a device that is wrongly set as a whole are not among them."""
        seen = look(case)
        found = slow_links(seen, self.limits)
        return [] if found is None else [_cause(seen, found[0], int(p)) for p in seen.links(found[1])]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Let one link come up with one lane, or with half of its speed."""
        link = lit_link(lab, rng)
        if link is None:
            return False
        lab.normal("width", "4x")
        lab.normal("speed", "400G")
        narrow = bool(rng.integers(2))
        lab.set("width" if narrow else "speed", link, "1x" if narrow else "200G")
        return lab.tell("slow_link", link)


def _cause(seen: Look, found: Slow, port: int) -> Cause:
    ends = seen.pair(port)
    told = [text for end in ends for text in found.words(seen, end)]
    sure = max(found.share(end) for end in ends)
    return Cause(kind="slow_link", ports=ends, confidence_frac=sure, evidence=tuple(told))
