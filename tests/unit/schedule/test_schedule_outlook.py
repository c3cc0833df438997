"""What is said of samples: percentiles, indices, merge bias, worth of risks, pairs; and the verb."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from tests.unit.schedule.risk_cases import packed, work
from typer.testing import CliRunner

from gigasite._core.errors import CampusFileError
from gigasite.campus import load
from gigasite.schedule import gauge as gauges
from gigasite.schedule import risk, sampling
from gigasite.schedule.build import best
from gigasite.schedule.network import SLOT_H, network
from gigasite.schedule.outlook import Outlook, compare, findings, outlook
from gigasite.show.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


@pytest.fixture(scope="module")
def made(lab: Made) -> Outlook:
    return outlook(*lab, samples=300)


def test_percentiles_and_confidence_are_those_of_the_samples(lab: Made, made: Outlook) -> None:
    first = made.sure[0]
    days = np.sort(made.samples.first_step)
    assert first.crews.p50 == days[149]
    assert first.crews.p10 <= first.crews.p50 <= first.crews.p80 <= first.crews.p90
    assert first.by_target_frac == (days <= lab[0].schedule.target_day).mean()
    assert first.error_frac == pytest.approx((first.by_target_frac * (1 - first.by_target_frac) / 300) ** 0.5)
    assert first.links.p50 <= first.crews.p50


def test_indices_are_those_of_the_durations_themselves(lab: Made, made: Outlook) -> None:
    campus, design = lab
    case, likely = best(campus, design, network(campus, design, dict(campus.schedule.modes)))
    p = risk.ready(case, likely.first_step).pack
    dur = np.empty((len(p.order), 300))
    dur[p.order] = np.concatenate([sampling.draw(p, k, 64).dur for k in range(0, 320, 64)], axis=1)[:, :300]
    for row in made.indices.head(8).to_dicts():
        i = case.net.names.index(row["name"])
        days = dur[i] * SLOT_H / 24.0
        assert row["sd_days"] == pytest.approx(days.std(), rel=1e-3)
        assert row["cruciality"] == pytest.approx(np.corrcoef(days, made.samples.first_step)[0, 1], abs=1e-3)
        assert row["ssi"] == pytest.approx(row["critical_frac"] * days.std() / made.samples.first_step.std(), rel=1e-3)


def test_of_two_equal_chains_each_is_critical_half_the_time_and_their_merging_costs_days() -> None:
    """Two activities of 10 to 30 h side by side: E[max] of two triangular ones is above the mean of each."""
    w = work([(10.0, 20.0, 30.0), (10.0, 20.0, 30.0), (1.0, 1.0, 1.0)], [(0, 2), (1, 2)])
    p = packed(w)
    everything = gauges.Group(
        rows=np.array([2]),
        amount=np.ones(1),
        not_before=np.zeros(1),
        unit=np.zeros(1, np.bool_),
        spares=0,
        first_need=1.0,
        full_need=1.0,
    )
    g = gauges.Gauge(
        groups=(everything,),
        placed=np.array([0]),
        ready=np.array([1]),
        tested=np.array([2]),
        job_hours=(0.0, 0.0, 0.0),
        seed=1,
    )
    drawn = risk.run(risk.Ready(pack=p, gauge=g, center=0.0), 4000)
    assert drawn.hits[2] == 4000
    assert drawn.hits[:2] / 4000 == pytest.approx([0.5, 0.5], abs=0.03)
    assert drawn.hits[0] + drawn.hits[1] == 4000
    u = np.random.default_rng(1).triangular(10, 20, 30, (2, 200_000))
    assert drawn.first_step.mean() * 24 == pytest.approx(np.maximum(*u).mean() + 1.0, abs=0.15)


def test_merging_paths_cost_days_of_links_alone(made: Outlook) -> None:
    """The mean of the latest is never before the latest of the means (Jensen); durations are rounded to slots."""
    links = next(m for m in made.merges if m.name == "first step, links alone")
    assert links.mean >= links.mean_durations - 0.1
    assert links.mean_durations >= links.likely  # every rate and lead time leans to the long side


def test_inputs_that_drive_are_found(made: Outlook) -> None:
    top = made.inputs[0]
    assert (top.kind, top.rank_correlation > 0.3) == ("delivery", True)
    assert top.best_days < 0 < top.worst_days


def test_a_risk_less_never_costs_days_by_links_and_its_worth_is_a_paired_run(lab: Made) -> None:
    campus, design = lab
    before = outlook(campus, design, samples=128)
    worst = before.saved[0]
    without = replace(campus, schedule=replace(campus.schedule, risks={worst.name: 0.0}))
    after = outlook(without, design, samples=128, deep=False)
    assert (after.samples.fixed_first <= before.samples.fixed_first).all()
    case, likely = best(without, design, network(without, design, dict(campus.schedule.modes)))
    assert (risk.run_links(risk.ready(case, likely.first_step), 128) == after.samples.fixed_first).all()
    assert worst.p80_days == pytest.approx(before.sure[0].crews.p80 - after.sure[0].crews.p80)


def test_no_change_differs_by_nothing_and_a_change_is_paired(lab: Made) -> None:
    campus, design = lab
    a = outlook(campus, design, samples=64, deep=False)
    same = compare(a, outlook(campus, design, samples=64, deep=False))
    assert [(c.mean, c.earlier_frac, c.later_frac) for c in same] == [(0.0, 0.0, 0.0)] * 2
    late = replace(campus, schedule=replace(campus.schedule, modes=dict(campus.schedule.modes) | {"rack": "order"}))
    change = compare(a, outlook(late, design, samples=64, deep=False))[0]
    assert change.later_frac > 0.9
    assert change.difference.p50 > 20
    assert change.by_target_frac <= 0


def test_a_day_that_never_comes_is_an_error(lab: Made) -> None:
    campus, design = lab
    none = replace(campus, power=replace(campus.power, gensets=(), grid=campus.power.grid[:1]))
    made = outlook(none, design, samples=20)
    assert [f.severity.name for f in findings(made)] == ["error"]
    assert made.sure[0].by_target_frac == 0.0
    assert made.indices.filter(pl.col("ssi").is_nan()).height == 0


# the verb


def run(*args: str) -> tuple[int, str]:
    got = CliRunner().invoke(app, ["schedule", *args])
    return got.exit_code, got.stdout


def test_the_verb_prints_one_object_and_a_page(campuses: Path) -> None:
    lab = str(campuses / "lab.yaml")
    code, text = run("risk", lab, "--samples", "40", "--json", "--what-if", "schedule.modes.rack=order")
    made = json.loads(text)
    assert code == 0
    assert made["samples"] == len(made["first_step_samples"]) == 40
    assert made["changes"][0]["mean"] > 0
    assert {"name", "likely", "crews", "links", "by_target_frac", "error_frac"} == set(made["days"][0])
    code, text = run("risk", lab, "--samples", "40", "--what-if", "schedule.modes.rack=order")
    assert code == 0
    for word in ("P80", "merge bias", "SSI", "what if schedule.modes.rack=order"):
        assert word in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("schedule.crews.pip=3", "did you mean 'pipe'"),
        ("schedule.risks.brown-watr=3", "did you mean 'brown-water'"),
        ("schedule.risks.brown-water=300 %", "schedule.risks.brown-water"),
        ("nonsense", "needs KEY=VALUE"),
        ("power.grid[7].capacity=1 MW", "leads nowhere"),
        ("schedule.samples={", "is not YAML"),
    ],
)
def test_a_what_if_that_means_nothing_is_refused(campuses: Path, change: str, said: str) -> None:
    with pytest.raises(CampusFileError, match=said):
        load(campuses / "lab.yaml", changes=[change])


def test_a_what_if_may_open_a_chapter_and_reach_into_lists(campuses: Path) -> None:
    campus = load(campuses / "lab.yaml", changes=["schedule.risks.brown-water=0 %", "power.grid[1].day=50"])
    assert campus.schedule.risks == {"brown-water": 0.0}
    assert campus.power.grid[1].day == 50.0


def test_risks_of_the_file_are_checked(campuses: Path, tmp_path: Path) -> None:
    own = """
parts:
  risks:
    flood: {title: Flood, source: mine, as_of: 2026-01-01, trust: estimate, probability: 120 %, per: hall, rates: [flush-rew], factor: [2, 1, 3]}
"""
    file = tmp_path / "x.yaml"
    file.write_text((campuses / "lab.yaml").read_text() + own)
    with pytest.raises(CampusFileError) as error:
        load(file)
    text = str(error.value)
    assert "did you mean 'flush-row'" in text
    assert "between 0 % and 100 %" in text
    assert "low, likely and high" in text
    assert f"{file}:{len(file.read_text().splitlines())}:" in text
