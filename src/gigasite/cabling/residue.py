"""What remains when larger causes are undone: rings and chains of planned and real cables.

Planned and real links over the ports that differ make a graph in which every port has at most one of each: its
components are rings and chains in which planned and real links take turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Residue:
    """Rings and chains.

    Parameters
    ----------
    ports
        Ports that differ (k,), by component and number.
    component
        Component of each (k,).
    planned, real
        Links of either kind in each component (c,).
    """

    ports: NDArray[np.int64]
    component: NDArray[np.int64]
    planned: NDArray[np.int64]
    real: NDArray[np.int64]

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Components that are rings (c,)."""
        size = np.bincount(self.component, minlength=len(self.planned))
        out: NDArray[np.bool_] = self.planned + self.real == size
        return out

    def members(self, which: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
        """Return the ports of some components."""
        if not which.any():
            return []
        kept = which[self.component]
        ports, component = self.ports[kept], self.component[kept]
        return np.split(ports, np.flatnonzero(np.diff(component)) + 1)


def residue(case: Case) -> Residue:
    """Return the rings and chains of a case."""
    bad = case.bad
    plan, real = case.plan[bad], case.real[bad]
    k = len(bad)
    u = np.r_[np.flatnonzero(plan >= 0), np.flatnonzero(real >= 0)]
    v = np.searchsorted(bad, np.r_[plan[plan >= 0], real[real >= 0]])
    count, component = connected_components(coo_array((np.ones(len(u), np.int8), (u, v)), shape=(k, k)), directed=False)
    order = np.argsort(component, kind="stable")
    return Residue(
        ports=bad[order],
        component=component[order].astype(np.int64),
        planned=np.bincount(component[plan >= 0], minlength=count) // 2,
        real=np.bincount(component[real >= 0], minlength=count) // 2,
    )
