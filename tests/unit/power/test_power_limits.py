from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gigasite._core.errors import QuantityError
from gigasite._core.finding import Severity
from gigasite._core.settings import mistakes, read
from gigasite.power import BatteryPlant, Grid, Machines, Plant
from gigasite.power.bound_types import SourceLimits
from gigasite.power.flicker import intake_voltage
from gigasite.power.limit import Series, Verdict, limits, ramps
from gigasite.power.limits.battery_use import BatteryUse, cycles, turning_points
from gigasite.power.limits.flicker import Flicker
from gigasite.power.limits.genset_load import GensetLoad
from gigasite.power.limits.iso8528 import longest_excursion, steady_width
from gigasite.power.limits.ramp import Ramp
from gigasite.power.limits.range import Range, window_ranges
from gigasite.power.limits.ride_through_ieee1547 import Ieee1547
from gigasite.power.limits.rocof import Rocof
from gigasite.power.limits.spectrum import Spectrum
from gigasite.power.limits.torsional import Torsional
from gigasite.power.rainflow_kernels import rainflow
from gigasite.power.ride_through import Stage, hertz, per_unit
from gigasite.power.spectra import amplitude_spectrum, band_share, bands_of, largest_tone
from gigasite.power.spells import longest_run, most_within, rises

CLASSES = ("iso8528-g1", "iso8528-g2", "iso8528-g3")
HOUR_S = 3600.0
SETS = Machines(
    title="2.5 MW", count=4, rating_w=2.5e6, apparent_w=3e6, governor="degov", settings={}, inertia_s=1.0,
    min_load_frac=0.3, step_frac=0.5,
)  # fmt: skip
BATTERY = BatteryPlant(
    rating_w=50e6, energy_j=50e6 * HOUR_S, efficiency_frac=0.96, response_s=0.02, latency_s=0.0, soc_frac=0.5
)
GRID = Grid(capacity_w=1e8, short_circuit_w=1e9)


def series(n: int | None = None, dt_s: float = 0.01, *, grid: Grid | None = None, **arrays: Any) -> Series:
    """Return a plant at rest but for the given arrays."""
    given = [a for a in arrays.values() if isinstance(a, np.ndarray)]
    count = n or len(given[0])
    machines = arrays.pop("machines", ())
    battery = arrays.pop("battery", None)
    start_s = arrays.pop("start_s", 0.0)
    zero = np.zeros(count)
    rest = {"load_w": zero, "frequency_hz": zero + 60.0, "source_w": zero, "grid_w": zero}
    rest |= {"mechanical_w": zero, "battery_w": zero, "soc_frac": zero + 0.5, "voltage_pu": zero + 1.0}
    plant = Plant(frequency_hz=60.0, machines=machines, grid=grid, battery=battery)
    return Series(plant=plant, dt_s=dt_s, resolution_s=0.001, start_s=start_s, **(rest | arrays))


def whats(verdict: Verdict) -> list[str]:
    return [f.what for f in verdict.findings]


def errors(verdict: Verdict) -> list[str]:
    return [f.what for f in verdict.findings if f.severity is Severity.error]


def dip(depth: float, out_s: float, rest: float = 60.0, dt_s: float = 0.01) -> np.ndarray:
    """Return a rectangular dip of 60 s with rests around it."""
    out = np.full(round(60 / dt_s), rest)
    out[1000 : 1000 + round(out_s / dt_s)] -= depth
    return out


# --- ISO 8528-5 ---


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("what", ["frequency", "voltage"])
def test_dip_rise_and_recovery_by_class(name: str, what: str) -> None:
    judge = limits[name]()
    if what == "frequency":
        rest, low, high, slowest = 60.0, 60 * judge.dip_frac, 60 * judge.rise_frac, judge.recovery_s
    else:
        rest, low, high, slowest = 1.0, judge.voltage_dip_frac, judge.voltage_rise_frac, judge.voltage_recovery_s
    key, more = ("frequency_hz", 0.01) if what == "frequency" else ("voltage_pu", 0.001)

    def found(depth: float, out_s: float) -> list[str]:
        return whats(judge.judge(series(**{key: dip(depth, out_s, rest)})))

    assert not found(low - more, slowest - 0.1)
    assert found(low + more, slowest - 0.1) == [f"{what} dips too far"]
    assert found(low - more, slowest + 0.1) == [f"{what} recovers too slowly"]
    assert found(-high - more, 0.5) == [f"{what} rises too far"]


