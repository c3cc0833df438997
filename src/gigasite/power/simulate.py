"""The study: a plant under a load with a controller, judged against limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import worst_first
from gigasite._core.settings import read
from gigasite.power import aggregate, flow, network
from gigasite.power.announce import announced, period_of
from gigasite.power.controller import controllers
from gigasite.power.drive import Drive, begun
from gigasite.power.findings import plant_findings
from gigasite.power.governor import governors
from gigasite.power.governor_kernels import CODES
from gigasite.power.limit import Series, ramps
from gigasite.power.limit import limits as limit_parts
from gigasite.power.move_kernels import largest_moves
from gigasite.power.shaper import shapers as shaper_parts
from gigasite.power.source import asked
from gigasite.power.stability import check
from gigasite.power.types import Job, Plant, Swing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite._core.settings import Choice
    from gigasite.campus.schema import Campus
    from gigasite.power.drive import Run
    from gigasite.power.limit import Limit
    from gigasite.power.shaper import Shaper
    from gigasite.power.types import Event
    from gigasite.training.types import LoadTrace

Level = Literal["network", "aggregate"]
STEP_S: Mapping[str, float] = {"network": 0.002, "aggregate": 0.005}
"""Steps that resolve the fastest lags (20 ms) ten and four times."""
FIGURED = ("flicker", "spectrum")
"""Limits whose figures are always taken."""
ROCOF_WINDOW_S = 0.1
RAMP_WINDOW_S = 1.0
MOST_SAMPLES = 20_000_000  # 11 h at 2 ms, about 2 GB; longer traces are run in windows


def simulate(
    plant: Plant,
    load: LoadTrace,
    controller: Any,
    *,
    limits: Sequence[Limit] = (),
    shapers: Sequence[Shaper] = (),
    events: Sequence[Event] = (),
    level: Level = "network",
    dt_s: float | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    extra_w: float = 0.0,
    figures: bool = True,
) -> Swing:
    """Run the plant under the load.

    Parameters
    ----------
    plant
        Machines, grid, battery.
    load
        The training load.
    controller
        A part of `controllers`, or anything with `start` and `step`; without a compiled law it
        runs in Python.
    limits
        Limits to hold.
    shapers
        What smooths the load first, in this order.
    events
        Trips; network level only.
    level
        `network`: angles, voltages, exciters; `aggregate`: one common speed, for screening and Monte Carlo.
    dt_s
        Step [s]; default 2 ms and 5 ms.
    start_s, stop_s
        Window of the load [s]; default: all of it. The plant starts at rest with the window's
        first load.
    extra_w
        Steady load beside the training load: switches, cooling, losses [W].
    figures
        Take flicker and spectrum also where no limit asks for them.

    Returns
    -------
    Swing
        With findings, worst first.

    Raises
    ------
    InfeasibleError
        The machines do not even carry the first load, the plant cannot come to rest, or the window is empty or has more
        than 2e7 steps.
    """
    step_s = STEP_S[level] if dt_s is None else dt_s
    count = _steps(start_s, load.duration_s if stop_s is None else stop_s, step_s)
    load_w = np.ascontiguousarray(load.means(start_s, step_s, count), dtype=np.float64)
    job = job_of(plant, load, limits, window=(start_s, start_s + count * step_s, step_s), extra_w=extra_w)
    load_w, extra_j, goodput, found = shaped(load_w, shapers, job)
    drive = Drive(plant=as_run(plant, controller, level), load_w=load_w + extra_w, dt_s=step_s, start_s=start_s)
    acting = informed(controller, job)
    drive = begun(drive, acting)
    drive = replace(drive, plant=with_losses(drive.plant, float(drive.load_w[0]), level))
    check(drive, controller, level)
    run = run_level(drive, acting, events, level)
    swing = swing_of(drive, run, level)
    name = getattr(controller, "kind", type(controller).__name__)
    swing = replace(swing, controller=name, shaper_j=extra_j, goodput_frac=goodput)
    more = [limit_parts[n]() for n in FIGURED if figures and not any(isinstance(x, limit_parts[n]) for x in limits)]
    return judge(
        swing, load, (limits, more), [*found, *plant_findings(drive.plant, swing, run, count * step_s)], drive.plant
    )


def judge(
    swing: Swing,
    load: LoadTrace,
    limits: tuple[Sequence[Limit], Sequence[Limit]],
    found: Sequence[Finding],
    plant: Plant,
) -> Swing:
    """Return the swing with the limits' lines, figures and findings; of the second group only the figures."""
    series = Series(
        plant=plant,
        dt_s=swing.dt_s,
        resolution_s=load.resolution_s,
        load_w=swing.load_w,
        frequency_hz=swing.frequency_hz,
        source_w=swing.source_w,
        grid_w=swing.grid_w,
        mechanical_w=swing.mechanical_w,
        battery_w=swing.battery_w,
        soc_frac=swing.soc_frac,
        voltage_pu=swing.voltage_pu,
        start_s=swing.start_s,
    )
    verdicts = [limit.judge(series) for limit in limits[0]]
    findings = [*found, *load.findings, *(f for v in verdicts for f in v.findings)]
    figures: dict[str, float] = {}
    for v in [*(limit.judge(series) for limit in limits[1]), *verdicts]:
        figures.update(v.figures)
    lines = tuple(line for v in verdicts for line in v.lines)
    return replace(swing, lines=lines, figures=figures, findings=worst_first(findings))


