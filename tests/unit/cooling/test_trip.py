"""Transients: energy, steps, what is quicker than what, and runs that are refused."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gigasite._core.errors import GigasiteError
from gigasite.campus import load, reference
from gigasite.campus.schema import Campus
from gigasite.cooling.event import events
from gigasite.cooling.plant_network import FacilityLoop, facility_loop
from gigasite.cooling.transient import Ask, Trip, trip
from gigasite.cooling.transient_kernels import effectiveness, loop_step
from gigasite.design import design
from gigasite.design.types import Design
from gigasite.show.cli import app


@pytest.fixture(scope="module")
def lab() -> tuple[Campus, Design, FacilityLoop]:
    campus = load(reference("lab"))
    made = design(campus)
    return campus, made, facility_loop(campus, made)


def ran(lab: tuple[Campus, Design, FacilityLoop], event: str, words: dict[str, Any] | None = None, **ask: Any) -> Trip:
    campus, made, loop = lab
    campus = dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, **(words or {})))
    return trip(campus, made, loop, None, Ask(event=event, **ask))


@settings(max_examples=25)
@given(
    st.sampled_from(events.names()), st.sampled_from([0.1, 0.5, 1.0, 2.0]), st.sampled_from([True, False]), st.sampled_from([0.0, 90.0]),
    st.floats(0, 100),
)  # fmt: skip
def test_energy_is_kept_in_every_step(
    lab: tuple[Campus, Design, FacilityLoop], event: str, dt: float, ups: object, buffer: float, at: float
) -> None:  # fmt: skip
    run = ran(lab, event, {"buffer_s": buffer}, dt_s=dt, ups=bool(ups), at_s=at, duration_s=240.0)
    assert run.residual_frac < 1e-6
    total = float(((run.heat_w - run.rejected_w) * dt).sum())
    assert np.isfinite(total)


def test_nothing_moves_before_the_event(lab: tuple[Campus, Design, FacilityLoop]) -> None:
    run = ran(lab, "pump", at_s=300.0, ups=False)
    before = run.time_s < 300
    # drops are sized to whole cells; temperatures at rest do not care
    assert np.ptp(run.hottest_degc[before]) < 1e-6
    assert np.ptp(run.supply_degc[before]) < 1e-9
    assert run.heat_w[0] == pytest.approx(run.rejected_w[0], rel=1e-9)


def test_who_is_quicker_than_whom(lab: tuple[Campus, Design, FacilityLoop]) -> None:
    """Coolant first, then facility water, then the plant; batteries give their time, a tank gives more."""
    late = {"restart_s": 900.0}
    first = {
        e: np.nanmin(ran(lab, e, late, ups=False, duration_s=1200.0).throttle_s) for e in ("cdu", "pump", "chiller")
    }
    assert first["cdu"] < first["pump"] < first["chiller"]
    held = np.nanmin(ran(lab, "pump", late, ups=True, duration_s=1200.0).throttle_s)
    assert held == pytest.approx(first["pump"] + 300.0, abs=2.0)
    tank = np.nanmin(ran(lab, "chiller", {"buffer_s": 120.0, "restart_s": 900.0}, duration_s=1500.0).throttle_s)
    bare = np.nanmin(ran(lab, "chiller", {"restart_s": 900.0}, duration_s=1500.0).throttle_s)
    assert tank > bare + 60.0
    assert np.isnan(ran(lab, "chiller", {"restart_s": 0.0}).throttle_s).all()


def test_shorter_steps_say_the_same(lab: tuple[Campus, Design, FacilityLoop]) -> None:
    for event in ("pump", "chiller", "cdu"):
        coarse = np.nanmin(ran(lab, event, {"restart_s": 900.0}, ups=False, dt_s=1.0).throttle_s)
        fine = np.nanmin(ran(lab, event, {"restart_s": 900.0}, ups=False, dt_s=0.1).throttle_s)
        assert coarse == pytest.approx(fine, abs=2.0 + 0.02 * fine)


def test_a_plate_alone_heats_as_arithmetic_says(lab: tuple[Campus, Design, FacilityLoop]) -> None:
    """As coolant comes to rest a junction rises ever nearer to power over heat capacity, and never quicker."""
    campus, made, _ = lab
    run = ran(lab, "cdu", dt_s=0.1)
    until = int(np.argmax(run.hottest_degc > campus.cooling.throttle_degc - 0.5))
    rate = float(np.diff(run.hottest_degc[:until]).max()) / 0.1
    racks = made.racks.filter(made.racks["gpus"] > 0)
    want = float(racks["liquid_w"][0]) / (int(racks["gpus"][0]) * campus.cooling.plate_capacity_j_per_k)
    assert 0.5 * want < rate <= 1.001 * want


@given(st.floats(1, 1e6), st.floats(1, 1e6), st.floats(1, 1e6))
def test_an_exchanger_moves_no_more_than_its_smaller_flow(ua: float, hot: float, cold: float) -> None:
    e = effectiveness.py_func(ua, hot, cold)  # type: ignore[attr-defined]
    assert 0 <= e <= min(hot, cold) * (1 + 1e-9)
    assert e <= ua * (1 + 1e-9)
    assert e == pytest.approx(effectiveness.py_func(ua, cold, hot))  # type: ignore[attr-defined]
    assert effectiveness.py_func(ua, 0.0, cold) == 0.0  # type: ignore[attr-defined]


def test_a_step_solves_its_three_equations() -> None:
    p, inlet, g, k, e, x, y = 65e3, 2.0, 1300.0, 6500.0, 4600.0, 48e3, 120e3
    plate, back, out = loop_step.py_func(p, inlet, g, k, e, x, y, 30.0, 14.0, 4.0)  # type: ignore[attr-defined]
    assert x * (plate - 30) == pytest.approx(p - g * (plate - out))
    assert y * (back - 14) == pytest.approx(k * (out - back) + g * (plate - out))
    assert y * (out - 4) == pytest.approx(k * (back - out) - e * (back - inlet))


@pytest.mark.parametrize(
    "words",
    [
        {"event": "flood"}, {"at_s": 600.0}, {"at_s": -1.0}, {"dt_s": 0.0}, {"dt_s": float("nan")}, {"dt_s": 60.0},
        {"duration_s": 0.0}, {"duration_s": 1e9}, {"for_s": -1.0}, {"duration_s": float("nan")},
    ],
)  # fmt: skip
def test_runs_that_cannot_be_are_refused(lab: tuple[Campus, Design, FacilityLoop], words: dict[str, Any]) -> None:
    campus, made, loop = lab
    with pytest.raises(GigasiteError):
        trip(campus, made, loop, None, Ask(**({"event": "pump"} | words)))


def test_command() -> None:
    file = str(reference("lab"))
    run = CliRunner().invoke(app, ["cooling", "trip", file, "--event", "pump", "--no-ups", "--json"])
    assert run.exit_code == 0, run.output
    made = json.loads(run.stdout)
    assert made["first_throttle_s"] > 10
    assert len(made["throttle_s"]) == made["racks"]
    wrong = CliRunner().invoke(app, ["cooling", "trip", file, "--event", "quake"])
    assert wrong.exit_code != 0


@pytest.mark.parametrize("words", [{"coast_s": 30.0}, {"shut_k": 1.0}, {"throttled_frac": 1.0}, {"door_frac": 0.3}])
def test_what_was_assumed_can_be_set(lab: tuple[Campus, Design, FacilityLoop], words: dict[str, float]) -> None:
    """Pumps that coast longer lend time; what comes after the first throttling leaves it alone."""
    campus, d, loop = lab
    ask = Ask(event="pump", ups=False, duration_s=400.0)
    one = trip(campus, d, loop, None, ask)
    other = trip(dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, **words)), d, loop, None, ask)
    if "coast_s" in words:
        assert np.nanmin(other.throttle_s) > np.nanmin(one.throttle_s) + 5.0
    if "shut_k" in words or "throttled_frac" in words:
        assert np.nanmin(other.throttle_s) == np.nanmin(one.throttle_s)
        assert np.nanmin(other.shut_s) < np.nanmin(one.shut_s)
    assert other.residual_frac < 1e-6


@pytest.mark.parametrize("event", ["pump", "cdu", "valve"])
def test_less_flow_never_makes_the_supply_colder(lab: tuple[Campus, Design, FacilityLoop], event: str) -> None:
    campus, d, loop = lab
    run = trip(campus, d, loop, None, Ask(event=event, ups=False, duration_s=300.0))
    assert (np.diff(run.flow_frac, axis=0) <= 1e-12).all()
    assert (run.supply_degc >= campus.cooling.supply_degc - 1e-9).all()