def test_a_finding_names_the_moment_on_the_clock_of_the_load() -> None:
    found = limits["iso8528-g3"]().judge(series(frequency_hz=dip(5.0, 0.5), start_s=100.0)).findings
    assert [(f.limit, f.found) for f in found] == [("55.80 Hz", "55.00 Hz, first at 110 s")]
    assert found[0].remedy


@pytest.mark.parametrize("name", CLASSES)
def test_a_lasting_swing_wider_than_the_band_is_found(name: str) -> None:
    t = np.arange(0, 60, 0.01)
    width = 60 * limits[name]().steady_width_frac
    for factor, count in ((0.98, 0), (1.02, 1)):
        hz = 60 + factor * width / 2 * np.sin(2 * np.pi * 1.0 * t)
        verdict = limits[name]().judge(series(frequency_hz=hz))
        assert whats(verdict) == ["frequency never rests"] * count
        assert sum(line.broken for line in verdict.lines) == 2 * count


def test_every_number_of_a_class_can_be_set() -> None:
    judge = read(limits["iso8528-g2"], {"dip": "2 %", "voltage_recovery": "1 s", "entry_width": 0.03})
    assert (judge.dip_frac, judge.voltage_recovery_s, judge.entry_width_frac) == (0.02, 1.0, 0.03)
    with pytest.raises(QuantityError, match="entry_width"):
        read(limits["iso8528-g2"], {"entry_width": 0.001})


def test_an_intake_that_opens_is_judged_beside_a_grid() -> None:
    judge = limits["iso8528-g2"]()
    assert "does not apply" in whats(judge.judge(series(1000, grid=GRID)))[0]
    assert errors(judge.judge(series(frequency_hz=dip(8.0, 1.0), grid=GRID))) == ["frequency dips too far"]


def test_excursions_with_no_rest_between_are_one() -> None:
    # leaves the steady band, crosses the entry band twice without resting: one excursion of 7 s
    deviation = np.array([0, 0.7, 2, 0.7, 2, 2, 0.7, 2, 0.7, 0.0])
    assert longest_excursion(deviation, 1.0, 0.5, 1.0) == (7.0, 1)
    rested = np.array([0, 0.7, 2, 0.0, 2, 2, 0.7, 0.0])
    assert longest_excursion(rested, 1.0, 0.5, 1.0) == (2.0, 1)
    assert longest_excursion(np.array([2.0, 2.0, 0.0]), 1.0, 0.5, 1.0) == (2.0, 0)
    assert longest_excursion(np.zeros(5), 1.0, 0.5, 1.0) == (0.0, 0)
    assert longest_excursion(np.full(4, 3.0), 1.0, 0.5, 1.0) == (4.0, 0)  # never rests at all


def test_steady_width_is_the_typical_window() -> None:
    hz = dip(5.0, 2.0)
    assert steady_width(hz, 0.01) == (0.0, 0)
    assert steady_width(hz[950:1050], 0.01) == (5.0, 0)  # shorter than a window: all of it
    assert steady_width(dip(5.0, 45.0) + np.tile([0.0, 1.0], 3000), 0.01, 5.0) == (1.0, 5000)


# --- ramp and range ---


def test_ramp_is_measured_over_its_window() -> None:
    watts = np.concatenate([np.zeros(200), np.linspace(0, 1e6, 101), np.full(200, 1e6)])
    assert ramps(watts, 0.01, 1.0).max() == pytest.approx(1e6)
    assert ramps(watts, 0.01, 2.0).max() == pytest.approx(0.5e6)
    one = series(source_w=watts, grid=GRID)
    found = Ramp(up_w_per_s=0.9e6, down_w_per_s=1.0).judge(one).findings
    assert [(f.where, f.what) for f in found] == [("intake", "power ramps up too fast")]
    assert "0.1 MW" in found[0].remedy
    assert "first at 2.9" in found[0].found
    fine = Ramp(down_w_per_s=1.0).judge(one)
    assert (len(fine.lines), fine.findings) == (1, ())
    down = Ramp(down_w_per_s=1e5).judge(series(source_w=watts[::-1].copy()))
    assert [(f.where, f.what) for f in down.findings] == [("gensets", "power ramps down too fast")]


