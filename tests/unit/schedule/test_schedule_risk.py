"""Sampled durations: right shape, comparable between variants, the same on any number of workers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import triang

from gigasite._core.engine import Engine
from gigasite._core.errors import InfeasibleError
from gigasite.schedule import conventional_modes, risk, schedule
from gigasite.schedule.build import _grid
from gigasite.schedule.network import network

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


def case(made: Made, modes: dict[str, str] | None = None) -> risk.Case:
    campus, design = made
    net = network(campus, design, dict(campus.schedule.modes) if modes is None else modes)
    return risk.Case(campus=campus, design=design, net=net, grid_slots=_grid(net), order=net.orders[0])


def test_the_inverse_is_that_of_the_triangular_distribution() -> None:
    u = np.linspace(0.001, 0.999, 50)
    three = np.tile([2.0, 3.0, 7.0], (50, 1))
    assert risk.triangular(u, three) == pytest.approx(triang.ppf(u, 0.2, loc=2.0, scale=5.0))
    assert risk.triangular(u[:3], np.full((3, 3), 4.0)) == pytest.approx(4.0)


def test_racks_of_one_rate_share_half_their_variance_and_lots_of_one_delivery_all(memphis: Made) -> None:
    net = case(memphis).net
    draws = np.stack([risk.sampled(net, 1, i)[0] for i in range(300)])
    place = np.flatnonzero(net.key == net.key_names.index("rack-place"))
    together = np.corrcoef(draws[:, place[:40]].T)[np.triu_indices(40, 1)]
    assert together.mean() == pytest.approx(risk.COMMON, abs=0.12)
    lots = np.flatnonzero((net.key == net.key_names.index("lead battery")) & (net.hours[:, 2] > net.hours[:, 0]))
    assert np.corrcoef(draws[:, lots[0]], draws[:, lots[-1]])[0, 1] > 0.999


def test_variants_draw_the_same_quantiles(memphis: Made) -> None:
    """What is not delivered takes the same hours in both; what is, is as lucky in both."""
    own, usual = case(memphis).net, case(memphis, conventional_modes(memphis[0])).net
    assert own.key_names == usual.key_names
    a, b = risk.sampled(own, 1, 7)[0], risk.sampled(usual, 1, 7)[0]
    same = (own.hours == usual.hours).all(axis=1)
    assert same.mean() > 0.9
    assert (a[same] == b[same]).all()
    item = own.made["genset"][0]
    assert (a[item], risk.sampled(own, 1, 7)[1]) == (b[item], risk.sampled(usual, 1, 7)[1])


def test_every_sampled_schedule_is_feasible(memphis: Made, check: Callable[..., Any]) -> None:
    c = case(memphis)
    for number in range(3):
        hours, _ = risk.sampled(c.net, 5, number)
        r = risk.solve(c, hours, 24.0)
        net = c.net
        assert check(net.links.tolist(), r.start, r.dur, net.crew, net.people, net.capacity) == []


def test_a_short_grid_is_made_longer(lab: Made) -> None:
    c = case(lab)
    hours = c.net.hours[:, 1]
    enough, short = risk.solve(c, hours, 24.0), risk.solve(replace(c, grid_slots=3), hours, 24.0)
    assert (enough.start == short.start).all()


def test_a_plan_of_a_century_is_refused(lab: Made) -> None:
    c = case(lab)
    with pytest.raises(InfeasibleError, match="century"):
        risk.solve(c, np.full(len(c.net.names), 1e6), 24.0)


def test_two_workers_give_the_bytes_of_one(lab: Made) -> None:
    campus, design = lab
    campus = replace(campus, schedule=replace(campus.schedule, samples=60))
    one = schedule(campus, design, drivers=False)
    two = schedule(campus, design, drivers=False, engine=Engine(workers=2))
    assert one.first_step_samples.tobytes() == two.first_step_samples.tobytes()
    assert one.full_size_samples.tobytes() == two.full_size_samples.tobytes()
    assert one.activities.equals(two.activities)
    other = schedule(replace(campus, seed=campus.seed + 1), design, drivers=False)
    assert one.first_step_samples.tobytes() != other.first_step_samples.tobytes()
