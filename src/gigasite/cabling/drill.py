"""Where a drill can plant a fault of evidence: a link, a device's ports, a trunk that no other fault has touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.lab import Lab

    Ints = NDArray[np.int64]

TRIES = 64
"""Places that are looked at by chance before there is said to be none."""


def _up(lab: Lab, ports: Ints) -> bool:
    """Say whether the links in ports are as planned, tell both ends, and are in no other fault."""
    case, far = lab.case, lab.real[ports]
    if (far < 0).any() or (far != case.plan[ports]).any():
        return False
    every = np.r_[ports, far]
    return not (lab.silent[case.node[every]] | lab.deaf[every] | lab.busy[every]).any()


def lit_link(lab: Lab, rng: np.random.Generator) -> tuple[int, int] | None:
    """Return both ends of a link that is as planned and in no other fault; None where none is found."""
    for port in _some(lab, rng):
        if _up(lab, np.array([port])):
            return port, int(lab.real[port])
    return None


def _some(lab: Lab, rng: np.random.Generator) -> list[int]:
    if not len(lab.cabled):
        return []
    return [int(p) for p in lab.cabled[rng.integers(0, len(lab.cabled), TRIES)]]


def device_ports(lab: Lab, rng: np.random.Generator, least: int) -> Ints | None:
    """Return all ports in use of one device or server, untouched, at least so many; None where none is found."""
    case = lab.case
    for port in _some(lab, rng):
        mine = case.ports_of(int(case.unit[port]))
        mine = mine[lab.real[mine] >= 0]
        if len(mine) >= least and _up(lab, mine):
            return mine
    return None


def trunk(lab: Lab, rng: np.random.Generator, sizes: tuple[int, ...] = (12, 8, 4, 2)) -> Ints | None:
    """Return neighbouring ports of one device whose cables lead to neighbouring ports of one other; None for none."""
    case = lab.case
    for first in _some(lab, rng):
        for size in rng.permutation(sizes).tolist():
            start = int(case.line[first])
            ports = case.order[start : start + size]
            far = lab.real[ports]
            one = (case.node[ports] == case.node[first]).all() and (case.node[far] == case.node[far[0]]).all()
            step = np.diff(case.line[far])
            if len(ports) == size and one and (np.abs(step) == 1).all() and (step == step[0]).all() and _up(lab, ports):
                return ports
    return None
