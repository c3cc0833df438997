"""What a measured trace says about the levels of the synthetic job, and its scale to a campus."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.training.step import step

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
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


def scaled(trace: LoadTrace, campus: Campus, design: Design, gpus: int | None = None) -> LoadTrace:
    """Return the load of the campus as if each of its GPUs behaved like the measured ones.

    IT power = measured power per GPU x GPUs + the rest of servers and racks, which is the design's
    typical power less `compute_tdp` of the GPUs. It assumes that the rest does not swing and that
    all GPUs are in step (the eight GPUs of one node are, to a correlation of 0.96-0.999).

    Parameters
    ----------
    trace
        Power of GPUs alone.
    campus, design
        The campus and its design.
    gpus
        GPUs that run; default: all.

    Raises
    ------
    InfeasibleError
        More GPUs than the campus has, or none.
    """
    count = campus.compute.gpus if gpus is None else gpus
    one = step(campus, count)
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    if trace.gpus < 1:
        raise InfeasibleError(f"{trace.source} does not say how many GPUs it measures")
    typical = design.power.it_typical_w * count / campus.compute.gpus
    rest = max(typical - campus.training.compute_tdp_frac * gpu.tdp_w * count, 0.0)
    factor = count / trace.gpus
    return replace(
        trace,
        power_w=trace.power_w * factor + rest,
        before_w=trace.before_w * factor + rest,
        gpus=count,
        step=one,
    )
