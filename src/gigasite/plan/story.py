"""The whole story: read it from top to bottom."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.engine import Engine
from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.progress import SILENT, Progress
from gigasite._core.quantity import show
from gigasite.cabling import compare, observe, read_plan_csv
from gigasite.cabling import plan as plan_cables
from gigasite.cabling.dialect import discovered_ends
from gigasite.cooling import simulate as cool
from gigasite.cooling import weather_of
from gigasite.design import design as design_campus
from gigasite.design.types import Money
from gigasite.plan.plumbing import plumb
from gigasite.plan.ramp import ramp_up
from gigasite.plan.sizing import NOT_TAKEN, size_battery
from gigasite.plan.types import Plan
from gigasite.power import Grid, Plant, plant_of, study
from gigasite.power.controller import controllers
from gigasite.power.limit import limits
from gigasite.power.resonance import resonance, wave_of
from gigasite.power.simulate import as_run, part_of
from gigasite.schedule import conventional_modes
from gigasite.schedule import schedule as build_schedule
from gigasite.training import load_trace, read_trace
from gigasite.training.measured import scaled

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan, Comparison
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.power.resonance import Resonance
    from gigasite.power.types import Swing
    from gigasite.schedule.types import Schedule
    from gigasite.training.types import LoadTrace


STEADY_HZ = 0.3
"""Steady swing of the frequency that a campus without a class of limits is held to; estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What may replace the campus's own: a weather file, a measured load, dumps of real cabling."""

    weather: Path | None = None
    load: Path | None = None
    load_gpus: int | None = None
    """GPUs that the measured load was taken on; default: as the file says."""
    observed: Path | None = None
    observed_plan: Path | None = None
    """Cable plan (CSV) that the dumps belong to; default: `plan.csv` beside them, else the campus's own plan."""