def run_level(drive: Drive, controller: Any, events: Sequence[Event], level: Level) -> Run:
    """Run one level."""
    if level == "network":
        return network.run(drive, controller, events)
    if events:
        raise InfeasibleError("events need the network level: units that trip leave the common speed")
    return aggregate.run(drive, controller)


def with_losses(plant: Plant, first_w: float, level: Level) -> Plant:
    """Return the plant with the losses of its start, where the level wants them as a number and none is given."""
    if level == "network" or plant.loss_w_per_w2 is not None:
        return plant
    return replace(plant, loss_w_per_w2=flow.loss_w_per_w2(plant, first_w))


def as_run(plant: Plant, controller: Any, level: Level) -> Plant:
    """Return the plant with the inverters that the controller programs at the network level."""
    if level != "network" or plant.battery is None or not hasattr(controller, "inverter"):
        return plant
    kind, settings = controller.inverter()
    b = plant.battery
    # a controller's droop is on the rating, the inverters' on their apparent power
    apparent_w = b.apparent_w or network.APPARENT * b.rating_w
    scaled = {k: v * (apparent_w / b.rating_w) if k == "mp" else v for k, v in settings.items()}
    scaled = {k: v * (b.rating_w / apparent_w) if k == "H" else v for k, v in scaled.items()}
    return replace(plant, battery=replace(b, inverter=kind, inverter_settings={**b.inverter_settings, **scaled}))


def informed(controller: Any, job: Job) -> Any:
    """Return the controller with its plan for this job, if it makes one."""
    return controller.informed(job) if hasattr(controller, "informed") else controller


def job_of(
    plant: Plant,
    load: LoadTrace,
    limits: Sequence[Limit],
    *,
    window: tuple[float, float, float],
    extra_w: float = 0.0,
) -> Job:
    """Return what controllers and shapers may know before the run; `window` is start, stop and step [s]."""
    start_s, stop_s, dt_s = window
    phases = announced(load, start_s=start_s, stop_s=stop_s)
    if extra_w:
        phases = tuple(
            replace(p, mean_w=p.mean_w + extra_w, low_w=p.low_w + extra_w, high_w=p.high_w + extra_w) for p in phases
        )
    return Job(
        announced=phases,
        plant=plant,
        start_s=start_s,
        dt_s=dt_s,
        period_s=period_of(load),
        gpus=load.gpus,
        source=asked(limits),
    )