@pytest.mark.parametrize("hz", [0.9, 1.0, 2.0])
def test_a_swing_with_the_windows_period_is_a_ramp(hz: float) -> None:
    t = np.arange(0, 20, 0.01)
    watts = 10e6 + 1e6 * np.sin(2 * np.pi * hz * t)
    for limit, count in ((1.9e6, 1), (2.1e6, 0)):
        assert len(Ramp(up_w_per_s=limit).judge(series(source_w=watts)).findings) == count
        assert len(Ramp(down_w_per_s=limit).judge(series(source_w=watts)).findings) == count


def test_a_ramp_needs_a_limit() -> None:
    with pytest.raises(QuantityError, match="at least one"):
        Ramp()
    assert Ramp(up_w_per_s=2.0).source_limits() == SourceLimits(up_w_per_s=2.0, ramp_window_s=1.0)


def test_range_counts_only_what_swings_within_the_window() -> None:
    watts = np.concatenate([np.zeros(500), np.full(500, 10e6), np.linspace(10e6, 40e6, 9000)])
    assert Range(range_w=11e6, range_window_s=2.0).judge(series(source_w=watts)).findings == ()
    verdict = Range(range_w=9e6, range_window_s=2.0).judge(series(source_w=watts))
    assert errors(verdict) == ["power swings too far"]
    assert verdict.figures == {"power_range_w": 10e6}
    assert "first at 3.01 s" in verdict.findings[0].found  # the first window that holds both levels
    # 30 MW in 90 s is a drift of 0.333 MW/s: free where the limit allows it
    slow = series(source_w=watts[1000:])
    assert errors(Range(range_w=5e6, range_window_s=30.0).judge(slow))
    assert not errors(Range(range_w=5e6, range_window_s=30.0, drift_w_per_s=0.334e6).judge(slow))
    assert mistakes(Range, {}) == [("range", "is missing")]


def test_window_ranges_are_exact() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=50)
    for n in (2, 3, 7, 50, 80):
        size = min(n, 50)
        plain = [np.ptp(values[k : k + size]) for k in range(50 - size + 1)]
        assert window_ranges(values, n) == pytest.approx(plain)


# --- frequency and ride-through ---


def test_rate_of_change_takes_its_window() -> None:
    hz = 60.0 - np.minimum(np.maximum(np.arange(0, 10, 0.01) - 2.0, 0.0), 0.05) * 10.0  # 10 Hz/s for 50 ms
    assert Rocof(most_hz_per_s=4.9).judge(series(frequency_hz=hz)).findings[0].limit == "4.9 Hz/s over 0.1 s"
    assert not Rocof(most_hz_per_s=5.1).judge(series(frequency_hz=hz)).findings
    assert Rocof(window_s=0.05).judge(series(frequency_hz=hz)).figures["rocof_judged_hz_per_s"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("level", "seconds", "what"),
    [
        (56.4, 0.17, ["under-frequency protection trips", "under-frequency lasts longer than sources have to stay"]),
        (57.1, 200.0, []),
        (57.1, 299.5, ["under-frequency lasts longer than sources have to stay"]),
        (57.1, 300.5, ["under-frequency protection trips", "under-frequency lasts longer than sources have to stay"]),
        (58.6, 299.5, ["under-frequency lasts longer than sources have to stay"]),
        (58.9, 500.0, []),
        (62.1, 0.15, ["over-frequency lasts longer than sources have to stay"]),
        (61.7, 200.0, []),
    ],
)
def test_frequency_stages(level: float, seconds: float, what: list[str]) -> None:
    hz = np.full(60_000, 60.0)
    hz[100 : 100 + round(seconds / 0.01)] = level
    assert errors(Ieee1547().judge(series(frequency_hz=hz))) == what


