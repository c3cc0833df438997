"""PSU filter: the power supplies' first-order lag."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import lfilter

from gigasite._core.settings import setting
from gigasite.power.shaper import Shaped, shapers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Job


@shapers.part("psu-filter")
@dataclass(frozen=True, slots=True, kw_only=True)
class PsuFilter:
    """First-order smoothing by bulk capacitors; 20-100 ms are usual (estimate).

    Parameters
    ----------
    lag_s
        Time constant [s].
    """

    lag_s: float = setting(0.05, 1e-4, 100.0)

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the smoothed load; the energy that its capacitors took in or gave back is accounted for."""
        keep = math.exp(-job.dt_s / self.lag_s)
        out_w, _ = lfilter([1.0 - keep], [1.0, -keep], load_w, zi=[keep * load_w[0]])
        return Shaped(load_w=out_w, extra_j=float(np.sum(out_w - load_w)) * job.dt_s, goodput_frac=1.0)
