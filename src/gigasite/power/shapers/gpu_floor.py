"""GPU floor: power smoothing inside the GPU, a lowest power and ramps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.settings import setting
from gigasite.power.shaper import Shaped, shapers
from gigasite.power.shaper_kernels import floored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Job


@shapers.part("gpu-floor")
@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFloor:
    """Power smoothing that the GPU itself offers (Blackwell and later; Hopper has none of it).

    While the job runs a GPU never draws less than the floor: it burns the difference. Up and down it moves by at most
    the ramps. A ramp up that is slower than the job delays work; that loss of speed is reported as the energy that came
    late, over the energy asked for.

    Parameters
    ----------
    floor_frac
        Lowest power while the job runs, of `tdp_w`.
    tdp_w
        Of one GPU [W].
    other_w
        Power per GPU that the GPU does not control: rest of the server, losses [W].
    up_w_per_s, down_w_per_s
        Ramps of one GPU [W/s].
    hold_s
        Hysteresis: how long the floor is held after the load fell [s].

    References
    ----------
    NVML group nvmlPowerSmoothing: PERCENT_TMP_FLOOR, RAMP_UP_RATE, RAMP_DOWN_RATE, RAMP_DOWN_HYSTERESIS; ranges as in
    arXiv 2508.14318. Default ramps and hysteresis are estimates.
    """

    floor_frac: float = setting(0.8, 0.0, 1.0)
    tdp_w: float = setting(1200.0, 1.0, 1e5)
    other_w: float = setting(300.0, 0.0, 1e5)
    up_w_per_s: float = setting(10_000.0, 0.1, 1e9)
    down_w_per_s: float = setting(10_000.0, 0.1, 1e9)
    hold_s: float = setting(5.0, 0.0, 3600.0)

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the floored load."""
        gpus, dt_s = job.gpus, job.dt_s
        floor_w = gpus * (self.floor_frac * self.tdp_w + self.other_w)
        up_w, down_w = gpus * self.up_w_per_s * dt_s, gpus * self.down_w_per_s * dt_s
        out_w = floored(load_w, floor_w, up_w, down_w, round(self.hold_s / dt_s))
        late_w = np.maximum(load_w - out_w, 0.0)
        asked_j = float(load_w.sum()) * dt_s
        late = float(late_w.sum()) * dt_s / asked_j if asked_j > 0.0 else 0.0
        found = Finding(
            severity=Severity.note,
            chapter="power",
            where="GPU floor",
            what="needs GPUs with power smoothing (Blackwell and later): H100 and H200 have none",
        )
        return Shaped(
            load_w=out_w,
            extra_j=float((out_w - load_w).sum()) * dt_s,
            goodput_frac=1.0 / (1.0 + late),
            findings=(found,),
        )