@pytest.mark.parametrize(
    ("level", "seconds", "what"),
    [
        (0.87, 19.9, []),
        (0.87, 20.5, ["under-voltage lasts longer than sources have to stay"]),
        (0.60, 9.9, []),
        (0.45, 2.1, ["under-voltage protection trips", "under-voltage lasts longer than sources have to stay"]),
        (1.21, 0.2, ["over-voltage protection trips"]),
        (1.15, 12.0, []),
    ],
)
def test_voltage_stages(level: float, seconds: float, what: list[str]) -> None:
    pu = np.ones(6000)
    pu[100 : 100 + round(seconds / 0.01)] = level
    assert errors(Ieee1547().judge(series(voltage_pu=pu))) == what


def test_windows_add_up_and_trips_do_not() -> None:
    pu = np.ones(12_000)
    for start in range(1000, 11_000, 1000):
        pu[start : start + 300] = 0.87  # ten dips of 3 s
    found = Ieee1547().judge(series(voltage_pu=pu)).findings
    assert [f.what for f in found] == ["under-voltage lasts longer than sources have to stay"]
    assert "30 s beyond, first at 72" in found[0].found  # the seventh dip uses up the 20 s
    assert not Ieee1547(added_s=20.0).judge(series(voltage_pu=pu)).findings


def test_stages_from_a_file() -> None:
    judge = read(Ieee1547, {"frequency_trips": [{"below": "59 Hz", "for": "1 s"}], "voltage_windows": []})
    assert judge.frequency_trips == (Stage(59.0, 1.0),)
    assert judge.voltage_windows == ()
    assert per_unit([{"above": 1.1, "for": "13 s"}]) == (Stage(1.1, 13.0, above=True),)
    for wrong in (
        "59 Hz",
        [{"below": "59 Hz"}],
        [{"below": 59, "for": "1 s"}],
        [{"below": "59 Hz", "for": "2 d"}],
        [5],
    ):
        with pytest.raises(QuantityError):
            hertz(wrong)
    with pytest.raises(QuantityError, match="between"):
        per_unit([{"above": 110, "for": "13 s"}])


def test_levels_move_with_the_nominal_frequency() -> None:
    one = series(100)
    one = replace(one, plant=replace(one.plant, frequency_hz=50.0), frequency_hz=np.full(100, 50.0))
    verdict = Ieee1547().judge(one)
    assert not errors(verdict)
    assert min(x.level for x in verdict.lines if x.series == "frequency_hz") == pytest.approx(56.5 * 5 / 6)


# --- spectra ---


def test_band_share_of_known_waves() -> None:
    t = np.arange(0, 200, 0.01)
    slow, mid, fast = (np.sin(2 * np.pi * f * t) for f in (0.05, 1.0, 30.0))
    share, rms = band_share(1e8 + 3 * slow + 4 * mid + 5 * fast, 0.01, 0.1, 20.0)
    assert share == pytest.approx(16 / 50, rel=0.01)
    assert rms == pytest.approx(5.0, rel=0.01)
    assert band_share(np.full(10, 3.0), 0.01, 0.1, 20.0) == (0.0, 0.0)
    # a ramp is slow, however short the trace: a Fourier series would put 11 % of it above 0.1 Hz
    assert band_share(np.linspace(0, 1, 6000), 0.01, 0.1, 20.0)[0] < 0.001


@pytest.mark.parametrize("hz", [0.5, 0.7777, 1.0, 4.321])
def test_largest_tone_is_right_between_lines(hz: float) -> None:
    t = np.arange(0, 65, 0.005)
    values = 50.0 + t + 3.0 * np.sin(2 * np.pi * hz * t) + 9.0 * np.sin(2 * np.pi * 20.0 * t)
    found = largest_tone(values, 0.005, 0.4, 6.0)
    assert found.amplitude == pytest.approx(3.0, rel=0.005)
    assert found.hz == pytest.approx(hz, abs=0.05)


def test_largest_tone_holds_the_peak() -> None:
    t = np.arange(0, 300, 0.01)
    values = np.where((t > 200) & (t < 240), np.sin(2 * np.pi * 2.0 * t), 0.0)
    found = largest_tone(values, 0.01, 1.0, 5.0)
    assert found.amplitude == pytest.approx(1.0, rel=0.005)
    assert 200 <= found.sample * 0.01 <= 230
    assert largest_tone(values, 0.01, 60.0, 70.0).amplitude == 0.0  # above half the sampling rate


