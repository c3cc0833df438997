"""Port-group offset: plugs side by side that sit some ports off, into ports that are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.runs import LEAST_CABLES, gain, rounds, runs, spans

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("port_group_offset")
class PortGroupOffset:
    """A contiguous range of plugs sits a constant number of ports off; what the range ran into fell off its end."""

    stage = Stage.BLOCK
    signature = "constant distance of ports over a contiguous range; a port at one end is dark"
    remedy = "put every plug of the range back by the distance, from the dark end on; cable the end that fell off"
    verify = "read the neighbours of the device again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return ranges that can be put back into ports that are empty."""
        found = runs(case, least=LEAST_CABLES)
        return [
            c
            for start, length, shift in rounds(found, found.told >= LEAST_CABLES)
            for c in _cause(case, start, length, shift)
        ]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Move the plugs of 4 to 12 cabled ports one port on; the last one's cable is left hanging."""
        case = lab.case
        for _ in range(50):
            ports = spans(case, int(rng.integers(len(case.order))), int(rng.integers(5, 13)))
            if ports is not None and (case.plan[ports] >= 0).all() and lab.free(ports):
                mine = np.r_[ports, case.plan[ports]]
                lab.unplug([int(ports[-1])])
                lab.plug(ports[:-1], ports[1:])
                return lab.tell("port_group_offset", mine.tolist())
        return False


def _cause(case: Case, start: int, length: int, shift: int) -> list[Cause]:
    ports, to = spans(case, start, length), spans(case, start + shift, length)
    if ports is None or to is None:
        return []
    fixed = gain(case, ports, to)
    if fixed < LEAST_CABLES:
        return []
    where = f"{case.port(int(ports[0]))} ... {case.port(int(ports[-1]))}"
    there = f"{case.port(int(to[0]))} ... {case.port(int(to[-1]))}"
    return [
        Cause(
            kind="port_group_offset",
            at=tuple(ports.tolist()),
            belongs=tuple(to.tolist()),
            confidence_frac=fixed / length,
            evidence=(f"{fixed} of {length} plugs in {where} belong into {there}",),
        )
    ]