class _Clock:
    """Seconds of each chapter. Wall time is measured for the user only; no result hangs on it."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._last = time.perf_counter()

    def done(self, chapter: str, number: int) -> None:
        now = time.perf_counter()
        self.seconds[chapter] = round(now - self._last, 3)
        self._last = now
        self._progress.step(chapter, number, 7)


def plan(
    campus: Campus,
    inputs: Inputs | None = None,
    *,
    workers: int = 1,
    progress: Progress = SILENT,
    sizing: bool = False,
) -> Plan:
    """Take a campus from an empty factory to its first training step.

    Parameters
    ----------
    campus
        The campus.
    inputs
        Files that replace what the campus says.
    workers
        Processes for the schedule's samples and the sizing; results do not depend on it.
    progress
        Told after every chapter, and after every controller of the sizing.
    sizing
        Size the battery for every controller, beside the bound: some 5 s more, which only the report needs.

    Raises
    ------
    GigasiteError
        A file cannot be read, or the fabric cannot join the servers.
    """
    given = inputs or Inputs()
    clock = _Clock(progress)
    design = design_campus(campus)
    clock.done("design", 1)
    load = the_load(campus, design, given)
    clock.done("training", 2)
    engine = Engine(workers=workers, progress=progress)
    schedule = build_schedule(campus, design, engine=engine)
    conventional = build_schedule(campus, design, modes=conventional_modes(campus), engine=engine, drivers=False)
    ramp = ramp_up(campus, design, schedule)
    clock.done("schedule", 3)
    swing = swing_at_full_size(campus, design, load, schedule)
    response, why = resonance_at_full_size(campus, design, load, schedule)
    battery = NOT_TAKEN
    if sizing:
        plant, _ = plant_at_full_size(campus, design, schedule)
        battery = size_battery(campus, plant, load, steady_power(design), engine)
    clock.done("power", 4)
    cooling = cool(campus, design, weather_of(campus, given.weather), mean_it_power(load))
    plumbing = plumb(campus, design)
    clock.done("cooling", 5)
    cables = plan_cables(campus, design)
    observed = observation(campus, design, cables, given)
    clock.done("cabling", 6)
    cost = total_cost(campus, design, cables, schedule)
    rooms = (design, load, schedule, swing, cooling, plumbing, cables)
    found = [f for room in rooms for f in room.findings] + (list(observed.findings) if observed else [])
    clock.done("plan", 7)
    return Plan(
        campus=campus,
        design=design,
        load=load,
        swing=swing,
        resonance=response,
        resonance_why=why,
        sizing=battery,
        cooling=cooling,
        plumbing=plumbing,
        cables=cables,
        observed=observed,
        schedule=schedule,
        conventional=conventional,
        ramp_up=ramp,
        cost=cost,
        findings=worst_first(found),
        seconds=clock.seconds,
    )


def the_load(campus: Campus, design: Design, given: Inputs) -> LoadTrace:
    """Return the measured load scaled to the campus, else the synthetic job."""
    path = given.load
    if path is None and campus.training.trace is not None:
        path = Path(campus.file).parent / campus.training.trace
    if path is None:
        return load_trace(campus, design)
    return scaled(read_trace(path, gpus=given.load_gpus or campus.training.trace_gpus), campus, design)


def mean_it_power(load: LoadTrace) -> float:
    """Return the mean power while training [W]: of phases that are not idle, start or stop; else of the whole trace."""
    busy = [p for p in load.phases if p[2] in {"compute", "communication", "checkpoint"}]
    dt = max(load.duration_s / 100_000, 0.01)
    power = load.render(0.0, load.duration_s, dt)
    if not busy:
        return float(power.mean())
    t = np.arange(len(power)) * dt
    edges = np.array([e for p in busy for e in p[:2]])
    inside = np.searchsorted(edges, t, side="right") % 2 == 1
    return float(power[inside].mean()) if inside.any() else float(power.mean())


def plant_at_full_size(campus: Campus, design: Design, schedule: Schedule) -> tuple[Plant, float]:
    """Return the plant of the full-size day (or, if that never comes, of the last grid step) and its grid [W]."""
    day = schedule.full_size.p50
    steps = [g.capacity_w for g in campus.power.grid if g.day <= day]
    grid_w = steps[-1] if steps else 0.0
    return plant_of(campus, grid_w=grid_w, load_w=design.power.peak_w), grid_w


def steady_power(design: Design) -> float:
    """Return the steady load beside the training load: network, cooling, losses [W]."""
    p = design.power
    return p.network_w + p.cooling_w + p.loss_w


def resonance_at_full_size(
    campus: Campus, design: Design, load: LoadTrace, schedule: Schedule
) -> tuple[Resonance | None, str]:
    """Return where the plant resonates with the job; else None, and why: a stiff grid, or a plant that has no rest."""
    plant, _ = plant_at_full_size(campus, design, schedule)
    if plant.grid is not None:
        return None, "the grid holds the frequency, whatever the load does"
    steady_w = steady_power(design)
    controller = part_of(controllers, campus.power.controller)
    wave = wave_of(load, steady_w)
    mean_w = wave.mean_w if wave is not None else mean_it_power(load) + steady_w
    band = [part_of(limits, x) for x in campus.power.limits if x.kind.startswith("iso8528")]
    limit_hz = min((b.steady_width_frac * plant.frequency_hz for b in band), default=STEADY_HZ)
    try:
        run = as_run(plant, controller, "network")
        return resonance(run, mean_w, wave, limit_hz=limit_hz, controller=controller), ""
    except InfeasibleError as error:
        return None, str(error)


def swing_at_full_size(campus: Campus, design: Design, load: LoadTrace, schedule: Schedule) -> Swing:
    """Run the plant of the full-size day (or, if that never comes, of the last grid step) under the load."""
    steady_w = steady_power(design)
    plant, grid_w = plant_at_full_size(campus, design, schedule)
    have = sum(m.count * m.rating_w for m in plant.machines)
    first_w = float(load.render(0.0, 0.02, 0.01)[0]) + steady_w
    if plant.grid is None and have < first_w * 1.001:
        return _short_of_power(campus, plant, load, steady_w, have + grid_w, first_w)
    return study(campus, plant, load, extra_w=steady_w)


def _short_of_power(
    campus: Campus, plant: Plant, load: LoadTrace, steady_w: float, have_w: float, first_w: float
) -> Swing:
    """Show the swing on a stiff source where the real one cannot even start, and say so."""
    stiff = dataclasses.replace(plant, machines=(), grid=Grid(capacity_w=have_w))
    swing = study(campus, stiff, load, extra_w=steady_w)
    found = Finding(
        severity=Severity.error,
        chapter="power",
        where="plant",
        what="does not carry even the idle campus: the swing is shown on a stiff source",
        limit=show(have_w, "MW"),
        found=show(first_w, "MW"),
        remedy="more grid or gensets by the full-size day",
    )
    return dataclasses.replace(swing, findings=worst_first([found, *swing.findings]))


def observation(campus: Campus, design: Design, cables: CablePlan, given: Inputs) -> Comparison | None:
    """Compare what was seen with the plan beside it, or with the campus's own plan."""
    if given.observed is None:
        return None
    seen = observe(given.observed)
    beside = given.observed / "plan.csv"
    path = given.observed_plan or (beside if given.observed.is_dir() and beside.exists() else None)
    ends = read_plan_csv(path) if path is not None else discovered_ends(campus, design, cables)
    return compare(ends, seen)


def total_cost(campus: Campus, design: Design, cables: CablePlan, schedule: Schedule) -> Money:
    """Return parts, cables, people and building.

    People: crew hours of the likely plan times the crew's loaded cost. Building: fit-out of a standing shell, or a new
    one and its fit-out. Ranges add up in squares, as those of the parts.
    """
    prices = campus.catalogue.prices
    area = campus.site.shell.area_m2
    works = [prices["fit_out"]] + ([] if campus.site.shell.reuse else [prices["new_shell"]])
    labour = _labour(schedule)
    pieces = [
        design.capex,
        cables.cost,
        Money(low_usd=0.8 * labour, likely_usd=labour, high_usd=1.5 * labour),
    ]
    pieces += [Money(low_usd=w.low * area, likely_usd=w.likely * area, high_usd=w.high * area) for w in works]
    likely = sum(m.likely_usd for m in pieces)
    down = sum((m.likely_usd - m.low_usd) ** 2 for m in pieces) ** 0.5
    up = sum((m.high_usd - m.likely_usd) ** 2 for m in pieces) ** 0.5
    return Money(low_usd=likely - down, likely_usd=likely, high_usd=likely + up)


def _labour(schedule: Schedule) -> float:
    """Return the loaded cost of all man-hours of the likely plan; people who are absent cost nothing."""
    return float(schedule.baseline.cost_usd.sum())
