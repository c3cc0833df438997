"""What a measured trace says about the levels of the synthetic job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gigasite.training.types import LoadTrace

ACTIVE_W = 150.0  # a GPU above this trains or waits for others: twice idle (73 W), below compute
SLOPE_S = 1.0  # time over which slopes are taken: the meter averages that long
MOST_SAMPLES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Levels per GPU that a trace shows, as the meter gave them.

    Parameters
    ----------
    idle_w
        2nd percentile of the whole trace [W].
    wait_w, compute_w
        5th and 95th percentile between the first and the last moment above 150 W [W].
    highest_w
        Highest sample [W].
    rise_w_per_s, fall_w_per_s
        Steepest over 1 s [W/s].
    plateau_frac
        Share of the active time nearer to `compute_w` than to `wait_w`.
    dips
        Falls through half way between them.
    """

    idle_w: float
    wait_w: float
    compute_w: float
    highest_w: float
    rise_w_per_s: float
    fall_w_per_s: float
    plateau_frac: float
    dips: int


def calibrate(trace: LoadTrace) -> Calibration:
    """Return the levels that a trace shows, per GPU.

    Meters that average over a second round off whatever is shorter: short waits look too high,
    short plateaus too low.
    """
    dt = max(0.1, trace.duration_s / MOST_SAMPLES)
    each = trace.render(0.0, trace.duration_s, dt) / trace.gpus
    active = np.flatnonzero(each > ACTIVE_W)
    part = each[active[0] : active[-1] + 1] if len(active) else each
    wait, compute = (float(q) for q in np.quantile(part, (0.05, 0.95)))
    above = part > (wait + compute) / 2
    n = max(1, round(SLOPE_S / dt))
    slope = (each[n:] - each[:-n]) / (n * dt) if len(each) > n else np.zeros(1)
    return Calibration(
        idle_w=float(np.quantile(each, 0.02)),
        wait_w=wait,
        compute_w=compute,
        highest_w=float(each.max()),
        rise_w_per_s=float(slope.max()),
        fall_w_per_s=float(-slope.min()),
        plateau_frac=float(above.mean()),
        dips=int(np.count_nonzero(above[:-1] & ~above[1:])),
    )
