"""The story: a job of 100,000 GPUs on gensets, first with set points over Modbus alone, then with reprogrammed units."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gigasite._core.finding import Severity
from gigasite.field.battery.lockstep import Rehearsal, rehearse
from gigasite.field.battery.settings import Setup, read_setup
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.power.case import Bench, read_bench

UNITS = 168
TICK_S = 0.01
FLEET = FleetSettings(tick_s=TICK_S, delay_s=(0.02, 0.06), soc_spread_frac=0.1)
# start at 4 s, checkpoint at 44 s, a rank fails at 62 s, stop at 84 s
CASE = f"""case: story
machines:
  - {{title: gensets, count: 60, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {{kind: gast}}}}
battery: {{rating: {UNITS * 1.927} MW, energy: {UNITS * 3.854} MWh, latency: 20 ms, response: 20 ms}}
load:
  kind: job
  gpus: 100000
  high: 1.1 kW
  low: 675 W
  idle: 246 W
  period: 2 s
  begin: 4 s
  start_ramp: 20 s
  checkpoint_first: 40 s
  checkpoint: 6 s
  faults: [62 s]
  restart: 6 s
  stop: 84 s
extra: 14.8 MW
controller: {{kind: droop, droop: 4 %}}
limits: [{{kind: iso8528-g2}}, {{kind: rocof}}]
run: {{duration: 90 s, level: aggregate, step: {TICK_S * 1e3:g} ms}}
"""


def loop_settings(folder: Path, controller: str, *, fast: bool) -> Setup:
    (folder / "meter.csv").write_text(METER_MAP)
    path = folder / "loop.yaml"
    path.write_text(
        f"battery: story\ncycle: 200 ms\nunits: [{{host: 127.0.0.1, port: 15000, count: {UNITS}}}]\n"
        "meter: {host: 127.0.0.1, port: 14999, file: meter.csv}\n"
        f"controller: {controller}\nfast_layer: {str(fast).lower()}\n"
    )
    return read_setup(path)


def broken(findings: Any) -> set[str]:
    return {f.where for f in findings if f.severity == Severity.error}


def bench_in(folder: Path) -> Bench:
    path = folder / "case.yaml"
    path.write_text(CASE)
    return read_bench(path)


def run(setup: Setup, bench: Bench) -> Rehearsal:
    return asyncio.run(rehearse(setup, bench, FLEET))


def test_reprogrammed_units_carry_the_job_as_the_simulation_said(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    alone = replace(
        bench, controller=read_bench(tmp_path / "case.yaml", overrides={"controller": "{kind: none}"}).controller
    )
    without = alone.run(figures=False)
    assert "iso8528-g2" in broken(without.findings)
    said = bench.run(figures=False)
    done = run(loop_settings(tmp_path, "{kind: droop, droop: 4 %}", fast=True), bench)
    assert done.state == "running"
    assert not done.faults
    assert broken(done.swing.findings) <= broken(said.findings)
    assert "iso8528-g2" not in broken(done.swing.findings)
    # the units' droop is a tick and a rounding of its parameters away from the bench's
    assert np.abs(done.swing.frequency_hz - said.frequency_hz)[200:].max() < 0.1
    assert 0.9 < done.swing.battery_peak_w / said.battery_peak_w < 1.1
    assert float(np.ptp(done.soc_frac)) < 0.11


def test_set_points_over_modbus_alone_are_too_late_for_it(tmp_path: Path) -> None:
    done = run(loop_settings(tmp_path, "{kind: load-follower}", fast=False), bench_in(tmp_path))
    assert done.state == "running"
    assert "iso8528-g2" in broken(done.swing.findings)
