"""The clairvoyant bound against theory, and the look-ahead controller against the bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigasite.power import BatteryPlant, Grid, Plant, simulate
from gigasite.power.bound import SourceLimits, bound, coarse, front
from gigasite.power.controllers.look_ahead import LookAhead
from gigasite.training.loads.job import Job

KWH = 3.6e6
SQUARE_W = np.where(np.arange(400) % 20 < 10, 140e6, 60e6)  # 1 Hz at 50 ms


def ramp(w_per_s: float) -> SourceLimits:
    return SourceLimits(up_w_per_s=w_per_s, down_w_per_s=w_per_s)


@pytest.mark.parametrize(
    ("mw_per_s", "power_mw", "energy_kwh"), [(0.167, 40.0, 5.55), (10.0, 39.8, 5.38), (100.0, 37.5, 3.82)]
)
def test_square_of_40_mw(mw_per_s: float, power_mw: float, energy_kwh: float) -> None:
    """Theory for a still source: A = 40 MW and A T / 2 = 20 MJ = 5.56 kWh; the others by an independent program."""
    b = bound(SQUARE_W, 0.05, ramp(mw_per_s * 1e6))
    assert b.power_w / 1e6 == pytest.approx(power_mw, abs=0.06)
    assert b.energy_j / KWH == pytest.approx(energy_kwh, abs=0.01)


@pytest.mark.parametrize(("mw_per_min", "energy_mwh"), [(10, 3.0), (30, 1.0), (60, 0.5), (300, 0.1)])
def test_stop_of_120_mw(mw_per_min: float, energy_mwh: float) -> None:
    """Known beforehand, a fall of dP takes dP / 2 of power and dP^2 / (8 r) of energy, both ways alike."""
    rate = mw_per_min * 1e6 / 60
    length_s = 3 * 120e6 / rate + 200
    dt = length_s / 2000
    load = np.where(np.arange(2000) < 1000, 140e6, 20e6)
    b = bound(load, dt, ramp(rate))
    assert b.power_w / 1e6 == pytest.approx(60.0, abs=0.5)
    assert b.energy_j / (1000 * KWH) == pytest.approx(energy_mwh, rel=0.005)
    assert b.energy_j == pytest.approx(120e6**2 / (8 * rate), rel=0.005)


JOBS = {
    "checkpoints and a stop": (
        {"checkpoint_every_s": 150.0, "checkpoint_first_s": 60.0, "checkpoint_s": 12.0, "stop_s": 500.0},
        600.0,
    ),
    "start, checkpoints, stop": (
        {
            "begin_s": 60.0,
            "checkpoint_every_s": 300.0,
            "checkpoint_s": 20.0,
            "stop_s": 1500.0,
            "period_s": 5.0,
            "wait_frac": 0.2,
        },
        1800.0,
    ),
    "long iterations, long checkpoints": (
        {"period_s": 8.0, "wait_frac": 0.1, "checkpoint_every_s": 600.0, "checkpoint_s": 60.0},
        3600.0,
    ),
}


@pytest.mark.parametrize("ends", ["free", "closed"])
@pytest.mark.parametrize("rate", [10e6 / 60, 1e6])
@pytest.mark.parametrize("name", JOBS)
def test_look_ahead_needs_hardly_more_than_the_bound(name: str, rate: float, ends: str) -> None:
    """At most 1.15 times the bound's power and 1.5 times its energy, by a battery with the same losses."""
    settings, length_s = JOBS[name]
    load, dt = Job(**settings).trace(length_s, 1, Path()), 0.02  # type: ignore[arg-type]  # a table of settings
    battery = BatteryPlant(
        rating_w=300e6, energy_j=300e6 * 36_000, efficiency_frac=0.96, response_s=1e-3, latency_s=0.0, soc_frac=0.5
    )
    plant = Plant(frequency_hz=60.0, machines=(), grid=Grid(capacity_w=150e6), battery=battery)
    load_w = load.means(0.0, dt, round(length_s / dt))
    least = bound(load_w, dt, ramp(rate), efficiency_frac=0.96, closed=ends == "closed")
    swing = simulate(plant, load, LookAhead(ramp_w_per_s=rate, ends=ends), level="aggregate", dt_s=dt, figures=False)
    assert 0.98 <= swing.battery_peak_w / least.power_w <= 1.15
    assert swing.battery_used_j / least.energy_j <= 1.5


def test_more_room_never_needs_more_battery() -> None:
    powers = [bound(SQUARE_W, 0.05, ramp(r)).power_w for r in (1e5, 1e6, 1e7, 1e8, 1e9)]
    assert all(b <= a * (1 + 1e-6) for a, b in zip(powers, powers[1:], strict=False))
    wide, narrow = (bound(SQUARE_W, 0.05, SourceLimits(range_w=r, range_window_s=5.0)) for r in (60e6, 20e6))
    assert narrow.power_w == pytest.approx(30e6, rel=1e-3)
    assert wide.power_w == pytest.approx(10e6, rel=1e-3)


def test_the_bound_holds_when_run_again() -> None:
    """Its own source keeps ramp and battery when both are recomputed from the load."""
    b = bound(SQUARE_W, 0.05, ramp(10e6))
    battery_w = SQUARE_W - b.source_w
    stored = np.concatenate([[0.0], -np.cumsum(battery_w) * 0.05])
    assert np.abs(np.diff(b.source_w)).max() <= 10e6 * 0.05 * (1 + 1e-6)
    assert np.abs(battery_w).max() == pytest.approx(b.power_w, rel=1e-5)
    assert np.ptp(stored) == pytest.approx(b.energy_j, rel=1e-4)


def test_coarse_steps_keep_the_peaks() -> None:
    rng = np.random.default_rng(1)
    load = 1e8 + 3e7 * np.sign(np.sin(2 * np.pi * 0.5 * 0.02 * np.arange(6000))) + 1e6 * rng.standard_normal(6000)
    fine, rough = bound(load, 0.02, ramp(1e5), most=6000), bound(load, 0.02, ramp(1e5), most=600)
    assert rough.power_w == pytest.approx(fine.power_w, abs=rough.blur_w + 1.0)
    levels = coarse(load, 0.02, 600)
    assert levels.high_w.max() == load.max()
    assert levels.mean_w.mean() == pytest.approx(load.mean())


def test_the_front_falls() -> None:
    curve = front(SQUARE_W, 0.05, ramp(10e6), points=5)
    power, energy = np.array(curve).T
    assert (np.diff(power) >= -1.0).all()
    assert (np.diff(energy) <= 1e-3 * energy[:-1]).all()