def test_harmonics_of_an_iteration_stay_apart() -> None:
    t = np.arange(0, 60, 0.002)
    square = np.sign(np.sin(2 * np.pi * 0.97 * t + 1e-9))
    found = largest_tone(square, 0.002, 7.0, 100.0)
    assert found.hz == pytest.approx(9 * 0.97, abs=0.05)
    assert found.amplitude == pytest.approx(4 / np.pi / 9, rel=0.01)


def test_amplitude_spectrum_is_finite_for_two_samples() -> None:
    hz, height = amplitude_spectrum(np.array([1.0, 3.0]), 0.1)
    assert hz.tolist() == [0.0, 5.0]
    assert np.isfinite(height).all()


def test_spectrum_judges_share_and_tones() -> None:
    t = np.arange(0, 120, 0.01)
    watts = 1e8 + 4e6 * np.sin(2 * np.pi * 0.05 * t) + 3e6 * np.sin(2 * np.pi * 1.0 * t)
    judge = read(Spectrum, {"share": "35 %", "tones": [{"low": "0.5 Hz", "high": "2 Hz", "amplitude": "2 MW"}]})
    verdict = judge.judge(series(source_w=watts))
    assert errors(verdict) == ["too much of the swing lies in 0.1-20 Hz", "a tone in 0.5-2 Hz is too strong"]
    assert verdict.figures["spectrum_band_frac"] == pytest.approx(0.36, abs=0.01)
    assert verdict.figures["tone_1_w"] == pytest.approx(3e6, rel=0.01)
    assert verdict.findings[1].found.startswith("3 MW at 1 Hz")
    (tone,) = judge.source_limits().tones
    assert (tone.low_hz, tone.high_hz, tone.amplitude_w) == (0.5, 2.0, 2e6)
    assert Spectrum().source_limits() == SourceLimits()


def test_a_share_of_next_to_nothing_is_no_fault() -> None:
    t = np.arange(0, 60, 0.01)
    verdict = Spectrum().judge(series(source_w=1e8 + 1e3 * np.sin(2 * np.pi * t)))
    assert verdict.figures["spectrum_band_frac"] > 0.9
    assert not verdict.findings


def test_a_trace_of_few_periods_does_not_prove_a_tone() -> None:
    judge = read(Spectrum, {"tones": [{"low": "0.1 Hz", "high": "2 Hz", "amplitude": "2 MW"}]})
    assert any("cannot be judged" in w for w in whats(judge.judge(series(2000))))
    assert not whats(judge.judge(series(6000)))


def test_bands_from_a_file() -> None:
    for wrong in (5, [5], [{"low": "1 Hz", "high": "2 Hz"}], [{"low": "2 Hz", "high": "1 Hz", "amplitude": "1 MW"}]):
        with pytest.raises(QuantityError):
            bands_of(wrong, "power")
    with pytest.raises(QuantityError, match="above zero"):
        bands_of([{"low": "1 Hz", "high": "2 Hz", "amplitude": "0 MW"}], "power")


def test_torsional_band_sees_the_machines_only() -> None:
    t = np.arange(0, 20, 0.002)
    swing = 0.2e6 * np.sin(2 * np.pi * 25.0 * t)
    on_sets = Torsional().judge(series(dt_s=0.002, source_w=5e6 + swing, machines=(SETS,)))
    assert errors(on_sets) == ["a tone in 7-100 Hz is too strong"]
    assert on_sets.figures["torsional_1_frac"] == pytest.approx(0.02, rel=0.01)
    assert on_sets.findings[0].found.startswith("2 % at 25 Hz")
    on_grid = Torsional().judge(series(dt_s=0.002, source_w=5e6 + swing, grid_w=swing, machines=(SETS,), grid=GRID))
    assert not on_grid.findings


# --- flicker ---


