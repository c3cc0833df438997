"""What every shaper must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.settings import keys, read
from gigasite.power import Plant
from gigasite.power.shaper import shapers
from gigasite.power.types import Job, Phase

NAMES = shapers.names()
NEEDED = {"period-shift": {"period": "3 s"}}


def make(name: str) -> Any:
    return read(shapers[name], NEEDED.get(name, {}))


def job(load_w: np.ndarray, period_s: float | None = 2.0, dt_s: float = 0.02) -> Job:
    plant = Plant(frequency_hz=60.0, machines=(), grid=None, battery=None)
    phase = Phase(
        start_s=0.0,
        stop_s=len(load_w) * dt_s,
        mean_w=float(load_w.mean()),
        low_w=float(load_w.min()),
        high_w=float(load_w.max()),
    )
    return Job(announced=(phase,), plant=plant, start_s=0.0, dt_s=dt_s, period_s=period_s, gpus=100_000)


def square(seconds: float = 60.0, low: float = 6e7, high: float = 1.4e8) -> np.ndarray:
    t = 0.02 * (np.arange(round(seconds / 0.02)) + 0.5)
    return np.where(t % 2.0 < 1.5, high, low)


@pytest.mark.parametrize("name", NAMES)
@given(levels=st.lists(st.floats(0.0, 2e8), min_size=3, max_size=40), period=st.sampled_from([None, 0.5, 2.0]))
def test_energy_is_accounted_for_and_a_run_repeats(name: str, levels: list[float], period: float | None) -> None:
    load_w = np.repeat(np.array(levels), 25)
    given_ = job(load_w, period)
    one, two = make(name).shape(load_w, given_), make(name).shape(load_w, given_)
    assert one.load_w.shape == load_w.shape
    assert np.isfinite(one.load_w).all()
    assert one.load_w.min() >= -1e-6
    np.testing.assert_array_equal(one.load_w, two.load_w)
    assert 0.0 < one.goodput_frac <= 1.0
    change_j = float((one.load_w - load_w).sum()) * given_.dt_s
    assert one.extra_j == pytest.approx(change_j, rel=1e-9, abs=1e-9 * (1.0 + float(load_w.sum())))


@pytest.mark.parametrize("name", NAMES)
def test_a_steady_load_passes(name: str) -> None:
    load_w = np.full(2000, 1.5e8)
    np.testing.assert_allclose(make(name).shape(load_w, job(load_w)).load_w, load_w, rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "period-shift"])
def test_the_swing_falls(name: str) -> None:
    load_w = square()
    out = make(name).shape(load_w, job(load_w)).load_w
    assert out[500:].std() < load_w[500:].std()


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_bounds(name: str) -> None:
    assert all(f.metadata for f in keys(shapers[name]).values())


def test_stagger_leaves_only_every_mth_harmonic() -> None:
    load_w = square()
    out = read(shapers["stagger"], {"groups": 4}).shape(load_w, job(load_w)).load_w
    before, after = (np.abs(np.fft.rfft(x[500:2500] - x[500:2500].mean())) for x in (load_w, out))
    first = round(0.5 * 40)  # the first harmonic of 2 s in 40 s
    for n in (1, 2, 3, 5, 6, 7):
        assert after[n * first] <= 1e-9 * before[first]


def test_period_shift_moves_the_first_harmonic_and_costs_speed() -> None:
    load_w = square(120.0)
    shaped = make("period-shift").shape(load_w, job(load_w))
    assert shaped.goodput_frac == pytest.approx(2 / 3)
    size = np.abs(np.fft.rfft(shaped.load_w - shaped.load_w.mean()))
    assert np.fft.rfftfreq(len(load_w), 0.02)[int(np.argmax(size))] == pytest.approx(1 / 3, abs=0.01)
    # computing still takes 1.5 s of every 3 s
    assert (shaped.load_w > 1e8).mean() == pytest.approx(0.5, abs=0.01)


def test_a_floor_of_90_percent_costs_about_a_tenth() -> None:
    """arXiv 2508.14318: about +10.5 % energy; on its square-like waveform near TDP, then near idle, 15 % of the time."""
    t = 0.02 * np.arange(30_000)
    gpus, tdp, other = 100_000, 1200.0, 300.0
    load_w = gpus * (other + np.where(t % 2.0 < 1.7, 0.95 * tdp, 0.25 * tdp))
    floor = read(shapers["gpu-floor"], {"floor": 0.9, "up": "1 MW/s", "down": "1 MW/s"})
    shaped = floor.shape(load_w, job(load_w))
    share = shaped.extra_j / (float(load_w.sum()) * 0.02 - gpus * other * 600.0)
    assert share == pytest.approx(0.105, abs=0.03)
    assert shaped.goodput_frac == pytest.approx(1.0)


def test_65_joules_do_not_hold_a_second() -> None:
    """Derived: 6.5 MJ in 100,000 GPUs last 0.16 s at 40 MW; a 1-Hz square of +-40 MW needs 20 MJ."""
    t = 0.005 * (np.arange(12_000) + 0.5)
    load_w = np.where(t % 1.0 < 0.5, 140e6, 60e6)
    given_ = job(load_w, 1.0, 0.005)
    small = read(shapers["psu-storage"], {"split": "3 s"}).shape(load_w, given_).load_w
    large = (
        read(shapers["psu-storage"], {"split": "3 s", "energy": "350 J", "power": "1 kW"}).shape(load_w, given_).load_w
    )
    assert np.ptp(small[6000:]) > 70e6
    assert np.ptp(large[6000:]) < 20e6
