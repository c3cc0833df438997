"""Speed of the swing bench in simulated seconds per CPU second, and its ratio to ANDES on one case in one run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gigasite._core.engine import Engine
from gigasite.power import BatteryPlant, Machines, Plant, aggregate, network, simulate
from gigasite.power.andes_export import andes_export
from gigasite.power.case import read_bench
from gigasite.power.controller import controllers
from gigasite.power.drive import Drive
from gigasite.power.sweep import sweep, tasks_of
from gigasite.training.loads.job import Job
from gigasite.training.loads.square import Square

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


def island(groups: int, count: int, battery: BatteryPlant | None) -> Plant:
    machines = tuple(
        Machines(
            title=f"unit {i + 1}",
            count=count,
            rating_w=25e6,
            apparent_w=25e6,
            governor="gast",
            settings={},
            inertia_s=2.0,
            transformer_x_pu=0.0667,
            transformer_r_pu=0.00417,
        )
        for i in range(groups)
    )
    return Plant(frequency_hz=60.0, machines=machines, grid=None, battery=battery)


BATTERY = BatteryPlant(
    rating_w=50e6, energy_j=3.6e11, efficiency_frac=0.96, response_s=0.02, latency_s=0.02, soc_frac=0.5
)


@pytest.mark.parametrize("name", ["none", "droop", "ramp-limit"])
def test_aggregate(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    plant, load, length_s = island(1, 8, BATTERY), Square(swing_w=6e6).trace(10_000.0, 1, Path()), 10_000.0
    controller = controllers[name]()
    simulate(plant, load, controller, level="aggregate", stop_s=5.0, figures=False)
    drive = Drive(plant=plant, load_w=load.means(0.0, 0.005, 2_000_000), dt_s=0.005, start_s=0.0)
    begin = time.process_time()
    aggregate.run(drive, controller)
    middle = time.process_time()
    simulate(plant, load, controller, level="aggregate", figures=False)
    end = time.process_time()
    with capsys.disabled():
        print(
            f"\naggregate, {name}, 5 ms: {length_s / (middle - begin):,.0f} x real time (budget 50,000); with load, figures and findings {length_s / (end - middle):,.0f} x"
        )
    assert end > begin


def test_network(capsys: pytest.CaptureFixture[str]) -> None:
    load = Square(swing_w=20e6).trace(600.0, 1, Path())
    lines = []
    forming = replace(BATTERY, inverter="regfm-a1")
    for text, plant, name in (
        ("8 machines with exciters and governors", island(8, 1, None), "none"),
        ("the same and a grid-forming battery", island(8, 1, forming), "droop"),
        ("8 equal machines as one group", island(1, 8, None), "none"),
    ):
        simulate(plant, load, controllers[name](), stop_s=2.0, figures=False)
        drive = Drive(plant=plant, load_w=load.means(0.0, 0.002, 300_000), dt_s=0.002, start_s=0.0)
        begin = time.process_time()
        network.run(drive, controllers[name]())
        lines.append(f"network, {text}, 2 ms: {600 / (time.process_time() - begin):,.0f} x real time (budget 1,000)")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert lines


def test_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    begin = time.perf_counter()
    job = Job(high_w=1300.0, low_w=900.0, period_s=3.0, checkpoint_every_s=1200.0).trace(86_400.0, 1, Path())
    made = simulate(
        island(1, 8, BATTERY), job, controllers["ramp-limit"](), level="aggregate", dt_s=0.01, figures=False
    )
    with capsys.disabled():
        print(f"\n24 h of 100,000 GPUs at 10 ms: {time.perf_counter() - begin:.1f} s wall with its load (budget 10)")
    assert len(made.load_w) == 8_640_000


CASE = """
case: bench
machines:
  - {title: a, count: 8, rating: 25 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
battery: {rating: 50 MW, energy: 50 MWh}
load: {kind: job, gpus: 100000, high: 1300 W, low: 900 W}
controller: {kind: droop}
limits: [{kind: iso8528-g2}]
run: {duration: 600 s, level: aggregate}
"""


def test_a_thousand_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    tasks = tasks_of(tmp_path / "case.yaml", {"battery.rating": ["10 MW", "20 MW", "40 MW", "60 MW"]}, 250)
    cores, lines = len(os.sched_getaffinity(0)), []
    for workers in (1, cores):
        begin = time.perf_counter()
        table = sweep(tasks, Engine(workers=workers))
        lines.append(f"{table.height} runs of 600 s on {workers} of {cores} cores: {time.perf_counter() - begin:.1f} s")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert lines


def test_ratio_to_andes(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Like for like as far as it goes: the same machines, exciters, governors and steps of the load."""
    python = Path(os.environ.get("GIGASITE_ANDES_PYTHON", root / ".venv-peer" / "bin" / "python"))
    if not python.exists():
        pytest.skip("ANDES is not installed: make peers")
    text = CASE.replace("battery: {rating: 50 MW, energy: 50 MWh}\n", "").replace("kind: droop", "kind: none")
    text = text.replace("{kind: job, gpus: 100000, high: 1300 W, low: 900 W}", "{kind: square, swing: 20 MW}")
    (tmp_path / "case.yaml").write_text(text.replace("600 s, level: aggregate", "20 s"), encoding="utf-8")
    bench = read_bench(tmp_path / "case.yaml")
    made = andes_export(bench, "andes.json")
    (tmp_path / "andes.json").write_text(made.case, encoding="utf-8")
    # its usual step; the script's own is finer
    (tmp_path / "andes.py").write_text(made.script.replace("STEP_S = 0.005", "STEP_S = 0.01"), encoding="utf-8")
    env = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(
        [python, tmp_path / "andes.py"], check=True, capture_output=True, text=True, env=env, timeout=600
    )
    theirs = float(re.findall(r" in ([0-9.]+) s CPU", done.stdout)[0])
    units = replace(bench, plant=island(8, 1, None))
    units.run(figures=False)
    begin = time.process_time()
    units.run(figures=False)
    ours = time.process_time() - begin
    begin = time.process_time()
    replace(units, level="aggregate").run(figures=False)
    rough = time.process_time() - begin
    with capsys.disabled():
        print(
            f"\n20 s of a 1-Hz square, 8 machines: ANDES {theirs:.2f} s CPU (10 ms), network {ours:.4f} s (2 ms) = {theirs / ours:,.0f} x, aggregate {rough:.4f} s (5 ms) = {theirs / rough:,.0f} x"
        )
    assert json.loads((tmp_path / "andes.json").read_text())["GENROU"]
