"""Weather files hour by hour; towers as they must be."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite.cooling import read_weather
from gigasite.cooling.tower import evaporated, fan_share, leaving, sized


def lines(year: int | None = None) -> list[str]:
    """Return rows of a year; months of different years, as typical years are, unless a year is given."""
    start = dt.datetime(year or 2001, 1, 1, tzinfo=dt.UTC)
    hours = 8784 if year and year % 4 == 0 else 8760
    days = [start + dt.timedelta(hours=i) for i in range(hours)]
    return [f"{year or 1990 + d.month},{d.month},{d.day},{d.hour + 1},0,x,20.0,10.0,50,101325" for d in days]


def write(tmp_path: Path, rows: list[str]) -> Path:
    path = tmp_path / "w.epw"
    path.write_text("LOCATION,Somewhere,-,-,-,-,0,0,0,0\n" + "X\n" * 7 + "\n".join(rows) + "\n")
    return path


def test_a_typical_year_has_nothing_to_say(tmp_path: Path) -> None:
    assert read_weather(write(tmp_path, lines())).findings == ()


def test_a_leap_day_is_left_out_and_said(tmp_path: Path) -> None:
    found = read_weather(write(tmp_path, lines(2012))).findings
    assert [f.found for f in found] == ["24 hours", "2012"]
    assert "29 February" in found[0].what


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r[:100] + r[101:], "w.epw:109: month 1, day 5, hour 5 is missing"),
        (lambda r: [*r[:100], r[99], *r[100:]], "w.epw:109: month 1, day 5, hour 5 is missing"),
        (lambda r: r[24:], "w.epw:9: month 1, day 1, hour 1 is missing"),
        (lambda r: r[:-24], "is the file cut off"),
        (lambda r: r + r, "more than a year"),
        (lambda r: [r[1], r[0], *r[2:]], "w.epw:9: month 1, day 1, hour 1 is missing"),
        (lambda r: [r[0].replace(",1,1,1,", ",13,1,1,"), *r[1:]], "no moment of a year"),
        (lambda r: [r[0].replace(",1,1,1,", ",x,1,1,"), *r[1:]], "needs year, month, day, hour"),
        (lambda r: ["1,1", *r[1:]], "needs year, month, day, hour"),
    ],
)
def test_hours_that_are_not_a_year_are_named(tmp_path: Path, change: object, words: str) -> None:
    rows = change(lines())  # type: ignore[operator]
    with pytest.raises(InputFileError) as error:
        read_weather(write(tmp_path, rows))
    assert words in str(error.value)


@settings(max_examples=30)  # a smooth law: each example is three solutions of 0.1 s
@given(st.floats(1e6, 1e8), st.floats(4, 12), st.floats(2, 8), st.floats(18, 29))
def test_any_tower_meets_its_design_and_obeys_the_second_law(
    heat: float, rise: float, approach: float, wet: float
) -> None:
    tower = sized(heat, rise, approach, wet)
    one, p = np.ones(1), np.array([101_325.0])
    out = leaving(tower, heat * one, wet * one, p, one)
    assert out[0] == pytest.approx(wet + approach, abs=0.02)
    slower = leaving(tower, heat * one, wet * one, p, 0.5 * one)
    assert slower[0] > out[0] > wet
    half = leaving(tower, 0.5 * heat * one, wet * one, p, one)
    assert wet < half[0] < out[0]


def test_fans_make_the_supply_and_dry_air_takes_more_water() -> None:
    tower = sized(10e6, 10.0, 4.0, 26.8)
    heat, wet, p = np.full(3, 8e6), np.array([10.0, 20.0, 25.0]), np.full(3, 101_325.0)
    share = fan_share(tower, heat, wet, p, 31.0, 0.1)
    made = leaving(tower, heat, wet, p, share)
    assert made == pytest.approx(np.full(3, 31.0), abs=0.01)
    assert (np.diff(share) > 0).all()
    dry, damp = (evaporated(tower, heat, (t, wet), p, share) for t in (wet + 10, wet + 0.1))
    assert (dry > damp).all()
    assert (dry * 2.43e6 < 1.5 * heat).all()
