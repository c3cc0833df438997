"""Trunk reversed: a block of ports in opposite order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.runs import LEAST_CABLES, gain, runs, spans

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab

LEAST = 4  # ports; two reversed are a swap, three a swap around a cable that is right


@faults.part("trunk_reversed")
class TrunkReversed:
    """A trunk or cassette turned over: first and last plug changed places, and so on inwards."""

    stage = Stage.BLOCK
    signature = "a block of ports side by side sees the neighbours of the same block in opposite order"
    remedy = "turn the trunk over, or put its plugs in opposite order"
    verify = "read the neighbours of the block again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return blocks in opposite order."""
        found = runs(case, turn=-1)
        # lines a ... b belong to shift - a ... shift - b; a block turned over maps onto itself
        sums, told = np.unique(found.shift[found.told >= 2], return_index=True)
        del told
        return [c for total in sums.tolist() for c in _cause(case, found.start[found.shift == total], total)]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Turn 4, 8 or 12 cabled ports side by side over."""
        case = lab.case
        for _ in range(50):
            ports = spans(case, int(rng.integers(len(case.order))), int(rng.choice([4, 8, 12])))
            if ports is not None and (case.plan[ports] >= 0).all() and lab.free(ports):
                mine = np.r_[ports, case.plan[ports]]
                lab.plug(ports, ports[::-1])
                return lab.tell("trunk_reversed", mine.tolist())
        return False


def _cause(case: Case, starts: np.ndarray, total: int) -> list[Cause]:
    begin = int(starts.min())
    ports = spans(case, begin, total - 2 * begin + 1)
    if ports is None or len(ports) < LEAST:
        return []
    fixed = gain(case, ports, ports[::-1])
    if fixed < LEAST_CABLES:
        return []
    where = f"{case.port(int(ports[0]))} ... {case.port(int(ports[-1]))}"
    return [
        Cause(
            kind="trunk_reversed",
            at=tuple(ports.tolist()),
            belongs=tuple(ports[::-1].tolist()),
            confidence_frac=fixed / (len(ports) // 2 * 2),
            evidence=(f"{fixed} cables of {where} are right in opposite order",),
        )
    ]
