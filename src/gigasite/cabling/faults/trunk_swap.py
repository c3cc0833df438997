"""Trunk swap: two blocks of ports exchanged, order kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.runs import LEAST_CABLES, gain, rounds, runs, spans

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("trunk_swap")
class TrunkSwap:
    """Two trunks, cages or blocks of ports side by side in each other's place."""

    stage = Stage.BLOCK
    signature = "two blocks of ports side by side see each other's neighbours, in order"
    remedy = "exchange the two trunks"
    verify = "read the neighbours of both blocks again"

    def find(self, case: Case, /) -> list[Cause]:
        """Return pairs of blocks that changed places."""
        found = runs(case)
        # each pair is seen from both blocks: the lower one counts
        return [
            c for start, length, shift in rounds(found, found.shift > 0) for c in _cause(case, start, length, shift)
        ]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Exchange two blocks of 4, 8 or 12 cabled ports, of one device or of two."""
        case = lab.case
        for _ in range(50):
            size = int(rng.choice([4, 8, 12]))
            first = int(rng.integers(len(case.order)))
            one, two = spans(case, first, size), spans(case, first + int(rng.integers(size, 8 * size)), size)
            if one is None or two is None or np.intersect1d(one, two).size:
                continue
            both = np.r_[one, two]
            if (case.plan[both] >= 0).all() and lab.free(both) and not np.isin(case.plan[one], two).any():
                mine = np.r_[both, case.plan[both]]
                lab.plug(both, np.r_[two, one])
                return lab.tell("trunk_swap", mine.tolist())
        return False


def _cause(case: Case, start: int, length: int, shift: int) -> list[Cause]:
    one, two = spans(case, start, length), spans(case, start + shift, length)
    if one is None or two is None or shift < length:
        return []
    at, to = np.r_[one, two], np.r_[two, one]
    fixed = gain(case, at, to)
    if fixed < LEAST_CABLES:
        return []
    names = [f"{case.port(int(b[0]))} ... {case.port(int(b[-1]))}" for b in (one, two)]
    return [
        Cause(
            kind="trunk_swap",
            at=tuple(at.tolist()),
            belongs=tuple(to.tolist()),
            confidence_frac=fixed / len(at),
            evidence=(f"{fixed} of {len(at)} cables are right once {names[0]} and {names[1]} change places",),
        )
    ]
