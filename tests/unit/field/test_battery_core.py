"""The pure parts of the battery loop: arbiter, allocator, guard, states; laws rather than examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.field.battery.allocate import allocate, weights
from gigasite.field.battery.guard import Bounds, guard, room
from gigasite.field.battery.request import Request, arbitrate
from gigasite.field.battery.states import WRITING, Events, Machine, State, Timing, advance

watts = st.floats(-1e9, 1e9)
bound = st.floats(-1e9, 1e9) | st.just(-math.inf) | st.just(math.inf) | st.just(math.nan)


@st.composite
def requests(draw: Any) -> Any:
    n = draw(st.integers(0, 6))
    return [
        Request(
            who=f"r{i}",
            priority=draw(st.integers(0, 5)),
            power_w=draw(st.none() | watts | st.just(math.nan)),
            low_w=draw(bound),
            high_w=draw(bound),
        )
        for i in range(n)
    ]


@given(requests())
def test_the_arbiter_keeps_every_interval_that_the_higher_ones_leave_room_for(asked: Any) -> None:
    granted = arbitrate(asked)
    assert granted.low_w <= granted.power_w <= granted.high_w or granted.power_w in (granted.low_w, granted.high_w)
    low_w, high_w = -math.inf, math.inf
    for r in sorted(asked, key=lambda r: (r.priority, r.who)):
        if math.isnan(r.low_w) or math.isnan(r.high_w) or r.low_w > r.high_w:
            continue
        if r.low_w <= high_w and r.high_w >= low_w:  # compatible with all above it: it must be kept
            assert r.low_w <= granted.power_w <= r.high_w
            low_w, high_w = max(low_w, r.low_w), min(high_w, r.high_w)
        else:
            nearest = low_w if r.high_w < low_w else high_w
            low_w = high_w = nearest


@given(requests(), st.randoms(use_true_random=False))
def test_the_order_of_requests_does_not_matter(asked: Any, dice: Any) -> None:
    mixed = list(asked)
    dice.shuffle(mixed)
    assert arbitrate(mixed).power_w == arbitrate(asked).power_w


units = st.integers(1, 40)


@st.composite
def fleets(draw: Any) -> Any:
    n = draw(units)
    weight = np.array(draw(st.lists(st.just(0.0) | st.floats(1e-3, 1e12), min_size=n, max_size=n)))
    most = np.array(draw(st.lists(st.just(0.0) | st.floats(1.0, 1e7), min_size=n, max_size=n)))
    return weight, most


@given(fleets(), st.floats(-1e9, 1e9))
def test_shares_add_up_and_nobody_is_over_asked_or_against_the_others(fleet: Any, power_w: Any) -> None:
    weight, most = fleet
    shares = allocate(power_w, weight, most)
    assert np.all(np.abs(shares.power_w) <= most * (1 + 1e-12))
    assert np.all(shares.power_w * power_w >= 0.0)
    assert abs(shares.power_w.sum()) + shares.shortfall_w == pytest.approx(abs(power_w), rel=1e-9, abs=1e-6)
    can = most[weight > 0.0].sum()
    assert shares.shortfall_w == pytest.approx(max(abs(power_w) - can, 0.0), abs=1e-6 * max(can, 1.0))


@given(fleets(), st.floats(-1e9, 1e9), st.randoms(use_true_random=False))
def test_shares_do_not_depend_on_the_order_of_units(fleet: Any, power_w: Any, dice: Any) -> None:
    weight, most = fleet
    order = list(range(len(weight)))
    dice.shuffle(order)
    mixed = allocate(power_w, weight[order], most[order]).power_w
    assert mixed == pytest.approx(allocate(power_w, weight, most).power_w[order], rel=1e-9, abs=1e-6)


@given(fleets(), st.floats(1.0, 1e8))
def test_units_that_are_not_full_share_by_weight(fleet: Any, power_w: Any) -> None:
    weight, most = fleet
    got = allocate(power_w, weight, most).power_w
    free = (weight > 0.0) & (got < most * (1 - 1e-9)) & (got > 0.0)
    if free.sum() > 1:
        level = got[free] / weight[free]
        assert level == pytest.approx(level[0], rel=1e-6)


def test_fuller_units_discharge_more_so_that_charges_meet() -> None:
    soc = np.array([0.3, 0.7])
    energy = np.array([10.0, 10.0])
    give = weights(1.0, soc, energy, (0.1, 0.9))
    take = weights(-1.0, soc, energy, (0.1, 0.9))
    assert give[1] > give[0]
    assert take[0] > take[1]


@st.composite
def guarded_cases(draw: Any) -> Any:
    n = draw(units)
    anything = st.floats(allow_nan=True, allow_infinity=True)

    def column(values: Any) -> Any:
        return np.array(draw(st.lists(values, min_size=n, max_size=n)), dtype=float)

    rating = column(st.floats(1.0, 1e7))
    bounds = Bounds(rating_w=rating, ramp_w_per_s=column(st.floats(1.0, 1e8)), soc_low_frac=0.1, soc_high_frac=0.9)
    soc = column(st.floats(-0.2, 1.2) | st.just(math.nan))
    take, give = room(bounds, soc, column(anything), column(anything))
    side = draw(st.sampled_from([-1.0, 1.0]))  # units stand on one side: the guard has seen to that before
    last = side * rating * column(st.floats(0.0, 1.0))
    return bounds, column(anything), last, (take, give), soc, draw(st.floats(0.001, 1.0))


@given(guarded_cases())
def test_no_set_point_passes_the_guard_that_a_unit_must_not_have(case: Any) -> None:
    bounds, asked, last, limits, soc, dt_s = case
    out = guard(bounds, asked, last, limits, dt_s).set_w
    assert np.all(np.isfinite(out))
    assert np.all(np.abs(out) <= bounds.rating_w)
    assert np.all(out[~(soc > 0.1)] <= 0.0)
    assert np.all(out[~(soc < 0.9)] >= 0.0)
    assert not ((out > 0.0).any() and (out < 0.0).any())
    away = np.abs(out) > np.abs(last)  # away from zero only as fast as the ramp; towards it a limit may cut at once
    rounding = 1e-9 * bounds.rating_w  # of a sum of watts and a thousandth of a watt
    assert np.all(np.abs(out - last)[away] <= (bounds.ramp_w_per_s * dt_s + rounding)[away])


@given(guarded_cases())
def test_a_unit_that_tells_no_power_that_it_can_give_is_held_to_its_rating(case: Any) -> None:
    bounds, _, _, (take, give), _, _ = case
    assert np.all((take >= 0.0) & (take <= bounds.rating_w))
    assert np.all((give >= 0.0) & (give <= bounds.rating_w))


flags = st.booleans()
events = st.builds(
    Events,
    answers=flags,
    few=st.sampled_from(["", "", "", "only 3 of 9"]),
    signed=st.sampled_from([True, True, True, False]),
    meter=st.sampled_from([True, True, False]),
    confirmed=flags,
    at_zero=flags,
    fault=st.sampled_from(["", "", "", "missed"]),
    latching=flags,
    arm=flags,
    disarm=st.sampled_from([False, False, False, True]),
    stop=st.sampled_from([False, False, False, True]),
    clear=flags,
)
TIMING = Timing(recover_s=0.3, confirm_s=1.0, release_s=2.0)


@given(st.lists(events, min_size=1, max_size=80))
def test_whatever_happens_only_an_armed_and_signed_loop_begins_to_write(seen: Any) -> None:
    m = Machine()
    latched_by = ""
    for i, e in enumerate(seen):
        before, m = m, advance(m, e, TIMING, 0.1 * i, 0.1)
        if m.state in WRITING and before.state not in WRITING:
            assert m.armed
            assert e.signed
            assert e.meter
            assert not e.few
            assert before.state is State.READY
        if m.state is State.RUNNING:
            assert m.armed
            assert before.state in WRITING
            assert not (e.fault or e.few or not e.signed or not e.meter) or before.state is State.FAILSAFE
        if e.stop or e.disarm:
            assert not m.armed
            assert m.state not in {State.RUNNING, State.ARMED}
        if m.latch:
            assert m.state in {State.FAILSAFE, State.LATCHED}
        if before.state is State.LATCHED and m.state is not State.LATCHED:
            assert e.clear
        latched_by = m.latch or latched_by


def test_a_loop_that_nobody_disarmed_goes_on_by_itself_when_the_fault_is_gone() -> None:
    well = Events(answers=True, few="", signed=True, meter=True, confirmed=True, at_zero=True)
    from dataclasses import replace

    m = Machine()
    for i in range(4):
        m = advance(m, replace(well, arm=i == 2), TIMING, 0.1 * i, 0.1)
    assert m.state is State.RUNNING
    m = advance(m, replace(well, few="only 1 of 4"), TIMING, 0.5, 0.1)
    assert m.state is State.FAILSAFE
    for i in range(6):
        m = advance(m, well, TIMING, 0.6 + 0.1 * i, 0.1)
    assert m.state is State.RUNNING
    m = advance(m, replace(well, fault="the controller fails", latching=True), TIMING, 2.0, 0.1)
    for i in range(50):
        m = advance(m, replace(well, arm=True), TIMING, 2.1 + 0.1 * i, 0.1)
    assert m.state is State.LATCHED
    assert m.cause == "the controller fails"
    m = advance(m, replace(well, clear=True), TIMING, 8.0, 0.1)
    assert m.state is State.READ_ONLY
    assert not m.armed
