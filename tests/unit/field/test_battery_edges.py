"""Edges of the live loop, found by a second look at it: each test was red before its mend."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite._core.errors import FieldError, InputFileError
from gigasite.field.battery.assemble import Metered, site_of
from gigasite.field.battery.brain import Brain
from gigasite.field.battery.connect import connect
from gigasite.field.battery.device import Link, Wanted, Write, makes
from gigasite.field.battery.image import Point, Quality, Status, missing
from gigasite.field.battery.live import Options, _Run, _told_of_reversion, _unchanged
from gigasite.field.battery.lockstep import rehearse, rig_for
from gigasite.field.battery.log import LogWriter, read_log
from gigasite.field.battery.loop import Loop, Orders
from gigasite.field.battery.meter import meter_of
from gigasite.field.battery.orders import OrderDesk
from gigasite.field.battery.record import Inputs, decision_bytes, inputs_bytes, read_decision
from gigasite.field.battery.rig import Rig, write_all
from gigasite.field.battery.settings import core_of, read_setup
from gigasite.field.battery.states import State
from gigasite.field.battery.status import StatusServer
from gigasite.field.battery.supervisor import Supervisor, zero_all
from gigasite.field.battery.voice import Voice
from gigasite.field.emulator.direct import Direct
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.field.modbus.server import Server
from gigasite.field.realtime import PRIORITY
from gigasite.power.case import read_bench
from gigasite.show.battery_watch import fetch

ROWS = {
    "power": "power,10,i32,W,power_w,,,",
    "soc": "soc,12,u16,%,soc_frac,,,",
    "set": "set,20,i16,kW,set_w,rw,,",
    "time": "time,30,u16,s,revert_s,rw,,",
    "run": "run,40,u16,,enable,rw,170,204",
}


class Registers:
    """Registers that hold what they are told, and answer writes to `slow` addresses never."""

    def __init__(self, slow: frozenset[int] = frozenset(), **held: bytes) -> None:
        self.slow = slow
        self.held = {int(k.removeprefix("at")): v for k, v in held.items()}
        self.waiting: list[Any] = []

    def write(self, _unit: int, address: int, data: bytes, /) -> Any:
        future: Any = asyncio.get_running_loop().create_future()
        if address in self.slow:
            self.waiting.append(future)
        else:
            self.held[address] = data
            future.set_result(None)
        return future

    def read_all(self, unit: int, reads: Any, /) -> list[Any]:
        return [self.read(unit, *r) for r in reads]

    def read(self, _unit: int, address: int, count: int, _function: int = 3, /) -> Any:
        future: Any = asyncio.get_running_loop().create_future()
        future.set_result(self.held.get(address, bytes(2 * count)))
        return future


def mapped(folder: Path, registers: Any = None, rating_w: float | None = 4e6, **rows: str) -> Any:
    """Return a unit by the map of `ROWS` with some rows replaced or added."""
    lines = "\n".join((ROWS | rows).values())
    (folder / "pcs.csv").write_text(f"name,address,type,unit,role,access,low,high\n{lines}\n")
    make = makes["csv-map"](file=str(folder / "pcs.csv"))
    wanted = Wanted(name="u", rating_w=rating_w, energy_j=1e10, reversion_s=4)
    return asyncio.run(make.find(Link(registers or Registers(), 1), wanted))


def decided(*, enable: bool) -> Any:
    yes = np.ones(1, np.bool_)
    return SimpleNamespace(set_w=np.zeros(1), enable=yes & enable, write=yes)


def test_no_write_of_a_chain_outlives_its_cycle(tmp_path: Path) -> None:
    unit, registers = mapped(tmp_path), Registers(frozenset({30}))
    rig = Rig(names=("u",), units=(unit,), links=(Link(registers, 1),))
    acked = asyncio.run(write_all(rig, decided(enable=True), {}, 0.02))
    assert not acked[0]
    assert len(registers.waiting) == 1
    assert registers.waiting[0].cancelled()  # a gateway's queue would send it in the next cycle


def test_ten_thousand_orders_within_a_cycle_are_one_of_each() -> None:
    orders = Orders()
    for _ in range(10_000):
        for word in ("disarm", "stop", "clear", "arm"):
            orders.say(word)
    said = orders.take()
    assert sorted(said) == ["arm", "clear", "disarm", "stop"]
    inputs = Inputs(
        number=0, time_s=0.0, dt_s=0.1, missed=0, metered=None, orders=said, acked=np.zeros(0, np.bool_), answers=()
    )
    assert inputs_bytes(inputs)


# ---- arming


def run_of(folder: Path, **more: Any) -> _Run:
    (folder / "meter.csv").write_text(METER_MAP)
    path = folder / "loop.yaml"
    path.write_text(
        f"battery: x\nmeter: {{host: a, file: meter.csv}}\nunits: [{{host: b, count: 4}}]\n{more.pop('text', '')}"
    )
    options = Options(refusal="", say=lambda _w: None, **more)
    return _Run(read_setup(path), options, SimpleNamespace(rig=SimpleNamespace(units=[])))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [State.OFFLINE, State.READ_ONLY, State.READY, State.RUNNING, State.FAILSAFE])
def test_what_is_armed_for_a_while_is_disarmed_then_in_every_state(tmp_path: Path, state: State) -> None:
    run = run_of(tmp_path, arm_s=10.0)
    loop: Any = SimpleNamespace(brain=SimpleNamespace(image=SimpleNamespace(time_s=11.0)), orders=Orders())
    run._expire(loop, SimpleNamespace(state=state))  # type: ignore[arg-type]
    assert loop.orders.take() == ("disarm",)
    run._expire(loop, SimpleNamespace(state=state))  # type: ignore[arg-type]
    assert loop.orders.take() == ()  # once is enough: nobody can arm it again


# ---- controllers and policies that go wrong in their own way


class WordlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


ERRORS = [WordlessError(), OSError("\udcff\x1f\x1b[31m"), ValueError("ä" * 1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """A quarter of the rating; for a while its step fails."""

    error: Any = None
    seconds: float = 0.2
    kind: ClassVar[str] = "steady"

    def start(self, _seen: Any, /) -> int:
        return 0

    def step(self, state: Any, /, seen: Any) -> Any:
        if self.error is not None and 4.0 <= seen.time_s < 4.0 + self.seconds:
            raise self.error
        return state, 0.25 * seen.rating_w

    def requests(self, seen: Any, /) -> Any:
        self.step(0, seen)
        return ()


FLEET = FleetSettings(tick_s=0.01, delay_s=(0.02, 0.04))


def rehearsed(folder: Path, seconds: float, setup: Any, script: Any = None, log: Any = None) -> list[Any]:
    seen: list[Any] = []

    def each(number: int, loop: Any, site: Any, decision: Any) -> None:
        seen.append(decision)
        if script is not None:
            script(number, loop, site)

    rehearsed_case(folder, seconds)
    asyncio.run(rehearse(setup, read_bench(folder / "case.yaml"), FLEET, each=each, log=log))
    return seen


def rehearsed_case(folder: Path, seconds: float) -> None:
    (folder / "case.yaml").write_text(
        "case: test\nmachines:\n"
        "  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}\n"
        "battery: {rating: 8 MW, energy: 16 MWh, latency: 100 ms, response: 20 ms}\n"
        "load: {kind: square, mean: 60 MW, swing: 2 MW, period: 8 s}\ncontroller: {kind: none}\nlimits: []\n"
        f"run: {{duration: {seconds} s, level: aggregate, step: 10 ms}}\n"
    )


@pytest.mark.parametrize("error", ERRORS, ids=["wordless", "not-text", "long"])
@pytest.mark.parametrize("who", ["controller", "policy"])
def test_errors_of_any_kind_are_held_and_written_down(tmp_path: Path, error: Exception, who: str) -> None:
    setup = run_of(tmp_path).setup
    bad = Steady(error=error)
    changed = {"controller": bad} if who == "controller" else {"policies": (bad,), "controller": Steady()}
    setup = replace(setup, **changed)  # type: ignore[arg-type]
    seen = rehearsed(tmp_path, 7.0, setup)
    failed = [d for d in seen if type(error).__name__ in d.note]
    assert 1 <= len(failed) <= 3
    for d in failed:
        assert read_decision(decision_bytes(d), 4).note == d.note
        assert d.note.isprintable()
        assert float(d.set_w.sum()) == pytest.approx(0.25 * 4 * 1.927e6, rel=1e-3)  # the last power stands
    assert seen[-1].state is State.RUNNING


def test_a_policy_that_stays_wrong_ends_latched(tmp_path: Path) -> None:
    bad = Steady(error=ZeroDivisionError("a bug"), seconds=1e9)
    setup = replace(run_of(tmp_path).setup, controller=Steady(), policies=(bad,))
    seen = rehearsed(tmp_path, 9.0, setup)
    assert seen[-1].state is State.LATCHED
    assert "a policy: ZeroDivisionError" in seen[-1].cause


def test_a_plant_of_no_unit_at_all_is_not_run_however_few_would_do(tmp_path: Path) -> None:
    def script(number: int, _loop: Any, site: Any) -> None:
        site.fleet.units.away[:] = 40 <= number < 60

    setup = replace(run_of(tmp_path, text="safety: {least: 0}\n").setup, controller=Steady())
    seen = rehearsed(tmp_path, 11.0, setup, script)
    assert seen[50].state is State.FAILSAFE
    assert "0 of 4 units" in seen[50].cause
    assert seen[-1].state is State.RUNNING


# ---- maps: counters, sentinels, ratings


@pytest.mark.parametrize(
    ("beat", "values"),
    [
        ("beat,50,u16,,beat,w,,", 0x7FFF),
        ("beat,50,u16,,beat,w,0,255", 256),
        ("beat,50,u16,,beat,w,1,9", 9),
        ("beat,50,i16,,beat,w,,", 0x7FFF),
        ("beat,50,f32,,beat,w,0,1", 2),
    ],
)
def test_a_heartbeat_counts_as_far_as_its_register_goes_and_begins_anew(tmp_path: Path, beat: str, values: int) -> None:
    unit = mapped(tmp_path, beat=beat)
    sent = [unit.beat(k).registers for k in range(70_000)]
    assert len(set(sent)) == values
    assert all(a != b for a, b in pairwise(sent))


@pytest.mark.parametrize("beat", ["beat,50,u16,,beat,w,3,3", "beat,50,u16,,beat,w,0.2,0.8"])
def test_a_heartbeat_that_cannot_move_is_refused(tmp_path: Path, beat: str) -> None:
    with pytest.raises(FieldError, match="no room to count"):
        mapped(tmp_path, beat=beat)


@pytest.mark.parametrize(
    ("row", "raw", "point"),
    [
        ({"power": "power,10,i16,kW,power_w,,,"}, b"\x80\x00", Point.POWER_W),  # else 32 MW of charge
        ({"power": "power,10,i32,W,power_w,,,"}, b"\x80\x00\x00\x00", Point.POWER_W),
        ({"soc": "soc,10,u16,,soc_frac,,,", "power": "power,12,i32,W,power_w,,,"}, b"\xff\xff", Point.SOC_FRAC),
    ],
)
def test_a_map_knows_the_values_that_say_there_is_none(tmp_path: Path, row: Any, raw: bytes, point: Point) -> None:
    unit = mapped(tmp_path, rating_w=4e7, **row)
    out = unit.decode([(raw if r.address == 10 else b"").ljust(2 * r.size, b"\0") for r in unit.reads])
    assert math.isnan(out.values[point])
    assert out.quality[point] == Quality.SENTINEL


def test_a_rating_that_says_there_is_none_is_none(tmp_path: Path) -> None:
    rating = "rating,60,u16,kW,rating_w,r,,"
    with pytest.raises(FieldError, match="neither by the settings nor by the device"):
        mapped(tmp_path, Registers(at60=b"\xff\xff"), rating_w=None, rating=rating)
    assert mapped(tmp_path, Registers(at60=b"\xff\xff"), rating=rating).rating_w == 4e6


def test_a_range_without_values_is_refused_by_line(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r":3: low 1 is above high 0"):
        mapped(tmp_path, soc="soc,12,u16,%,soc_frac,,1,0")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rating_w": 3e23}, "a rated power of 3e\\+23 W is none"),
        ({"rating_w": 1e-40}, "a rated power"),
        ({"energy_j": 0.5}, "a rated energy"),
        ({"step_w": 1e6}, "steps of 1e\\+06 W, more than 5%"),
    ],
)
def test_ratings_that_no_unit_has_and_steps_too_coarse_for_it_are_named(
    tmp_path: Path, changed: Any, words: str
) -> None:
    units: list[Any] = [SimpleNamespace(rating_w=2e6, energy_j=1e10, step_w=100.0)] * 3
    core_of(run_of(tmp_path).setup, [*units, units[0]], signed=True)
    units.append(SimpleNamespace(**({"rating_w": 2e6, "energy_j": 1e10, "step_w": 100.0} | changed)))
    with pytest.raises(FieldError, match=f"b:505/1: .*{words}"):
        core_of(run_of(tmp_path).setup, units, signed=True)


@pytest.mark.parametrize("watts", [60e6, 1.5e6, 62_500_000.0, 1.0, 16_777_216.0])
def test_a_meter_whose_words_are_swapped_says_nothing(tmp_path: Path, watts: float) -> None:
    (tmp_path / "meter.csv").write_text("name,address,type,words,role\nload,0,f32,big,load_w\nhz,2,u16,,frequency_hz\n")
    data = struct.pack(">f", watts)
    meter = meter_of(tmp_path / "meter.csv")
    assert meter.decode([data + b"\0\x3c"]).load_w == watts
    turned = data[2:] + data[:2]
    (raw,) = struct.unpack(">f", turned)
    if watts != 1.5e6:  # one in three looks like a power; the others give the mistake away
        assert math.isnan(meter.decode([turned + b"\0\x3c"]).load_w), raw


def test_a_meter_that_says_there_is_none_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "meter.csv").write_text("name,address,type,unit,role\nload,0,u16,kW,load_w\nhz,1,u16,,frequency_hz\n")
    assert math.isnan(meter_of(tmp_path / "meter.csv").decode([b"\xff\xff\0\x3c"]).load_w)  # not 65.5 MW


# ---- supervisor, orders, words


def rows_at(port: int, units: int, gap_s: float = 0.0) -> list[dict[str, Any]]:
    writes = [(20, "0000"), (30, "0004"), (40, "00aa")]
    return [{"host": "127.0.0.1", "port": port, "unit": u, "gap_s": gap_s, "writes": writes} for u in range(units)]


@pytest.mark.parametrize("gap_s", [0.0, 0.002])
def test_the_supervisor_goes_through_a_gateways_one_door(gap_s: float) -> None:
    taken: dict[int, list[int]] = {}
    refused = [2]

    def handle(unit: int, _function: int, address: int, _count: int, _data: bytes) -> bytes | int:
        if unit == 7 and address == 30 and refused[0]:
            refused[0] -= 1
            return 6  # busy
        taken.setdefault(unit, []).append(address)
        return b""

    async def go() -> int:
        server = Server(handle, most=1)
        await server.listen()
        try:
            return await zero_all(rows_at(server.port, 40, gap_s))
        finally:
            await server.close()

    assert asyncio.run(go()) == 40
    assert set(taken) == set(range(40))
    assert all(each[-3:] == [20, 30, 40] for each in taken.values())  # enable last, also after a refusal
    assert taken[7].count(20) == 3


def test_a_supervisor_that_hangs_is_taken_for_dead() -> None:
    hung = Supervisor([], [])
    os.kill(hung.pid, signal.SIGSTOP)
    for _ in range(70_000):  # more than a pipe holds
        hung.feed(np.ones(3, np.bool_))
    hung._process.wait(10)
    assert not hung.alive()
    hung.drop()


def test_a_folder_that_was_made_for_orders_can_be_entered_by_its_owner(tmp_path: Path) -> None:
    desk = OrderDesk(tmp_path / "new" / "log" / "orders.sock", json.dumps)

    async def go() -> tuple[int, int]:
        await desk.open()
        modes = [(tmp_path / "new" / p).stat().st_mode & 0o777 for p in ("log", "log/orders.sock")]
        await desk.close()
        return modes[0], modes[1]

    folder, door = asyncio.run(go())
    assert folder & 0o700 == 0o700
    assert door == 0o600


def test_of_loops_that_start_at_once_one_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "gigasite.field.battery.orders._answers", lambda _path: False
    )  # each looked before any was there
    path = tmp_path / "orders.sock"

    async def go() -> None:
        first, second = OrderDesk(path, json.dumps), OrderDesk(path, json.dumps)
        await first.open()
        with pytest.raises(FieldError, match="another loop runs"):
            await second.open()
        await second.close()
        assert path.exists()  # the door of the first
        await first.close()
        await second.open()
        await second.close()

    asyncio.run(go())


def test_a_terminal_that_stands_still_does_not_hold_the_loop() -> None:
    stands = threading.Event()
    heard: list[str] = []

    def say(words: str) -> None:
        stands.wait(20)
        heard.append(words)

    voice = Voice(say)
    for i in range(2000):
        voice(f"running: {i}")
    voice.close(0.05)
    assert heard == []
    stands.set()
    voice.close()
    assert heard[:2] == ["running: 0", "running: 1"]
    assert 900 < len(heard) <= 1002


def test_a_disk_that_hangs_costs_no_more_memory_than_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gigasite.field.battery.log.WAITING", 10_000)
    hangs = threading.Event()
    log = LogWriter(tmp_path, {})
    write = log._write
    monkeypatch.setattr(log, "_write", lambda *a: (hangs.wait(20), write(*a)))
    for _ in range(3000):
        log.put(bytes(1000))
        time.sleep(0.001 if not log.lost else 0.0)
        if log.lost > 20:
            break
    assert log.lost > 20
    assert "too slow" in log.trouble
    assert log._put - log._taken <= 11_000
    hangs.set()
    log.close()
    (path,) = tmp_path.glob("*.gslog")
    assert sum(map(len, read_log(path).blocks)) == log._put


def test_who_asks_for_the_status_and_says_nothing_keeps_nobody_out(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    server = StatusServer(run.board, 0)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
    try:
        time.sleep(0.3)
        assert sum(t.name.startswith("Thread-") or "process_request" in t.name for t in threading.enumerate()) <= 12
        begun = time.monotonic()
        while True:
            try:
                assert fetch(server.port)["state"] == "offline"
                break
            except FieldError:
                assert time.monotonic() - begun < 20.0
                time.sleep(0.1)
    finally:
        for s in idle:
            s.close()
        server.close()


# ---- devices


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ("[{host: localhost, port: 1502}, {host: 127.0.0.1, port: 1502}]", "localhost:1502/1 are one unit"),
        ("[{host: 127.0.0.1, port: 1502, count: 3}, {host: LOCALHOST, port: 1504}]", "127.0.0.1:1504/1 are one unit"),
    ],
)
def test_a_unit_under_two_names_is_refused(tmp_path: Path, units: str, words: str) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(f"battery: x\nunits: {units}\n")
    with pytest.raises(FieldError, match=words):
        asyncio.run(connect(read_setup(path), wait_s=0.1))


def test_units_that_only_share_a_name_are_two(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(
        "battery: x\nunits: [{host: localhost, port: 1502}, {host: 127.0.0.1, port: 1503}, {host: no.such.host.invalid}]\n"
    )
    with pytest.raises(FieldError, match="no unit of a row was found"):
        asyncio.run(connect(read_setup(path), wait_s=0.1))


@pytest.mark.parametrize(("point", "size"), [("WSetEna", 1), ("WSetRvrtTms", 2)])
def test_a_unit_whose_set_point_would_not_expire_is_refused(point: str, size: int) -> None:
    async def go() -> None:
        fleet = Fleet(replace(FLEET, units=1, lockstep=True))
        face = fleet.units.face
        at = face.at(704, point)
        face.image[0, at : at + size] = 0xFFFF
        link = Link(Direct(partial(handled, fleet), "u"), 1)
        await makes["sunspec"]().find(link, Wanted(name="u", rating_w=None, energy_j=None, reversion_s=4))

    def handled(fleet: Fleet, _unit: int, function: int, address: int, count: int, data: bytes) -> Any:
        return fleet.units.handle(0, function, address, count, data)

    with pytest.raises(FieldError, match=f"{point} of model 704 is not implemented"):
        asyncio.run(go())


def test_units_that_keep_their_set_point_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    mine, other = mapped(tmp_path), mapped(tmp_path, time="time,30,u16,s,,r,,")
    rig = Rig(names=("a", "b"), units=(mine, other), links=(None, None))  # type: ignore[arg-type]
    _told_of_reversion(SimpleNamespace(rig=rig), told.append)  # type: ignore[arg-type]
    (words,) = told
    assert "1 units (b ...)" in words


def test_a_map_that_changed_while_units_were_found_is_not_run(tmp_path: Path) -> None:
    setup = run_of(tmp_path).setup
    _unchanged(setup)
    (tmp_path / "meter.csv").write_text(METER_MAP.replace("load_w", "source_w", 1))
    with pytest.raises(FieldError, match="register map changed"):
        _unchanged(setup)


def test_a_loop_that_was_stopped_within_a_cycle_writes_nothing_by_what_it_read_before(tmp_path: Path) -> None:
    unit, registers = mapped(tmp_path), Registers()
    clock = [0.0]

    def cycle(_inputs: Any) -> Any:
        clock[0] += 1.0 if len(written) == 1 else 0.01  # SIGSTOP, or a machine that was moved
        return decided(enable=True)

    written: list[bool] = []
    rig = Rig(names=("u",), units=(unit,), links=(Link(registers, 1),))
    loop = Loop(SimpleNamespace(cycle=cycle), rig, 0.1, clock=lambda: clock[0])  # type: ignore[arg-type]

    async def go() -> None:
        for k in range(3):
            registers.held.pop(20, None)
            await loop.cycle(0.1 * k, 0.1, 0)
            written.append(20 in registers.held)
            assert bool(loop._acked[0]) == written[-1]

    asyncio.run(go())
    assert written == [True, False, True]


@pytest.mark.parametrize("realtime", [True, False])
def test_a_supervisor_runs_before_a_loop_that_turns_in_circles(realtime: Any) -> None:
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, *before)
    except OSError:
        pytest.skip("SCHED_FIFO is not permitted here")
    own = Supervisor([], [], realtime=realtime)
    try:
        ends = time.monotonic() + 20.0
        while realtime and os.sched_getparam(own.pid).sched_priority <= PRIORITY:
            assert time.monotonic() < ends
            time.sleep(0.02)
        own.feed(np.zeros(0, np.bool_))
    finally:
        assert own.close(np.zeros(0, np.bool_))


# ---- promises that no quick test held


@pytest.mark.parametrize("watchdog", ["strict", "any-write-counts", "setpoint-write-only"])
def test_units_come_to_zero_by_themselves_when_nobody_writes_any_more(tmp_path: Path, watchdog: str) -> None:
    """Loop and supervisor are both gone: what every set point carried with it brings the unit to zero."""

    async def go() -> tuple[float, float, Any]:
        setup = replace(run_of(tmp_path, text="safety: {reversion: 3 s}\n").setup, controller=Steady())
        rehearsed_case(tmp_path, 20.0)
        rig, site = await rig_for(setup, read_bench(tmp_path / "case.yaml"), replace(FLEET, watchdog=watchdog))
        loop = Loop(Brain(core_of(setup, rig.units, signed=True), rig.units), rig, 0.1, clock=lambda: 0.0)
        loop.orders.say("arm")
        for k in range(60):
            await loop.cycle(0.1 * k, 0.1, 0)
            await site.advance(0.1)
        before_w = site.fleet.total_w()
        await site.advance(2.5)
        soon_w = site.fleet.total_w()
        await site.advance(1.5)
        assert abs(soon_w - before_w) < 1e4  # not sooner than it was told
        return before_w, site.fleet.total_w(), site.fleet.units.controls.enabled.copy()

    before_w, after_w, _enabled = asyncio.run(go())
    assert before_w == pytest.approx(0.25 * 4 * 1.927e6, rel=0.01)
    assert abs(after_w) < 1e3


def test_a_set_point_carries_all_that_makes_it_expire_at_zero() -> None:
    async def go() -> Any:
        fleet = Fleet(replace(FLEET, units=1, lockstep=True))
        link = Link(Direct(partial(fleet._one, 0), "u"), 1)
        return fleet.units.face, await makes["sunspec"]().find(
            link, Wanted(name="u", rating_w=None, energy_j=None, reversion_s=7)
        )

    face, unit = asyncio.run(go())
    for power_w, enable in ((1e6, True), (-1e6, True), (0.0, False)):
        (write,) = unit.setpoint(power_w, enable=enable)
        assert write.address == face.address(704, "WSetEna")

        def said(point: str, code: str, write: Any = write) -> int:
            at = 2 * (face.address(704, point) - write.address)
            return int(struct.unpack_from(f">{code}", write.registers, at)[0])

        assert (said("WSetEna", "H"), said("WSetMod", "H"), said("WSet", "i")) == (int(enable), 1, int(power_w))
        assert (said("WSetRvrt", "i"), said("WSetEnaRvrt", "H"), said("WSetRvrtTms", "I")) == (0, 0, 7)
    for power_w, raw in ((1_927_000.0, 1_927_000), (999.999, 999), (-999.999, -999), (-0.4, 0)):
        (write,) = unit.setpoint(power_w, enable=True)
        assert struct.unpack_from(">i", write.registers, 4)[0] == raw  # towards zero: no rating is passed by rounding


def test_the_process_of_the_supervisor_writes_to_units_that_ran_and_to_no_others() -> None:
    taken: list[tuple[int, int]] = []

    def handle(unit: int, _function: int, address: int, _count: int, _data: bytes) -> bytes:
        taken.append((unit, address))
        return b""

    class Released:
        def setpoint(self, power_w: float, /, *, enable: bool) -> Any:
            assert (power_w, enable) == (0.0, False)
            return (Write(20, b"\0\0"),)

    async def go() -> bool:
        server = Server(handle)
        await server.listen()
        at = [SimpleNamespace(host="127.0.0.1", port=server.port, unit=u, gap_s=0.0) for u in range(10)]
        own = Supervisor(at, [Released()] * 10)  # type: ignore[arg-type]
        ran = np.isin(np.arange(10), [2, 9])
        own.feed(~ran)
        own.feed(ran)
        try:
            return await asyncio.to_thread(own.close, ran)
        finally:
            await server.close()

    assert asyncio.run(go())
    assert sorted(taken) == [(2, 20), (9, 20)]


def test_units_hear_the_heartbeat_once_a_second_and_only_from_who_commands_them(tmp_path: Path) -> None:
    heard: list[Any] = []

    def script(number: int, loop: Any, site: Any) -> None:
        face = site.fleet.units.face
        at = face.at(715, "ControllerHb")
        heard.append(face.image[:, at + 1].astype(int).copy())
        if number == 20:
            site.fleet.units.controls.local[1] = True
        if number == 80:
            loop.orders.say("stop")

    setup = replace(run_of(tmp_path).setup, controller=Steady())
    seen = rehearsed(tmp_path, 12.0, setup, script)
    counts = np.array(heard)
    assert {int(c) for c in np.diff(counts[15:75, [0, 2, 3]], axis=0).ravel()} == {0, 1}
    moved = counts[75, [0, 2, 3]] - counts[15, [0, 2, 3]]
    assert set(moved.tolist()) <= {5, 6, 7}
    assert len(set(counts[23:, 1].tolist())) == 1  # somebody is at it
    assert seen[-1].state is State.READY
    assert (counts[-1] == counts[-20]).all()


def test_a_unit_that_cannot_follow_keeps_a_share_that_it_can_and_the_others_take_the_rest(tmp_path: Path) -> None:
    def script(number: int, _loop: Any, site: Any) -> None:
        if number == 30:
            site.fleet.units.controls.sign[0] = 0.1

    setup = replace(run_of(tmp_path).setup, controller=Steady())
    seen = rehearsed(tmp_path, 9.0, setup, script)
    assert float(seen[28].set_w[0]) == pytest.approx(0.25 * 1.927e6, rel=1e-3)
    assert not seen[-1].hold.any()
    shares = np.array([d.set_w for d in seen[-20:]])
    assert shares[:, 0].max() < 0.5 * 0.25 * 1.927e6
    assert shares.sum(axis=1) == pytest.approx(0.25 * 4 * 1.927e6, rel=1e-3)


def test_a_heartbeat_that_715_leaves_out_is_none() -> None:
    async def go() -> tuple[Any, Any]:
        fleet = Fleet(replace(FLEET, units=1, lockstep=True))
        link = Link(Direct(partial(fleet._one, 0), "u"), 1)
        unit = await makes["sunspec"]().find(link, Wanted(name="u", rating_w=None, energy_j=None, reversion_s=4))
        return unit, tuple([await link.read(*r) for r in unit.reads])

    unit, said = asyncio.run(go())
    assert math.isfinite(unit.decode(said).values[Point.HEARTBEAT])
    where = unit.fields[Point.HEARTBEAT]
    raw = [bytearray(a) for a in said]
    raw[where.read][where.at : where.at + 4] = b"\xff" * 4
    row = unit.decode([bytes(a) for a in raw])
    assert math.isnan(row.values[Point.HEARTBEAT])
    assert row.quality[Point.HEARTBEAT] == Quality.SENTINEL
    assert row.quality[Point.POWER_W] == row.quality[Point.SET_W] == Quality.GOOD


PLANS = """
import time
from gigasite.field.battery.planner import Planner
if __name__ == "__main__":
    planner = Planner()
    planner._running().submit(int).result()
    print(*planner._pool._processes, flush=True)
    time.sleep(60)
"""


def test_the_process_that_plans_ends_with_a_loop_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "plans.py"
    path.write_text(PLANS)
    with subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        pid = int(loop.stdout.readline())
        loop.kill()
    ends = time.monotonic() + 20.0
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.mark.parametrize(("enabled", "load_w"), [(True, 13e6), (False, 11e6)])
def test_a_unit_whose_measurement_breaks_makes_no_step_of_the_load(enabled: Any, load_w: float) -> None:
    units = missing(2)
    values, quality = units.values.copy(), units.quality.copy()
    values[:, Point.POWER_W], values[:, Point.SET_W] = (1e6, np.nan), 2e6
    quality[:, Point.SET_W] = Quality.GOOD
    status = np.full(2, int(Status.ANSWERED | (Status.ENABLED if enabled else 0)))
    seen = replace(units, values=values, quality=quality, status=status, age_s=np.zeros(2))
    assert site_of(Metered(source_w=10e6, age_s=0.0), seen).load_w == load_w
