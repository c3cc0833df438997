from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Severity
from gigasite.power import Grid, plant_of, study
from gigasite.power import simulate as simulate_level
from gigasite.power.controller import controllers
from gigasite.power.controllers.droop import Droop
from gigasite.power.controllers.ramp_limit import RampLimit
from gigasite.power.limit import limits
from gigasite.power.limits.ramp import Ramp
from gigasite.training import load_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.power import BatteryPlant, Plant, Swing
    from gigasite.training import LoadTrace

simulate = partial(simulate_level, level="aggregate")


def late_width(swing: Swing) -> float:
    return float(np.ptp(swing.frequency_hz[len(swing.frequency_hz) * 7 // 10 :]))


def whats(swing: Swing) -> list[str]:
    return [f"{f.where} {f.what}" for f in swing.findings]


@pytest.mark.parametrize(("droop", "width"), [(0.05, 2.09), (0.02, 1.68), (0.01, 1.07)])
def test_droop_on_the_square(
    island: Plant, battery: BatteryPlant, square: LoadTrace, droop: float, width: float
) -> None:
    """An independent aggregate model gave these widths with the same battery, to 2 %."""
    plant = replace(island, battery=replace(battery, efficiency_frac=1.0))
    assert late_width(simulate(plant, square, Droop(droop_frac=droop))) == pytest.approx(width, rel=0.02)


@pytest.mark.parametrize(
    ("latency_s", "rating_w", "width"),
    [(0.0, 50e6, 0.18), (0.02, 50e6, 0.36), (0.1, 50e6, 1.11), (0.25, 50e6, 2.43), (0.1, 25e6, 1.36)],
)
def test_latency_decides_what_a_following_battery_does(  # fixtures and cases
    island: Plant,
    battery: BatteryPlant,
    square: LoadTrace,
    latency_s: float,
    rating_w: float,
    width: float,
) -> None:
    """Same source, with a 20-s high-pass in place of the ramp limit; 250 ms is worse than none."""
    unit = replace(battery, latency_s=latency_s, rating_w=rating_w)
    plant = replace(island, battery=unit)
    found = late_width(simulate(plant, square, RampLimit(ramp_w_per_s=1e6)))
    assert found == pytest.approx(width, rel=0.03, abs=0.01)


def test_power_balances_at_every_sample(island: Plant, battery: BatteryPlant, square: LoadTrace) -> None:
    plant = replace(island, battery=battery, loss_w_per_w2=3e-11)
    s = simulate(plant, square, Droop())
    net = s.load_w - s.battery_w
    np.testing.assert_allclose(s.source_w, net + 3e-11 * net**2, rtol=1e-12)
    assert s.battery_peak_w == np.abs(s.battery_w).max()
    assert (s.nadir_hz, s.peak_hz) == (s.frequency_hz.min(), s.frequency_hz.max())
    assert s.battery_used_j == pytest.approx(np.ptp(s.soc_frac) * battery.energy_j)
    assert s.battery_throughput_j == pytest.approx(np.abs(s.battery_w).sum() * s.dt_s)
    assert (s.controller, s.islanded) == ("droop", True)


def test_ramp_limit_holds_the_ramp_of_a_grid(
    battery: BatteryPlant, island: Plant, make_load: Callable[..., LoadTrace]
) -> None:
    quick = replace(battery, latency_s=0.0, response_s=1e-6)
    plant = replace(island, machines=(), grid=Grid(capacity_w=200e6), battery=quick)
    load = make_load([5.0, 60.0], [130.0, 70.0], 120.0, edge_s=0.05)
    judge = Ramp(up_w_per_s=1.2e6, down_w_per_s=1.2e6, window_s=1.0)
    held = simulate(plant, load, RampLimit(ramp_w_per_s=1e6), limits=[judge])
    free = simulate(plant, load, controllers["none"](), limits=[judge])
    # half a step of the battery's own sampling leaks while the edge lasts
    assert held.ramp_up_w_per_s < 2.5e6
    assert free.ramp_up_w_per_s == pytest.approx(30e6, rel=0.01)
    assert free.ramp_down_w_per_s == pytest.approx(60e6, rel=0.01)
    assert (held.frequency_hz == 60.0).all()
    assert [line.broken for line in free.lines] == [True, True]
    assert held.soc_frac[-1] == pytest.approx(0.5, abs=0.01)


def test_a_window_of_the_load_starts_at_rest(island: Plant, square: LoadTrace) -> None:
    s = simulate(island, square, controllers["none"](), start_s=0.5, stop_s=1.5)
    assert (s.start_s, len(s.load_w)) == (0.5, 200)
    assert (s.frequency_hz[:101] == 60.0).all()
    assert s.frequency_hz[105] < 60.0


@pytest.mark.parametrize(
    ("start_s", "stop_s", "dt_s"),
    [(0, 0, 0.005), (5, 1, 0.005), (0, 1, 0), (0, float("nan"), 0.005), (0, 1e7, 1e-3)],
)
def test_windows_without_steps_are_refused(
    island: Plant, square: LoadTrace, start_s: float, stop_s: float, dt_s: float
) -> None:
    with pytest.raises(InfeasibleError, match="steps"):
        simulate(island, square, controllers["none"](), start_s=start_s, stop_s=stop_s, dt_s=dt_s)


def test_square_breaks_the_classes_and_says_what_helps(island: Plant, square: LoadTrace) -> None:
    g3 = limits["iso8528-g3"]()
    s = simulate(island, square, controllers["none"](), limits=[g3])
    texts = whats(s)
    assert "iso8528-g3 frequency never rests" in texts
    under = next(f for f in s.findings if "under-frequency" in f.what)
    assert "80 MW more battery power" in under.remedy
    assert s.findings[0].severity is Severity.error


def test_collapse_is_found_and_the_run_ends(island: Plant, make_load: Callable[..., LoadTrace]) -> None:
    s = simulate(island, make_load([1.0], [400.0], 60.0), controllers["none"]())
    assert len(s.load_w) < 60 / s.dt_s
    assert any("the plant collapses" in t for t in whats(s))
    overload = next(f for f in s.findings if f.what == "are overloaded")
    assert "run 9 more units" in overload.remedy  # 400 MW less 8 x 25 MW, in units of 25 MW


def test_saturated_battery_says_how_much_more(island: Plant, battery: BatteryPlant, square: LoadTrace) -> None:
    small = replace(battery, rating_w=10e6, energy_j=20e6, latency_s=0.0)
    s = simulate(replace(island, battery=small), square, RampLimit(ramp_w_per_s=1e3))
    power = next(f for f in s.findings if "full power" in f.what)
    found, limit, lack = (float(x.split()[0]) for x in (power.found, power.limit, power.remedy))
    assert limit == 10
    assert lack == pytest.approx(found - limit, abs=0.01)
    drained = simulate(replace(island, battery=replace(small, rating_w=50e6)), square, RampLimit(ramp_w_per_s=1e3))
    energy = next(f for f in drained.findings if "empty or full" in f.what)
    assert "more energy" in energy.remedy
    assert 0.0 <= drained.soc_frac.min() <= drained.soc_frac.max() <= 1.0


def test_low_load_and_big_steps_of_gensets(island: Plant, make_load: Callable[..., LoadTrace]) -> None:
    machines = (replace(island.machines[0], min_load_frac=0.4, step_frac=0.15),)
    plant = replace(island, machines=machines)
    s = simulate(plant, make_load([30.0], [40.0], 150.0), controllers["none"]())
    texts = whats(s)
    assert "gensets run below their minimum load" in texts
    assert "gensets see steps within 1 s that they do not accept" in texts


def test_grid_takes_what_gensets_leave(
    island: Plant, make_load: Callable[..., LoadTrace], battery: BatteryPlant
) -> None:
    load = make_load([10.0, 20.0], [180.0, 20.0], 30.0)
    weak = replace(island, grid=Grid(capacity_w=100e6), battery=battery)
    s = simulate(weak, load, Droop())
    assert (s.frequency_hz == 60.0).all()
    assert (s.mechanical_w == 80e6).all()  # what the intake lacks at the highest load
    assert "intake power flows into the grid" in whats(s)
    assert any("does nothing" in t for t in whats(s))
    poor = simulate(replace(weak, machines=()), load, controllers["none"]())
    assert "intake takes more than its capacity" in whats(poor)


def test_coarse_meters_are_told(island: Plant, make_load: Callable[..., LoadTrace]) -> None:
    load = make_load([1.0], [100.1], 30.0, resolution_s=1.0)
    judges = [limits["iso8528-g2"](), Ramp(up_w_per_s=1e6, down_w_per_s=None)]
    s = simulate(island, load, controllers["none"](), limits=judges)
    # the class by its frequency and by its voltage (none at this level), and the ramp
    assert sum("cannot be judged" in t for t in whats(s)) == 3


def test_study_of_a_whole_campus(lab: tuple[Campus, Design]) -> None:
    campus, design = lab
    plant = plant_of(campus, design, grid_w=0.0)
    s = study(campus, plant, load_trace(campus, design), extra_w=design.power.network_w, level="aggregate")
    assert s.controller == campus.power.controller.kind
    assert s.islanded
    assert len(s.load_w) == round(600 / s.dt_s)
    assert s.load_w.max() == pytest.approx(design.power.it_typical_w + design.power.network_w)
