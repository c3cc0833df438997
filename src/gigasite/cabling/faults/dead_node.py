"""Dead node: every planned port of a device is dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.fault import Cause, Stage, faults

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab

LEAST = 2  # cables: of one nobody can tell whether it or its device is dead
NEARLY_FRAC, NEARLY_LEAST = 0.9, 10
"""So many cables of a switch that does not report, and so large a share, are dark: what still sees it is old
(`estimate`). Hosts have fewer, and are cabled one by one."""


@faults.part("dead_node")
class DeadNode:
    """A device that is off, not racked, or not reached by its fabric: one cause, however many cables it has."""

    stage = Stage.DEVICE
    signature = "every planned port of one device sees nothing, and is seen by nobody"
    remedy = "look whether the device is racked, powered and booted before touching a cable"
    verify = "the device's own ports see their neighbours"

    def find(self, case: Case, /) -> list[Cause]:
        """Return devices all of whose cables are dark, those with most cables first."""
        dark = case.bad[(case.real[case.bad] < 0)]
        dark = dark[(case.plan[dark] >= 0) & (case.real[case.plan[dark]] < 0)]
        m = len(case.host)
        count = np.bincount(case.unit[dark], minlength=m)
        judged = (case.plan >= 0) & (case.known | case.known[case.plan])
        planned = np.bincount(case.unit[judged], minlength=m)
        lit = np.bincount(case.unit[case.real >= 0], minlength=m)
        speaks = np.bincount(case.unit[case.bound.reporting], minlength=m)
        nearly = (speaks == 0) & (count >= NEARLY_FRAC * (planned + lit)) & (count >= NEARLY_LEAST)
        units = np.flatnonzero((count >= LEAST) & (count == planned) & (lit == 0) | nearly)
        left = np.zeros(len(case.plan), bool)
        left[dark] = True
        out = []
        for unit in units[np.lexsort((units, -count[units]))].tolist():
            ports = case.ports_of(unit)
            if left[ports].sum() >= LEAST:
                ports = ports[left[ports] | _unheard(case, ports)]
                left[ports] = left[case.plan[ports]] = False
                out.append(_cause(case, unit, np.r_[ports, case.plan[ports]]))
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Switch one device off that has two cables or more."""
        case = lab.case
        cabled = np.bincount(case.unit[case.plan >= 0], minlength=len(case.host))
        for unit in rng.permutation(np.flatnonzero(cabled >= LEAST))[:50].tolist():
            ports = case.ports_of(unit)
            if lab.free(ports):
                mine = ports[case.plan[ports] >= 0]
                every = np.r_[mine, case.plan[mine]].tolist()
                lab.unplug(mine.tolist())
                lab.silent[case.node[ports]] = True
                lab.busy[ports] = True
                return lab.tell("dead_node", every)
        return False


def _unheard(case: Case, ports: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say which cables of a device nobody tells of: hosts that are reached through a dead switch alone are not seen."""
    far = case.plan[ports]
    out: NDArray[np.bool_] = (far >= 0) & ~case.known[ports] & ~case.known[far]
    return out


def _cause(case: Case, unit: int, ports: NDArray[np.int64]) -> Cause:
    speaks = bool(case.bound.reporting[case.ports_of(unit)].any())
    name = case.name(unit)
    mine = case.ports_of(unit)
    every = "all" if (case.real[mine] < 0).all() else "nearly all, "
    word = f"{name} reports, but none of its ports sees anything" if speaks else f"{name} does not report"
    return Cause(
        kind="dead_node",
        ports=tuple(ports.tolist()),
        confidence_frac=1.0 - 0.5 ** (len(ports) // 2),
        evidence=(f"{word}; {every} {len(ports) // 2} cables planned to it are dark",),
        ties=(f"{len(ports) // 2} missing cables",) if len(ports) // 2 == LEAST else (),
    )
