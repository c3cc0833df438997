"""Where a drill can plant a fault of evidence: a link, a device's ports, a trunk that no other fault has touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.lab import Lab

TRIES = 64
"""Places that are looked at before there is said to be none."""


def _up(lab: Lab) -> NDArray[np.bool_]:
    case = lab.case
    far = np.maximum(lab.real, 0)
    quiet = lab.silent[case.node] | lab.silent[case.node[far]] | lab.deaf | lab.deaf[far]
    up: NDArray[np.bool_] = (lab.real >= 0) & (lab.real == case.plan) & ~quiet & ~lab.busy & ~lab.busy[far]
    return up


def lit_link(lab: Lab, rng: np.random.Generator) -> tuple[int, int] | None:
    """Return both ends of a link that is as planned and in no other fault; None where there is none."""
    at = np.flatnonzero(_up(lab))
    if not len(at):
        return None
    port = int(rng.choice(at))
    return port, int(lab.real[port])


def device_ports(lab: Lab, rng: np.random.Generator, least: int) -> NDArray[np.int64] | None:
    """Return all ports in use of one device, none of them touched, at least so many; None where there is none."""
    case, up = lab.case, _up(lab)
    free, all_ = (np.bincount(case.node[flag], minlength=len(case.host)) for flag in (up, lab.real >= 0))
    devices = np.flatnonzero((free >= least) & (free == all_))
    if not len(devices):
        return None
    return np.flatnonzero((case.node == rng.choice(devices)) & up)


def trunk(lab: Lab, rng: np.random.Generator, sizes: tuple[int, ...] = (12, 8, 4, 2)) -> NDArray[np.int64] | None:
    """Return neighbouring ports of one device whose cables lead to neighbouring ports of one other; None for none."""
    up = _up(lab)
    starts = np.flatnonzero(up)
    wanted = list(sizes)
    rng.shuffle(wanted)
    for size in wanted:
        for first in rng.choice(starts, min(TRIES, len(starts)), replace=False) if len(starts) else ():
            ports = _run(lab, up, int(first), size)
            if ports is not None:
                return ports
    return None


def _run(lab: Lab, up: NDArray[np.bool_], first: int, size: int) -> NDArray[np.int64] | None:
    case = lab.case
    mine = np.flatnonzero(case.node == case.node[first])
    place = case.place[mine] - case.place[first]
    ports = mine[(place >= 0) & (place < size)]
    ports = ports[np.argsort(case.place[ports])]
    if len(ports) < size or not up[ports].all():
        return None
    far = lab.real[ports]
    step = np.diff(case.place[far])
    same = (case.node[far] == case.node[far[0]]).all()
    return ports if same and (np.abs(step) == 1).all() and len(set(step.tolist())) == 1 else None
