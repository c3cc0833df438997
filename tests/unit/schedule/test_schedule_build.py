"""The front function: days, floats, milestones, drivers, findings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gigasite._core.errors import UnknownPartError
from gigasite._core.finding import Severity
from gigasite.schedule import build, conventional_modes, day_when, needs, risk, schedule
from gigasite.schedule import drivers as find_drivers
from gigasite.schedule.network import network
from gigasite.schedule.sequence import _closure, improved, subproblem
from gigasite.schedule.slack import waited_for
from gigasite.schedule.solver.bounds import windows
from gigasite.schedule.solver.pack import packed
from gigasite.schedule.types import ACTIVITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.types import Schedule, Spread

    Made = tuple[Campus, Design]


def small(made: Made, **change: Any) -> Made:
    campus, design = made
    return replace(campus, schedule=replace(campus.schedule, **({"samples": 40} | change))), design


@pytest.fixture(scope="module")
def planned(memphis: Made) -> Schedule:
    return schedule(*small(memphis))


def ordered(s: Spread) -> bool:
    return s.p10 <= s.p50 <= s.p90


def test_days_are_in_order(planned: Schedule) -> None:
    assert ordered(planned.first_step)
    assert ordered(planned.full_size)
    assert (planned.first_step_samples <= planned.full_size_samples).all()
    assert planned.first_step.likely < planned.full_size.likely
    assert len(planned.first_step_samples) == 40


def test_the_first_step_is_what_the_staircases_say(memphis: Made, planned: Schedule) -> None:
    """Whoever holds the staircases, as the ramp-up does, finds the same day."""
    campus, design = memphis
    day, _ = day_when(planned.staircases, needs(campus, design, campus.schedule.first_step_gpus))
    start_of_job = campus.catalogue.rates["job-start"].likely / 24.0
    assert planned.first_step.likely == pytest.approx(day + start_of_job)


def test_the_likely_plan_is_feasible(memphis: Made, planned: Schedule, check: Callable[..., Any]) -> None:
    """Judged from the table alone, in minutes, with the crews of the file or the catalogue."""
    campus, _ = memphis
    table = ACTIVITIES.check(planned.activities)
    start = np.rint(table["start_day"].to_numpy() * 1440).astype(int)
    finish = np.rint(table["finish_day"].to_numpy() * 1440).astype(int)
    names = sorted(campus.catalogue.crews)
    crew = [names.index(c) if c else -1 for c in table["crew"]]
    capacity = [campus.schedule.crews.get(n, campus.catalogue.crews[n].people) for n in names]
    people = table["people"].to_list()
    assert check(planned.links.tolist(), start, finish - start, crew, people, capacity) == []


def test_the_driving_path_has_no_float_and_no_gaps(memphis: Made) -> None:
    """Where arrays and not the grid come last; the path starts on day 0 and ends when all is ready."""
    for made in (small(memphis), small(memphis, first_step_gpus=512)):
        s = schedule(*made, drivers=False)
        path = s.activities.filter(s.activities["driving"]).sort("start_day", "finish_day")
        assert path["float_days"].max() == 0.0
        assert path["start_day"][0] == 0.0
        assert path["start_day"].to_list()[1:] == pytest.approx(path["finish_day"].to_list()[:-1])
        job = made[0].catalogue.rates["job-start"].likely / 24.0
        assert path["finish_day"][-1] + job == pytest.approx(s.first_step.likely)


def test_floats_are_never_negative_and_far_work_has_more(planned: Schedule) -> None:
    table = planned.activities
    assert table["float_days"].min() == 0.0
    last = table.filter(table["name"].str.starts_with("Integrated test of a hall"))
    room = table["finish_day"].max() - last["finish_day"]
    assert (last["float_days"] <= room + 1e-9).all()  # it may slip to the end of the plan, unless its crew goes on
    assert (last["float_days"] > 0.0).all()  # the first step waits for no hall test
    end = table.filter(table["finish_day"] == table["finish_day"].max())
    assert end["float_days"].to_list() == [0.0] * end.height


def test_critical_shares_are_shares_and_mostly_end_with_the_test_of_an_array(planned: Schedule) -> None:
    table = planned.activities
    assert table["critical_frac"].is_between(0.0, 1.0).all()
    shares = table.filter(table["name"].str.starts_with("NCCL test"))["critical_frac"]
    assert shares.sum() > 0.5  # a path ends with an array's test unless power or cooling come last


def test_milestones_are_sampled_too(planned: Schedule) -> None:
    by_name = {m.name: m.day for m in planned.milestones}
    assert list(by_name) == [
        "first rack placed",
        "last rack placed",
        "first array ready",
        "last array ready",
        "first step",
        "full size",
    ]
    assert all(ordered(s) for s in by_name.values())
    assert by_name["first rack placed"].p10 < by_name["first rack placed"].p90
    assert by_name["first array ready"].likely < by_name["first step"].likely


def test_new_orders_take_more_than_a_year_in_every_sample(memphis: Made, planned: Schedule) -> None:
    """The lowest switchgear lead time is 52 weeks, and nothing runs without switchgear."""
    campus, _ = memphis
    usual = schedule(*small(memphis), modes=conventional_modes(campus), drivers=False)
    assert set(usual.modes.values()) == {"order"}
    assert (usual.first_step_samples > planned.first_step_samples).all()
    assert usual.first_step_samples.min() > 52 * 7
    assert usual.activities.height == planned.activities.height  # the same equipment, ordered


def test_conventional_modes_cover_every_item_of_the_catalogue(memphis: Made) -> None:
    modes = conventional_modes(memphis[0])
    items = {"substation", "switchgear", "transformer", "busway", "genset", "battery", "chiller", "tower", "cdu"}
    assert items | {"gpu", "switch", "cable", "rack"} == set(modes)
    assert all(f"{item}-order" in memphis[0].catalogue.lead_times for item in modes)


def test_fewer_gpus_start_no_later(memphis: Made) -> None:
    days = [schedule(*small(memphis, first_step_gpus=n), drivers=False).first_step.likely for n in (512, 32_000)]
    assert days[0] < days[1]


def test_drivers_are_the_widest_first_with_crews_and_trust(planned: Schedule) -> None:
    wide = [max(d.low_days, d.high_days, 0.0) - min(d.low_days, d.high_days, 0.0) for d in planned.drivers]
    assert 0 < len(wide) <= 12
    assert wide == sorted(wide, reverse=True)
    assert all(math.isfinite(w) for w in wide)
    assert {d.trust for d in planned.drivers} <= {"published", "derived", "estimate"}


def test_a_scarce_crew_drives_the_day(memphis: Made) -> None:
    campus, design = small(memphis, crews={"pipe": 12, "fibre": 30})
    net = network(campus, design, dict(campus.schedule.modes))
    case = risk.Case(campus=campus, design=design, net=net, grid_slots=20_000, order=net.orders[0])
    few = {name: (low, high) for name, _, low, high in find_drivers._crews(case)}
    assert few["crew fibre"][0] > few["crew fibre"][1] + 1.0


def test_every_driver_points_the_way_it_should(planned: Schedule) -> None:
    """With a list made anew, less time or more people never make the day later: no anomalies of list schedules."""
    for d in planned.drivers:
        first, last = (d.high_days, d.low_days) if d.name.startswith("crew ") else (d.low_days, d.high_days)
        assert first <= 0.1, d
        assert last >= -0.1, d


def test_an_improved_list_is_never_later(memphis: Made, lab: Made) -> None:
    """And at Memphis a week earlier than the list that it came from; what is last is at its bound (measured: 0.07 %)."""
    for campus, design in (memphis, lab):
        net = network(campus, design, dict(campus.schedule.modes))
        hours, job = net.hours[:, 1], risk.job_hours(campus)
        for order in net.orders:
            case = risk.Case(campus=campus, design=design, net=net, grid_slots=4000, order=order)
            before = risk.solve(case, hours, job)
            better, after = improved(case, before, hours, job)
            assert sorted(better.order.tolist()) == list(range(len(net.names)))
            assert (after.first_step, after.full_size) <= (before.first_step, before.full_size)
            if campus.compute.gpus == 100_000:
                assert after.first_step < before.first_step - 7.0
                counted, _ = waited_for(better, after, risk.binding(better, after))
                ids = np.flatnonzero(_closure(better, counted))
                part = subproblem(better, after.dur, ids)
                assert windows(part, packed(part)).least * 1.01 >= (after.start + after.dur)[ids].max()


def test_a_lead_time_that_holds_all_up_moves_the_day_by_its_own_width(lab: Made) -> None:
    """At 512 GPUs nothing competes for crews: GPUs eight weeks late come last, and thirteen shift all by five."""
    campus, design = small(lab)
    plan = schedule(campus, design)
    gpu = next(d for d in plan.drivers if d.name == "lead gpu")
    lead = campus.catalogue.lead_times[f"gpu-{campus.schedule.modes['gpu']}"]
    assert gpu.high_days == pytest.approx((lead.high_s - lead.likely_s) / 86400.0, abs=0.05)
    assert gpu.low_days < 0.0


def test_a_plan_later_than_wanted_says_so(memphis: Made) -> None:
    found = schedule(*small(memphis, target_day=30.0), drivers=False).findings
    late = [f for f in found if f.where == "first step"]
    assert [f.severity for f in late] == [Severity.warning]
    assert late[0].limit == "day 30"
    assert not [f for f in schedule(*small(memphis), drivers=False).findings if f.where == "first step"]


def test_power_that_never_suffices_is_an_error_that_names_it(memphis: Made) -> None:
    campus, design = small(memphis)
    weak = replace(campus, power=replace(campus.power, grid=campus.power.grid[:1], gensets=()))
    plan = schedule(weak, design)
    errors = {f.where: f for f in plan.findings if f.severity is Severity.error}
    assert set(errors) == {"first step", "full size"}
    assert errors["first step"].found == "power"
    assert math.isinf(plan.first_step.p50)
    assert not plan.activities["driving"].any()
    assert plan.activities["float_days"].min() >= 0.0
    assert plan.drivers == ()


def test_a_crew_smaller_than_its_gang_is_enlarged_aloud(lab: Made) -> None:
    plan = schedule(*small(lab, crews={"hv": 3, "pipe": 40}), drivers=False)
    crews = [f for f in plan.findings if f.where.startswith("crew")]
    assert [(f.where, f.limit, f.found) for f in crews] == [("crew hv", "8 people", "3 people")]


def test_fewer_samples_than_asked_are_admitted(lab: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "LARGE", 10)
    plan = schedule(*small(lab, samples=130), drivers=False)
    assert len(plan.first_step_samples) == 100
    said = [f for f in plan.findings if f.where == "risk"]
    assert [(f.limit, f.found) for f in said] == [("130 asked", "100 run")]


def test_an_unknown_mode_is_refused(lab: Made) -> None:
    with pytest.raises(UnknownPartError, match="genset-teleport"):
        schedule(*lab, modes={"genset": "teleport"})
