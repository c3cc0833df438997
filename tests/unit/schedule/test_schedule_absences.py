"""Crews by day: ramps, closed days and short weeks, in the plan and at the door."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gigasite._core.errors import CampusFileError, InfeasibleError
from gigasite.campus import load
from gigasite.campus.build_parts import Closed, CrewStep
from gigasite.design import design as make
from gigasite.schedule import schedule
from gigasite.schedule.build import likely_plan
from gigasite.schedule.drivers import _crews, largest_gang
from gigasite.schedule.network import network
from gigasite.schedule.progress.marks import marks

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


def changed(made: Made, **change: Any) -> Made:
    campus, design = made
    return replace(campus, schedule=replace(campus.schedule, samples=10, **change)), design


RAMP = {"rack": (CrewStep(until=50.0, people=4), CrewStep(until=62.0, people=8))}


def working(made: Made, crew: str) -> Any:
    """Return people of a crew at work by hour in the likely plan, absences left out."""
    s = schedule(*made, drivers=False)
    table = s.activities.filter((s.activities["crew"] == crew) & (s.activities["trade"] != "absence"))
    busy = np.zeros(24 * 400)
    for a, z, n in table.select("start_day", "finish_day", "people").rows():
        busy[round(a * 24) : round(z * 24)] += n
    return busy


def test_a_crew_ramps_up(lab: Made) -> None:
    made = changed(lab, crews=dict(lab[0].schedule.crews) | {"rack": 24}, crew_ramp=RAMP)
    busy = working(made, "rack")
    assert busy[: 50 * 24 - 1].max(initial=0) <= 4
    assert busy[50 * 24 : 62 * 24 - 1].max() <= 8
    early = schedule(*changed(lab, crews=dict(lab[0].schedule.crews) | {"rack": 24}), drivers=False)
    assert schedule(*made, drivers=False).first_step.likely > early.first_step.likely


def test_nobody_works_on_a_closed_day_but_orders_come(lab: Made) -> None:
    closed = (Closed(day=57.0, days=2.0),)
    made = changed(lab, closed=closed)
    for crew in ("rack", "pipe", "electrician"):
        assert working(made, crew)[57 * 24 : 59 * 24].max() == 0
    usual = schedule(*changed(lab), drivers=False)
    late = schedule(*made, drivers=False)
    assert late.first_step.likely >= usual.first_step.likely
    lead = usual.activities.filter(usual.activities["trade"] == "delivery")["finish_day"]
    assert late.activities.filter(late.activities["trade"] == "delivery")["finish_day"].to_list() == lead.to_list()


def test_a_week_of_five_days_stretches_that_crew_alone(lab: Made) -> None:
    whole = network(*changed(lab), dict(lab[0].schedule.modes))
    short = network(*changed(lab, week_days={"pipe": 5}), dict(lab[0].schedule.modes))
    pipe = whole.crew == whole.crew_names.index("pipe")
    assert short.hours[pipe] == pytest.approx(whole.hours[pipe] * 7 / 5)
    assert (short.hours[~pipe] == whole.hours[~pipe]).all()


def test_absences_lead_every_list_and_never_exceed_a_crew(lab: Made) -> None:
    made = changed(lab, crews={"rack": 24}, crew_ramp=RAMP, closed=(Closed(day=40.0), Closed(day=55.0, days=3.0)))
    n = network(*made, dict(lab[0].schedule.modes))
    away = np.array([t == "absence" for t in n.trades])
    assert away.sum() > 20
    for order in n.orders:
        assert away[order[: away.sum()]].all()
    assert (n.people[away] <= n.capacity[n.crew[away]])[n.crew[away] >= 0].all()
    assert (n.hours[away, 0] == n.hours[away, 2]).all()


@pytest.mark.parametrize("room", [8, 24, 100])
def test_no_more_racks_stand_between_dock_and_place_than_there_is_room_for(memphis: Made, room: int) -> None:
    """Counted from the plan: racks whose lot has begun to arrive and that are not placed."""
    crews = dict(memphis[0].schedule.crews) | {"rack": 8}
    campus, design = changed(memphis, laydown_racks=room, crews=crews)
    case, plan = likely_plan(campus, design)
    made = case.net.made
    came = plan.start[made["rack lots"]][made["rack array"]]
    placed = (plan.start + plan.dur)[made["rack placed"]]
    events = np.concatenate(
        [np.column_stack([came, np.ones_like(came)]), np.column_stack([placed, -np.ones_like(placed)])]
    )
    order = np.lexsort((events[:, 1], events[:, 0]))
    assert np.cumsum(events[order, 1]).max() <= room
    _, plain = likely_plan(*changed(memphis, crews=crews))
    assert plan.full_size >= plain.full_size - 1e-9


def test_a_lay_down_smaller_than_a_lot_is_refused(lab: Made) -> None:
    with pytest.raises(InfeasibleError, match="lot of 8"):
        network(*changed(lab, laydown_racks=4), dict(lab[0].schedule.modes))


def test_absent_people_are_neither_paid_nor_planned_value(lab: Made) -> None:
    made = changed(lab, crews=dict(lab[0].schedule.crews) | {"rack": 24}, crew_ramp=RAMP, closed=(Closed(day=80.0),))
    plain = changed(lab, crews=dict(lab[0].schedule.crews) | {"rack": 24})
    one, two = (schedule(*m, drivers=False).baseline for m in (made, plain))
    assert one.people_h.sum() == pytest.approx(two.people_h.sum())
    assert one.cost_usd.sum() == pytest.approx(two.cost_usd.sum())


def test_a_campus_file_may_add_an_activity_and_calendars(campuses: Path, tmp_path: Path) -> None:
    own = "{{{}, source: ours, as_of: 2026-11-01, trust: estimate}}".format
    rate = own("title: Photograph a rack, crew: rack, people: 1, low: 0.1, likely: 0.2, high: 0.4, per: rack")
    line = own("trade: racks, each: rack, rate: photo, level: L2, after: [rack-hoses + 2 h]")
    text = (campuses / "lab.yaml").read_text(
        encoding="utf-8"
    ).rstrip() + "\n  week_days: {civil: 5}\n  closed: [{day: 58}]\n"
    file = tmp_path / "own.yaml"
    file.write_text(f"{text}parts:\n  rates: {{photo: {rate}}}\n  activities: {{photo: {line}}}\n", encoding="utf-8")
    campus = load(file)
    assert campus.schedule.closed == (Closed(day=58.0, days=1.0),)
    n = network(campus, make(campus), dict(campus.schedule.modes))
    racks = len(n.made["rack placed"])
    assert sum(name.startswith("Photograph a rack") for name in n.names) == racks
    assert n.trades.count("wait") == racks


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("crew_ramp: {rack: [{until: 20, people: 4}]}", "needs schedule.crews.rack"),
        ("crews: {rack: 8}\n  crew_ramp: {rack: [{until: 20, people: 9}]}", "more than the 8 people"),
        (
            "crews: {rack: 8}\n  crew_ramp: {rack: [{until: 20, people: 1}, {until: 10, people: 2}]}",
            "later than day 20",
        ),
        ("week_days: {rack: 8}", "must lie between 1 and 7"),
        ("week_days: {racks: 5}", "did you mean 'rack'"),
        ("closed: [{day: -1}]", "must lie between 0"),
    ],
)
def test_calendars_that_cannot_be_are_mistakes_of_the_file(
    campuses: Path, tmp_path: Path, lines: str, message: str
) -> None:
    text = (campuses / "lab.yaml").read_text(encoding="utf-8")
    head, _, tail = text.partition("schedule:\n")
    file = tmp_path / "campus.yaml"
    kept = [x for x in tail.splitlines() if not x.strip().startswith("crews")]
    file.write_text(head + "schedule:\n  " + lines + "\n" + "\n".join(kept) + "\n", encoding="utf-8")
    with pytest.raises(CampusFileError, match=message):
        load(file)


def test_equal_absences_of_two_crews_start_when_due(lab: Made) -> None:
    """One crew's absence must not push that of another with as many people."""
    away = CrewStep(until=20.0, people=0), CrewStep(until=30.0, people=8), CrewStep(until=40.0, people=0)
    made = changed(
        lab, crews={"pipe": 24, "rack": 24}, crew_ramp={"pipe": away, "rack": (CrewStep(until=10.0, people=0),)}
    )
    case, likely = likely_plan(*made)
    mine = [i for i in case.net.absent.tolist() if case.net.names[i].startswith("Crew rack without 24, day 0 to 10")]
    assert [int(likely.start[i]) for i in mine] == [0]


def test_a_closed_day_hides_no_crew_from_the_tornado_and_ends_no_project(lab: Made) -> None:
    found = []
    for closed in ((), (Closed(day=900.0),)):
        made = changed(lab, crews={"rack": 8}, closed=closed)
        case, likely = likely_plan(*made)
        found.append([(low, high) for name, _, low, high in _crews(case) if name == "crew rack"])
        assert marks(case, (likely.start + likely.dur) / 96.0, 24.0)["last activity"] < 900.0
        assert largest_gang(case.net, case.net.crew_names.index("rack")) < 8
    assert found[0] == found[1]