def test_flicker_of_a_swing_at_the_intake() -> None:
    t = np.arange(0, 600, 0.01)
    # 1 Hz square between 40 and 60 MW: R = 0.0995, X = 0.995 of 1 GVA, tan phi = 0.203: 0.60 % to first order, 0.737 %
    # with the angle across X
    watts = 50e6 + 10e6 * np.sign(np.sin(2 * np.pi * t + 1e-9))
    one = replace(series(source_w=watts, grid_w=watts, grid=GRID), voltage_pu=None)
    verdict = Flicker().judge(one)
    given = Flicker().judge(series(voltage_pu=1.0 - 0.00737 * (watts - 50e6) / 20e6, grid=GRID))
    assert verdict.figures["flicker_pst"] == pytest.approx(given.figures["flicker_pst"], rel=0.01)
    assert errors(verdict) == ["short-term flicker is too strong"]
    assert errors(Flicker(pst=1.0).judge(one)) == []
    stiff = replace(one, plant=replace(one.plant, grid=replace(GRID, short_circuit_w=2e9)))
    ratio = Flicker().judge(stiff).figures["flicker_pst"] / verdict.figures["flicker_pst"]
    assert ratio == pytest.approx(0.45, abs=0.01)


@pytest.mark.parametrize("power_w", [-3e7, 0.0, 2e7, 1e8])
def test_voltage_behind_the_intake_balances_the_circuit(power_w: float) -> None:
    grid, factor = Grid(capacity_w=1e8, r_over_x=0.3), 0.95  # short-circuit power: ten times the capacity
    v = intake_voltage(np.array([power_w]), grid, factor)[0]
    p = power_w / 1e9
    z = (0.3 + 1j) / abs(0.3 + 1j)
    current = np.conj((p + 1j * p * np.tan(np.arccos(factor))) / v)
    assert abs(v + z * current) == pytest.approx(1.0, abs=1e-12)


def test_flicker_says_what_a_short_trace_is() -> None:
    verdict = Flicker().judge(series(3000))
    assert "shorter than 10 min" in whats(verdict)[0]
    assert [line.series for line in verdict.lines] == ["flicker_pst"]


def test_plt_is_judged_after_two_hours() -> None:
    dt_s = 0.05
    t = np.arange(0, 7200, dt_s)
    voltage = 1.0 + 0.0048 * np.sin(2 * np.pi * 1.0 * t)
    verdict = Flicker().judge(series(dt_s=dt_s, voltage_pu=voltage))
    assert verdict.figures["flicker_plt"] == pytest.approx(verdict.figures["flicker_pst"], rel=0.01)
    assert 0.0 < verdict.figures["flicker_pst"] < 0.9
    weak = Flicker(plt=verdict.figures["flicker_plt"] * 0.9)
    assert errors(weak.judge(series(dt_s=dt_s, voltage_pu=voltage))) == ["long-term flicker is too strong"]
    with pytest.raises(QuantityError, match="lamp"):
        Flicker(lamp="LED")


# --- gensets and battery ---


def test_minimum_load_is_a_mean_and_steps_are_rises() -> None:
    low = np.full(20_000, 5e6)
    low[3000:8000] = 1e6  # 50 s: the mean of 60 s stays above 30 % of 10 MW? (10 s x 5 + 50 s x 1) / 60 = 1.67 MW
    verdict = GensetLoad().judge(series(mechanical_w=low, source_w=low, machines=(SETS,)))
    assert errors(verdict) == ["run below their minimum load"]
    assert verdict.figures["genset_mean_low_w"] == pytest.approx(5e6 / 3)
    assert not errors(GensetLoad(min_load_frac=0.16).judge(series(mechanical_w=low, source_w=low, machines=(SETS,))))
    step = np.concatenate([np.full(9000, 4e6), np.full(9000, 9.1e6)])
    steady = np.full(18_000, 5e6)
    up = GensetLoad().judge(series(mechanical_w=steady, source_w=step, machines=(SETS,)))
    assert [f.what for f in up.findings] == ["see a step that they do not accept"]
    assert up.findings[0].found == "5.1 MW, first at 90 s"
    # a rejection is no step to accept, and the grid's share is none of theirs
    assert not GensetLoad().judge(series(mechanical_w=steady, source_w=step[::-1].copy(), machines=(SETS,))).findings
    both = series(mechanical_w=steady, source_w=step, grid_w=step - 4e6, machines=(SETS,), grid=GRID)
    assert not GensetLoad().judge(both).findings


