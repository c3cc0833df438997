"""The battery loop as processes: real sockets, real signals, emulated units; what happens when the loop dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import unpack
from typing import Any

import numpy as np
import pytest

from gigasite.field.battery.lockstep import rehearse
from gigasite.field.battery.log import read_log
from gigasite.field.battery.replay import replay
from gigasite.field.battery.settings import read_setup
from gigasite.field.battery.sign import new_key, sign
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.field.modbus.client import Client
from gigasite.power.case import read_bench

pytestmark = pytest.mark.live
UNITS = 4
REVERSION_S = 2
GIGASITE = [sys.executable, "-m", "gigasite.show.cli"]
POWER_AT, SET_AT, WRMP_AT = 40080, 40299, 40326


@contextmanager
def process(*words: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """Run a verb; end it, by its own process id, whatever happens."""
    p = subprocess.Popen([*GIGASITE, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    try:
        yield p
    finally:
        if p.poll() is None:
            p.send_signal(signal.SIGCONT)
            p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
        p.communicate()


@contextmanager
def emulated(*words: str) -> Iterator[list[dict[str, Any]]]:
    with process("battery", "emulate", "--units", str(UNITS), "--json", *words) as p:
        assert p.stdout is not None
        yield json.loads(p.stdout.readline())["endpoints"]


def settings(folder: Path, endpoints: list[dict[str, Any]], **more: str) -> Path:
    rows = "\n".join(f"  - {{host: 127.0.0.1, port: {e['port']}}}" for e in endpoints)
    lines = "\n".join(f"{k}: {v}" for k, v in more.items())
    path = folder / "loop.yaml"
    path.write_text(
        f"battery: live\ncycle: 50 ms\nunits:\n{rows}\npolicies: [{{kind: fixed, power: 4 MW}}]\n"
        f"safety: {{reversion: {REVERSION_S} s}}\nlog: {{folder: log}}\n{lines}\n"
    )
    if not (folder / "key.pem").exists():
        new_key(folder / "key.pem")
    sign(read_setup(path), folder / "key.pem")
    return path


def powers(endpoints: list[dict[str, Any]]) -> list[float]:
    """Return what each unit gives [W], asked by a client of its own."""

    async def ask(e: dict[str, Any]) -> float:
        client = Client(e["host"], e["port"], timeout_s=5.0, connect_timeout_s=10.0)  # a busy machine
        await client.connect()
        try:
            (watts,) = unpack(">h", await client.read(e["unit"], POWER_AT, 1))
            return 100.0 * float(watts)
        finally:
            await client.close()

    async def all_of_them() -> list[float]:
        return list(await asyncio.gather(*(ask(e) for e in endpoints)))

    return asyncio.run(all_of_them())


def until(done: Any, seconds: float) -> float:
    """Wait until something holds; return how long that took, fail when it takes too long."""
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds, "took too long"
        time.sleep(0.05)
    return time.monotonic() - begun


@contextmanager
def armed(folder: Path, path: Path) -> Iterator[subprocess.Popen[str]]:
    words = ("battery", "run", str(path), "--arm", "10 min", "--trusted", str(folder / "key.pem.pub"))
    with process(*words) as p:
        yield p


def child_of(pid: int) -> int:
    """Return the supervisor's process id: the loop's only child."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.mark.parametrize("how", ["kill", "stop", "kill-both"])
def test_units_are_at_zero_when_the_loop_dies(tmp_path: Path, how: str) -> None:
    with emulated() as endpoints:
        path = settings(tmp_path, endpoints)
        with armed(tmp_path, path) as loop:
            until(lambda: sum(powers(endpoints)) > 3.9e6, 120.0)
            if how == "kill-both":
                os.kill(child_of(loop.pid), signal.SIGKILL)
            loop.send_signal(signal.SIGSTOP if how == "stop" else signal.SIGKILL)
            took_s = until(lambda: max(map(abs, powers(endpoints))) < 1e3, REVERSION_S + 1.0)
            if how == "kill-both":
                assert took_s > 0.5 * REVERSION_S  # the units' own timers, nobody else
            else:
                loop.wait(10)
                assert loop.returncode == -signal.SIGKILL
    logs = [read_log(p) for p in sorted((tmp_path / "log").glob("*.gslog"))]
    assert replay(logs).different == 0


