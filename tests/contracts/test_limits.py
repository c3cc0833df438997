"""What every limit must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.finding import Severity
from gigasite._core.settings import keys, mistakes, read
from gigasite.power import BatteryPlant, Grid, Machines, Plant
from gigasite.power.limit import Series, Verdict, limits

NAMES = limits.names()
# settings of parts that limit nothing by default
GIVEN: dict[str, dict[str, Any]] = {"ramp": {"up": "1 MW/s", "down": "1 MW/s"}, "range": {"range": "20 MW"}}
KNOWN = {"frequency_hz", "voltage_pu", "ramp_w_per_s", "source_w", "battery_w", "soc_frac", "mechanical_w"}

MACHINES = Machines(
    title="25 MVA",
    count=8,
    rating_w=25e6,
    apparent_w=25e6,
    governor="gast",
    settings={},
    inertia_s=2.0,
    min_load_frac=0.3,
    step_frac=0.2,
)
BATTERY = BatteryPlant(
    rating_w=50e6, energy_j=3.6e11, efficiency_frac=0.96, response_s=0.02, latency_s=0.02, soc_frac=0.5
)
ISLAND = Plant(frequency_hz=60.0, machines=(MACHINES,), grid=None, battery=BATTERY)
BESIDE = Plant(frequency_hz=50.0, machines=(), grid=Grid(capacity_w=2e8), battery=None)
T = 0.002 * np.arange(30_000)


def make(name: str) -> Any:
    return read(limits[name], GIVEN.get(name, {}))


def series(plant: Plant = ISLAND, *, resolution_s: float = 0.002, dt_s: float = 0.002, **arrays: Any) -> Series:
    n = len(next(iter(arrays.values()))) if arrays else len(T)
    calm = {
        "load_w": np.full(n, 1e8),
        "frequency_hz": np.full(n, plant.frequency_hz),
        "source_w": np.full(n, 1e8),
        "grid_w": np.full(n, 1e8 if plant.grid else 0.0),
        "mechanical_w": np.full(n, 1e8 if plant.machines else 0.0),
        "battery_w": np.zeros(n),
        "soc_frac": np.full(n, 0.5),
        "voltage_pu": np.ones(n),
    }
    return Series(plant=plant, dt_s=dt_s, resolution_s=resolution_s, **(calm | arrays))


def wild(resolution_s: float) -> Series:
    slow, fast = np.sin(2 * np.pi * 0.05 * T), np.sin(2 * np.pi * 9.7 * T)
    return series(
        resolution_s=resolution_s,
        frequency_hz=60 + 30 * slow,
        voltage_pu=1 + 0.5 * slow + 0.1 * fast,
        source_w=1e8 + 5e7 * fast,
        mechanical_w=np.zeros(len(T)),
        battery_w=8e7 * fast,
        soc_frac=0.5 + 0.5 * slow,
    )


def severities(verdict: Verdict) -> set[Severity]:
    return {f.severity for f in verdict.findings}


@pytest.mark.parametrize("name", NAMES)
def test_a_calm_plant_keeps_it(name: str) -> None:
    verdict = make(name).judge(series())
    assert verdict.lines
    assert not any(line.broken for line in verdict.lines)
    assert severities(verdict) <= {Severity.note}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resolution_s", [0.001, 10.0])
def test_a_wild_plant_breaks_it_on_any_meter(name: str, resolution_s: float) -> None:
    verdict = make(name).judge(wild(resolution_s))
    assert any(line.broken for line in verdict.lines)
    errors = [f for f in verdict.findings if f.severity is Severity.error]
    assert errors
    assert all(f.limit and f.found and f.remedy for f in errors)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("resolution_s", "dt_s"), [(10.0, 0.002), (0.001, 10.0)])
def test_a_calm_trace_of_a_slow_meter_proves_nothing(name: str, resolution_s: float, dt_s: float) -> None:
    verdict = make(name).judge(series(resolution_s=resolution_s, dt_s=dt_s))
    warnings = [f for f in verdict.findings if f.severity is Severity.warning]
    assert warnings
    assert all("cannot be judged" in f.what for f in warnings)
    assert any(f.limit.endswith(" s") and f.found.startswith("10 s") for f in warnings)  # which resolution it needs
    assert Severity.error not in severities(verdict)


@pytest.mark.parametrize("name", NAMES)
def test_without_voltage_only_the_voltage_is_not_judged(name: str) -> None:
    with_it = make(name).judge(series())
    without = make(name).judge(dataclasses.replace(series(), voltage_pu=None))
    assert not [line for line in without.lines if line.series == "voltage_pu"]
    assert [x for x in with_it.lines if x.series.startswith(("frequency", "ramp", "soc"))] == [
        x for x in without.lines if x.series.startswith(("frequency", "ramp", "soc"))
    ]
    missing = len(with_it.lines) > len(without.lines)
    assert missing == any("voltage" in f.what and "cannot be judged" in f.what for f in without.findings)


@pytest.mark.parametrize("name", NAMES)
def test_beside_a_stiff_grid_what_does_not_apply_is_a_note(name: str) -> None:
    verdict = make(name).judge(series(BESIDE))
    assert severities(verdict) <= {Severity.note}
    assert verdict.lines or verdict.findings


@pytest.mark.parametrize("name", NAMES)
@given(
    wave=st.lists(st.tuples(st.floats(0, 90), st.floats(-1e9, 1e9), st.floats(0, 1.5)), min_size=2, max_size=60),
    plant=st.sampled_from([ISLAND, BESIDE]),
    dt_s=st.sampled_from([0.002, 0.1, 30.0]),
    voltage=st.booleans(),
)
def test_anything_is_judged_and_judged_alike_again(
    name: str, wave: list[tuple[float, float, float]], plant: Plant, dt_s: float, *, voltage: bool
) -> None:
    hz, watts, pu = (np.array(x) for x in zip(*wave, strict=True))
    one = series(
        plant,
        dt_s=dt_s,
        resolution_s=dt_s,
        frequency_hz=hz,
        source_w=watts,
        mechanical_w=watts,
        battery_w=watts,
        soc_frac=pu / 1.5,
        voltage_pu=pu if voltage else None,
    )
    verdict = make(name).judge(one)
    assert all(line.series in KNOWN | set(verdict.figures) for line in verdict.lines)
    assert all(math.isfinite(line.level) for line in verdict.lines)
    assert all(math.isfinite(value) for value in verdict.figures.values())
    assert not any("nan" in f"{f.found} {f.limit}" or "inf" in f"{f.found} {f.limit}" for f in verdict.findings)
    assert any(line.broken for line in verdict.lines) == (Severity.error in severities(verdict))
    assert make(name).judge(one) == verdict


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_number_is_never_passed_on(name: str) -> None:
    lost = np.where(T < 1.0, 1.0, np.nan)
    verdict = make(name).judge(series(voltage_pu=lost, frequency_hz=60 * lost, source_w=1e8 * lost, soc_frac=lost / 2))
    assert all(math.isfinite(value) for value in verdict.figures.values())
    assert not any("nan" in f.found for f in verdict.findings)


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_has_bounds(name: str) -> None:
    for key, field in keys(limits[name]).items():
        if isinstance(field.default, str) or "read" in field.metadata:
            continue
        low, high = field.metadata["low"], field.metadata["high"]
        assert math.isfinite(low), key
        assert math.isfinite(high), key
        if isinstance(field.default, float):
            assert low <= field.default <= high, key
    names = [f.name for f in dataclasses.fields(limits[name]) if f.init]
    assert len(names) == len(keys(limits[name])), names  # no two settings have one key in a file
    assert mistakes(limits[name], GIVEN.get(name, {}) | {"nonsense": 1})
