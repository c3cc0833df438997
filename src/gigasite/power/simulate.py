"""The study: a plant under a load with a controller, judged against limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import worst_first
from gigasite.power import aggregate
from gigasite.power.controller import controllers
from gigasite.power.findings import plant_findings
from gigasite.power.limit import Series, ramps
from gigasite.power.limit import limits as limit_parts
from gigasite.power.types import Plant, Swing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.power.limit import Limit
    from gigasite.training.types import LoadTrace

STEP_S = 0.005
ROCOF_WINDOW_S = 0.1
RAMP_WINDOW_S = 1.0
MOST_SAMPLES = 20_000_000  # 27 h at 5 ms, about 2 GB; longer traces are run in windows


def simulate(
    plant: Plant,
    load: LoadTrace,
    controller: Any,
    *,
    limits: Sequence[Limit] = (),
    dt_s: float = STEP_S,
    start_s: float = 0.0,
    stop_s: float | None = None,
    extra_w: float = 0.0,
) -> Swing:
    """Run the plant under the load.

    Parameters
    ----------
    plant
        Machines or grid, and the battery.
    load
        The training load.
    controller
        A part of `controllers`, or anything with `start` and `step`; without a compiled law it
        runs in Python.
    limits
        Limits to hold.
    dt_s
        Step [s]; 5 ms resolves the fastest lag (20 ms) four times.
    start_s, stop_s
        Window of the load [s]; default: all of it. The plant starts at rest with the window's
        first load.
    extra_w
        Steady load beside the training load: switches, cooling, losses [W].

    Returns
    -------
    Swing
        With findings, worst first.

    Raises
    ------
    InfeasibleError
        The machines do not even carry the first load, or the window is empty or has more than 2e7
        steps.
    """
    count = _steps(start_s, load.duration_s if stop_s is None else stop_s, dt_s)
    # the mean of each step, taken in its middle: an edge on a step's border stays sharp
    first, last = start_s + dt_s / 2, start_s + count * dt_s
    load_w = np.ascontiguousarray(load.render(first, last, dt_s) + extra_w, dtype=np.float64)
    run = aggregate.run(plant, load_w, controller, dt_s)
    swing = _swing(plant, run, load_w[: len(run.battery_w)], (dt_s, start_s))
    swing = replace(swing, controller=getattr(controller, "kind", type(controller).__name__))
    series = Series(
        dt_s=dt_s,
        resolution_s=load.resolution_s,
        nominal_hz=plant.frequency_hz,
        frequency_hz=swing.frequency_hz,
        source_w=swing.source_w,
        islanded=swing.islanded,
    )
    judged = [judge.judge(series) for judge in limits]
    found = [f for _, more in judged for f in more] + list(load.findings)
    found += plant_findings(plant, swing, run, count * dt_s)
    lines = tuple(line for more, _ in judged for line in more)
    return replace(swing, lines=lines, findings=worst_first(found))


def study(campus: Campus, plant: Plant, load: LoadTrace, *, extra_w: float = 0.0, dt_s: float = STEP_S) -> Swing:
    """Run the campus's own controller and limits."""
    controller = controllers[campus.power.controller.kind].of(campus.power.controller)
    judges = [limit_parts[x.kind].of(x) for x in campus.power.limits]
    return simulate(plant, load, controller, limits=judges, dt_s=dt_s, extra_w=extra_w)


def _steps(start_s: float, stop_s: float, dt_s: float) -> int:
    given = (start_s, stop_s, dt_s)
    count = (stop_s - start_s) / dt_s if all(map(math.isfinite, given)) and dt_s > 0.0 else 0.0
    if not 2 - 1e-6 <= count <= MOST_SAMPLES:
        raise InfeasibleError(
            f"{start_s:g} to {stop_s:g} s at {dt_s:g} s are {count:,.0f} steps; 2 to "
            f"{MOST_SAMPLES:,} work: choose another window or step"
        )
    return int(count + 1e-6)


def _swing(plant: Plant, run: aggregate.Run, load_w: NDArray[np.float64], when: tuple[float, float]) -> Swing:
    dt_s, start_s = when
    f = plant.frequency_hz * (1.0 + run.deviation_pu)
    net = load_w - run.battery_w
    source = net + plant.loss_w_per_w2 * net**2
    mechanical = run.mechanical_w
    if plant.grid is not None:
        mechanical = np.full(len(load_w), beside_grid_w(plant, float(source.max())))
    change = ramps(source, dt_s, RAMP_WINDOW_S)
    energy_j = plant.battery.energy_j if plant.battery else 0.0
    return Swing(
        dt_s=dt_s,
        start_s=start_s,
        load_w=load_w,
        frequency_hz=f,
        source_w=source,
        mechanical_w=mechanical,
        battery_w=run.battery_w,
        soc_frac=run.soc_frac,
        controller="",
        islanded=plant.grid is None,
        nadir_hz=float(f.min()),
        peak_hz=float(f.max()),
        rocof_hz_per_s=float(np.abs(ramps(f, dt_s, ROCOF_WINDOW_S)).max()),
        ramp_up_w_per_s=max(float(change.max()), 0.0),
        ramp_down_w_per_s=max(float(-change.min()), 0.0),
        battery_peak_w=float(np.abs(run.battery_w).max()),
        battery_throughput_j=float(np.abs(run.battery_w).sum() * dt_s),
        battery_used_j=float(np.ptp(run.soc_frac)) * energy_j,
        lines=(),
        findings=(),
    )


def beside_grid_w(plant: Plant, highest_w: float) -> float:
    """Return the steady power of gensets beside a grid [W].

    They carry what the grid's capacity lacks at the highest load, within minimum load and rating.
    """
    if plant.grid is None or not plant.machines:
        return 0.0
    low = sum(m.count * m.rating_w * m.min_load_frac for m in plant.machines)
    high = sum(m.count * m.rating_w for m in plant.machines)
    return float(min(max(highest_w - plant.grid.capacity_w, low), high))
