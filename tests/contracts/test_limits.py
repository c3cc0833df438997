"""What every limit must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.finding import Severity
from gigasite.campus.schema import Limit
from gigasite.power.limit import Series, limits

NAMES = limits.names()


def make(name: str) -> Any:
    return limits[name].of(Limit(kind=name, up_w_per_s=1e6, down_w_per_s=1e6))


def series(hz: Any, watts: Any, *, resolution_s: float = 0.001, islanded: bool = True) -> Series:
    return Series(
        dt_s=0.05,
        resolution_s=resolution_s,
        nominal_hz=60.0,
        frequency_hz=np.asarray(hz, dtype=float),
        source_w=np.asarray(watts, dtype=float),
        islanded=islanded,
    )


CALM = (np.full(1200, 60.0), np.full(1200, 1e8))
T = 0.05 * np.arange(1200)
WILD = (60 + 15 * np.sin(2 * np.pi * 0.4 * T), 1e8 + 5e7 * np.sin(2 * np.pi * 0.4 * T))


@pytest.mark.parametrize("name", NAMES)
def test_a_calm_plant_keeps_it(name: str) -> None:
    lines, found = make(name).judge(series(*CALM))
    assert lines
    assert not any(line.broken for line in lines)
    assert not found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resolution_s", [0.001, 10.0])
def test_a_wild_plant_breaks_it_on_any_meter(name: str, resolution_s: float) -> None:
    lines, found = make(name).judge(series(*WILD, resolution_s=resolution_s))
    assert any(line.broken for line in lines)
    errors = [f for f in found if f.severity is Severity.error]
    assert errors
    assert all(f.limit and f.found and f.remedy for f in errors)
    assert not any("cannot be judged" in f.what for f in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_calm_trace_of_a_slow_meter_proves_nothing(name: str) -> None:
    _, found = make(name).judge(series(*CALM, resolution_s=10.0))
    assert [f.severity for f in found] == [Severity.warning]
    assert "cannot be judged" in found[0].what


@pytest.mark.parametrize("name", NAMES)
@given(
    wave=st.lists(st.tuples(st.floats(20, 90), st.floats(-1e9, 1e9)), min_size=2, max_size=60),
    islanded=st.booleans(),
)
def test_anything_is_judged_and_judged_alike_again(
    name: str, wave: list[tuple[float, float]], *, islanded: bool
) -> None:
    hz, watts = zip(*wave, strict=True)
    lines, found = make(name).judge(series(hz, watts, islanded=islanded))
    known = {"frequency_hz", "ramp_w_per_s", "battery_w", "soc_frac"}
    assert all(line.series in known for line in lines)
    broken = any(line.broken for line in lines)
    assert not broken or any(f.severity is Severity.error for f in found)
    again = make(name).judge(series(hz, watts, islanded=islanded))
    assert again == (lines, found)
