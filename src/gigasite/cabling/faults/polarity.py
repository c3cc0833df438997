"""Polarity: transmit meets transmit; a whole trunk is down at both ends although light comes in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.drill import lit_link, trunk
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.light import dark_devices, dark_with_light, trunks

if TYPE_CHECKING:
    from gigasite.cabling.evidence import Ints, Look
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("polarity")
@dataclass(frozen=True, slots=True, kw_only=True)
class Polarity:
    """Fibres of a trunk are crossed once too often or not at all: one order for the trunk, not one a link."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "neighbouring links down at both ends although light comes in"
    remedy = "replace the trunk by one of the right polarity, or exchange its fibre pairs at one end"
    verify = "all links of the trunk are up"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a trunk."""
        seen = look(case)
        flag = dark_with_light(seen, self.limits)
        for _, ports in dark_devices(seen, self.limits):
            flag[ports] = flag[seen.far[ports]] = False
        return [_cause(seen, ports) for ports in trunks(seen, flag)] if flag.any() else []

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Flip one trunk, or a single link where there is no trunk."""
        ports = trunk(lab, rng)
        if ports is None:
            link = lit_link(lab, rng)
            if link is None:
                return False
            ports = np.array(link[:1])
        both = [*ports.tolist(), *lab.real[ports].tolist()]
        lab.normal("rx_dbm", -2.0)
        lab.normal("tx_dbm", 0.0)
        lab.deaf[both] = True
        lab.shown.extend(both)
        return lab.tell("polarity", both)


def _cause(seen: Look, ports: Ints) -> Cause:
    every = sorted({end for p in ports.tolist() for end in seen.pair(p)})
    first, last = seen.case.port(int(ports[0])), seen.case.port(int(ports[-1]))
    rx = [seen.text("rx_dbm", p) for p in every]
    where = f"{first} to {last}" if len(ports) > 1 else first
    told = f"{where}: {len(ports)} links are down, light comes in at {', '.join(r for r in rx[:4] if r)} dBm"
    alone = len(ports) == 1
    return Cause(
        kind="polarity",
        ports=tuple(every),
        look=seen.pair(int(ports[0])),
        confidence_frac=0.5 if alone else 0.9,
        evidence=(told,),
        ties=("wrong_setting",) if alone else (),
    )