def shaped(
    load_w: NDArray[np.float64], shapers: Sequence[Shaper], job: Job
) -> tuple[NDArray[np.float64], float, float, list[Finding]]:
    """Return the load behind all shapers, the energy they cost [J], the goodput left and their findings."""
    extra_j, goodput, found = 0.0, 1.0, []
    for shaper in shapers:
        out = shaper.shape(load_w, job)
        load_w, extra_j, goodput = out.load_w, extra_j + out.extra_j, goodput * out.goodput_frac
        found += list(out.findings)
    return np.ascontiguousarray(load_w, dtype=np.float64), extra_j, goodput, found


def study(
    campus: Campus,
    plant: Plant,
    load: LoadTrace,
    *,
    extra_w: float = 0.0,
    level: Level | None = None,
    dt_s: float | None = None,
) -> Swing:
    """Run the campus's own controller, shapers and limits."""
    p = campus.power
    return simulate(
        plant,
        load,
        part_of(controllers, p.controller),
        limits=[part_of(limit_parts, x) for x in p.limits],
        shapers=[part_of(shaper_parts, x) for x in p.shapers],
        level=level or level_for(plant),
        dt_s=dt_s,
        extra_w=extra_w,
    )


def level_for(plant: Plant) -> Level:
    """Return `network`, but `aggregate` where a governor has no compiled equations."""
    assert governors  # fills the registry
    return "network" if all(m.governor in CODES for m in plant.machines) else "aggregate"


def part_of(registry: Any, choice: Choice) -> Any:
    """Make a part from its choice in a file."""
    return read(registry[choice.kind], choice.settings)


def _steps(start_s: float, stop_s: float, dt_s: float) -> int:
    given = (start_s, stop_s, dt_s)
    count = (stop_s - start_s) / dt_s if all(map(math.isfinite, given)) and dt_s > 0.0 else 0.0
    if not 2 - 1e-6 <= count <= MOST_SAMPLES:
        raise InfeasibleError(
            f"{start_s:g} to {stop_s:g} s at {dt_s:g} s are {count:,.0f} steps; 2 to "
            f"{MOST_SAMPLES:,} work: choose another window or step"
        )
    return int(count + 1e-6)


def swing_of(drive: Drive, run: Run, level: Level) -> Swing:
    """Return a run as a swing with the figures that every run has; limits are judged by `judge`."""
    plant, dt_s = drive.plant, drive.dt_s
    f = plant.frequency_hz * (1.0 + run.deviation_pu)
    # largest rise and fall within the window: from its end to its end, a 1-Hz swing would show no ramp over 1 s
    up_w, down_w = largest_moves(np.ascontiguousarray(run.source_w), max(1, round(RAMP_WINDOW_S / dt_s)))
    energy_j = plant.battery.energy_j if plant.battery else 0.0
    return Swing(
        dt_s=dt_s,
        start_s=drive.start_s,
        load_w=run.load_w,
        frequency_hz=f,
        source_w=run.source_w,
        grid_w=run.grid_w,
        mechanical_w=run.mechanical_w,
        battery_w=run.battery_w,
        soc_frac=run.soc_frac,
        voltage_pu=run.voltage_pu,
        level=level,
        controller="",
        islanded=plant.grid is None,
        nadir_hz=float(f.min()),
        peak_hz=float(f.max()),
        rocof_hz_per_s=float(np.abs(ramps(f, dt_s, ROCOF_WINDOW_S)).max()),
        ramp_up_w_per_s=up_w / RAMP_WINDOW_S,
        ramp_down_w_per_s=down_w / RAMP_WINDOW_S,
        battery_peak_w=float(np.abs(run.battery_w).max()),
        battery_throughput_j=float(np.abs(run.battery_w).sum() * dt_s),
        battery_used_j=float(np.ptp(run.soc_frac)) * energy_j,
        battery_loss_j=run.loss_j,
        shaper_j=0.0,
        goodput_frac=1.0,
        stopped=run.stopped,
        figures={},
        lines=(),
        findings=(),
    )
