"""The study: a plant under a load with a controller, judged against limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.quantity import show
from gigasite.power import kernels
from gigasite.power.controller import Seen, controllers
from gigasite.power.governor import SETTINGS, governors
from gigasite.power.limit import Limit, Series, limits
from gigasite.power.limits.ramp import ramps
from gigasite.power.types import Plant, Swing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.power.types import Line
    from gigasite.training.types import LoadTrace

STEP_S = 0.005
ROCOF_WINDOW_S = 0.1
COLLAPSE_PU = 0.35  # beyond this no governor model means anything: the island is lost
MOST_SAMPLES = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrays:
    """The plant as the kernels want it."""

    codes: NDArray[np.int64]
    settings: NDArray[np.float64]
    base_w: NDArray[np.float64]
    stored_j: float
    battery: NDArray[np.float64]
    delay: int


def simulate(
    plant: Plant, load: LoadTrace, controller: Any, *, judges: Sequence[Limit] = (), dt_s: float = STEP_S,
    extra_w: float = 0.0,
) -> Swing:
    """Run the whole trace.

    Parameters
    ----------
    plant
        Machines or grid, and the battery.
    load
        The training load.
    controller
        A part of `controllers` (or anything with `start` and `step`; without a compiled law it runs in Python).
    judges
        Limits to hold.
    dt_s
        Step [s]; 5 ms resolves the fastest lag (20 ms) four times.
    extra_w
        Steady load beside the training load: switches, cooling, losses [W].

    Returns
    -------
    Swing
        With findings, worst first.

    Raises
    ------
    InfeasibleError
        The machines cannot even start: the first load is above their rating.
    """
    count = int(load.duration_s / dt_s)
    if not 2 <= count <= MOST_SAMPLES:
        raise InfeasibleError(f"a trace of {load.duration_s:g} s at {dt_s:g} s has {count} samples; 2 to {MOST_SAMPLES:,} work")
    load_w = load.render(dt_s / 2, count * dt_s, dt_s) + extra_w
    arrays = _arrays(plant, dt_s)
    pref = _start(plant, arrays, float(load_w[0]))
    run = _compiled if hasattr(controller, "code") else _stepped
    dw, battery_w, soc, mech_w, done = run(plant, arrays, pref, controller, load_w, dt_s)
    cut = slice(0, done)
    return _swing(plant, load, load_w[cut], dw[cut], battery_w[cut], soc[cut], mech_w[cut], controller, judges, dt_s)


def study(
    campus: Campus, plant: Plant, load: LoadTrace, *, extra_w: float = 0.0, dt_s: float = STEP_S
) -> Swing:
    """Run the campus's own controller and limits."""
    controller = controllers[campus.power.controller.kind].of(campus.power.controller)
    judges = [limits[x.kind].of(x) for x in campus.power.limits]
    return simulate(plant, load, controller, judges=judges, dt_s=dt_s, extra_w=extra_w)


def _arrays(plant: Plant, dt_s: float) -> _Arrays:
    parts = [governors[m.governor]() for m in plant.machines]
    rows = [[(dict(p.defaults) | m.settings)[k] for k in SETTINGS] for p, m in zip(parts, plant.machines, strict=True)]
    b = plant.battery
    base = np.array([m.count * m.apparent_w for m in plant.machines], dtype=np.float64)
    battery = [b.rating_w, b.energy_j, b.efficiency_frac, b.response_s, b.soc_frac] if b else [0.0, 1.0, 1.0, 1.0, 0.5]
    return _Arrays(
        codes=np.array([p.code for p in parts], dtype=np.int64),
        settings=np.array(rows, dtype=np.float64).reshape(len(rows), len(SETTINGS)), base_w=base,
        stored_j=float(sum(m.inertia_s * s for m, s in zip(plant.machines, base, strict=True))) or 1.0,
        battery=np.array(battery), delay=round(b.latency_s / dt_s) if b else 0,
    )


def _start(plant: Plant, arrays: _Arrays, first_w: float) -> NDArray[np.float64]:
    """Share the first load in proportion to rating; return set points [pu]."""
    total = float(sum(m.count * m.rating_w for m in plant.machines))
    if not plant.machines:
        return np.zeros(0)
    need = first_w + plant.loss_w_per_w2 * first_w**2
    if need > total:
        raise InfeasibleError(
            f"the running gensets ({show(total, 'MW')}) do not carry the first load ({show(need, 'MW')}): run more units"
        )
    share = np.array([m.count * m.rating_w for m in plant.machines]) / total
    pref: NDArray[np.float64] = need * share / arrays.base_w
    return pref


Out = tuple[
    "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]", int
]


def _compiled(
    plant: Plant, a: _Arrays, pref: NDArray[np.float64], controller: Any, load_w: NDArray[np.float64], dt_s: float
) -> Out:
    return kernels.run(
        load_w, a.codes, a.settings, a.base_w, pref, a.stored_j, plant.loss_w_per_w2, a.battery, controller.code,
        np.array(controller.tune()), a.delay, dt_s, plant.restore_s, COLLAPSE_PU,
    )


