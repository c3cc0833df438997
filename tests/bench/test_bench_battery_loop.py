"""Figures of the live loop, and the conditions that they were taken under; emulated units in a process of their own.

Short by default (then the first cycles weigh in the quantiles); `GIGASITE_CYCLES=full make bench` runs 10,000 cycles of
168 units at 10 Hz and 30,000 of 32 units at 50 Hz (about an hour, each with and without SCHED_FIFO), a number that many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gigasite.field.battery.settings import read_setup
from gigasite.field.battery.sign import new_key, sign

pytestmark = pytest.mark.bench
ASKED = os.environ.get("GIGASITE_CYCLES", "")
GIGASITE = [sys.executable, "-m", "gigasite.show.cli", "battery"]


def cycles(short: int, full: int) -> int:
    """Return how many cycles to run."""
    return full if ASKED == "full" else int(ASKED) if ASKED.isdigit() else short


ROWS = [(168, 0.1, cycles(300, 10_000)), (32, 0.02, cycles(1_000, 30_000)), (1, 0.02, cycles(1_000, 30_000))]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("units", "cycle_s", "count"), ROWS, ids=str)
@pytest.mark.parametrize("realtime", [True, False], ids=["fifo", "ordinary"])
def test_cycles_of_a_fleet(tmp_path: Path, units: int, cycle_s: float, count: int, *, realtime: bool) -> None:
    seconds = count * cycle_s
    real = ["--realtime"] if realtime else []
    emulator = subprocess.Popen(
        [*GIGASITE, "emulate", "--units", str(units), "--json", "--for", str(seconds + 120), *real],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert emulator.stdout is not None
        endpoints = json.loads(emulator.stdout.readline())["endpoints"]
        done = loop(tmp_path, endpoints, cycle_s, seconds, realtime=realtime)
    finally:
        emulator.terminate()
        emulator.communicate()
    per = 1e6 * done["cpu_s"] / done["transactions"]
    print(
        f"\n{units} units at {1 / cycle_s:g} Hz, {done['cycles']:,} cycles on {os.cpu_count()} cores beside the emulator, "
        f"{done['realtime'] if realtime else 'SCHED_FIFO not asked for'}: {done['missed']} missed; cycle p50 {1e3 * done['cycle_p50_s']:.1f} p99 "
        f"{1e3 * done['cycle_p99_s']:.1f} ms; late p99 {1e3 * done['late_p99_s']:.2f} p99.9 "
        f"{1e3 * done['late_p999_s']:.2f} ms; {per:.0f} us CPU a transaction, decisions and log included; load "
        f"{os.getloadavg()[0]:.1f}"
    )
    assert done["cycles"] + done["missed"] >= count - 5
    assert not done["absent"]


def loop(folder: Path, endpoints: list[dict[str, Any]], cycle_s: float, seconds: float, *, realtime: bool) -> Any:
    rows = "\n".join(f"  - {{host: 127.0.0.1, port: {e['port']}}}" for e in endpoints)
    path = folder / "loop.yaml"
    path.write_text(
        f"battery: bench\ncycle: {cycle_s * 1e3:g} ms\nunits:\n{rows}\nlog: {{folder: log}}\n"
        f"policies: [{{kind: fixed, power: {0.3 * len(endpoints)} MW}}]\nrealtime: {str(realtime).lower()}\n"
    )
    public = new_key(folder / "key.pem")
    sign(read_setup(path), folder / "key.pem")
    words = ["run", str(path), "--arm", "10 h", "--trusted", str(public), "--for", f"{seconds} s", "--json"]
    ran = subprocess.run([*GIGASITE, *words], capture_output=True, text=True, check=False, timeout=seconds + 120)
    return json.loads(ran.stdout)
