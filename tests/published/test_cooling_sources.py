"""Outside numbers on cooling, each with where it is printed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gigasite._core.fluids import fluid
from gigasite.campus import load, reference
from gigasite.cooling import read_weather, simulate
from gigasite.cooling.hammer import joukowsky_pa
from gigasite.cooling.plant_network import facility_loop
from gigasite.cooling.tower import leaving, sized
from gigasite.cooling.transient import Ask, trip
from gigasite.design import design


@pytest.mark.parametrize(("name", "l_per_min"), [("pg25", 1.497), ("water", 1.447), ("eg25", 1.521)])
def test_flow_per_kilowatt_at_ten_kelvin(name: str, l_per_min: float) -> None:
    """OCP cold-plate guidance: about 1.5 L/min for each kW at a rise of 10 K; CoolProp 8.0.0 properties at 40 degC."""
    t = np.array(40.0)
    f = fluid(name)
    flow = 1e3 / (f.density(t) * f.heat_capacity(t) * 10.0)
    assert float(flow) * 6e4 == pytest.approx(l_per_min, rel=1e-3)


def test_joukowsky() -> None:
    """2.5 m/s stopped at once in steel: 25 to 31 bar (dp = rho a dv, a = 1,000 to 1,250 m/s)."""
    assert joukowsky_pa(1000.0, 1000.0, 2.5) == 25e5
    assert joukowsky_pa(1000.0, 1250.0, 2.5) == 31.25e5


def test_towers_make_w32_in_memphis_and_w27_takes_chillers(shared: Path) -> None:
    """ASHRAE 2009 design wet bulb 26.8 degC in the EPW header, approach 4 K: W32 without chillers, W27 with."""
    head = (shared / "weather" / "USA_TN_Memphis.Intl.AP.723340_TMY3.epw").read_text(encoding="latin-1")[:4000]
    assert "26.8" in head
    campus = load(reference("memphis"))
    assert campus.site.climate.summer_wet_degc == 26.8
    assert design(campus).cooling.chillers == 0
    cold = dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, supply_degc=27.0))
    assert design(cold).cooling.chillers > 0


def test_memphis_year(shared: Path) -> None:
    """A typical year: W32 is never missed; evaporation near 1.48 L for each kWh rejected less its sensible share."""
    campus = load(reference("memphis"))
    weather = read_weather(shared / "weather" / "USA_TN_Memphis.Intl.AP.723340_TMY3.epw")
    year = simulate(campus, design(campus), weather, 100e6)
    assert year.days_short == 0
    coc = campus.cooling.concentration
    evaporated = year.wue_l_per_kwh * (coc - 1) / coc
    assert 0.65 * 1.48 < evaporated < 1.48
    assert 1.0 < year.pue < 1.15  # direct liquid with towers: 1.05 to 1.15 usual
    assert sum(m.water_m3 for m in year.months) == pytest.approx(year.water_m3)
    assert year.water_m3 / 365 < 13_000  # the recycling plant that is planned there: 13 ML a day


def test_a_tower_keeps_its_design_point() -> None:
    """A design approach of 4 K at 26.8 degC is met there, and grows as air cools (Braun 1989; Merkel)."""
    tower = sized(10e6, 10.0, 4.0, 26.8)
    wet = np.array([26.8, 15.0, 5.0])
    full = np.full(3, 10e6)
    out = leaving(tower, full, wet, np.full(3, 101_325.0), np.ones(3))
    assert out[0] == pytest.approx(30.8, abs=1e-6)
    approach = out - wet
    assert approach[0] < approach[1] < approach[2] < 15.0
    assert leaving(tower, 0.5 * full, wet, np.full(3, 101_325.0), np.ones(3))[0] < out[0]


def test_direct_liquid_fails_in_less_than_a_minute() -> None:
    """InterPACK2017 V001T02A008: a failure of direct liquid cooling "can lead to shutdown in less than a minute"."""
    campus = load(reference("memphis"))
    d = design(campus)
    run = trip(campus, d, facility_loop(campus, d), None, Ask(event="cdu"))
    assert 5.0 < np.nanmin(run.throttle_s) < 60.0


def test_facility_water_lost_is_minutes_not_seconds() -> None:
    """Loops respond in minutes, components in seconds (10.1145/3784828.3785159); 0.27 K/s by arithmetic.

    60 L of PG25 hold 240 kJ/K; 64 kW to liquid then warm it by 0.27 K/s, less what plates and coasting pumps take.
    """
    campus = load(reference("memphis"))
    d = design(campus)
    loop = facility_loop(campus, d)
    run = trip(campus, d, loop, None, Ask(event="pump", ups=False))
    late = (run.time_s > 110) & (run.time_s < 150)
    rate = np.diff(run.hottest_degc[late]).max()
    assert 0.1 < rate < 0.28
    held = trip(campus, d, loop, None, Ask(event="pump", ups=True))
    assert np.nanmin(held.throttle_s) > np.nanmin(run.throttle_s) + 250