def test_a_run_ends_in_order_and_its_log_replays(tmp_path: Path) -> None:
    with emulated() as endpoints:
        path = settings(tmp_path, endpoints)
        with armed(tmp_path, path) as loop:
            until(lambda: sum(powers(endpoints)) > 3.9e6, 120.0)
            loop.send_signal(signal.SIGTERM)
            said, _ = loop.communicate(timeout=60)
        assert loop.returncode == 0, said
        assert "stopped by the operator" in said
        until(lambda: max(map(abs, powers(endpoints))) < 1e3, 20.0)  # the inverters' lag, on a busy machine
        enabled = asyncio.run(_register(endpoints[0], SET_AT))
    assert enabled == 0
    done = subprocess.run(
        [*GIGASITE, "battery", "replay", str(tmp_path / "log"), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["different"] == 0


async def _register(e: dict[str, Any], address: int) -> int:
    client = Client(e["host"], e["port"], timeout_s=5.0, connect_timeout_s=10.0)  # a busy machine
    await client.connect()
    try:
        return int.from_bytes(await client.read(e["unit"], address, 1), "big")
    finally:
        await client.close()


def test_without_arming_or_a_signature_nothing_is_written(tmp_path: Path) -> None:
    with emulated("--for", "60") as endpoints:
        path = settings(tmp_path, endpoints)
        plain = subprocess.run(
            [*GIGASITE, "battery", "run", str(path), "--for", "1 s", "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert json.loads(plain.stdout)["state"] == "read-only"
        path.write_text(path.read_text().replace("4 MW", "5 MW"))
        words = [
            "battery",
            "run",
            str(path),
            "--arm",
            "1 min",
            "--trusted",
            str(tmp_path / "key.pem.pub"),
            "--for",
            "1 s",
        ]
        changed = subprocess.run([*GIGASITE, *words], capture_output=True, text=True, check=False, timeout=60)
        assert "changed after they were signed" in changed.stderr
        assert powers(endpoints) == [0.0] * UNITS
        assert asyncio.run(_register(endpoints[0], SET_AT)) == 0


def test_programming_shows_the_difference_writes_when_armed_and_then_finds_none(tmp_path: Path) -> None:
    with emulated() as endpoints:
        path = settings(tmp_path, endpoints, controller="{kind: droop, droop: 1 %}")
        words = ["battery", "program", str(path), "--json"]
        shown = json.loads(
            subprocess.run([*GIGASITE, *words], capture_output=True, text=True, check=False, timeout=60).stdout
        )
        assert not shown["written"]
        assert sum(c["differs"] for c in shown["changes"]) == 7 * UNITS
        arm = [*words, "--arm", "--trusted", str(tmp_path / "key.pem.pub")]
        assert json.loads(
            subprocess.run([*GIGASITE, *arm], capture_output=True, text=True, check=False, timeout=60).stdout
        )["written"]
        after = json.loads(
            subprocess.run([*GIGASITE, *words], capture_output=True, text=True, check=False, timeout=60).stdout
        )
        assert not any(c["differs"] for c in after["changes"])
        droop = next(c for c in after["changes"] if c["point"].endswith("KOf"))
        assert droop["now"] == pytest.approx(0.01)


def test_programming_leaves_out_who_is_local_and_ends_in_order_when_interrupted(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - {units: 2, fault: {kind: local}}\n  - {fault: {kind: slow, by: 15 ms}}\n")
    with emulated("--faults", str(faults)) as endpoints:
        path = settings(tmp_path, endpoints, controller="{kind: droop, droop: 1 %}")
        arm = ["battery", "program", str(path), "--arm", "--trusted", str(tmp_path / "key.pem.pub"), "--json"]
        with process(*arm, start_new_session=True) as p:
            assert p.stdout is not None
            time.sleep(0.1)
            until(lambda: asyncio.run(_register(endpoints[0], WRMP_AT)) == 500, 30.0)  # the first unit is being written
            p.send_signal(signal.SIGINT)
            said, _ = p.communicate(timeout=30)
        assert p.returncode == 1, said
        told = json.loads(said[said.index("{") :])
        assert [u["end"] for u in told["units"]] == ["programmed", *["untouched"] * (UNITS - 1)]
        assert not told["written"]
        again = subprocess.run([*GIGASITE, *arm[:-1]], capture_output=True, text=True, check=False, timeout=60)
        assert again.returncode == 1
        assert f":{endpoints[1]['port']}/1: refused: it is switched to LOCAL" in again.stdout
        assert f"{UNITS - 1} of {UNITS} units hold the program" in again.stdout
        assert asyncio.run(_register(endpoints[1], WRMP_AT)) != 500


HANGS = """
import sys, time
from dataclasses import dataclass, replace
from pathlib import Path
from gigasite.field.battery.live import Options, live
from gigasite.field.battery.settings import read_setup
from gigasite.field.battery.sign import refusal
from gigasite.field.runner import run

@dataclass(frozen=True, kw_only=True)
class Hangs:
    kind = "none"
    def start(self, seen, /):
        return 0
    def step(self, state, /, seen):
        while seen.time_s > 2.0:
            time.sleep(0.01)
        return state, 0.4 * seen.rating_w

setup = read_setup(sys.argv[1])
key = Path(sys.argv[1]).with_name("key.pem.pub")
run(live(replace(setup, controller=Hangs(), policies=()), Options(refusal=refusal(setup, [key]), arm_s=600.0)))
"""


def test_a_controller_that_never_returns_is_killed_and_the_units_are_brought_to_zero(tmp_path: Path) -> None:
    with emulated() as endpoints:
        path = settings(tmp_path, endpoints)
        p = subprocess.Popen(
            [sys.executable, "-c", HANGS, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: sum(powers(endpoints)) > 2.5e6, 120.0)
            assert p.wait(60) == -signal.SIGKILL
            until(lambda: max(map(abs, powers(endpoints))) < 1e3, REVERSION_S + 1.0)
        finally:
            if p.poll() is None:
                p.kill()
                p.wait()


CASE = """case: live
machines:
  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}
battery: {rating: 30 MW, energy: 60 MWh, latency: 60 ms, response: 20 ms}
load: {kind: square, mean: 60 MW, swing: 20 MW, period: 4 s}
controller: {kind: ramp-limit, ramp: 12 MW/s}
run: {duration: 60 s, level: aggregate, step: 10 ms}
"""
FLEET = """emulator: live
units: 16
delay: 20 ms
delay_most: 40 ms
tick: 10 ms
"""


@contextmanager
def site(
    folder: Path, controller: str, *words: str
) -> Iterator[tuple[subprocess.Popen[str], list[dict[str, Any]], Path]]:
    """Run emulated units within a case; yield their process, where they are, and settings of a loop, not signed yet."""
    (folder / "case.yaml").write_text(CASE)
    (folder / "fleet.yaml").write_text(FLEET)
    (folder / "meter.csv").write_text(METER_MAP)
    files = ["--config", str(folder / "fleet.yaml"), "--case", str(folder / "case.yaml")]
    with process("battery", "emulate", "--json", *files, *words) as emulator:
        assert emulator.stdout is not None
        said = json.loads(emulator.stdout.readline())
        meter = f"{{host: 127.0.0.1, port: {said['meter']}, file: meter.csv}}"
        path = settings(folder, said["endpoints"], meter=meter, controller=controller)
        path.write_text(path.read_text().replace("policies: [{kind: fixed, power: 4 MW}]\n", ""))
        yield emulator, said["endpoints"], path


def test_the_controller_gives_the_same_power_live_in_lock_step_and_in_the_bench(tmp_path: Path) -> None:
    """One controller, three ways; each within the band in which the bench's power moves over the stated latency."""
    trace = tmp_path / "trace.csv"
    with site(tmp_path, "{kind: ramp-limit, ramp: 12 MW/s}", "--out", str(trace), "--for", "58") as (
        emulator,
        endpoints,
        path,
    ):
        path.write_text(path.read_text().replace("reversion: 2 s", "full_swing: 50 ms"))
        sign(read_setup(path), tmp_path / "key.pem")
        with armed(tmp_path, path):
            until(lambda: max(map(abs, powers(endpoints))) > 0.1e6, 40.0)  # a busy machine takes ten to begin
            time.sleep(12.0)
            emulator.send_signal(signal.SIGINT)
            emulator.wait(60)
    live = np.genfromtxt(trace, delimiter=",", names=True)["battery_w"]
    bench = read_bench(tmp_path / "case.yaml")
    there = bench.run(figures=False).battery_w
    fleet = FleetSettings(tick_s=0.01, delay_s=(0.02, 0.04))
    step = asyncio.run(rehearse(read_setup(path), bench, fleet)).swing.battery_w
    # cycle, delay and lag of the live path, and what a busy machine adds; the source reaches the load in every half
    # period, so that nothing of how a run began is left. Live, the last two periods count, and a fifth of them may be
    # astray: a stall of the machine shifts one edge in four, what is wrong in the loop shifts all of them
    for name, power_w, first, oldest_s, astray in (
        ("lock-step", step, 1200, 0.05 + 0.04 + 0.1, 0.0),
        ("live", live, len(live) - 840, 0.05 + 0.04 + 0.1 + 0.15, 0.2),
    ):
        oldest = round(oldest_s / 0.01)
        begin, end = first, min(len(power_w), len(there)) - oldest
        band = [there[i - oldest : i + oldest + 1] for i in range(begin, end)]
        low, high = np.array([b.min() for b in band]), np.array([b.max() for b in band])
        off = np.maximum(low - power_w[begin:end], power_w[begin:end] - high)
        assert (off > 12e6 * 0.05 + 16 * 101.0 + 100e3).mean() <= astray, name
        assert np.ptp(power_w[begin:end]) > 15e6, name


STRETCHES = "start,stop,mean,low,high\n0 s,4 s,60 MW,50 MW,70 MW\n4 s,30 s,48 MW,38 MW,58 MW\n"


def test_a_running_loop_takes_up_what_the_job_announces(tmp_path: Path) -> None:
    (tmp_path / "job.csv").write_text(STRETCHES)
    with site(tmp_path, "{kind: look-ahead, ramp: 4 MW/s}", "--for", "90") as (_, endpoints, path):
        sign(read_setup(path), tmp_path / "key.pem")
        told = [*GIGASITE, "battery", "announce", str(path), str(tmp_path / "job.csv")]
        nobody = subprocess.run(told, capture_output=True, text=True, check=False, timeout=60)
        assert nobody.returncode == 2
        assert "no loop runs there" in nobody.stderr
        with armed(tmp_path, path) as loop:
            until(lambda: max(map(abs, powers(endpoints))) > 1e5, 30.0)
            taken = subprocess.run(told, capture_output=True, text=True, check=False, timeout=60)
            assert (taken.returncode, taken.stdout) == (0, "announce: taken\n"), taken.stderr
            time.sleep(1.0)
            loop.send_signal(signal.SIGTERM)
            heard, _ = loop.communicate(timeout=30)
    assert "the job announces 2 stretches" in heard
    assert "failsafe: stopped by the operator" in heard
    logs = [read_log(p) for p in sorted((tmp_path / "log").glob("*.gslog"))]
    assert any(b"announce {" in given for log in logs for given, _ in log)
    found = replay(logs)
    assert found.different == 0
    assert found.set_points > 100
