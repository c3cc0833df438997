from __future__ import annotations

import numpy as np
import pytest

from gigasite.power.limit import Series, limits, ramps
from gigasite.power.limits.iso8528 import CLASSES, longest_excursion, steady_width
from gigasite.power.limits.ramp import Ramp


def series(hz: np.ndarray, dt_s: float = 0.01) -> Series:
    return Series(
        dt_s=dt_s,
        resolution_s=0.001,
        nominal_hz=60.0,
        frequency_hz=hz,
        source_w=np.zeros(len(hz)),
        islanded=True,
    )


def dip(depth_hz: float, out_s: float, dt_s: float = 0.01) -> np.ndarray:
    """Return a rectangular dip of 60 s with rests around it."""
    hz = np.full(round(60 / dt_s), 60.0)
    hz[1000 : 1000 + round(out_s / dt_s)] -= depth_hz
    return hz


@pytest.mark.parametrize("name", CLASSES)
def test_dip_and_recovery_by_class(name: str) -> None:
    row = CLASSES[name]
    judge = limits[name].of(None)
    deepest, slowest = 60 * row["dip"], row["recovery_s"]
    _, fine = judge.judge(series(dip(deepest - 0.01, slowest - 0.1)))
    assert not fine
    _, deep = judge.judge(series(dip(deepest + 0.01, slowest - 0.1)))
    assert [f.what for f in deep] == ["frequency dips too far"]
    _, slow = judge.judge(series(dip(deepest - 0.01, slowest + 0.1)))
    assert [f.what for f in slow] == ["frequency recovers too slowly"]
    _, high = judge.judge(series(120.0 - dip(60 * row["rise"] + 0.01, 0.5)))
    assert [f.what for f in high] == ["frequency rises too far"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_lasting_swing_wider_than_the_band_is_found(name: str) -> None:
    t = np.arange(0, 60, 0.01)
    width = 60 * CLASSES[name]["steady_width"]
    for factor, count in ((0.98, 0), (1.02, 1)):
        hz = 60 + factor * width / 2 * np.sin(2 * np.pi * 1.0 * t)
        lines, found = limits[name].of(None).judge(series(hz))
        assert len(found) == count
        assert sum(line.broken for line in lines) == 2 * count


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
    one = Series(
        dt_s=0.01,
        resolution_s=0.001,
        nominal_hz=60.0,
        frequency_hz=np.full(501, 60.0),
        source_w=watts,
        islanded=False,
    )
    _, found = Ramp(up_w_per_s=0.9e6, down_w_per_s=1.0, window_s=1.0).judge(one)
    assert [f.what for f in found] == ["power ramps up too fast"]
    assert "0.1 MW" in found[0].remedy
    lines, none = Ramp(up_w_per_s=None, down_w_per_s=1.0, window_s=1.0).judge(one)
    assert (len(lines), none) == (1, [])
