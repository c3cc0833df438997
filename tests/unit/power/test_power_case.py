"""Cases: read, run, refuse; events; sweeps; sizing."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite._core.engine import Engine
from gigasite._core.errors import CampusFileError, GigasiteError, InfeasibleError
from gigasite.campus import load as load_campus
from gigasite.design import design
from gigasite.plan.bench import case_of
from gigasite.power.case import read_bench
from gigasite.power.size import size
from gigasite.power.sweep import sweep, tasks_of

sys.path.insert(0, str(Path(__file__).parents[2]))
from mutate import mutate  # a module beside the tests

if TYPE_CHECKING:
    from gigasite.power.case import Bench

CASE = """\
case: small
machines:
  - {title: big, count: 3, rating: 25 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}, min_load: 30 %}
  - {title: small, count: 2, rating: 10 MW, apparent: 12.5 MVA, inertia: 1.2 s, governor: {kind: gas-engine}}
battery: {rating: 20 MW, energy: 10 MWh}
load: {kind: job, gpus: 30000, high: 1200 W, low: 900 W, idle: 400 W, period: 2 s, checkpoint_every: 20 s, checkpoint: 2 s}
controller: {kind: load-follower, split: 10 s}
limits:
  - {kind: ramp, up: 60 MW/min, down: 60 MW/min}
