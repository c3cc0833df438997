"""A whole campus file to the report, through the command line."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gigasite._core.errors import CampusFileError, GigasiteError
from gigasite.campus import load, loads, reference
from gigasite.campus.sites import load_sites
from gigasite.decide import lease_or_build, rank_sites
from gigasite.plan import Plan, plan
from gigasite.plan.names import known, settings
from gigasite.schedule import build
from gigasite.show.explain import RESULTS, explain
from gigasite.show.result import dumps, plan_json

sys.path.insert(0, str(Path(__file__).parents[1]))
from command import gigasite as run  # modules beside the tests
from mutate import mutate

GIGASITE = [sys.executable, "-m", "gigasite.show.cli"]
WANTED = {
    "campus",
    "gpus",
    "racks",
    "cables",
    "peak_w",
    "first_step_day",
    "full_size_day",
    "conventional_first_step_day",
    "ramp_up",
    "cost_usd",
    "findings",
    "seconds",
}


@pytest.fixture(scope="module")
def lab() -> Plan:
    return plan(load(reference("lab"), known()))


def test_the_lab_campus_prints_one_json_object_and_writes_a_folder(lab_folder: Path) -> None:
    result = json.loads((lab_folder / "said.json").read_text())
    assert set(result) >= WANTED
    assert result == json.loads((lab_folder / "out" / "plan.json").read_text()) | {"seconds": result["seconds"]}
    assert {p.name for p in (lab_folder / "out").iterdir()} >= {
        "report.html",
        "bom.csv",
        "cables.csv",
        "cables.parquet",
        "activities.csv",
    }
    assert result["first_step_day"]["p10"] <= result["first_step_day"]["p50"] <= result["first_step_day"]["p90"]
    assert result["ramp_up"][-1] == {"day": result["ramp_up"][-1]["day"], "gpus": 512, "held_by": "nothing"}
    assert all(isinstance(v, float) for v in result["seconds"].values())


def test_the_report_is_one_file_without_outside_addresses(lab_folder: Path) -> None:
    page = (lab_folder / "out" / "report.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    for chapter in (
        "answer",
        "findings",
        "rampup",
        "schedule",
        "halls",
        "network",
        "power",
        "cool",
        "money",
        "origins",
    ):
        assert f'id="{chapter}"' in page
    assert "First training step: day" in page


def test_memphis_with_measured_load_real_weather_and_real_capture(shared: Path, tmp_path: Path, campuses: Path) -> None:
    done = run(
        "plan",
        campuses / "memphis.yaml",
        "--out",
        tmp_path,
        "--json",
        "--load",
        shared / "power" / "h100_traces" / "ckpt50.csv.gz",
        "--weather",
        shared / "weather" / "USA_TN_Memphis.Intl.AP.723340_TMY3.epw",
        "--observed",
        shared / "cabling" / "lldpd-lab-8" / "json0",
        "--observed-plan",
        shared / "cabling" / "lldpd-lab-8" / "plan.csv",
    )
    result = json.loads(done.stdout)
    assert done.returncode == 1  # limits are broken, and eight ports are wrong
    assert (result["gpus"], result["racks"]) == (100_000, 1563)
    assert result["training"]["source"].startswith("ckpt50")
    assert result["cooling"]["synthetic_weather"] is False
    assert len(result["observed"]["mismatches"]) == 8
    # the law of the story: rentals, stock and friends beat new orders by most of a year
    assert result["conventional_first_step_day"]["p50"] > result["first_step_day"]["p50"] + 200
    assert result["gpu_fabric_cables"] >= 300_000


def test_the_same_campus_and_seed_give_the_same_bytes(lab: Plan) -> None:
    for workers in (1, 2):
        again = plan_json(plan(lab.campus, workers=workers))
        assert dumps({k: v for k, v in again.items() if k != "seconds"}) == dumps(
            {k: v for k, v in plan_json(lab).items() if k != "seconds"}
        )


def test_gpus_of_a_day_never_fall_and_something_holds_back_until_all_run(lab: Plan) -> None:
    gpus = [s.gpus for s in lab.ramp_up]
    assert gpus == sorted(gpus)
    assert [s.day for s in lab.ramp_up] == sorted({s.day for s in lab.ramp_up})
    assert all((s.held_by == "nothing") == (s.gpus == lab.campus.compute.gpus) for s in lab.ramp_up)
    day = lab.schedule.full_size.likely
    assert next(s.day for s in lab.ramp_up if s.gpus == 512) <= math.ceil(day)


def test_every_key_of_the_result_can_be_explained(lab: Plan) -> None:
    assert set(plan_json(lab)) == set(RESULTS)
    for key in RESULTS:
        answer = explain(lab.campus, key)
        assert answer.where
        assert len(answer.inputs) == len(RESULTS[key][1])


def test_explain_points_at_the_line_and_at_the_source(campuses: Path) -> None:
    line = run("explain", campuses / "memphis.yaml", "power.grid[1].capacity").stdout
    assert "5e+07" in line
    assert "memphis.yaml:" in line
    source = run("explain", campuses / "memphis.yaml", "catalogue.servers.hgx-h100-lc4u.typical").stdout
    assert "published" in source
    assert "2412.08602" in source
    assert "h100-sxm" in run("explain", campuses / "memphis.yaml", "catalogue.gpus").stdout
    for bad in ("compute.gpu", "", "catalogue.x.y.z", "power.grid[9].day"):
        assert run("explain", campuses / "memphis.yaml", bad).returncode == 2


def test_a_day_of_delay_costs_what_the_facts_say() -> None:
    """100,000 GPUs x 24 h x 2.35 USD x 0.9 goodput = 5.076 M USD; 4.5 bn USD x 10 % / 365 = 1.233 M USD a day."""
    campus = load(reference("memphis"))
    made = plan(dataclasses.replace(campus, schedule=dataclasses.replace(campus.schedule, samples=20)))
    decision = lease_or_build(dataclasses.replace(made, cost=dataclasses.replace(made.cost, likely_usd=4.5e9)))
    assert decision.cost_of_delay_usd_per_day == pytest.approx(5.076e6)
    assert decision.idle_capital_usd_per_day == pytest.approx(1.2329e6, rel=1e-3)
    by_name = {o.name: o for o in decision.options}
    assert by_name["build"].npv_usd[1] > by_name["conventional build"].npv_usd[1]
    assert sum(o.best_frac for o in decision.options) == pytest.approx(1.0)


def test_sites_that_fail_say_by_how_much_and_come_last(campuses: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        build, "find_drivers", lambda _case, _likely: ()
    )  # half of the time; the ranking has no tornado
    base, sites = load_sites(campuses / "sites.yaml")
    quick = dataclasses.replace(base, schedule=dataclasses.replace(base.schedule, samples=10))
    ranked = rank_sites(quick, sites)
    assert len(ranked) == len(sites)
    passed = [not r.stopped_by for r in ranked]
    assert passed == sorted(passed, reverse=True)
    assert 0 < sum(passed) < len(sites)
    stopped = " ".join(s for r in ranked for s in r.stopped_by)
    assert "flood zone" in stopped
    days = [r.first_step_day[1] for r in ranked if not r.stopped_by]
    assert days == sorted(days)


@pytest.mark.parametrize("verb", ["design", "training", "power", "cooling", "cables", "schedule", "decide", "check"])
def test_every_chapter_speaks_json_and_text(campuses: Path, verb: str) -> None:
    data = json.loads(run(verb, campuses / "lab.yaml", "--json").stdout)
    assert data
    text = run(verb, campuses / "lab.yaml")
    assert text.returncode == 0, text.stderr
    assert len(text.stdout) > 20
    assert "\x1b" not in text.stdout


def test_fabric_presets_fix_their_settings_and_refuse_others() -> None:
    data = json.loads(run("fabric", "superpod-b200", "--nodes", 512, "--json").stdout)
    assert (data["leaf"], data["spine"], data["core"], data["node_leaf_cables"]) == (128, 128, 64, 4096)
    same = json.loads(
        run(
            "fabric",
            "fat-tree",
            "--nodes",
            512,
            "--radix",
            64,
            "--nics",
            8,
            "--nodes-per-unit",
            32,
            "--planes",
            1,
            "--json",
        ).stdout
    )
    other = {"kind", "limits"}  # a fat tree may be one switch, rails cannot meet in one
    assert {k: v for k, v in same.items() if k not in other} == {k: v for k, v in data.items() if k not in other}
    for bad in (
        ["superpod-b200", "--nodes", 512, "--radix", 32],
        ["superpod-b2", "--nodes", 1],
        ["fat-tree", "--nodes", 0],
        ["fat-tree", "--nodes", 10**7],
    ):
        done = run("fabric", *bad)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_new_check_and_schema(tmp_path: Path) -> None:
    place = tmp_path / "mine.yaml"
    assert run("new", place, "--from", "lab").returncode == 0
    assert run("check", place).returncode == 0
    assert run("new", place).returncode == 2  # never overwrites
    assert json.loads(run("schema").stdout)["properties"]["compute"]
    place.write_text(place.read_text().replace("gpus: 512", "gpus: many"))
    done = run("check", place)
    assert done.returncode == 2
    assert f"{place}:" in done.stderr
    assert json.loads(run("check", place, "--json").stdout)["problems"][0]["key"] == "compute.gpus"


@pytest.mark.parametrize(
    ("option", "content", "needle"),
    [
        ("--load", b"", "is empty"),
        ("--load", b"\x00\xff\xfe", "binary file"),
        ("--load", b"t_s,power\n0,1\n", "unit"),
        ("--weather", b"LOCATION,x\n", "hours"),
        ("--observed-plan", b"a,b\n", "needs the columns"),
    ],
)
def test_broken_inputs_are_messages_with_exit_code_2(
    tmp_path: Path, campuses: Path, root: Path, option: str, content: bytes, needle: str
) -> None:
    place = tmp_path / "bad.csv"
    place.write_bytes(content)
    more = ["--observed", root / "src/gigasite/cabling/demo"] if option == "--observed-plan" else []
    done = run("plan", campuses / "lab.yaml", option, place, *more, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "bad.csv" in done.stderr
    assert needle in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, campuses: Path) -> None:
    # 300,000 cables: all verbs write their folders alike, this one begins soonest and writes for most of a second
    process = subprocess.Popen(
        [*GIGASITE, "cables", str(campuses / "memphis.yaml"), "--out", str(tmp_path / "out")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # interrupt while it writes: the folder beside the output is there, the output is not
    while not any(tmp_path.iterdir()) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, gigasite.show.cli; print([m for m in ('polars', 'numba', 'scipy', 'numpy', 'fastapi', 'pydantic', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def judge(text: str, *, whole: bool) -> str:
    """Run a mutated campus as far as it goes; anything but a mistake of the file or an error of ours is a bug."""
    try:
        campus = loads(text, "mutated.yaml", known(), settings())
    except CampusFileError as error:
        assert error.problems
        return "refused"
    if campus.compute.gpus > 20_000 or campus.schedule.samples > 200:
        return "large"
    if not whole:
        return "read"
    try:
        dumps(plan_json(plan(campus)))
    except GigasiteError as error:
        assert str(error)
        return "infeasible"
    return "planned"


DRIVEN = 5
"""Every so many mutated campuses get the tornado too: two hundred schedules each, half of a plan's time."""


def fuzz(first: int, last: int, whole: int) -> None:
    """Read every mutated campus, and plan one in `whole`: a plan takes half a second, a file 2 ms."""
    text = reference("lab").read_text().replace("samples: 100", "samples: 10")
    seen = set()
    for seed in range(first, last):
        with pytest.MonkeyPatch.context() as patch:
            if seed % DRIVEN:
                patch.setattr(build, "find_drivers", lambda _case, _likely: ())
            seen.add(judge(mutate(text, random.Random(seed)), whole=seed % whole == 0))
    assert {"refused", "planned"} <= seen


@pytest.mark.parametrize("first", [0, 1000])
def test_two_thousand_mutations_of_a_campus_file(first: int) -> None:
    fuzz(first, first + 1000, 6)


@pytest.mark.long  # three hours: every one of them is planned
@pytest.mark.timeout(20_000)
def test_a_hundred_thousand_mutations_of_a_campus_file() -> None:
    fuzz(0, 102_000, 1)


def test_a_folder_that_cannot_be_written_is_a_message(tmp_path: Path, campuses: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("plan", campuses / "lab.yaml", "--out", tmp_path / "file")
    assert done.returncode == 2
    assert "is a file" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