def test_battery_power_rate_and_window() -> None:
    n = 6000
    power = np.zeros(n)
    power[100:200] = 60e6
    soc = np.linspace(0.5, 0.02, n)
    verdict = BatteryUse(c_rate=1.1).judge(series(battery_w=power, soc_frac=soc, battery=BATTERY))
    assert errors(verdict) == [
        "exceeds its power of discharge",
        "is charged or discharged too fast for its energy",
        "is emptier than it may be",
        "wears out too soon",
    ]
    assert verdict.findings[0].found == "60 MW, first at 1 s"
    assert verdict.figures["battery_c_rate_per_h"] == pytest.approx(1.2)
    charge = BatteryUse(c_rate=1.3).judge(series(battery_w=-power, battery=BATTERY))
    assert errors(charge) == ["exceeds its power of charge"]
    full = BatteryUse().judge(series(soc_frac=np.full(n, 0.96), battery=BATTERY))
    assert errors(full) == ["is fuller than it may be"]


def test_battery_throughput_and_life() -> None:
    # one cycle of 80 % in 2 h, 6000 of them last 12,000 h
    dt_s, n = 1.0, 7200
    soc = 0.5 + 0.4 * np.concatenate([np.linspace(-1, 1, n // 2), np.linspace(1, -1, n // 2)])
    power = np.full(n, 1e6)
    judge = BatteryUse(life_s=365 * 86400.0, throughput_per_day_j=80e9)
    verdict = judge.judge(series(dt_s=dt_s, soc_frac=soc, battery_w=power, battery=BATTERY))
    assert verdict.figures["battery_cycles"] == pytest.approx(0.8)
    assert verdict.figures["battery_life_years"] == pytest.approx(12_000 / 8766, rel=1e-3)
    assert verdict.figures["battery_throughput_per_day_j"] == pytest.approx(86.4e9)
    assert errors(verdict) == ["passes more energy than it may"]
    # half the depth lasts 2^1.3 times as many cycles
    half = judge.judge(series(dt_s=dt_s, soc_frac=0.5 + (soc - 0.5) / 2, battery=BATTERY))
    assert half.figures["battery_life_years"] == pytest.approx(2**1.3 * 12_000 / 8766, rel=1e-3)
    # the battery's own throughput of its life: 7.2 GJ of 7.2 TJ in 2 h
    known = replace(BATTERY, throughput_j=7.2e12)
    worn = judge.judge(series(dt_s=dt_s, battery_w=power, battery=known))
    assert worn.figures["battery_life_years"] == pytest.approx(2000 / 8766, rel=1e-3)
    idle = judge.judge(series(dt_s=dt_s, n=n, battery=BATTERY))
    assert idle.figures["battery_life_years"] == 100.0


def test_cycles_are_counted_whole_under_ripple() -> None:
    big = 0.5 + 0.3 * np.sin(np.linspace(0, 2 * np.pi, 4000))
    ripple = 0.01 * np.sin(np.linspace(0, 200 * np.pi, 4000))
    depth, count = cycles(big + ripple)
    # the deepest cycle is there as a whole: half cycles between turning points would only show the ripple's
    assert depth.max() == pytest.approx(0.62, abs=0.002)
    assert count[depth > 0.3].sum() == pytest.approx(1.5)
    assert turning_points(np.array([1.0, 1.0])).tolist() == [1.0]
    assert turning_points(np.array([0.0, 1.0, 1.0, 0.0, 2.0, 2.0])).tolist() == [0.0, 1.0, 0.0, 2.0]


def test_compiled_rainflow_is_the_same() -> None:
    points = turning_points(np.random.default_rng(3).random(500))
    made = []
    for count_by in (rainflow, rainflow.py_func):
        ranges, counts = np.zeros(len(points)), np.zeros(len(points))
        made.append((count_by(points, ranges, counts), ranges.tolist(), counts.tolist()))
    assert made[0] == made[1]
    # every range between turning points is half a cycle of itself or half of a larger one: ups and downs are kept
    assert sum(made[0][2]) == pytest.approx((len(points) - 1) / 2)


# --- spells ---


def test_spells_by_plain_loops() -> None:
    rng = np.random.default_rng(2)
    mask = rng.random(200) > 0.6
    assert most_within(mask, 30)[0] == max(mask[k : k + 30].sum() for k in range(171))
    values = rng.normal(size=60)
    for n in (1, 2, 5, 9):
        plain = [values[k] - values[max(0, k - n) : k + 1].min() for k in range(60)]
        assert rises(values, n) == pytest.approx(plain)
    assert longest_run(np.array([False, False])) == (0, 0)
