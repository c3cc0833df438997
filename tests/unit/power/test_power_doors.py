"""The doors of the swing bench: what is refused and where, what a run that ends early says, sweeps and their exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from gigasite._core.errors import CampusFileError, InfeasibleError
from gigasite.power.case import read_bench
from gigasite.power.sweep import axis_of, level_for, sweep, tasks_of
from gigasite.power.types import Event
from gigasite.show.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.power.case import Bench

CASE = """\
case: doors
machines:
  - {title: a, count: 8, rating: 25 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
grid: {capacity: 50 MW}
battery: {rating: 40 MW, energy: 20 MWh}
load: {kind: steps, before: 100 MW, at: [1 s], power: [110 MW]}
controller: {kind: ramp-limit}
run: {duration: 3 s}
"""
ISLAND = CASE.replace("grid: {capacity: 50 MW}\n", "")
ALONE = """\
case: alone
battery: {rating: 70 MW, energy: 100 MWh, inverter: {kind: regfm-a1}}
load: {kind: steps, before: 60 MW, at: [2 s], power: [50 MW]}
run: {duration: 6 s}
"""


def bench(folder: Path, text: str, **more: Any) -> Bench:
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return read_bench(path, **more)


def refused(folder: Path, text: str, **more: Any) -> str:
    with pytest.raises(CampusFileError, match=r"case\.yaml:\d+:\d+: ") as error:
        bench(folder, text, **more)
    return str(error.value)


def verb(folder: Path, text: str, *args: str) -> Any:
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return CliRunner().invoke(app, ["power", args[0], str(path), *args[1:]])


@pytest.mark.parametrize(
    ("events", "base", "needle"),
    [
        ("{at: -1 s, kind: open-intake}", CASE, "events[0].at: must not be negative"),
        ("{at: 3 s, kind: open-intake}", CASE, "events[0].at: 3 s is not before the run's end (3 s)"),
        ("{at: 1 s, kind: close-intake}", CASE, "events[0].kind: the intake is closed at 1 s"),
        ("{at: 1 s, kind: close-intake}, {at: 1 s, kind: open-intake}", CASE, "events[0].kind: the intake is closed"),
        ("{at: 2 s, kind: open-intake}, {at: 1 s, kind: open-intake}", CASE, "events[0].kind: the intake is open at 2"),
        ("{at: 1 s, kind: open-intake, where: a}", CASE, "events[0].where: is for trip-machines only"),
        ("{at: 1 s, kind: open-intake, count: 2}", CASE, "events[0].count: is for trip-machines only"),
        ("{at: 1 s, kind: open-intake}", ISLAND, "events[0].kind: needs a `grid`"),
        (
            "{at: 1 s, kind: trip-machines, count: 9}",
            CASE,
            "events[0].count: trips 9 units of 'a' at 1 s, of which only 8",
        ),
        ("{at: 1 s, kind: trip-machines, count: 6}, {at: 2 s, kind: trip-machines, count: 3}", CASE, "only 2 run"),
        ("{at: 1 s, kind: trip-machines, where: z}", CASE, "no group of machines is called 'z'"),
        ("{at: 1 s, kind: trip-battery}, {at: 2 s, kind: trip-battery}", CASE, "has tripped before"),
        ("{at: 1 s, kind: trip-battery}", CASE.replace("battery: {rating: 40 MW, energy: 20 MWh}\n", ""), "`battery`"),
        ("{at: 1 s, kind: trip-machines}", ALONE, "events[0].kind: needs `machines`"),
    ],
)
def test_events_that_cannot_happen_are_mistakes_of_the_case(
    tmp_path: Path, events: str, base: str, needle: str
) -> None:
    assert needle in refused(tmp_path, base + f"events: [{events}]\n")


def test_with_several_groups_a_trip_says_which(tmp_path: Path) -> None:
    two = ISLAND.replace("battery:", "  - {title: b, count: 1, rating: 9 MW, apparent: 9 MVA, inertia: 2 s, governor: {kind: gast}}\nbattery:")  # fmt: skip
    assert "say which machines trip, of a, b" in refused(tmp_path, two + "events: [{at: 1 s, kind: trip-machines}]\n")


def test_at_equal_times_the_order_of_the_file_decides(tmp_path: Path) -> None:
    both = "events: [{at: 1 s, kind: open-intake}, {at: 1 s, kind: close-intake}]\n"
    swing = bench(tmp_path, CASE + both).run(figures=False)
    assert swing.grid_w[-1] != 0.0  # it closed last


def test_the_same_holds_for_events_given_in_code(tmp_path: Path) -> None:
    from dataclasses import replace

    one = replace(bench(tmp_path, CASE), events=(Event(time_s=1.0, kind="close-intake"),))
    with pytest.raises(InfeasibleError, match="event 1: kind: the intake is closed"):
        one.run(figures=False)


def test_an_event_behind_a_short_recording_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "t.csv"
    trace.write_text("t_s,p_mw\n0,100\n0.5,100\n1.0,100\n1.5,100\n")
    text = CASE + "events: [{at: 2 s, kind: open-intake}]\n"
    assert "2 s is not before the run's end (1.5 s)" in refused(tmp_path, text, trace=trace)


@pytest.mark.parametrize("kind", ["regfm-a1", "regfm-b1", "regf1"])
def test_a_battery_alone_rests_and_takes_a_step(tmp_path: Path, kind: str) -> None:
    step = ", step: 0.5 ms" if kind == "regf1" else ""
    text = ALONE.replace("regfm-a1", kind).replace("duration: 6 s", f"duration: 6 s{step}")
    swing = bench(tmp_path, text).run()
    first = round(1.9 / swing.dt_s)
    assert np.ptp(swing.frequency_hz[:first]) < 1e-6
    assert swing.frequency_hz[-1] > 60.0  # 10 MW less
    assert swing.battery_w[-1] == pytest.approx(50e6, rel=1e-3)
    assert not swing.stopped


@pytest.mark.parametrize("controller", ["droop", "virtual-machine"])
def test_a_battery_alone_may_be_formed_by_its_controller(tmp_path: Path, controller: str) -> None:
    text = ALONE.replace(", inverter: {kind: regfm-a1}", "") + f"controller: {{kind: {controller}}}\n"
    swing = bench(tmp_path, text).run(figures=False)
    assert swing.battery_w[-1] == pytest.approx(50e6, rel=1e-3)
    assert 60.0 < swing.frequency_hz[-1] < 60.5


def test_a_battery_alone_that_follows_is_refused(tmp_path: Path) -> None:
    follows = ALONE.replace("regfm-a1", "grid-following")
    assert "carries the load alone, so it must form the grid" in refused(tmp_path, follows)
    assert "needs the network level" in refused(tmp_path, ALONE, level="aggregate")


def test_every_verb_takes_a_battery_alone(tmp_path: Path) -> None:
    assert json.loads(verb(tmp_path, ALONE, "run", "--json").stdout)["stopped_s"] is None
    assert verb(tmp_path, ALONE, "sweep", "--json", "--workers", "1").exit_code == 0
    assert "needs the network level" in str(verb(tmp_path, ALONE, "size").exception)


@pytest.mark.parametrize("level", ["network", "aggregate"])
def test_a_plant_without_load_runs(tmp_path: Path, level: str) -> None:
    text = ISLAND.replace("100 MW", "0 MW").replace("[110 MW]", "[0 MW]").replace("3 s}", f"3 s, level: {level}}}")
    swing = bench(tmp_path, text.replace("kind: ramp-limit", "kind: none")).run()
    assert np.ptp(swing.frequency_hz) < 1e-6
    assert not any("minimum load" in f.what for f in swing.findings)


def test_gensets_that_are_driven_are_found(tmp_path: Path) -> None:
    text = ISLAND.replace("energy: 20 MWh", "energy: 20 MWh, power: 20 MW").replace("kind: ramp-limit", "kind: none")
    text = text.replace("100 MW", "21 MW").replace("110 MW", "2 MW").replace("kind: gast", "kind: gast, VMIN: -0.5")
    swing = bench(tmp_path, text.replace("3 s}", "200 s, level: aggregate}")).run(figures=False)
    assert any("driven as motors" in f.what for f in swing.findings)


def test_figures_of_a_collapse_are_those_up_to_it(tmp_path: Path) -> None:
    text = ISLAND + "events: [{at: 2 s, kind: trip-machines, count: 8}]\n"
    done = verb(tmp_path, text, "run", "--json")
    assert done.exit_code == 1
    made = json.loads(done.stdout)
    assert made["stopped_s"] == pytest.approx(2.0, abs=0.01)
    flat = [made["nadir_hz"], *made["battery"].values(), *made["voltage_pu"].values(), *made["figures"].values()]
    assert None not in flat
    assert made["battery"]["loss_j"] > 0.0
    plain = verb(tmp_path, text, "run").stdout
    assert "stopped" in plain
    assert "nan" not in plain
    assert np.isfinite(bench(tmp_path, text).run().soc_frac).all()


def test_lost_at_once_is_an_error_not_a_figure(tmp_path: Path) -> None:
    text = ISLAND + "events: [{at: 0 s, kind: trip-machines, count: 8}]\n"
    with pytest.raises(InfeasibleError, match="the plant is lost at once"):
        bench(tmp_path, text).run()


@pytest.mark.parametrize(
    ("old", "new", "needle"),
    [
        ("energy: 20 MWh", "energy: 20 MWh, apparent: 1 kVA", "battery.apparent: is below the rating (40 MW)"),
        ("energy: 20 MWh", "energy: 20 MWh, power: -41 MW", "battery.power: is above the battery's rating"),
        ("energy: 20 MWh", "energy: 20 MWh, power: 40 MW, reactive: 30 Mvar", "battery.reactive: with `power`"),
        ("inertia: 2 s", "inertia: 2 s, generator: {S10: 0.5, S12: 0.1}", "machines[0].generator: needs 0 <= S10 <="),
        ("inertia: 2 s", "inertia: 2 s, generator: {xd: 0.1}", "machines[0].generator: xd1 (0.25) must be below xd"),
        ("inertia: 2 s", "inertia: 2 s, generator: {foo: 0.1}", "machines[0].generator: no setting foo"),
        ("inertia: 2 s", "inertia: 2 s, exciter: {K: 0}", "machines[0].exciter: K must be above 0"),
        ("inertia: 2 s", "inertia: 2 s, exciter: {EMIN: 6}", "machines[0].exciter: EMIN (6) must be below EMAX (5)"),
        ("inertia: 2 s", "inertia: 2 s, power: 100 MW", "machines[0].power: all machines have a set power"),
        ("inertia: 2 s", "inertia: 2 s, power: 300 MW", "machines[0].power: is above the rating of all 8 units"),
        ("duration: 3 s", "duration: 1e7 s", "run.duration: 2,778 h are 5,000,000,000 steps of 2 ms"),
        ("duration: 3 s", "duration: 2 ms", "run.duration: 0.002 s is less than 2 steps"),
        ("before: 100 MW", "before: 1000 MW", "load: the running gensets (200 MW) do not carry the first load"),
        ("[110 MW]", "[1e300 MW]", "load.power: must not be above 100,000 MW, found 1e+300 MW"),
        ("energy: 20 MWh", "energy: 20 MW", "'20 MW' is a power, not an energy; write an energy such as"),
        ("rating: 25 MW", "rating: 1e300 MW", "found 1e+300 MW"),
    ],
)
def test_every_mistake_has_its_line_and_remedy(tmp_path: Path, old: str, new: str, needle: str) -> None:
    assert old in ISLAND
    said = refused(tmp_path, ISLAND.replace(old, new, 1))
    assert needle in said
    assert max(map(len, said.splitlines())) < 320


def test_a_limit_by_a_wrong_name_is_one_limit(tmp_path: Path) -> None:
    assert "no limit is called 'rampp'" in refused(tmp_path, CASE + "limits: [{kind: rampp}]\n")


def test_events_choose_the_level_of_a_sweep(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(ISLAND + "events: [{at: 2 s, kind: trip-battery}]\n")
    assert level_for(path) == ("network", "the case has events, which need it")
    done = verb(tmp_path, path.read_text(), "sweep", "--workers", "1")
    assert "network level, because the case has events" in done.stderr
    assert done.exit_code == 0
    sized = verb(tmp_path, path.read_text(), "size")
    assert "--level network" in str(sized.exception)


def test_exit_codes_of_a_sweep(tmp_path: Path) -> None:
    limited = CASE + "limits: [{kind: ramp, up: 1 MW/min}]\n"
    broken = verb(tmp_path, limited, "sweep", "--workers", "1")
    assert broken.exit_code == 1
    failed = verb(tmp_path, ISLAND, "sweep", "--set", "load.before=100 MW,1000 MW", "--workers", "1")
    assert failed.exit_code == 2
    assert "could not be run" in failed.stdout
    assert "do not carry the first load" in " ".join(failed.stdout.split())
    made = json.loads(verb(tmp_path, limited, "sweep", "--workers", "1", "--json").stdout)
    assert (made["runs"], made["failed"], made["with_broken_limit"]) == (1, 0, 1)


def test_seeds_of_a_sweep_start_at_the_case(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(CASE + "seed: 7\n")
    assert [t.seed for t in tasks_of(path, {}, 3)] == [7, 8, 9]
    assert [t.seed for t in tasks_of(path, {"seed": ["3", "5"]}, 1)] == [3, 5]
    with pytest.raises(InfeasibleError, match="not by both"):
        tasks_of(path, {"seed": ["3"]}, 2)
    jobs = CASE.replace(
        "kind: steps, before: 100 MW, at: [1 s], power: [110 MW]", "kind: job, gpus: 90000, jitter: 0.2"
    )
    path.write_text(jobs + "seed: 7\n")
    table = sweep(tasks_of(path, {"run.level": ["aggregate"]}, 1))
    assert table["nadir_hz"][0] == bench(tmp_path, jobs + "seed: 7\n", level="aggregate").run(figures=False).nadir_hz


def test_an_axis_may_be_of_lists(tmp_path: Path) -> None:
    assert axis_of("load.at=[1 s, 2 s], [3 s]") == ("load.at", ["[1 s, 2 s]", "[3 s]"])
    assert axis_of("controller={kind: droop, droop: 2 %},{kind: none}")[1] == [
        "{kind: droop, droop: 2 %}",
        "{kind: none}",
    ]
    for bad in ("load.at", "=1", "a=", "a=1,,2", "a=[1", "a=1]"):
        with pytest.raises(InfeasibleError, match="write KEY=VALUE"):
            axis_of(bad)
    path = tmp_path / "case.yaml"
    path.write_text(CASE)
    axes = {"run.level": ["aggregate"], "load.power[0]": ["90 MW", "110 MW"]}
    table = sweep(tasks_of(path, axes, 1))
    assert table["error"].to_list() == ["", ""]
    axes = {"run.level": ["aggregate"], "load.at": ["[1 s]", "[1 s, 2 s]"]}
    assert "`at` has 2 moments" in sweep(tasks_of(path, axes, 1))["error"][1]


def test_results_make_their_folder(tmp_path: Path) -> None:
    out = tmp_path / "new" / "deeper" / "x.parquet"
    assert verb(tmp_path, ISLAND, "run", "--out", str(out)).exit_code == 0
    assert pl.read_parquet(out).height == 1500
    made = tmp_path / "other" / "y.parquet"
    assert verb(tmp_path, ISLAND, "sweep", "--workers", "1", "--out", str(made)).exit_code == 0
    assert made.exists()
    assert not list(made.parent.glob("*.part"))


def test_parts_are_listed_as_json() -> None:
    made = json.loads(CliRunner().invoke(app, ["power", "parts", "--json"]).stdout)
    assert {"controllers", "limits", "governors", "inverters", "loads", "shapers"} == set(made)
