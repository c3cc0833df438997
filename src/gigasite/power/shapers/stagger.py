"""Stagger: groups of ranks that run the same iteration at different moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.settings import setting
from gigasite.power.shaper import Shaped, shapers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Job


@shapers.part("stagger")
@dataclass(frozen=True, slots=True, kw_only=True)
class Stagger:
    """Shift m equal groups by T/m each: all harmonics but every m-th cancel.

    Only between jobs, or data-parallel groups without a common barrier: a barrier brings all ranks together again.

    Parameters
    ----------
    groups
        Number of groups.
    """

    groups: int = setting(4, 1, 1000)

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the mean of the shifted loads; the last group comes (m - 1) T / m later."""
        if job.period_s is None:
            found = Finding(
                severity=Severity.warning,
                chapter="power",
                where="stagger",
                what="does nothing: the load shows no period",
                remedy="a load with iterations",
            )
            return Shaped(load_w=load_w, extra_j=0.0, goodput_frac=1.0, findings=(found,))
        at = np.arange(len(load_w), dtype=np.float64)
        total = np.zeros(len(load_w))
        for k in range(self.groups):
            # fractions of a step by straight lines: a rounded shift would leave some of each harmonic
            total += np.interp(at - k * job.period_s / self.groups / job.dt_s, at, load_w)
        out_w = total / self.groups
        found = Finding(
            severity=Severity.note,
            chapter="power",
            where="stagger",
            what="holds only between jobs or groups without a common barrier",
        )
        extra_j = float((out_w - load_w).sum()) * job.dt_s
        return Shaped(load_w=out_w, extra_j=extra_j, goodput_frac=1.0, findings=(found,))
