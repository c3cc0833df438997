"""Laws that hold for every controller and level: energy, rest, stability, droop once, grids with inertia."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.power import BatteryPlant, Grid, Plant, Swing, simulate
from gigasite.power.case import read_bench
from gigasite.power.controller import controllers
from gigasite.power.inverter import inverters
from gigasite.power.size import size
from gigasite.training import LoadTrace

Make = Callable[..., LoadTrace]
LEVELS = ("network", "aggregate")
FAST = [n for n in controllers.names() if n != "mpc"]  # mpc solves a program a second; it has its own tests


def run(plant: Plant, load: LoadTrace, kind: str, level: str) -> Swing:
    return simulate(plant, load, controllers[kind](), level=level, figures=False)  # type: ignore[arg-type]


def imbalance(swing: Swing, battery: BatteryPlant) -> float:
    """Return what left the store less what came out and was lost, over what passed."""
    b, eta = swing.battery_w, battery.efficiency_frac
    taken_j = np.where(b > 0.0, b / eta, b * eta) * swing.dt_s
    fallen_j = (swing.soc_frac[0] - swing.soc_frac[-1]) * battery.energy_j
    return abs(float(fallen_j - taken_j[:-1].sum())) / max(float(np.abs(b).sum()) * swing.dt_s, 1.0)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("kind", FAST)
def test_a_small_battery_gives_no_more_than_it_holds(
    island: Plant, battery: BatteryPlant, make_load: Make, kind: str, level: str
) -> None:
    """10 kWh, half full, and a step of 80 MW that lasts: what comes out was in it, to 1e-9."""
    small = replace(battery, energy_j=10 * 3.6e6)
    swing = run(replace(island, battery=small), make_load([1.0], [140.0], 30.0, before_w=60e6), kind, level)
    assert imbalance(swing, small) < 1e-9
    assert 0.0 <= swing.soc_frac.min() <= swing.soc_frac.max() <= 1.0
    given_j = float(swing.battery_w[swing.battery_w > 0.0].sum()) * swing.dt_s
    taken_j = -float(swing.battery_w[swing.battery_w < 0.0].sum()) * swing.dt_s
    assert given_j <= (0.5 * small.energy_j + taken_j) * small.efficiency_frac * (1.0 + 1e-9)


def test_a_forming_battery_that_runs_empty_opens_its_breaker(
    island: Plant, battery: BatteryPlant, make_load: Make
) -> None:
    small = replace(battery, energy_j=10 * 3.6e6)
    swing = run(replace(island, battery=small), make_load([1.0], [140.0], 10.0, before_w=60e6), "droop", "network")
    (told,) = [f for f in swing.findings if f.where == "battery" and "breaker" in f.what]
    assert "opens its breaker at 1." in told.what
    assert np.abs(swing.battery_w[-100:]).max() == 0.0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("inverter", inverters.names())
def test_a_battery_that_discharges_at_the_start_goes_on(
    island: Plant, battery: BatteryPlant, make_load: Make, inverter: str, level: str
) -> None:
    given = replace(battery, power_w=10e6, inverter=inverter)
    swing = simulate(
        replace(island, battery=given),
        make_load([4.0], [60.0], 5.0, before_w=60e6),
        controllers["none"](),
        level=level,  # type: ignore[arg-type]
        dt_s=0.001,  # the inner loops of regf1 are fast
        figures=False,
    )
    assert np.abs(swing.frequency_hz - 60.0).max() < 1e-6
    assert swing.battery_w == pytest.approx(10e6, rel=1e-6)


@pytest.mark.parametrize("kind", ["droop", "virtual-machine"])
def test_droop_counts_once(island: Plant, battery: BatteryPlant, make_load: Make, kind: str) -> None:
    """A fall of 10 MW is shared as 1/R of 200 MVA to 1/droop of 50 MW, at both levels."""
    plant = replace(island, battery=battery)
    controller = controllers[kind](droop_frac=0.05, centring_s=1e6)
    ends = [
        simulate(plant, make_load([1.0], [90.0], 60.0), controller, level=level, figures=False).battery_w[-1]  # type: ignore[arg-type]
        for level in LEVELS
    ]
    share = (50e6 / 0.05) / (50e6 / 0.05 + 200e6 / 0.04)  # GAST's default R is 0.04
    assert ends == pytest.approx([-10e6 * share] * 2, rel=0.02)


def test_a_grid_with_inertia_swings_at_both_levels(make_load: Make) -> None:
    grid = Grid(capacity_w=150e6, short_circuit_w=600e6, base_w=500e6, inertia_s=4.0)
    load = make_load([1.0], [120.0], 20.0)
    fine, coarse = (
        simulate(
            Plant(frequency_hz=60.0, machines=(), grid=grid, battery=None),
            load,
            controllers["none"](),
            level=level,  # type: ignore[arg-type]
            dt_s=dt_s,
            figures=False,
        )
        for level, dt_s in (("network", 0.0025), ("aggregate", 0.005))
    )
    assert fine.nadir_hz < 59.5
    assert np.abs(fine.frequency_hz[::2] - coarse.frequency_hz).max() < 1e-3
    assert np.abs(fine.grid_w[::2] - coarse.grid_w).max() < 0.1e6


@pytest.mark.parametrize("level", LEVELS)
def test_an_unstable_plant_is_refused_with_its_eigenvalue(island: Plant, make_load: Make, level: str) -> None:
    """A droop of 1.2 % is too tight for a gas turbine with 0.5 s of valve and turbine."""
    tight = replace(island.machines[0], settings={"R": 0.012, "T1": 0.4, "T2": 0.1, "T3": 3.0})
    with pytest.raises(InfeasibleError, match=r"eigenvalue \+\d.*j 1/s, mostly"):
        run(replace(island, machines=(tight,)), make_load([1.0], [101.0], 5.0), "none", level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_step_too_coarse_is_refused_with_one_that_is_not(island: Plant, make_load: Make, level: str) -> None:
    quick = replace(island.machines[0], settings={"T1": 1e-4})
    plant, load = replace(island, machines=(quick,)), make_load([0.1], [101.0], 0.2)
    with pytest.raises(InfeasibleError, match=r"too coarse for '25 MVA: governor 1'.*Take `step: \d"):
        run(plant, load, "none", level)
    fine = simulate(plant, load, controllers["none"](), level=level, dt_s=5e-5, figures=False)  # type: ignore[arg-type]
    assert fine.nadir_hz > 59.5


def test_nothing_that_cannot_be_judged_counts_as_held(tmp_path: Path) -> None:
    folder = tmp_path
    rows = "\n".join(f"{10 * i},{100 + i % 2}" for i in range(60))
    (folder / "slow.csv").write_text(f"time [s],power [MW]\n{rows}\n", encoding="utf-8")
    (folder / "case.yaml").write_text(
        "case: slow\ngrid: {capacity: 200 MW}\nload: {kind: trace, file: slow.csv}\n"
        "limits: [{kind: ramp, up: 60 MW/min, down: 60 MW/min}]\nrun: {duration: 590 s, level: aggregate}\n",
        encoding="utf-8",
    )
    made = size(read_bench(folder / "case.yaml"), ("ramp-limit",))
    assert not made.rows[0].holds
    assert "cannot be judged" in made.rows[0].broken[0]
