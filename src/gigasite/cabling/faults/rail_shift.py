"""Rail shift: plugs side by side that went round by one or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.runs import LEAST_CABLES, gain, rounds, runs, spans

if TYPE_CHECKING:
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("rail_shift")
class RailShift:
    """Every plug of a server, or of a block of ports, one place on; the last one comes first."""

    stage = Stage.BLOCK
    signature = "a ring of wrong neighbours over ports side by side, all displaced alike"
    remedy = "pull all plugs of the block and put each where its label says: one place back"
    verify = "read the neighbours of the device again; every rail must end on its own leaf"

    def find(self, case: Case, /) -> list[Cause]:
        """Return rotations of ports of one device."""
        found = runs(case)
        same = case.unit[case.order[found.start]] == case.unit[case.order[found.start + found.shift]]
        return [c for start, length, shift in rounds(found, same) for c in _cause(case, start, length, shift)]

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Move the plugs of 3 to 8 cabled ports side by side one place on."""
        case = lab.case
        for _ in range(50):
            start, size = int(rng.integers(len(case.order))), int(rng.integers(3, 9))
            ports = spans(case, start, size)
            if ports is not None and (case.plan[ports] >= 0).all() and lab.free(ports):
                mine = np.r_[ports, case.plan[ports]]
                lab.plug(ports, np.roll(ports, -1))
                return lab.tell("rail_shift", mine.tolist())
        return False


def _cause(case: Case, start: int, length: int, shift: int) -> list[Cause]:
    """Return the rotation of which a run is the longer part, where it explains enough."""
    begin, size = (start, length + shift) if shift > 0 else (start + shift, length - shift)
    ports = spans(case, begin, size)
    if ports is None or shift in {length, -length}:  # halves that changed places: a trunk swap
        return []
    to = np.roll(ports, -shift)
    short = ports[length:] if shift > 0 else ports[: size - length]
    if not (case.belongs(short) >= 0).any():  # nothing came round: an offset
        return []
    fixed = gain(case, ports, to)
    if fixed < LEAST_CABLES:
        return []
    name = case.name(int(case.unit[ports[0]]))
    return [
        Cause(
            kind="rail_shift",
            at=tuple(ports.tolist()),
            belongs=tuple(to.tolist()),
            confidence_frac=fixed / size,
            evidence=(f"{fixed} of {size} plugs side by side in {name} sit {abs(shift)} off, the rest went round",),
        )
    ]
