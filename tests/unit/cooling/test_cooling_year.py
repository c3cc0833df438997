"""Weather, moist air and the year's balance."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity
from gigasite.campus import Campus, load, reference
from gigasite.cooling import read_weather, simulate, synthetic, weather_of
from gigasite.cooling.humid import wet_bulb
from gigasite.cooling.scheme import schemes
from gigasite.cooling.types import Cooling
from gigasite.design import Design, design

MEMPHIS = "USA_TN_Memphis.Intl.AP.723340_TMY3.epw"


@pytest.fixture(scope="module")
def lab() -> tuple[Campus, Design]:
    campus = load(reference("lab"))
    return campus, design(campus)


# not around 0 degC: there the formulas over water and ice overlap, and two answers solve the same air
AIR = [(t, h, p) for t in (-20.0, 8.0, 20.0, 30.0, 45.0) for h in (0.1, 0.5, 0.95) for p in (80_000.0, 101_325.0)]


@pytest.mark.parametrize(("dry", "humidity", "pressure"), AIR)
def test_wet_bulb_agrees_with_psychrolib(air: ModuleType, dry: float, humidity: float, pressure: float) -> None:
    ours = float(wet_bulb(np.array([dry]), np.array([humidity]), np.array([pressure]))[0])
    theirs = air.GetTWetBulbFromRelHum(dry, humidity, pressure)
    assert ours <= dry + 1e-6
    assert ours == pytest.approx(theirs, abs=0.01 if abs(theirs) > 1.0 else 0.4)


@pytest.mark.parametrize(
    ("name", "dry", "wet", "hours"),
    [
        (MEMPHIS, (17.040, 35.60, 38.3, -11.7), (13.057, 25.84, 26.855), (4779, 1210, 27, 0)),
        (
            "USA_TX_Houston-Bush.Intercontinental.AP.722430_TMY3.epw",
            (20.359, 36.10, 39.4, -6.1),
            (16.909, 26.31, 27.061),
            (6284, 2341, 88, 0),
        ),
    ],
)
def test_tmy3_years_have_the_known_statistics(
    shared: Path, name: str, dry: tuple[float, ...], wet: tuple[float, ...], hours: tuple[int, ...]
) -> None:
    w = read_weather(shared / "weather" / name)
    t, b = w.dry_bulb_degc, w.wet_bulb_degc
    assert (t.mean(), np.quantile(t, 0.996), t.max(), t.min()) == pytest.approx(dry, abs=0.01)
    assert (b.mean(), np.quantile(b, 0.996), b.max()) == pytest.approx(wet, abs=0.01)
    assert tuple(int((b > x).sum()) for x in (13, 23, 26, 28)) == hours
    assert not w.synthetic


def test_a_synthetic_year_keeps_its_summary(lab: tuple[Campus, Design]) -> None:
    c = lab[0].site.climate
    w = weather_of(lab[0])
    assert w.synthetic
    assert w.dry_bulb_degc.mean() == pytest.approx(c.mean_degc, abs=0.2)
    assert np.quantile(w.dry_bulb_degc, 0.996) == pytest.approx(c.summer_degc, abs=0.2)
    assert np.quantile(w.dry_bulb_degc, 0.004) == pytest.approx(c.winter_degc, abs=0.2)
    assert w.wet_bulb_degc.mean() == pytest.approx(c.mean_wet_degc, abs=0.5)
    assert np.quantile(w.wet_bulb_degc, 0.996) == pytest.approx(c.summer_wet_degc, abs=0.3)
    assert (w.wet_bulb_degc <= w.dry_bulb_degc).all()
    again = synthetic(c, lab[0].seed, lab[0].site.elevation_m)
    assert (again.dry_bulb_degc == w.dry_bulb_degc).all()


@pytest.mark.parametrize("scheme", schemes.names())
def test_energy_and_heat_balance_and_hotter_is_never_cheaper(lab: tuple[Campus, Design], scheme: str) -> None:
    campus = dataclasses.replace(lab[0], cooling=dataclasses.replace(lab[0].cooling, scheme=scheme))
    d = design(campus)
    w = weather_of(campus)
    hot = dataclasses.replace(w, dry_bulb_degc=w.dry_bulb_degc + 5, wet_bulb_degc=w.wet_bulb_degc + 3)
    one, two = simulate(campus, d, w, d.power.it_typical_w), simulate(campus, d, hot, d.power.it_typical_w)
    assert one.pue > 1.0
    assert two.energy_j >= one.energy_j
    assert two.water_m3 >= one.water_m3
    plant = one.fan_w + one.pump_w + one.chiller_w
    p, parts = campus.power, campus.catalogue.electrical
    loss = np.prod([1 + parts[n].loss_frac for n in (p.substation, p.switchgear, p.transformer, p.busway)])
    assert one.energy_j == pytest.approx(float(((one.it_w + plant) * loss).sum()) * 3600, rel=1e-9)


def test_a_supply_that_is_too_cold_for_towers_is_short_or_chilled(lab: tuple[Campus, Design]) -> None:
    campus, d = lab
    cold = dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, supply_degc=20.0))
    bare = simulate(cold, d, weather_of(cold), d.power.it_typical_w)  # the plant of the warm design has no chillers
    assert bare.hours_short > 1000
    assert any(f.severity == Severity.error for f in bare.findings)
    own = design(cold)
    chilled = simulate(cold, own, weather_of(cold), own.power.it_typical_w)
    assert chilled.hours_short == 0
    assert chilled.chiller_hours > 1000


def epw(rows: int, cell: str = "20.0") -> str:
    head = "LOCATION,Somewhere,-,-,-,-,0,0,0,0\n" + "X\n" * 7
    start = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    days = [start + dt.timedelta(hours=i) for i in range(rows)]
    return head + "".join(f"{2000 + d.month},{d.month},{d.day},{d.hour + 1},0,x,{cell},10.0,50,101325\n" for d in days)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("", ":1: is neither"),
        ("hello\nworld\n", "is neither"),
        (epw(10), "has 10 hours"),
        (epw(8760, "99.9"), ":9: dry bulb '99.9'"),
        (epw(8760, ""), ":9: dry bulb '' is missing"),
        (epw(8760).replace(",101325\n", "\n", 1), ":9: pressure 'nothing'"),
        (epw(8760, "nan"), ":9: dry bulb 'nan'"),
    ],
)
def test_broken_weather_names_file_and_line(tmp_path: Path, text: str, needle: str) -> None:
    place = tmp_path / "w.epw"
    place.write_text(text)
    with pytest.raises(InputFileError, match=needle):
        read_weather(place)


def test_a_whole_epw_and_a_raw_tmy3_are_read(tmp_path: Path) -> None:
    (tmp_path / "w.epw").write_text(epw(8760))
    w = read_weather(tmp_path / "w.epw")
    assert w.place == "Somewhere"
    raw = (
        '723170,"GREENSBORO",NC,-5.0,36.1,-79.9,273\nDate,Dry-bulb (C),RHum (%),Pressure (mbar)\n'
        + "1,20.0,50,1013\n" * 8760
    )
    (tmp_path / "t.csv").write_text(raw)
    t = read_weather(tmp_path / "t.csv")
    assert t.place == "GREENSBORO"
    assert t.pressure_pa[0] == 101_300
    assert t.wet_bulb_degc[0] == pytest.approx(w.wet_bulb_degc[0], abs=0.01)


WHOLE = epw(8760).encode()


@settings(max_examples=25)
@given(cut=st.integers(0, 300_000), junk=st.binary(max_size=20))
def test_weather_cut_anywhere_is_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    place = tmp_path_factory.mktemp("w") / "w.epw"
    place.write_bytes(WHOLE[:cut] + junk)
    with pytest.raises(InputFileError, match=r"w\.epw"):
        read_weather(place)


def test_an_open_quote_in_weather_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.epw"
    path.write_text("LOCATION,x\n" + "\n" * 7 + '"1999,' + "1,2,3,4,5\n" * 20_000)
    with pytest.raises(InputFileError, match="no table of commas"):
        read_weather(path)


def test_pads_take_water_only_when_dry_air_is_too_warm(lab: tuple[Campus, Design]) -> None:
    """Between a dry cooler and a tower: fewer chiller hours than dry, a tenth of a tower's water."""
    w = weather_of(lab[0])

    def year(scheme: str, cooler: str) -> Cooling:
        cooling = dataclasses.replace(lab[0].cooling, scheme=scheme, dry_cooler=cooler, supply_degc=36.0)
        campus = dataclasses.replace(lab[0], cooling=cooling)
        d = design(campus)
        return simulate(campus, d, w, d.power.it_typical_w)

    dry, wet = year("liquid-to-dry-cooler", "dry-cooler"), year("liquid-to-adiabatic", "adiabatic-cooler")
    tower = year("liquid-to-tower", "dry-cooler")
    assert wet.chiller_hours < dry.chiller_hours
    assert dry.water_m3 == 0.0 < wet.water_m3 < 0.2 * tower.water_m3
    assert (wet.water_m3_per_s[w.dry_bulb_degc + 9.0 <= 36.0] == 0.0).all()
    # each kelvin that pads take from the air is air x cp, evaporated: heat x kelvins / rise of the air / latent heat
    warm = int(np.argmax(wet.water_m3_per_s))
    kelvins = min(w.dry_bulb_degc[warm] + 9.0 - 36.0, 0.8 * (w.dry_bulb_degc[warm] - w.wet_bulb_degc[warm]))
    by_hand = float(wet.it_w[warm]) * kelvins / 10.0 / 2.43e6 / 1000.0 * 5.0 / 4.0
    assert wet.water_m3_per_s[warm] == pytest.approx(by_hand, rel=1e-6)


def test_rented_chillers_are_smaller_and_take_more(lab: tuple[Campus, Design]) -> None:
    def year(chiller: str) -> tuple[int, float]:
        cooling = dataclasses.replace(lab[0].cooling, scheme="liquid-to-chiller", chiller=chiller)
        campus = dataclasses.replace(lab[0], cooling=cooling)
        d = design(campus)
        return d.cooling.chillers, simulate(campus, d, weather_of(campus), d.power.it_typical_w).energy_j

    (own, energy), (rented, more) = year("air-chiller"), year("mobile-chiller")
    assert rented >= own
    assert more > energy
