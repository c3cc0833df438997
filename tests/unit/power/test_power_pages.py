"""Pages of the swing bench: what is drawn, what is marked, and that no key or bare SI number is left to the reader."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gigasite.campus import load as load_campus
from gigasite.plan import plan
from gigasite.power.case import read_bench
from gigasite.show.cli import app
from gigasite.show.power_data import first_broken, power_data
from gigasite.show.power_words import value, words
from gigasite.show.report import report
from gigasite.show.result import plan_json

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.power.case import Bench
    from gigasite.power.types import Swing

CASE = """\
case: pages
machines:
  - {title: a, count: 8, rating: 25 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
battery: {rating: 50 MW, energy: 20 MWh}
load: {kind: job, gpus: 100000, period: 2 s, stop: 16 s}
controller: {kind: ramp-limit}
limits: [{kind: iso8528-g2}, {kind: ramp, up: 60 MW/min, window: 2 s}, {kind: battery-use}, {kind: spectrum}]
run: {duration: 20 s}
"""


def bench(folder: Path, text: str = CASE) -> Bench:
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    return read_bench(folder / "case.yaml")


def page(folder: Path, text: str) -> tuple[str, dict[str, Any], int]:
    """Write the page of a case; return its text, its data and the exit code."""
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    out = folder / "new" / "page.html"
    done = CliRunner().invoke(app, ["power", "report", str(folder / "case.yaml"), "--out", str(out)])
    assert done.exit_code in {0, 1}, done.output
    html = out.read_text(encoding="utf-8")
    return plain(html), data_of(html), done.exit_code


def plain(html: str) -> str:
    """Return what a reader sees of the page: no script, no style, no tags."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', html, flags=re.DOTALL)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])["bench"]
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bench, Swing]:
    one = bench(tmp_path_factory.mktemp("pages"))
    return one, one.run()


def test_the_first_violation_of_all_is_marked(made: tuple[Bench, Swing]) -> None:
    one, swing = made
    first = first_broken(swing)
    assert first is not None
    told = [float(t) for f in swing.findings for t in re.findall(r"first at ([0-9.]+) s", f.found)]
    assert len(told) >= 2
    assert first[0] == min(told)
    assert power_data(swing, limits=one.limits)["first"] == {"t": first[0], "text": first[1]}
    assert first_broken(replace(swing, findings=())) is None
    lost = replace(swing, findings=(), stopped="the voltage collapses")
    assert first_broken(lost) == (pytest.approx(20.0), "the plant collapses: the voltage collapses")


def test_ramps_are_drawn_as_their_limit_takes_them(made: tuple[Bench, Swing]) -> None:
    one, swing = made
    drawn = power_data(swing, limits=one.limits)
    assert drawn["ramp"] == {"window_s": 2.0, "mean_s": 0.0}
    found = next(f for f in swing.findings if "ramps up" in f.what)
    assert max(drawn["series"]["ramp_up"]) == pytest.approx(float(found.found.split()[0].replace(",", "")), rel=1e-3)
    assert min(drawn["series"]["ramp_down"]) < 0.0 < max(drawn["series"]["ramp_up"])
    line = next(x for x in drawn["lines"] if x["series"] == "ramp_w_per_s")
    assert (line["level"], line["broken"], line["shown"]) == (60.0, True, True)
    assert power_data(swing)["ramp"]["window_s"] == 1.0


def test_grid_and_gensets_are_drawn_apart(tmp_path: Path, made: tuple[Bench, Swing]) -> None:
    island = power_data(made[1])["series"]
    assert island["grid"] is None
    assert max(island["gensets"]) > 50.0
    both = bench(tmp_path, CASE.replace("battery:", "grid: {capacity: 60 MW}\nbattery:", 1)).run(figures=False)
    series = power_data(both)["series"]
    total = np.array(series["grid"]).max() + np.array(series["gensets"]).max()
    assert total >= both.source_w.max() / 1e6
    alone = bench(
        tmp_path, CASE.replace(CASE[CASE.index("machines") : CASE.index("battery")], "grid: {capacity: 150 MW}\n")
    )
    assert power_data(alone.run(figures=False))["series"]["gensets"] is None


def test_limits_far_away_are_named_not_shown(made: tuple[Bench, Swing]) -> None:
    lines = [x for x in power_data(made[1])["lines"] if x["series"] == "frequency_hz"]
    assert {x["shown"] for x in lines} == {True, False}
    steady = [x["level"] for x in lines if "steady" in x["text"]]
    assert steady == [59.55, 60.45]


