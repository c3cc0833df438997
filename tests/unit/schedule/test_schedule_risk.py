"""Sampled durations and schedules: right shapes, feasible, comparable between variants, the same on any workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, kstest, lognorm, triang
from tests.unit.schedule.risk_cases import from_problem, packed, random_work, work
from tests.unit.schedule.risk_cases import risk as one_risk
from tests.unit.schedule.solver_cases import campus_like

from gigasite._core.engine import Engine
from gigasite._core.errors import InfeasibleError
from gigasite._core.streams import word
from gigasite.schedule import conventional_modes, crew_kernels, risk, risk_kernels, sampling, schedule, spread
from gigasite.schedule import gauge as gauges
from gigasite.schedule.build import _grid, best
from gigasite.schedule.network import SLOT_H, network
from gigasite.schedule.readiness import day_when, needs, staircases

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


def case(made: Made, modes: dict[str, str] | None = None) -> risk.Case:
    campus, design = made
    net = network(campus, design, dict(campus.schedule.modes) if modes is None else modes)
    return risk.Case(campus=campus, design=design, net=net, grid_slots=_grid(net), order=net.orders[0])


def changed(made: Made, **schedule_: Any) -> Made:
    campus, design = made
    return replace(campus, schedule=replace(campus.schedule, **schedule_)), design


def calm(made: Made) -> Made:
    return changed(made, risks=dict.fromkeys(made[0].catalogue.risks, 0.0))


# durations


def test_shapes_are_those_of_their_names() -> None:
    u = np.linspace(0.001, 0.999, 50)
    z = spread.ndtri(u)
    assert spread.unit("triangular", 0.2, z) == pytest.approx(triang.ppf(u, 0.2))
    assert spread.unit("pert", 0.3, z) == pytest.approx(beta.ppf(u, 1 + 4 * 0.3, 1 + 4 * 0.7))
    s = (np.sqrt(spread.Z_HIGH**2 - 4 * np.log(0.4)) - spread.Z_HIGH) / 2
    log = lognorm(s, scale=np.exp(-spread.Z_HIGH * s))
    assert spread.unit("lognormal", 0.4, z) == pytest.approx(log.ppf(u))
    x = np.linspace(0.05, 2, 4000)
    assert log.cdf(1.0) == pytest.approx(0.95)
    assert x[log.pdf(x).argmax()] == pytest.approx(0.4, abs=1e-3)


@pytest.mark.parametrize("shape", spread.SHAPES)
@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 1.0])
def test_tables_are_within_a_ten_thousandth_of_the_span(shape: str, place: float) -> None:
    number, tables = spread.tables([shape], np.array([[10.0, 10.0 + 4.0 * place, 14.0]]))
    z = np.random.default_rng(1).standard_normal(20_000).clip(-4.4, 4.4)
    grid = np.linspace(-spread.Z_MOST, spread.Z_MOST, spread.STEPS + 1)
    made = np.interp(z, grid, tables[number[0]])
    exact = spread.unit(shape, place, z)
    assert (np.abs(made - exact) < 1e-4 * np.maximum(exact, 1.0)).all()  # beyond high, of the value


def test_a_lead_time_without_spread_is_certain() -> None:
    p = packed(work([(8.0, 8.0, 8.0), (0.0, 0.0, 0.0)], [], shape="lognormal"))
    assert (sampling.draw(p, 0, 64).dur == np.array([[32.0], [0.0]])).all()


def test_draws_are_normal_and_independent() -> None:
    uid = np.array([word(f"x{i}") for i in range(200)], dtype=np.uint64)
    out = np.empty((200, 4000), np.float32)
    risk_kernels.lucks(np.uint64(1), 0, uid, spread.normal(), out)
    assert kstest(out.ravel()[:50_000], "norm").pvalue > 0.001
    assert abs(out.std() - 1.0) < 0.005
    corr = np.corrcoef(out) - np.eye(200)
    assert np.abs(corr).max() < 5.5 / 4000**0.5  # of 19,900 pairs the worst is at 4.1 standard errors on average
    for step in (1, 2, 3, 4):  # samples that share a word, and those that do not
        assert abs(np.corrcoef(out[:, :-step].ravel(), out[:, step:].ravel())[0, 1]) < 5 / out.size**0.5


def test_durations_follow_their_distribution() -> None:
    p = packed(work([(4.0, 10.0, 30.0)], []))
    hours = np.concatenate([sampling.draw(p, k, 64).dur[0] for k in range(0, 6400, 64)]) * SLOT_H
    assert (
        kstest(hours + np.random.default_rng(1).uniform(-0.125, 0.125, 6400), triang(6 / 26, 4, 26).cdf).pvalue > 0.01
    )


def test_activities_of_one_rate_share_half_their_variance_and_lots_of_one_delivery_all(memphis: Made) -> None:
    c = case(calm(memphis))
    net = c.net
    p = sampling.pack_network(net, np.arange(len(net.names)), c.campus, c.design)
    draws = np.concatenate([sampling.draw(p, k, 64).dur for k in range(0, 320, 64)], axis=1).T
    place = np.flatnonzero(net.key == net.key_names.index("burn-in"))
    together = np.corrcoef(draws[:, place[:40]].T)[np.triu_indices(40, 1)]
    assert together.mean() == pytest.approx(sampling.COMMON, abs=0.12)
    lots = np.flatnonzero((net.key == net.key_names.index("lead battery")) & (net.hours[:, 2] > net.hours[:, 0]))
    assert np.corrcoef(draws[:, lots[0]], draws[:, lots[-1]])[0, 1] > 0.999


def test_variants_draw_the_same_quantiles(memphis: Made) -> None:
    """What is not delivered takes the same hours in both; what is, is as lucky in both."""
    c, usual = case(memphis), case(memphis, conventional_modes(memphis[0]))
    n = len(c.net.names)
    assert c.net.key_names == usual.net.key_names
    a, b = (sampling.draw(sampling.pack_network(x.net, np.arange(n), x.campus, x.design), 8, 8) for x in (c, usual))
    lead = np.array([k.startswith("lead ") for k in c.net.key_names])[c.net.key]
    same = (c.net.hours == usual.net.hours).all(axis=1) & ~lead
    assert same.mean() > 0.9
    assert (a.dur[same] == b.dur[same]).all()
    assert (a.luck == b.luck).all()


# risks


@pytest.mark.parametrize("per", ["campus", "hall", "place"])
def test_a_risk_that_never_happens_changes_nothing(per: str) -> None:
    w = work([(4.0, 10.0, 30.0)] * 3, [(0, 1)], keys=["a", "a", "b"])
    bad = one_risk(per=per, rates=("a",), factor=(2.0, 3.0, 4.0), delay_s=(1e4, 1e5, 1e6))
    plain = sampling.draw(packed(w), 0, 64).dur
    assert (sampling.draw(packed(w, {"x": bad}, {"x": 0.0}), 0, 64).dur == plain).all()
    assert (sampling.draw(packed(w, {"x": bad}), 0, 64).dur[:2] > plain[:2]).all()
    assert (sampling.draw(packed(w, {"x": bad}), 0, 64).dur[2] == plain[2]).all()


def test_factors_multiply_and_delays_add() -> None:
    w = work([(10.0, 10.0, 10.0)], [], keys=["a"])
    risks = {f"f{k}": one_risk(rates=("a",), factor=(k, k, k)) for k in (2.0, 3.0)}
    risks |= {f"d{k}": one_risk(rates=("a",), delay_s=(k * 3600, k * 3600, k * 3600)) for k in (5.0, 7.0)}
    assert (sampling.draw(packed(w, risks), 0, 8).dur * SLOT_H == 10.0 * 2.0 * 3.0 + 5.0 + 7.0).all()


def test_a_delivery_in_steps_is_stretched_in_each_and_delayed_once() -> None:
    """Three steps and two lots: factors work on the whole lead time, the delay comes with each lot."""
    hours = [(10.0, 10.0, 10.0)] * 3 + [(0.0, 0.0, 0.0), (4.0, 4.0, 4.0)]
    links = [(0, 1), (1, 2), (2, 3), (2, 4)]
    both = one_risk(items=("x",), factor=(2.0, 2.0, 2.0), delay_s=(36000.0, 36000.0, 36000.0))
    p = packed(work(hours, links, keys=["lead x"] * 5), {"late": both})
    finish = sampling.fixed(p, sampling.draw(p, 0, 4).dur)[:, 0] * SLOT_H
    assert finish.tolist() == [20.0, 40.0, 60.0, 70.0, 78.0]


def test_a_risk_strikes_as_often_as_it_says_at_every_place_on_its_own() -> None:
    w = work([(1.0, 1.0, 1.0)] * 2, [], keys=["a", "a"])
    hit = {}
    for per in ("campus", "place"):
        p = packed(w, {"x": one_risk(per=per, rates=("a",), factor=(9.0, 9.0, 9.0), probability_frac=0.3)})
        hit[per] = np.concatenate([sampling.draw(p, k, 64).dur > 10 for k in range(0, 3200, 64)], axis=1)
    assert hit["campus"].mean() == pytest.approx(0.3, abs=0.03)
    assert hit["place"].mean() == pytest.approx(0.3, abs=0.03)
    assert (hit["campus"][0] == hit["campus"][1]).all()
    assert np.corrcoef(hit["place"])[0, 1] == pytest.approx(0.0, abs=0.08)


def test_a_likelier_risk_strikes_where_it_struck_before() -> None:
    w = work([(1.0, 1.0, 1.0)], [], keys=["a"])
    bad = {"x": one_risk(rates=("a",), factor=(9.0, 9.0, 9.0))}
    rare, common = (sampling.draw(packed(w, bad, {"x": chance}), 0, 256).dur > 10 for chance in (0.2, 0.5))
    assert (common | ~rare).all()
    assert common.sum() > rare.sum()


def test_deliveries_are_struck_in_the_modes_that_a_risk_names(memphis: Made) -> None:
    c = case(memphis)
    p = sampling.pack_network(c.net, np.arange(len(c.net.names)), c.campus, c.design)
    h = p.hazards
    late = np.flatnonzero(h.risk == h.names.index("late-transformer"))
    hit = {c.net.names[i] for i in range(len(c.net.names)) if np.isin(h.didx[h.dptr[i] : h.dptr[i + 1]], late).any()}
    assert hit == {"Deliver transformer (rental): campus"}  # once, at its end; the substation is reused


# schedules


def finishes(p: sampling.Pack, dur: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    start, cause = sampling.at_work(p, dur)
    return start, start + dur.T.astype(np.int64), cause


def broken(w: sampling.Work, start: np.ndarray, finish: np.ndarray, check: Callable[..., Any]) -> list[Any]:
    a, z = w.links[:, 0], w.links[:, 1]
    late = [(int(i), int(j)) for i, j, lag in zip(a, z, w.lag, strict=True) if start[j] < finish[i] + lag]
    return [*late, *check([], start, finish - start, w.crew, w.people, w.capacity)]


@given(seed=st.integers(0, 10**6), n=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_every_sample_is_feasible_and_fixed_logic_is_never_later(check: Callable[..., Any], seed: int, n: int) -> None:
    w = random_work(np.random.default_rng(seed), n)
    p = packed(w, seed=seed)
    dur = sampling.draw(p, 0, 8).dur
    start, finish, _ = finishes(p, dur)
    assert [broken(w, s, f, check) for s, f in zip(start, finish, strict=True)] == [[]] * 8
    assert (sampling.fixed(p, dur) <= finish.T).all()


@given(seed=st.integers(0, 10**6), n=st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_nobody_waits_while_there_are_people(seed: int, n: int) -> None:
    """An activity that is ready starts as soon as its crew has the people, unless one before it in the list takes them."""
    w = random_work(np.random.default_rng(seed), n)
    p = packed(w, seed=seed)
    dur = sampling.draw(p, 0, 4).dur
    for start, finish, _ in zip(*finishes(p, dur), strict=True):
        for j in range(n):
            pred = w.links[w.links[:, 1] == j, 0]
            ready = max((int(finish[i]) + int(w.lag[e]) for e, (i, z) in enumerate(w.links) if z == j), default=0)
            assert start[j] >= ready or not len(pred)
            if w.crew[j] < 0 or finish[j] == start[j]:
                assert start[j] == ready
                continue
            same = (w.crew == w.crew[j]) & (finish > start)
            for t in range(ready, int(start[j])):
                busy = w.people[same & (start <= t) & (finish > t)].sum()
                assert busy + w.people[j] > w.capacity[w.crew[j]]


@given(seed=st.integers(0, 10**6), n=st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_every_start_has_its_cause(seed: int, n: int) -> None:
    w = random_work(np.random.default_rng(seed), n)
    p = packed(w, seed=seed)
    dur = sampling.draw(p, 0, 4).dur
    lag = {(int(a), int(z)): int(x) for (a, z), x in zip(w.links, w.lag, strict=True)}
    for start, finish, cause in zip(*finishes(p, dur), strict=True):
        for j in range(n):
            i = int(cause[j])
            if start[j] == 0:
                continue
            by_link = (i, j) in lag and finish[i] + lag[i, j] == start[j]
            by_crew = w.crew[i] == w.crew[j] >= 0 and finish[i] == start[j]
            assert i >= 0
            assert by_link or by_crew


def test_negative_lags_overlap_and_never_reach_back(check: Callable[..., Any]) -> None:
    w = work([(2.0, 2.0, 2.0), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)], [(0, 1), (1, 2)], lag=[-4, -40])
    start, finish, _ = finishes(packed(w), sampling.draw(packed(w), 0, 4).dur)
    assert (start == [0, 4, 4]).all()  # the third could start before the second, which nobody knew of before slot 4
    rng = np.random.default_rng(3)
    for _ in range(20):
        w = random_work(rng, 25, negative=True)
        p = packed(w)
        start, finish, _ = finishes(p, sampling.draw(p, 0, 4).dur)
        assert [broken(w, s, f, check) for s, f in zip(start, finish, strict=True)] == [[]] * 4


def test_people_leave_when_it_is_time_and_jobs_under_way_are_finished_first() -> None:
    """Two people, jobs of one each: one of both is away from slot 4 to 12, while both are at work until slot 6."""
    hours = [(h, h, h) for h in (1.0, 2.0, 1.5, 1.5, 1.0, 1.0)]
    w = work(hours, [(0, 1)], crew=[-1, 0, 0, 0, 0, 0], people=[0, 1, 1, 1, 1, 1], capacity=[2], absent=[1])
    start, cause = sampling.at_work(packed(w), sampling.draw(packed(w), 0, 4).dur)
    # from slot 6 on there is one person for two jobs, until the other one comes back at slot 12
    assert start[0].tolist() == [0, 4, 0, 0, 6, 10]
    assert cause[0, 1] == 0
    both = work(hours, [(0, 1)], crew=[-1, 0, 0, 0, 0, 0], people=[0, 2, 1, 1, 1, 1], capacity=[2], absent=[1])
    start, _ = sampling.at_work(packed(both), sampling.draw(packed(both), 0, 4).dur)
    assert start[0].tolist() == [0, 4, 0, 0, 12, 12]


def test_the_compiled_loop_is_the_plain_one() -> None:
    w = random_work(np.random.default_rng(5), 30)
    p = packed(w)
    dur = sampling.draw(p, 0, 4).dur[:, 0].astype(np.int32)
    out = []
    for loop in (crew_kernels.dispatch, crew_kernels.dispatch.py_func):  # type: ignore[attr-defined]
        start, cause = np.zeros(30, np.int32), np.zeros(30, np.int32)
        lanes = (p.crew_lanes, p.lane_crew, p.gang, p.base, p.items)
        with np.errstate(over="ignore"):  # products of words
            end = loop(p.template, dur, p.sidx, p.slag, *lanes, p.capacity, 2000, start, cause)
        out.append((int(end), start.tolist(), cause.tolist()))
    assert out[0] == out[1]


def test_a_short_grid_is_made_longer_and_a_plan_of_a_century_refused(lab: Made) -> None:
    c = case(lab)
    hours = c.net.hours[:, 1]
    enough, short = risk.solve(c, hours, 24.0), risk.solve(replace(c, grid_slots=3), hours, 24.0)
    assert (enough.start == short.start).all()
    p = sampling.pack_network(c.net, c.order, c.campus, c.design)
    dur = sampling.draw(p, 0, 4).dur
    for a, b in zip(sampling.at_work(p, dur), sampling.at_work(replace(p, slots=3), dur), strict=True):
        assert (a == b).all()
    with pytest.raises(InfeasibleError, match="century"):
        risk.solve(c, np.full(len(c.net.names), 1e6), 24.0)
    with pytest.raises(InfeasibleError, match="century"):
        sampling.at_work(p, np.full_like(dur, 1e6))


def test_campus_sized_samples_are_feasible(check: Callable[..., Any]) -> None:
    w, order = from_problem(campus_like(125, 0.35))
    p = packed(w, order=order)
    dur = sampling.draw(p, 0, 4).dur
    start, finish, _ = finishes(p, dur)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    assert broken(w, start[0][back], finish[0][back], check) == []


# campuses


@pytest.mark.parametrize("name", ["lab", "memphis"])
def test_days_of_blocks_are_those_of_single_plans(name: str, request: pytest.FixtureRequest) -> None:
    made: Made = request.getfixturevalue(name)
    c = case(made)
    campus, design = made
    g = gauges.gauge(campus, design, c.net, c.order)
    p = sampling.pack_network(c.net, c.order, campus, design)
    dur = sampling.draw(p, 0, 8).dur
    start, _ = sampling.at_work(p, dur)
    days = gauges.read(g, lambda rows: (start[:, rows].T + dur[rows]).astype(np.float64), np.zeros(8))
    for k in range(8):
        finish = np.empty(len(c.order))
        finish[c.order] = (start[k] + dur[:, k]) * (SLOT_H / 24.0)
        stairs = staircases(campus, c.net, finish)
        first, _ = day_when(stairs, needs(campus, design, campus.schedule.first_step_gpus))
        full, _ = day_when(stairs, needs(campus, design, campus.compute.gpus))
        assert days.first_step[k] == pytest.approx(first)
        assert days.full_size[k] == pytest.approx(max(full, finish[c.net.made["hall tested"]].max()))
        if days.end[k] >= 0:
            assert finish[c.order[days.end[k]]] == pytest.approx(first)
        racks = finish[c.net.made["rack placed"]]
        assert days.marks[:2, k] == pytest.approx([racks.min(), racks.max()])


@given(seed=st.integers(0, 10**6), spares=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_largest_units_that_are_ready_stand_by(seed: int, spares: int) -> None:
    rng = np.random.default_rng(seed)
    ready, amount = rng.integers(0, 9, (6, 1)).astype(float), rng.integers(1, 9, 6).astype(float)
    unit, need = rng.random(6) < 0.7, float(rng.integers(1, 30))
    day, member = np.empty(1), np.empty(1, np.int32)
    risk_kernels.reached(ready, amount, unit, spares, need, day, member)

    def firm(at: float) -> float:
        there = ready[:, 0] <= at
        units = np.sort(amount[there & unit])[::-1]
        return float(amount[there & ~unit].sum() + units[spares:].sum())

    enough = [d for d in range(9) if firm(d) >= need]
    assert day[0] == (enough[0] if enough else np.inf)
    assert (member[0] < 0) == (not enough)


def test_more_samples_keep_the_earlier_ones_and_workers_change_nothing(lab: Made) -> None:
    c = case(lab)
    made = risk.ready(c, 50.0)
    many, few = risk.run(made, 150), risk.run(made, 30)
    for name in ("first_step", "full_size", "fixed_first", "luck", "impact", "marks"):
        assert (getattr(many, name)[..., :30] == getattr(few, name)).all(), name
    with ThreadPoolExecutor(2) as pool:
        other = risk.run(made, 150, Engine(workers=2, executor=pool))
    for f in fields(many):
        assert np.array_equal(getattr(many, f.name), getattr(other, f.name)), f.name


def test_processes_give_the_same_bytes(lab: Made) -> None:
    one, two = (schedule(*lab, engine=Engine(workers=w), drivers=False) for w in (1, 2))
    assert one.first_step_samples.tobytes() == two.first_step_samples.tobytes()
    assert one.activities.equals(two.activities)


def test_links_alone_are_never_later(memphis: Made) -> None:
    campus, design = memphis
    c, likely = best(campus, design, network(campus, design, dict(campus.schedule.modes)))
    drawn = risk.run(risk.ready(c, likely.first_step), 64)
    assert (drawn.fixed_first <= drawn.first_step).all()
    assert (drawn.fixed_full <= drawn.full_size).all()


def test_quicker_modes_are_never_later_by_links_in_any_sample(memphis: Made) -> None:
    """By crews the median is not later either; single samples may be (Graham's anomalies of a list)."""
    calm_ = calm(memphis)  # a risk may strike one mode and spare the other
    own = dict(calm_[0].schedule.modes)
    slow, quick = (
        risk.run(risk.ready(case(calm_, own | {"rack": mode, "switch": mode}), 50.0), 64) for mode in ("order", "stock")
    )
    assert (quick.fixed_first <= slow.fixed_first).all()
    assert np.median(quick.first_step) < np.median(slow.first_step)


@pytest.mark.parametrize("crew", ["pipe", "electrician", "fibre", "network", "rack"])
def test_more_people_never_move_the_median_back(memphis: Made, crew: str) -> None:
    """Each size has a list of its own, made on likely durations; samples are paired."""
    campus, design = memphis
    net = network(campus, design, dict(campus.schedule.modes))
    people = int(net.capacity[net.crew_names.index(crew)])
    days = []
    for n in (people, 2 * people):
        other, _ = changed(memphis, crews=dict(campus.schedule.crews) | {crew: n})
        c, likely = best(other, design, network(other, design, dict(campus.schedule.modes)))
        days.append(risk.run(risk.ready(c, likely.first_step), 64).first_step)
    assert np.median(days[1]) <= np.median(days[0]) + 0.25
    assert days[1].mean() <= days[0].mean() + 0.25