def _stepped(
    plant: Plant, a: _Arrays, pref: NDArray[np.float64], controller: Any, load_w: NDArray[np.float64], dt_s: float
) -> Out:
    """Run a controller that has no compiled law, one Python step at a time."""
    n, groups = len(load_w), len(a.codes)
    out = np.zeros((4, n))
    pref = pref.copy()
    x, work = np.repeat(pref[:, None], 3, axis=1), np.zeros((3, groups, 3))
    dw, b_w, soc = 0.0, 0.0, float(a.battery[kernels.SOC0])

    def seen(i: int) -> Seen:
        return Seen(
            load_w=float(load_w[max(i - a.delay, 0)]), deviation_pu=dw, soc_frac=soc, dt_s=dt_s,
            rating_w=float(a.battery[0]), energy_j=float(a.battery[1]), soc_start_frac=float(a.battery[4]),
        )

    state = controller.start(seen(0))
    for i in range(n):
        torque = [kernels.governor_torque(a.codes[g], a.settings[g], dw, x[g]) for g in range(groups)]
        out[0, i], out[2, i], out[3, i] = dw, soc, float(np.dot(a.base_w, torque)) if groups else 0.0
        state, wanted_w = controller.step(state, seen(i))
        b_w, soc = kernels.battery_step(a.battery, float(wanted_w), b_w, soc, dt_s)
        out[1, i] = b_w
        if groups:
            net = float(load_w[i]) - b_w
            electrical = net + plant.loss_w_per_w2 * net * net
            dw = kernels.advance(a.codes, a.settings, a.base_w, pref, a.stored_j, dw, x, electrical, dt_s, work)
            kernels.restore(pref, a.settings, dw, plant.restore_s, dt_s)
        if abs(dw) > COLLAPSE_PU:
            return out[0], out[1], out[2], out[3], i + 1
    return out[0], out[1], out[2], out[3], n


def _swing(
    plant: Plant, load: LoadTrace, load_w: NDArray[np.float64], dw: NDArray[np.float64],
    battery_w: NDArray[np.float64], soc: NDArray[np.float64], mech_w: NDArray[np.float64], controller: Any,
    judges: Sequence[Limit], dt_s: float,
) -> Swing:
    f = plant.frequency_hz * (1.0 + dw)
    source = load_w - battery_w
    source = source + plant.loss_w_per_w2 * source**2
    series = Series(
        dt_s=dt_s, resolution_s=load.resolution_s, nominal_hz=plant.frequency_hz, frequency_hz=f, source_w=source,
        islanded=plant.grid is None,
    )
    lines: list[Line] = []
    found: list[Finding] = list(load.findings)
    for judge in judges:
        more_lines, more = judge.judge(series)
        lines += more_lines
        found += more
    change = ramps(source, dt_s, 1.0)
    energy = plant.battery.energy_j if plant.battery else 0.0
    found += _plant_findings(plant, series, battery_w, soc, mech_w, len(load_w) * dt_s, load.duration_s)
    return Swing(
        dt_s=dt_s, load_w=load_w, frequency_hz=f, source_w=source, mechanical_w=mech_w, battery_w=battery_w,
        soc_frac=soc, controller=type(controller).__name__, islanded=plant.grid is None, nadir_hz=float(f.min()),
        peak_hz=float(f.max()), rocof_hz_per_s=float(np.abs(ramps(f, dt_s, ROCOF_WINDOW_S)).max()),
        ramp_up_w_per_s=float(change.max()), ramp_down_w_per_s=float(-change.min()),
        battery_peak_w=float(np.abs(battery_w).max()), battery_throughput_j=float(np.abs(battery_w).sum() * dt_s),
        battery_used_j=float(np.ptp(soc)) * energy, lines=tuple(lines), findings=worst_first(found),
    )


def _plant_findings(
    plant: Plant, s: Series, battery_w: NDArray[np.float64], soc: NDArray[np.float64], mech_w: NDArray[np.float64],
    ran_s: float, wanted_s: float,
) -> list[Finding]:
    out = []
    if ran_s < wanted_s - 1.0:
        out.append(_error("island", f"the island collapses after {ran_s:.1f} s", f"+-{COLLAPSE_PU:.0%} speed", f"{s.frequency_hz[-1]:.1f} Hz", "more units on, or a battery controller that acts"))
    b = plant.battery
    if b is not None and float(np.abs(battery_w).max()) > 0.999 * b.rating_w:
        out.append(_warn("battery", "runs at its full power", show(b.rating_w, "MW"), show(float(np.abs(battery_w).max()), "MW"), "more units"))
    if b is not None and (soc.min() <= 1e-6 or soc.max() >= 1 - 1e-6):
        out.append(_error("battery", "runs empty or full", "0-100 %", f"{soc.min():.0%} to {soc.max():.0%}", "more energy, a faster ramp of the source, or stops that are announced"))
    rating = sum(m.count * m.rating_w for m in plant.machines)
    if plant.machines and float(mech_w.max()) > 0.999 * rating:
        out.append(_error("gensets", "reach their rating", show(rating, "MW"), show(float(mech_w.max()), "MW"), "run more units"))
    if plant.grid is not None and float(s.source_w.max()) > plant.grid.capacity_w:
        out.append(_error("intake", "takes more than its capacity", show(plant.grid.capacity_w, "MW"), show(float(s.source_w.max()), "MW"), "gensets beside the grid, or fewer GPUs at a time"))
    return out


def _error(where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(severity=Severity.error, chapter="power", where=where, what=what, limit=limit, found=found, remedy=remedy)


def _warn(where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(severity=Severity.warning, chapter="power", where=where, what=what, limit=limit, found=found, remedy=remedy)
