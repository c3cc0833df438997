"""The front of cost against day: what is on it, what it costs, what makes a day impossible; and the verb."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from gigasite.campus.build_parts import CrewStep
from gigasite.design.bom import price_factor
from gigasite.schedule.build import best
from gigasite.schedule.cost import OWN, crews_usd, gpu_days, items_usd, new_prices
from gigasite.schedule.network import SLOT_H, network
from gigasite.schedule.readiness import staircases
from gigasite.schedule.tradeoff import RESOLVED, Tradeoff, front, relaxed, tradeoff
from gigasite.schedule.ways import Ways, frontier, quickest, sensible, ways
from gigasite.show.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


@pytest.fixture(scope="module")
def w(lab: Made) -> Ways:
    return ways(*lab, lab[1].bom)


@pytest.fixture(scope="module")
def made(lab: Made) -> Tradeoff:
    return tradeoff(*lab, lab[1].bom, samples=40)


def test_the_front_pays_for_every_day(made: Tradeoff) -> None:
    assert len(made.front) > 3
    for a, b in pairwise(made.front):
        assert b.first.p50 - a.first.p50 >= RESOLVED
        assert b.cost_usd < a.cost_usd
    assert all(usd > 0 for usd in made.usd_per_day)
    better = [p for p in made.front if p.first.p50 <= made.own.first.p50 + RESOLVED and p.cost_usd <= made.own.cost_usd]
    assert better  # the file's own way is on the front or beaten by it


def test_the_front_leaves_out_what_is_beaten(made: Tradeoff) -> None:
    points = list(made.front)
    worse = replace(points[1], equipment_usd=points[1].equipment_usd + 1.0)
    never = replace(points[0], equipment_usd=0.0, first=replace(points[0].first, p50=math.inf))
    assert front([worse, never, *reversed(points)]) == made.front


def test_every_combination_of_modes_that_the_frontier_leaves_out_is_beaten(w: Ways) -> None:
    def median(modes: dict[str, str]) -> float:
        return float(np.quantile(w.days(modes), 0.5, method="lower"))

    found = [(day, w.cost(modes)) for day, modes in frontier(w)]
    rng = np.random.default_rng(1)
    for _ in range(60):  # all modes, not only the sensible ones
        modes = {item: str(rng.choice(w.of(item))) for item in w.items}
        day, usd = median(modes), w.cost(modes)
        assert any(d <= day + 1e-9 and u <= usd + 1e-6 for d, u in found)


def test_many_combinations_are_walked_instead_and_come_close(w: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    every = frontier(w)
    monkeypatch.setattr("gigasite.schedule.ways.MOST_COMBINED", 0)
    walked = frontier(w)
    assert walked[0][0] == every[0][0]
    assert w.cost(walked[-1][1]) == pytest.approx(w.cost(every[-1][1]))
    assert len(walked) >= len(every) / 2


def test_sensible_modes_are_quicker_the_dearer_they_are(w: Ways) -> None:
    for item in w.items:
        modes = sensible(w, item)
        for a, b in pairwise(modes):
            assert w.usd[item, a] <= w.usd[item, b]
        left = set(w.of(item)) - set(modes)
        for mode, other in itertools.product(left, modes):
            if w.usd[item, other] <= w.usd[item, mode] and (w.whole(item, other) <= w.whole(item, mode)).all():
                break
        else:
            assert not left


def test_a_quicker_mode_is_never_later_in_any_sample(w: Ways) -> None:
    slow = {item: w.of(item)[0] for item in w.items}
    for item in w.items:
        for a, b in itertools.permutations(w.of(item), 2):
            if (w.lead[item, a][1] <= w.lead[item, b][1]).all():
                assert (w.days(slow | {item: a}) <= w.days(slow | {item: b})).all()


def test_items_cost_what_the_bill_and_the_catalogue_say(lab: Made) -> None:
    campus, design = lab
    own = items_usd(campus, design.bom, {})
    assert sum(own.values()) == pytest.approx(design.bom["likely_usd"].sum())
    new = new_prices(campus, design.bom)
    racks = design.bom.filter(design.bom["item"] == "rack")["likely_usd"].sum()
    assert new["rack"] == pytest.approx(racks / price_factor(campus.catalogue, "rack", campus.schedule.modes["rack"]))
    assert items_usd(campus, design.bom, {"rack": "order"})["rack"] == pytest.approx(new["rack"])
    assert items_usd(campus, design.bom, {"genset": OWN})["genset"] == pytest.approx(own["genset"])


def test_crews_are_paid_for_the_days_on_which_they_have_work(lab: Made) -> None:
    campus, design = lab
    net = network(campus, design, dict(campus.schedule.modes))
    _, plan = best(campus, design, net)
    for name, usd in crews_usd(campus, net, plan).items():
        c = net.crew_names.index(name)
        days = set()
        for i in np.flatnonzero((net.crew == c) & (plan.dur > 0)).tolist():
            begin, end = plan.start[i] * SLOT_H / 24, (plan.start[i] + plan.dur[i]) * SLOT_H / 24
            days |= set(range(math.floor(begin), math.ceil(end)))
        person = len(days) * 20.0 * campus.catalogue.crews[name].cost + 2 * 3000.0
        assert usd == pytest.approx(int(net.capacity[c]) * person)


def test_people_who_are_away_are_not_paid(lab: Made) -> None:
    campus, design = lab
    ramp = {"rack": (CrewStep(people=2, until=20.0),)}
    usd = []
    sized = replace(campus.schedule, crews={"rack": 24})
    for c in (replace(campus, schedule=sized), replace(campus, schedule=replace(sized, crew_ramp=ramp))):
        net = network(c, design, dict(c.schedule.modes))
        usd.append(crews_usd(c, net, best(c, design, net)[1])["rack"])
    assert usd[1] == pytest.approx(usd[0]), "racks come after day 20: nobody of the crew works before"


def test_gpu_days_are_the_area_under_the_staircases(lab: Made) -> None:
    campus, design = lab
    net = network(campus, design, dict(campus.schedule.modes))
    _, plan = best(campus, design, net)
    stairs = staircases(campus, net, (plan.start + plan.dur) * (SLOT_H / 24.0))
    grid = np.arange(0.0, 120.0, 0.01)
    each = (1.0, 1.0, design.power.peak_w / 512, (design.cooling.liquid_w + design.cooling.air_w) / 512)
    able = np.min([[s.at(d) / e for d in grid] for s, e in zip(stairs, each, strict=True)], axis=0)
    assert gpu_days(campus, design, stairs, 120.0) == pytest.approx(np.minimum(able, 512).sum() * 0.01, rel=1e-3)
    assert gpu_days(campus, design, stairs, 1.0) == 0.0


def test_no_sample_of_the_likely_kind_beats_the_relaxed_plan(lab: Made, w: Ways) -> None:
    chain, day = relaxed(*lab, quickest(w))
    assert chain[0].start_day == 0.0
    for a, b in pairwise(chain):
        assert b.start_day == pytest.approx(a.finish_day)
    job = lab[0].catalogue.rates["job-start"].likely / 24.0
    assert day == pytest.approx(chain[-1].finish_day + job)
    _, own = best(*lab, network(*lab, dict(lab[0].schedule.modes)))
    assert day <= own.first_step


def test_an_impossible_day_names_the_path_and_its_longest_part(lab: Made) -> None:
    made = tradeoff(*lab, lab[1].bom, target_day=20.0, samples=20)
    (found,) = made.findings
    assert found.severity.name == "error"
    assert "cannot be reached by any plan" in found.what
    assert "Deliver rack (stock)" in found.what
    assert "shorten Deliver rack (stock)" in found.remedy


def test_a_day_that_samples_miss_names_what_holds_it(lab: Made) -> None:
    made = tradeoff(*lab, lab[1].bom, target_day=45.0, samples=20)
    assert made.chain_day < 45.0
    (found,) = made.findings
    assert "is missed in half of the samples" in found.what
    assert made.front[0].longest in found.what


def test_the_verb_prints_one_object_and_a_table_and_ends_with_one_when_the_day_is_missed(campuses: Path) -> None:
    lab = str(campuses / "lab.yaml")
    got = CliRunner().invoke(app, ["schedule", "tradeoff", lab, "--samples", "20", "--json"])
    made = json.loads(got.stdout)
    assert got.exit_code == 0
    assert len(made["usd_per_day"]) == len(made["front"]) - 1
    assert {"modes", "crews", "cost_usd", "first", "full", "gpu_days"} <= set(made["front"][0])
    got = CliRunner().invoke(app, ["schedule", "tradeoff", lab, "--samples", "20", "--target", "20", "--no-cables"])
    assert got.exit_code == 1
    assert "a day earlier" in got.stdout
    assert "cannot be reached by any plan" in got.stdout
