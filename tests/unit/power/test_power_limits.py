from __future__ import annotations

import numpy as np
import pytest

from gigasite.power.limit import Series, limits, ramps
from gigasite.power import Grid, Plant
from gigasite.power.limits.iso8528 import longest_excursion, steady_width
from gigasite.power.limits.ramp import Ramp


CLASSES = ("iso8528-g1", "iso8528-g2", "iso8528-g3")


def series(hz: np.ndarray, dt_s: float = 0.01, watts: np.ndarray | None = None, *, grid: bool = False) -> Series:
    zero = np.zeros(len(hz))
    plant = Plant(frequency_hz=60.0, machines=(), grid=Grid(capacity_w=1e8) if grid else None, battery=None)
    return Series(
        plant=plant,
        dt_s=dt_s,
        resolution_s=0.001,
        load_w=zero,
        frequency_hz=hz,
        source_w=zero if watts is None else watts,
        grid_w=zero,
        mechanical_w=zero,
        battery_w=zero,
        soc_frac=zero + 0.5,
    )


def dip(depth_hz: float, out_s: float, dt_s: float = 0.01) -> np.ndarray:
    """Return a rectangular dip of 60 s with rests around it."""
    hz = np.full(round(60 / dt_s), 60.0)
    hz[1000 : 1000 + round(out_s / dt_s)] -= depth_hz
    return hz


@pytest.mark.parametrize("name", CLASSES)
def test_dip_and_recovery_by_class(name: str) -> None:
    judge = limits[name]()
    deepest, slowest = 60 * judge.dip, judge.recovery_s
    fine = judge.judge(series(dip(deepest - 0.01, slowest - 0.1))).findings
    assert not fine
    deep = judge.judge(series(dip(deepest + 0.01, slowest - 0.1))).findings
    assert [f.what for f in deep] == ["frequency dips too far"]
    slow = judge.judge(series(dip(deepest - 0.01, slowest + 0.1))).findings
    assert [f.what for f in slow] == ["frequency recovers too slowly"]
    high = judge.judge(series(120.0 - dip(60 * judge.rise + 0.01, 0.5))).findings
    assert [f.what for f in high] == ["frequency rises too far"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_lasting_swing_wider_than_the_band_is_found(name: str) -> None:
    t = np.arange(0, 60, 0.01)
    width = 60 * limits[name]().steady_width
    for factor, count in ((0.98, 0), (1.02, 1)):
        hz = 60 + factor * width / 2 * np.sin(2 * np.pi * 1.0 * t)
        verdict = limits[name]().judge(series(hz))
        assert len(verdict.findings) == count
        assert sum(line.broken for line in verdict.lines) == 2 * count


def test_excursions_with_no_rest_between_are_one() -> None:
    # leaves the steady band, crosses the entry band twice without resting: one excursion of 7 s
    deviation = np.array([0, 0.7, 2, 0.7, 2, 2, 0.7, 2, 0.7, 0.0])
    assert longest_excursion(deviation, 1.0, 0.5, 1.0) == 7.0
    rested = np.array([0, 0.7, 2, 0.0, 2, 2, 0.7, 0.0])
    assert longest_excursion(rested, 1.0, 0.5, 1.0) == 2.0
    assert longest_excursion(np.array([2.0, 2.0, 0.0]), 1.0, 0.5, 1.0) == 2.0
    assert longest_excursion(np.zeros(5), 1.0, 0.5, 1.0) == 0.0


def test_steady_width_is_the_typical_window() -> None:
    hz = dip(5.0, 2.0)
    assert steady_width(hz, 0.01) == 0.0
    assert steady_width(hz[:1100], 0.01) == 0.0
    assert steady_width(hz[950:1050], 0.01) == 5.0  # shorter than a window: all of it


def test_ramp_is_measured_over_its_window() -> None:
    watts = np.concatenate([np.zeros(200), np.linspace(0, 1e6, 101), np.full(200, 1e6)])
    assert ramps(watts, 0.01, 1.0).max() == pytest.approx(1e6)
    assert ramps(watts, 0.01, 2.0).max() == pytest.approx(0.5e6)
    one = series(np.full(501, 60.0), 0.01, watts, grid=True)
    found = Ramp(up_w_per_s=0.9e6, down_w_per_s=1.0, window_s=1.0).judge(one).findings
    assert [f.what for f in found] == ["power ramps up too fast"]
    assert "0.1 MW" in found[0].remedy
    fine = Ramp(up_w_per_s=None, down_w_per_s=1.0, window_s=1.0).judge(one)
    assert (len(fine.lines), fine.findings) == (1, ())