run: {duration: 40 s}
"""


def bench(tmp_path: Path, text: str = CASE) -> Bench:
    path = tmp_path / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return read_bench(path)


def test_a_case_runs_at_both_levels(tmp_path: Path) -> None:
    one = bench(tmp_path)
    fine = one.run()
    assert (fine.level, fine.controller, fine.islanded) == ("network", "load-follower", True)
    assert len(fine.load_w) == 20_000
    assert {"flicker_pst", "spectrum_band_frac"} <= set(fine.figures)
    rough = bench(tmp_path, CASE.replace("duration: 40 s", "duration: 40 s, level: aggregate")).run()
    # one common speed, no losses: near, not equal
    assert rough.nadir_hz == pytest.approx(fine.nadir_hz, abs=0.05)
    assert rough.battery_peak_w == pytest.approx(fine.battery_peak_w, rel=0.1)


@pytest.mark.parametrize(
    ("old", "new", "needle"),
    [
        ("kind: gast", "kind: gats", "did you mean 'gast'"),
        ("kind: gast", "kind: gast, T9: 3", "no setting T9"),
        ("kind: gast", "kind: gast, T1: 0", "T1 must be above 0"),
        ("kind: gast", "kind: gast, T1: fast", "needs a plain number"),
        ("rating: 25 MW", "rating: 25", "needs a unit"),
        ("rating: 25 MW", "rating: 30 MW", "above the alternator's apparent power"),
        ("split: 10 s", "splt: 10 s", "did you mean 'split'"),
        ("up: 60 MW/min, down: 60 MW/min", "window: 1 s", "needs at least one of up and down"),
        ("kind: ramp", "kind: rampp", "did you mean 'ramp'"),
        ("low: 900 W", "low: 1300 W", "`low` must not be above `high`"),
        ("title: small", "title: big", "given twice"),
        ("run:", "events: [{at: 3 s, kind: open-intake}]\nrun:", "needs a `grid`"),
        ("energy: 10 MWh", "energy: -1 MWh", "must not be negative"),
        ("inertia: 2 s", "inertia: 0 s", "must lie between"),
        ("duration: 40 s", "duration: 40 s, level: fine", "must be one of"),
    ],
)
def test_mistakes_are_placed(tmp_path: Path, old: str, new: str, needle: str) -> None:
    assert old in CASE
    with pytest.raises(CampusFileError, match=r"case.yaml:\d+:\d+") as error:
        bench(tmp_path, CASE.replace(old, new, 1))
    assert needle in str(error.value)


def test_two_hundred_mutations_never_trace_back(tmp_path: Path) -> None:
    seen = set()
    for seed in range(200):
        text = mutate(CASE, random.Random(seed)).replace("duration: 40 s", "duration: 2 s")
        try:
            one = bench(tmp_path, text)
            if one.duration_s <= 60.0 and (one.step_s or 1.0) >= 0.001:
                one.run(figures=False)
            seen.add("ran")
        except GigasiteError as error:
            assert str(error)
            seen.add("refused")
    assert seen == {"ran", "refused"}


def test_losing_a_unit_costs_its_inertia_and_power(tmp_path: Path) -> None:
    calm = CASE.replace("kind: job, gpus: 30000, high: 1200 W, low: 900 W, idle: 400 W, period: 2 s, checkpoint_every: 20 s, checkpoint: 2 s", "kind: steps, before: 36 MW, at: [39 s], power: [36 MW]").replace("load-follower, split: 10 s", "none")  # fmt: skip
    before = bench(tmp_path, calm).run(figures=False)
    assert np.ptp(before.frequency_hz) < 1e-6
    lost = bench(
        tmp_path, calm.replace("run:", "events: [{at: 10.0013 s, kind: trip-machines, where: big}]\nrun:")
    ).run(figures=False)
    at = round(10.0013 / 0.002)
    assert np.ptp(lost.frequency_hz[: at - 1]) < 1e-6
    slope = (lost.frequency_hz[at + 12] - lost.frequency_hz[at + 2]) / 0.02
    # one of 75 + 20 MW by rating of 36 MW; stored energy left 2 x 2 x 25 + 2 x 1.2 x 12.5 MJ
    share = 36e6 * 25 / 95
    assert slope == pytest.approx(-share * 60 / (2 * (2 * 2 * 25e6 + 2 * 1.2 * 12.5e6)), rel=0.15)
    assert lost.frequency_hz[-1] < 59.9


def test_the_intake_opens_and_the_island_lives_on(tmp_path: Path) -> None:
    text = CASE.replace("battery:", "grid: {capacity: 40 MW, inertia: 5 s}\nbattery:").replace(
        "run:", "events: [{at: 10 s, kind: open-intake}, {at: 25 s, kind: close-intake}]\nrun:"
    )
    swing = bench(tmp_path, text).run(figures=False)
    apart = swing.grid_w[round(10.01 / 0.002) : round(24.99 / 0.002)]
    assert not np.any(apart)
    assert np.any(swing.grid_w[:4000])
    assert np.any(swing.grid_w[13_000:])
    assert not swing.stopped


def test_overload_collapses_and_says_so(tmp_path: Path) -> None:
    text = CASE.replace("kind: job, gpus: 30000, high: 1200 W, low: 900 W, idle: 400 W, period: 2 s, checkpoint_every: 20 s, checkpoint: 2 s", "kind: steps, before: 30 MW, at: [2 s], power: [300 MW]")  # fmt: skip
    swing = bench(tmp_path, text).run(figures=False)
    assert swing.stopped
    assert any("the plant collapses" in f.what for f in swing.findings)
    assert np.isfinite(swing.frequency_hz).all()


def test_a_sweep_is_the_same_on_any_number_of_workers(tmp_path: Path) -> None:
    bench(tmp_path)
    tasks = tasks_of(
        tmp_path / "case.yaml",
        {"run.level": ["aggregate"], "run.duration": ["5 s"], "battery.rating": ["5 MW", "20 MW"]},
        2,
    )
    one, two = sweep(tasks), sweep(tasks, Engine(workers=2))
    assert one.equals(two)
    assert one.height == 4
    assert one["battery.rating"].to_list() == ["5 MW", "5 MW", "20 MW", "20 MW"]
    assert one["seed"].to_list() == [1, 2, 1, 2]
    with pytest.raises(CampusFileError, match="no entry"):
        sweep(tasks_of(tmp_path / "case.yaml", {"nowhere[0].rating": ["5 MW"]}, 1))


def test_sizing_of_a_small_island(tmp_path: Path) -> None:
    one = bench(tmp_path, CASE.replace("duration: 40 s", "duration: 40 s, level: aggregate"))
    made = size(one, ("ramp-limit", "look-ahead", "load-follower"))
    assert made.bound is not None
    assert made.closed is not None
    rows = {(r.kind, r.ends): r for r in made.rows}
    assert set(rows) == {("ramp-limit", "free"), ("look-ahead", "free"), ("look-ahead", "closed"), ("load-follower", "free")}  # fmt: skip
    for row in rows.values():
        assert row.power_ratio is not None
        assert row.power_ratio >= 0.97  # the bound is without latency, hence below all
    assert rows["look-ahead", "free"].power_w < rows["ramp-limit", "free"].power_w


def test_a_capacity_below_the_mean_is_named(tmp_path: Path) -> None:
    text = CASE.replace("battery:", "grid: {capacity: 3 MW}\nbattery:").replace("count: 3, rating", "count: 1, rating").replace("count: 2, rating", "count: 1, rating")  # fmt: skip
    with pytest.raises(InfeasibleError, match="no battery holds the source's capacity"):
        size(bench(tmp_path, text.replace("gpus: 30000", "gpus: 60000").replace("40 s}", "40 s, level: aggregate}")), ("ramp-limit",))  # fmt: skip


@pytest.mark.parametrize("name", ["memphis", "next", "lab"])
def test_the_case_of_a_reference_campus_reads_back(tmp_path: Path, campuses: Path, name: str) -> None:
    campus = load_campus(campuses / f"{name}.yaml")
    made = bench(tmp_path, case_of(campus, design(campus)))
    assert made.load.gpus == campus.compute.gpus
    assert made.controller.kind == campus.power.controller.kind
