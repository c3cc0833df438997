"""Common cause: many ports of one device or line card went down together; one order for the device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.dirt import bursts, unsteady
from gigasite.cabling.drill import device_ports
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("common_cause")
@dataclass(frozen=True, slots=True, kw_only=True)
class CommonCause:
    """A reboot, a line card, a power feed: the cables are good."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = (
        "all ports of a device, or neighbouring ones, went down together and more often than others of their tier"
    )
    remedy = "look at the device's power feeds, line card and log; touch no cable"
    verify = "the counters of its ports stand still for a day"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a device or line card."""
        seen = look(case)
        found = unsteady(seen, self.limits)
        if found is None:
            return []
        often, count = found
        timed = seen.number("age_s") is not None
        out = []
        for what, ports in bursts(seen, often, self.limits):
            every = sorted({end for p in ports.tolist() for end in seen.pair(p)})
            least, most = count[ports].min(), count[ports].max()
            times = f"{least:.0f}" if least == most else f"{least:.0f} to {most:.0f}"
            told = f"{what}: {len(ports)} ports went down {times} times" + (
                ", last in the same moment" if timed else ""
            )
            sure, first = 0.95 if timed else 0.8, (int(ports[0]),)
            out.append(
                Cause(kind="common_cause", ports=tuple(every), look=first, confidence_frac=sure, evidence=(told,))
            )
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Let all ports of one device go down together."""
        ports = device_ports(lab, rng, self.limits.burst_ports)
        if ports is None:
            return False
        both = [*ports.tolist(), *lab.real[ports].tolist()]
        lab.normal("link_downs", lambda n: rng.integers(0, 2, n).astype(float))
        lab.normal("age_s", lambda n: rng.uniform(1e5, 1e6, n))
        lab.set("link_downs", both, float(rng.integers(12, 20)))
        lab.set("age_s", both, float(rng.integers(60, 3600)))
        return lab.tell("common_cause", both)
