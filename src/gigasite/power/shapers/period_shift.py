"""Period shift: longer iterations, away from the plant's resonance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.finding import Finding, Severity
from gigasite._core.settings import setting
from gigasite.power.shaper import Shaped, shapers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Job


@shapers.part("period-shift")
@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodShift:
    """Stretch every iteration to another period by waiting longer; computing takes what it took.

    The load is warped in time: stretches at low power last longer, so that an iteration of the announced period takes
    the wanted one. What no longer fits into the trace is cut: the job does less in the same time.

    Parameters
    ----------
    period_s
        Wanted period [s]; longer than the job's own.
    """

    period_s: float | None = setting(None, 0.01, 1e5)

    def __post_init__(self) -> None:
        """Ask for the period."""
        if self.period_s is None:
            raise QuantityError("needs `period`, such as 2.5 s")

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the warped load."""
        assert self.period_s is not None  # checked at the start
        own_s = job.period_s
        if own_s is None or self.period_s <= own_s:
            why = "the load shows no period" if own_s is None else f"the job's period is {own_s:.3g} s already"
            found = Finding(
                severity=Severity.warning,
                chapter="power",
                where="period shift",
                what=f"does nothing: {why}",
                remedy="a longer period, or a load with iterations",
            )
            return Shaped(load_w=load_w, extra_j=0.0, goodput_frac=1.0, findings=(found,))
        low, high = float(load_w.min()), float(load_w.max())
        training = _training(load_w, job)
        waits = training & (load_w < 0.5 * (low + high))
        share = float(waits[training].mean()) if training.any() else 0.0
        if share <= 0.0:
            return Shaped(load_w=load_w, extra_j=0.0, goodput_frac=1.0)
        # an iteration waits share x own; to last `period` the waiting takes so many times longer
        stretch = 1.0 + (self.period_s - own_s) / (share * own_s)
        end = np.cumsum(np.where(waits, stretch, 1.0))
        out_w = load_w[np.minimum(np.searchsorted(end, np.arange(len(load_w)) + 0.5), len(load_w) - 1)]
        extra_j = float((out_w - load_w).sum()) * job.dt_s
        return Shaped(load_w=out_w, extra_j=extra_j, goodput_frac=own_s / self.period_s)


def _training(load_w: NDArray[np.float64], job: Job) -> NDArray[np.bool_]:
    """Return where the announced load swings: iterations, not idle time or a checkpoint."""
    t = job.start_s + job.dt_s * (np.arange(len(load_w)) + 0.5)
    out = np.zeros(len(load_w), dtype=bool)
    for p in job.announced:
        if p.stop_s - p.start_s > (job.period_s or 0.0) and p.high_w > p.low_w:
            out |= (t >= p.start_s) & (t < p.stop_s)
    return out
