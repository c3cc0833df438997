"""What is ready on which day."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.campus.schema import GridStep
from gigasite.schedule.network import network
from gigasite.schedule.readiness import _without_spares, day_when, needs, staircases
from gigasite.schedule.types import Staircase

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


def stairs(*steps: tuple[float, float]) -> Staircase:
    day, amount = zip(*steps, strict=True)
    return Staircase(name="any", day=np.array(day), amount=np.array(amount))


def test_the_last_of_all_decides_and_is_named() -> None:
    two = [stairs((1.0, 10.0), (5.0, 20.0)), stairs((3.0, 15.0), (9.0, 99.0))]
    assert day_when(two, (10.0, 15.0)) == (3.0, 1)
    assert day_when(two, (20.0, 15.0)) == (5.0, 0)
    assert day_when(two, (10.0, 16.0)) == (9.0, 1)


def test_what_never_comes_is_infinitely_late() -> None:
    day, by = day_when([stairs((1.0, 10.0)), stairs((1.0, 5.0))], (10.0, 6.0))
    assert math.isinf(day)
    assert by == 1


def test_a_sum_of_many_racks_meets_its_own_total() -> None:
    parts = np.full(1563, 0.1)
    many = Staircase(name="any", day=np.arange(1563.0), amount=np.cumsum(parts))
    assert day_when([many], [156.3])[0] == 1562.0


def test_a_staircase_holds_its_amount_until_the_next_step() -> None:
    s = stairs((1.0, 10.0), (5.0, 20.0))
    assert [s.at(d) for d in (0.9, 1.0, 4.9, 5.0, 1e9)] == [0.0, 10.0, 10.0, 20.0, 20.0]


@given(units=st.lists(st.floats(0, 50), max_size=20), spare=st.integers(0, 4))
def test_firm_power_is_the_sum_less_the_largest_units_so_far(units: list[float], spare: int) -> None:
    firm = np.cumsum(_without_spares(np.array(units), spare)) if units else np.zeros(0)
    for i in range(len(units)):
        here = sorted(units[: i + 1])
        assert firm[i] == pytest.approx(sum(here[: max(len(here) - spare, 0)]), abs=1e-9)


def solved(made: Made, **power: Any) -> tuple[Any, Any, Any]:
    campus, design = made
    campus = replace(campus, power=replace(campus.power, **power))
    net = network(campus, design, dict(campus.schedule.modes))
    return campus, net, {s.name: s for s in staircases(campus, net, np.arange(len(net.names)) / 10.0)}


def test_the_grid_counts_from_its_day_but_not_before_the_tie(lab: Made) -> None:
    steps = (GridStep(day=0.0, capacity_w=1e6), GridStep(day=5000.0, capacity_w=3e6))
    _, net, by_name = solved(lab, grid=steps, gensets=())
    power = by_name["power"]
    tie = net.made["intake"][0] / 10.0
    assert tie > 0.0
    assert power.day.tolist() == [tie, 5000.0]
    assert power.amount.tolist() == [1e6, 3e6]


def test_all_of_the_campus_is_ready_in_the_end(memphis: Made) -> None:
    campus, net, by_name = solved(memphis)
    assert by_name["racks"].amount[-1] == by_name["network"].amount[-1] == campus.compute.gpus
    assert by_name["cooling"].amount[-1] == pytest.approx(memphis[1].cooling.liquid_w + memphis[1].cooling.air_w)
    assert len(by_name["racks"].day) == len(net.made["array ready"])
    assert all((np.diff(s.day) >= 0).all() and (np.diff(s.amount) >= 0).all() for s in by_name.values())


def test_needs_are_shares_of_the_whole(memphis: Made) -> None:
    campus, design = memphis
    whole, part = needs(campus, design, campus.compute.gpus), needs(campus, design, campus.compute.gpus / 4)
    assert part == pytest.approx([w / 4 for w in whole])
    assert whole[2] == design.power.peak_w