@pytest.mark.parametrize(
    ("key", "number", "text"),
    [
        ("battery_throughput_per_day_j", 1.81e12, "battery throughput a day: 502.8 MWh"),
        ("spectrum_band_frac", 0.134, "share of the swing in the critical band: 13.4 %"),
        ("battery_life_years", 4.83, "life of the battery at this use: 4.83 years"),
        ("battery_c_rate_per_h", 2.5, "C-rate of the battery: 2.5 per hour"),
        ("tone_1_w", 3.2e6, "tone 1: 3.2 MW"),
        ("tone_1_w", 3.2e2, "tone 1: 0.32 kW"),
        ("flicker_pst", 0.66, "flicker Pst: 0.66"),
        ("rocof_judged_hz_per_s", 1.25, "rate of change of frequency, as the limit takes it: 1.25 Hz/s"),
        ("new_figure_s", float("nan"), "new figure: none"),
    ],
)
def test_figures_have_words_and_units(key: str, number: float, text: str) -> None:
    assert f"{words(key)}: {value(key, number)}" == text


def test_the_page_of_a_case(tmp_path: Path) -> None:
    text, drawn, code = page(tmp_path, CASE + "events: [{at: 5 s, kind: trip-machines}]\n")
    assert code == 1
    assert not re.search(r"\b[a-z]+_[a-z]+_?[a-z]*\b", text.replace("look_ahead", ""))  # no key is left
    assert not re.search(r"\de[+-]?\d", text)
    assert "First limit broken, at" in text
    assert "The sizing leaves out what happens to the plant in this run: trip-machines at 5 s." in text
    assert "Sized on 20 s of the load at the aggregate level, in steps of 5 ms." in text
    assert 'bound that ends as full as it began ("same charge")' in text.replace("&#34;", '"')
    assert {"names", "bound", "closed", "front"} <= set(drawn["sizing"])
    assert len(drawn["sizing"]["names"]) == len(set(drawn["sizing"]["names"]))


@pytest.mark.parametrize(
    ("grid", "needle", "drawn"),
    [
        ("{capacity: 150 MW}", "the grid is stiff (it has no `inertia`)", False),
        ("{capacity: 150 MW, inertia: 4 s}", "The plant answers most at", True),
    ],
)
def test_a_grid_with_inertia_answers_and_a_stiff_one_says_why_not(
    tmp_path: Path, grid: str, needle: str, *, drawn: bool
) -> None:
    text = CASE.replace(CASE[CASE.index("machines") : CASE.index("battery")], f"grid: {grid}\n")
    seen, data, _ = page(tmp_path, text)
    assert needle in seen
    assert (data["response"] is not None) is drawn


def test_a_study_that_cannot_be_sized_says_why(tmp_path: Path) -> None:
    alone = """\
case: alone
battery: {rating: 70 MW, energy: 100 MWh, inverter: {kind: regfm-a1}}
load: {kind: steps, before: 60 MW, at: [2 s], power: [50 MW]}
run: {duration: 6 s}
"""
    seen, data, _ = page(tmp_path, alone)
    assert "A battery alone, controller none" in seen
    assert "No battery is sized: the battery forms the grid alone" in seen
    assert data["sizing"] is None


def test_a_collapse_is_told_on_the_page(tmp_path: Path) -> None:
    seen, data, code = page(tmp_path, CASE + "events: [{at: 5 s, kind: trip-machines, count: 8}]\n")
    assert code == 1
    assert "The run ends at 5.0" in seen
    assert None not in data["series"]["voltage"]


def test_the_report_of_a_plan_holds_the_whole_chapter(campuses: Path) -> None:
    made = plan(load_campus(campuses / "lab.yaml"), sizing=True)
    assert made.sizing.found is not None
    html = report(made, plan_json(made))
    assert set(re.findall(r'id="(p-[a-z]+)"', html)) == {
        "p-power", "p-ramp", "p-frequency", "p-voltage", "p-soc", "p-spectrum", "p-response", "p-periods",
        "p-compare", "p-bounds", "p-front",
    }  # fmt: skip
    drawn = data_of(html)
    assert drawn["sizing"]["front"]
    assert drawn["response"]["harmonics"]
    text = plain(html)
    assert "steps of 20 ms" in text
    bare = plan(load_campus(campuses / "lab.yaml"))
    assert bare.sizing.found is None
    assert "No battery is sized: it was not asked for" in plain(report(bare, plan_json(bare)))


def test_the_report_beside_a_grid_says_why_there_is_no_response(campuses: Path) -> None:
    campus = load_campus(campuses / "next.yaml")
    small = replace(campus, schedule=replace(campus.schedule, samples=20))
    from gigasite.design import design
    from gigasite.plan.story import Inputs, resonance_at_full_size, the_load
    from gigasite.schedule import schedule

    d = design(small)
    load = the_load(small, d, Inputs())
    found, why = resonance_at_full_size(small, d, load, schedule(small, d, drivers=False))
    assert found is None
    assert why == "the grid holds the frequency, whatever the load does"
