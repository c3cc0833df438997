"""Controllers that run in Python, on loads that show what they are for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite.power import Grid, Plant, simulate
from gigasite.power.controllers.load_follower import LoadFollower
from gigasite.power.controllers.look_ahead import LookAhead
from gigasite.power.controllers.mpc import Mpc
from gigasite.power.controllers.ramp_limit import RampLimit
from gigasite.power.controllers.repetitive import Repetitive
from gigasite.training.loads.job import Job
from gigasite.training.loads.square import Square

if TYPE_CHECKING:
    from gigasite.power import BatteryPlant, Swing


def grid(battery: BatteryPlant, **other: float) -> Plant:
    unit = replace(battery, **other)  # type: ignore[arg-type]  # a table of settings
    return Plant(frequency_hz=60.0, machines=(), grid=Grid(capacity_w=300e6), battery=unit)


def late_rms(swing: Swing) -> float:
    late = swing.source_w[len(swing.source_w) // 2 :]
    return float(np.std(late))


@pytest.mark.parametrize(("edge_s", "latency_s", "gain"), [(0.02, 0.1, 3.0), (0.02, 0.25, 3.0)])
def test_repetitive_control_beats_latency(battery: BatteryPlant, edge_s: float, latency_s: float, gain: float) -> None:
    """On a regular square the learned waveform leaves a third of what the follower leaves, or less."""
    load = Square(edge_s=edge_s).trace(60.0, 1, Path())
    plant = grid(battery, latency_s=latency_s)
    run = [simulate(plant, load, c, level="aggregate", figures=False) for c in (LoadFollower(), Repetitive())]
    follower, learned = (late_rms(s) for s in run)
    assert learned < follower / gain


def test_repetitive_control_lives_with_jitter(battery: BatteryPlant) -> None:
    load = Job(period_s=1.0, wait_frac=0.4, jitter_frac=0.03).trace(120.0, 1, Path())
    plant = grid(battery, latency_s=0.1)
    bare = np.std(load.means(60.0, 0.005, 12_000))
    swing = simulate(plant, load, Repetitive(), level="aggregate", figures=False)
    assert late_rms(swing) < 0.7 * bare
    assert np.isfinite(swing.battery_w).all()


@pytest.mark.parametrize("controller", [Mpc(ramp_w_per_s=1e6, interval_s=2.0), LookAhead(ramp_w_per_s=1e6)])
def test_announced_stops_halve_the_power(battery: BatteryPlant, controller: Mpc | LookAhead) -> None:
    """Facts: announcing a stop halves power and quarters energy; here a fall from about 102 to 25 MW."""
    load = Job(stop_s=200.0, wait_frac=0.0, jitter_frac=0.0).trace(400.0, 1, Path())
    plant = grid(battery, latency_s=0.0, response_s=1e-3, rating_w=200e6, energy_j=200e6 * 3600)
    told = simulate(plant, load, controller, level="aggregate", dt_s=0.02, figures=False)
    blind = simulate(plant, load, RampLimit(ramp_w_per_s=1e6), level="aggregate", dt_s=0.02, figures=False)
    assert told.battery_peak_w < 0.62 * blind.battery_peak_w
    assert told.battery_used_j < 0.5 * blind.battery_used_j
    # within any second: the ramp, and a twentieth of an edge that the battery's lag leaks
    assert told.ramp_up_w_per_s < 1.4e6
    # the fall itself takes 0.25 s among the ranks: a sample of lag of the battery leaks
    assert told.ramp_down_w_per_s < 6e6


def test_a_fault_is_met_like_by_the_ramp_limit(battery: BatteryPlant) -> None:
    """Nobody announces a fault: the look-ahead holds the ramp, and the charge pays."""
    load = Job(faults=(100.0,), restart_s=60.0).trace(300.0, 1, Path())
    plant = grid(battery, latency_s=0.0, response_s=1e-3, rating_w=200e6, energy_j=200e6 * 3600)
    swing = simulate(plant, load, LookAhead(ramp_w_per_s=1e6), level="aggregate", dt_s=0.02, figures=False)
    change = np.abs(swing.source_w[50:] - swing.source_w[:-50])
    assert np.quantile(change, 0.99) < 1.2e6
    assert swing.soc_frac.max() < 1.0
