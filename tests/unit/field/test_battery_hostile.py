"""Ways in which a loop could hurt somebody: what was found by trying to, each kept from coming back."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite._core.errors import CampusFileError, FieldError, InputFileError
from gigasite.field.battery import lockstep, supervisor
from gigasite.field.battery.assemble import GONE_S, Metered, site_of
from gigasite.field.battery.device import Link, Wanted, makes
from gigasite.field.battery.health import Hold
from gigasite.field.battery.image import Point, Status, missing
from gigasite.field.battery.live import Options, _Run
from gigasite.field.battery.lockstep import rehearse
from gigasite.field.battery.log import LogWriter, read_log
from gigasite.field.battery.orders import OrderDesk
from gigasite.field.battery.replay import header, replay
from gigasite.field.battery.rig import Rig, write_all
from gigasite.field.battery.settings import read_setup
from gigasite.field.battery.states import Events, Machine, State, Timing, advance
from gigasite.field.battery.supervisor import ALIVE, ARMED, DIED, FAREWELL, ZERO, Supervisor, watch
from gigasite.field.battery.voice import Voice
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.power.case import Bench, read_bench

RATING_W = 1.927e6
SLOW = "{full_swing: 4 s}"
"""A ramp that takes many cycles: what is unsafe shows."""
FLEET = FleetSettings(tick_s=0.01, delay_s=(0.02, 0.04))


def setup_in(folder: Path, units: int = 4, **more: str) -> Any:
    (folder / "meter.csv").write_text(METER_MAP)
    lines = "\n".join(f"{k}: {v}" for k, v in more.items())
    path = folder / "loop.yaml"
    path.write_text(
        "battery: test\nmeter: {host: 127.0.0.1, file: meter.csv}\n"
        f"units: [{{host: 127.0.0.1, port: 15000, count: {units}}}]\n{lines}\n"
    )
    return read_setup(path)


def bench_in(folder: Path, seconds: float) -> Bench:
    path = folder / "case.yaml"
    path.write_text(
        "case: test\nmachines:\n"
        "  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}\n"
        "battery: {rating: 8 MW, energy: 16 MWh, latency: 100 ms, response: 20 ms}\n"
        "load: {kind: square, mean: 60 MW, swing: 2 MW, period: 8 s}\ncontroller: {kind: none}\nlimits: []\n"
        f"run: {{duration: {seconds} s, level: aggregate, step: 10 ms}}\n"
    )
    return read_bench(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Discharge, and from `at_s` on charge, a quarter of the rating."""

    at_s: float = 1e9
    kind: ClassVar[str] = "turns"

    def start(self, _seen: Any, /) -> int:
        return 0

    def step(self, state: Any, /, seen: Any) -> Any:
        return state, (0.25 if seen.time_s < self.at_s else -0.25) * seen.rating_w


def rehearsed(folder: Path, seconds: float, script: Any, *, at_s: float = 1e9, **more: str) -> list[Any]:
    """Run four units; `script(number, loop, site, decision)` after every cycle. Return the decisions."""
    seen: list[Any] = []

    def each(number: int, loop: Any, site: Any, decision: Any) -> None:
        seen.append(decision)
        script(number, loop, site, decision)

    setup = replace(setup_in(folder, **more), controller=Turns(at_s=at_s))
    asyncio.run(rehearse(setup, bench_in(folder, seconds), FLEET, each=each))
    return seen


def test_a_unit_lost_while_it_discharges_does_not_keep_the_others_from_charging(tmp_path: Path) -> None:
    def script(number: int, _loop: Any, site: Any, _decision: Any) -> None:
        if number == 40:
            site.fleet.units.away[0] = True

    seen = rehearsed(tmp_path, 12.0, script, at_s=6.0, safety=SLOW)
    assert seen[-1].hold[0] == Hold.SILENT
    assert seen[-1].set_w.sum() == pytest.approx(-0.25 * 3 * RATING_W, rel=1e-3)


def refusing(monkeypatch: pytest.MonkeyPatch, refuses: Any) -> None:
    """Let `refuses(fleet, unit, data)` say which writes are answered by exception 4; reads are as they are."""
    handle = lockstep._handle

    def handled(fleet: Any, number: int, unit: int, function: int, address: int, count: int, data: bytes) -> Any:
        if function == 16 and refuses(fleet, number, data):
            return 4
        return handle(fleet, number, unit, function, address, count, data)

    monkeypatch.setattr(lockstep, "_handle", handled)


def test_a_unit_that_refuses_set_points_is_held_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, lambda _fleet, number, _data: number == 2)
    seen = rehearsed(tmp_path, 6.0, lambda *_: None)
    assert seen[-1].state is State.RUNNING
    running = [d for d in seen if d.state is State.RUNNING]
    assert Hold.IGNORES in {int(d.hold[2]) for d in running}
    assert max(float(d.set_w[[0, 1, 3]].sum()) for d in running) > 0.9 * 0.25 * 3 * RATING_W


def test_a_release_that_is_lost_is_written_again_until_the_unit_reads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [3]

    def refuses(fleet: Any, number: int, data: bytes) -> bool:
        if number == 1 and len(data) > 4 and data[:2] == bytes(2) and fleet.units.controls.enabled[1] and lost[0]:
            lost[0] -= 1
            return True
        return False

    refusing(monkeypatch, refuses)
    left: list[bool] = []

    def script(number: int, loop: Any, site: Any, decision: Any) -> None:
        if number == 40:
            loop.orders.say("stop")
        if number > 41 and decision.state is State.READY:
            left.append(bool(site.fleet.units.controls.enabled.any()))

    seen = rehearsed(tmp_path, 8.0, script, safety=SLOW)
    assert lost == [0]
    assert seen[-1].state is State.READY
    assert left
    assert not any(left)


def test_units_that_all_fall_out_while_the_loop_comes_down_are_still_released(tmp_path: Path) -> None:
    left: list[bool] = []

    def script(number: int, loop: Any, site: Any, decision: Any) -> None:
        if number == 40:
            loop.orders.say("stop")
        if number == 41:  # a fault of the grid: every unit reports an alarm at once
            site.fleet.units.controls.alarms[:] = 1 << 7
        if number > 41 and decision.state is State.READY:
            left.append(bool(site.fleet.units.controls.enabled.any()))

    seen = rehearsed(tmp_path, 8.0, script, safety=SLOW)
    assert seen[42].set_w.any()  # not at zero yet
    assert Hold.ALARM in {int(h) for h in seen[45].hold}
    assert left
    assert not any(left)


def test_a_scale_that_changes_gets_no_watts_of_the_old_one(tmp_path: Path) -> None:
    written: list[Any] = []

    def script(number: int, _loop: Any, site: Any, decision: Any) -> None:
        face = site.fleet.units.face
        if number == 40:
            face.image[0, face.at(704, "WSet_SF")] = 2  # each watt of the loop would now be a hundred
        if number >= 41:
            written.append((float(decision.set_w[0]), bool(decision.enable[0]), int(decision.hold[0])))

    rehearsed(tmp_path, 6.0, script, safety=SLOW)
    assert {w[2] for w in written} == {int(Hold.QUALITY)}
    assert {w[:2] for w in written} == {(0.0, False)}


def test_registers_of_another_device_are_not_written(tmp_path: Path) -> None:
    def script(number: int, _loop: Any, site: Any, _decision: Any) -> None:
        face = site.fleet.units.face
        if number == 40:
            face.image[0, face.at(704, "ID")] = 705

    seen = rehearsed(tmp_path, 6.0, script)
    assert not any(d.write[0] for d in seen[41:])
    assert seen[-1].hold[0] == Hold.LAYOUT


def test_a_smaller_unit_in_the_place_of_another_gets_no_more_than_it_can(tmp_path: Path) -> None:
    def script(number: int, _loop: Any, site: Any, _decision: Any) -> None:
        face = site.fleet.units.face
        if number == 20:  # WMax, in steps of 100 W; its rates of charge and discharge stay as they were
            face.image[0, face.at(702, "WMax")] = 2000

    seen = rehearsed(tmp_path, 6.0, script)
    assert max(float(d.set_w[0]) for d in seen[22:]) == pytest.approx(2e5, abs=1e3)
    assert seen[-1].set_w.sum() == pytest.approx(0.25 * 4 * RATING_W, rel=1e-3)


def test_clear_gives_a_unit_back_at_once_that_another_master_left(tmp_path: Path) -> None:
    def script(number: int, loop: Any, site: Any, _decision: Any) -> None:
        if number == 40:
            site.fleet.units.handle(0, 16, site.fleet.units.face.address(704, "WSet"), 2, (700_000).to_bytes(4, "big"))
        if number == 60:
            loop.orders.say("clear")

    seen = rehearsed(tmp_path, 8.0, script)
    assert seen[50].hold[0] == Hold.FOREIGN
    assert seen[-1].hold[0] == Hold.NONE
    assert seen[-1].state is State.RUNNING


def test_a_loop_whose_units_did_not_confirm_does_not_run_when_the_fault_is_over() -> None:
    timing = Timing(recover_s=0.3, confirm_s=1.0, release_s=5.0)
    well = Events(answers=True, few="", signed=True, meter=True, confirmed=False, at_zero=True, arm=True)
    m = Machine()
    for i in range(100):
        m = advance(m, well, timing, 0.1 * i, 0.1)
        assert m.state is not State.RUNNING
    m = advance(m, replace(well, confirmed=True), timing, 10.0, 0.1)
    assert m.state is State.RUNNING


# ---- maps


ROWS = {
    "power": "power,10,i32,W,power_w,,,",
    "soc": "soc,12,u16,%,soc_frac,,,",
    "set": "set,20,i16,kW,set_w,rw,,",
    "time": "time,30,u16,s,revert_s,rw,,",
    "run": "run,40,u16,,enable,rw,170,204",
}


def mapped(folder: Path, **rows: str) -> Any:
    lines = "\n".join((ROWS | rows).values())
    (folder / "pcs.csv").write_text(f"name,address,type,unit,role,access,low,high\n{lines}\n")
    make = makes["csv-map"](file=str(folder / "pcs.csv"))
    wanted = Wanted(name="u", rating_w=4e6, energy_j=1e10, reversion_s=4)
    return asyncio.run(make.find(Link(Recorder(), 1), wanted))  # type: ignore[arg-type]


class Recorder:
    """Registers that take every write but those that are refused, and remember the order."""

    def __init__(self, refused: frozenset[int] = frozenset()) -> None:
        self.refused, self.written = refused, []  # type: ignore[var-annotated]

    def write(self, _unit: int, address: int, _data: bytes, /) -> Any:
        self.written.append(address)
        future: Any = asyncio.get_running_loop().create_future()
        if address in self.refused:
            future.set_exception(FieldError("busy", kind="exception"))
        else:
            future.set_result(None)
        return future


@pytest.mark.parametrize(
    ("refused", "enable", "reached"),
    [
        (frozenset(), True, [20, 30, 40]),
        (frozenset({20}), True, [20]),  # enabled now, it would run at what somebody left there
        (frozenset({30}), True, [20, 30]),
        (frozenset({20}), False, [20, 30, 40]),  # a release goes out whatever else is refused
    ],
)
def test_a_unit_is_not_enabled_when_its_set_point_was_refused(
    tmp_path: Path, refused: frozenset[int], enable: Any, reached: list[int]
) -> None:
    unit, registers = mapped(tmp_path), Recorder(refused)
    rig = Rig(names=("u",), units=(unit,), links=(Link(registers, 1),))  # type: ignore[arg-type]
    yes = np.ones(1, np.bool_)
    decision: Any = SimpleNamespace(set_w=np.zeros(1), enable=yes & enable, write=yes)
    acked = asyncio.run(write_all(rig, decision, {}, 0.05))
    assert registers.written == reached
    assert bool(acked[0]) == (not refused)


def answers(unit: Any) -> tuple[bytes, ...]:
    return tuple(bytes(2 * r.size) for r in unit.reads)


def test_a_map_bounds_a_unit_by_what_its_register_can_hold(tmp_path: Path) -> None:
    wide = mapped(tmp_path)
    row = wide.decode(answers(wide))
    assert (row.values[Point.CHARGE_W], row.values[Point.DISCHARGE_W]) == (4e6, 4e6)
    narrow = mapped(tmp_path, set="set,20,i16,W,set_w,rw,,")
    row = narrow.decode(answers(narrow))
    assert (row.values[Point.CHARGE_W], row.values[Point.DISCHARGE_W]) == (32768.0, 32767.0)
    one_way = mapped(tmp_path, set="set,20,u16,kW,set_w,rw,0,1e6")
    row = one_way.decode(answers(one_way))
    assert (row.values[Point.CHARGE_W], row.values[Point.DISCHARGE_W]) == (0.0, 1e6)
    for unit in (wide, narrow, one_way):
        low_w, high_w = (unit.decode(answers(unit)).values[p] for p in (Point.CHARGE_W, Point.DISCHARGE_W))
        assert unit.setpoint(-low_w, enable=True)
        assert unit.setpoint(high_w, enable=True)


def test_no_register_is_read_that_a_map_does_not_name(tmp_path: Path) -> None:
    unit = mapped(tmp_path)
    named = {10, 11, 12, 20, 30, 40}
    assert {a for r in unit.reads for a in range(r.address, r.address + r.size)} == named
    assert len(unit.reads) == 4  # neighbours in one


def test_a_rating_that_the_device_tells_bounds_it_in_every_cycle(tmp_path: Path) -> None:
    unit = mapped(tmp_path)
    rated = replace(unit, entries={**unit.entries}, most=replace(unit.fields[Point.SOC_FRAC], factor=1e3))
    raw = [bytearray(a) for a in answers(unit)]
    where = unit.fields[Point.SOC_FRAC]
    raw[where.read][where.at : where.at + 2] = (500).to_bytes(2, "big")
    assert rated.decode([bytes(a) for a in raw]).values[Point.DISCHARGE_W] == 5e5


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"run": "run,40,u16,,enable,rw,170,170"}, "same value for on"),
        ({"run": "run,40,u16,,enable,rw,1,"}, "same value for on"),
        ({"time": "time,30,u16,s,revert_s,rw,0,3"}, "cannot be written"),
        ({"set": "set,20,i16,kW,set_w,rw,5,100"}, "cannot be written"),
    ],
)
def test_a_map_that_could_not_release_a_unit_is_refused(tmp_path: Path, rows: Any, words: str) -> None:
    with pytest.raises((FieldError, InputFileError), match=words):
        mapped(tmp_path, **rows)


def test_a_policy_that_looks_at_the_load_needs_a_meter(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text("battery: x\nunits: [{host: a}]\npolicies: [{kind: source-limit, floor: 5 MW}]\n")
    with pytest.raises(CampusFileError, match="needs a meter for the load"):
        read_setup(path)


def test_power_of_a_unit_that_is_long_gone_is_no_part_of_the_load() -> None:
    units = missing(2)
    values = units.values.copy()
    values[:, Point.POWER_W] = 1e6
    for age_s, load_w in ((0.1, 12e6), (GONE_S + 1.0, 11e6)):
        found = site_of(Metered(source_w=10e6, age_s=0.0), replace(units, values=values, age_s=np.array([0.0, age_s])))
        assert found.load_w == load_w


# ---- supervisor


def said(*records: tuple[bytes, list[bool]]) -> tuple[int, int]:
    read, write = os.pipe()
    for how, running in records:
        os.write(write, how + np.packbits(np.array(running)).tobytes())
    return read, write


NOBODY, TWO = [False] * 10, [True, False] * 2 + [False] * 6


@pytest.mark.parametrize(
    ("records", "closes", "how", "running"),
    [
        ([(ALIVE, NOBODY), (ARMED, TWO)], False, ARMED, TWO),
        ([(ALIVE, NOBODY), (ARMED, TWO)], True, DIED, TWO),
        ([(ARMED, TWO), (FAREWELL, NOBODY)], True, FAREWELL, NOBODY),
        ([(ARMED, TWO), (ZERO, TWO)], True, ZERO, TWO),
        ([(ARMED, TWO), (ALIVE, NOBODY)], True, FAREWELL, NOBODY),
        ([], True, FAREWELL, NOBODY),
    ],
)
def test_the_supervisor_brings_to_zero_what_ran_on_the_loops_word_and_no_more(
    records: Any, closes: Any, how: bytes, running: list[bool]
) -> None:
    read, write = said(*records)
    if closes:
        os.close(write)
    found, flags = watch(read, 0.05, 10)
    assert (found, flags.tolist()) == (how, running)
    os.close(read)
    if not closes:
        os.close(write)


def test_the_supervisor_of_a_loop_that_writes_nothing_waits_however_long() -> None:
    read, write = said((ALIVE, NOBODY))
    begun = time.monotonic()
    pid = subprocess.Popen(
        [sys.executable, "-c", f"import time, os; time.sleep(0.4); os.close({write})"], pass_fds=(write,)
    )
    os.close(write)
    assert watch(read, 0.05, 10)[0] == FAREWELL
    assert time.monotonic() - begun > 0.2
    pid.wait()
    os.close(read)


def test_a_supervisor_that_died_or_hangs_does_not_end_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Supervisor([], [])
    os.kill(own.pid, 9)
    own._process.wait()
    own.feed(np.ones(3, np.bool_))
    assert not own.alive()
    assert not own.close(np.zeros(3, np.bool_))
    monkeypatch.setattr(supervisor, "CLOSE_S", 0.1)
    hung = Supervisor([], [])
    os.kill(hung.pid, 19)
    for _ in range(70_000):  # more than a pipe holds
        hung.feed(np.ones(3, np.bool_))
    assert not hung.close(np.zeros(3, np.bool_))
    assert not hung.alive()


def run_in(folder: Path, monkeypatch: pytest.MonkeyPatch, options: Options, **more: str) -> Any:
    made: list[Any] = []

    class Fake:
        def __init__(self, _addresses: Any, _units: Any, patience_s: float, _tls: Any, *, realtime: Any) -> None:
            assert realtime
            made.append(patience_s)

        def alive(self) -> bool:
            return False

        def drop(self) -> None:
            """Nothing to drop."""

    monkeypatch.setattr("gigasite.field.battery.live.Supervisor", Fake)
    setup = setup_in(folder, **more)
    run = _Run(setup, options, SimpleNamespace(rig=SimpleNamespace(units=[])))  # type: ignore[arg-type]
    run.supervise()
    return run, made


def loop_at(time_s: float, number: int = 0) -> Any:
    orders: list[str] = []
    brain = SimpleNamespace(image=SimpleNamespace(time_s=time_s))
    return SimpleNamespace(
        brain=brain, number=number, cycle_s=0.1, ends=False, orders=SimpleNamespace(say=orders.append, said=orders)
    )


def test_an_armed_loop_expires_by_the_clock_and_not_by_the_cycles_that_it_managed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = run_in(tmp_path, monkeypatch, Options(refusal="", arm_s=10.0))
    decision: Any = SimpleNamespace(state=State.RUNNING)
    late = loop_at(time_s=11.0, number=20)  # most cycles were missed
    run._expire(late, decision)
    assert late.orders.said == ["disarm"]
    assert "over" in run.say(late, "arm")
    early = loop_at(time_s=9.0, number=20)
    assert run.say(early, "arm") == "taken"
    run.stop(early)
    assert "ending" in run.say(early, "arm")
    assert run.say(early, "disarm") == "taken"


def test_a_supervisor_is_as_patient_as_the_cycle_is_long_and_a_loop_without_one_disarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, made = run_in(tmp_path, monkeypatch, Options(refusal="", arm_s=10.0, say=lambda _w: None))
    assert made == [1.0]
    loop = loop_at(0.0)
    run._watched(loop, run.supervisor)
    assert loop.orders.said == ["disarm"]
    assert "supervisor" in run.say(loop, "arm")
    run, made = run_in(tmp_path, monkeypatch, Options(refusal="", arm_s=10.0), cycle="2 s", safety="{reversion: 8 s}")
    assert made == [6.0]


def test_a_closed_terminal_does_not_end_the_loop() -> None:
    heard: list[str] = []

    def full(words: str) -> None:
        heard.append(words)
        raise OSError(28, "No space left on device")

    voice = Voice(full)
    voice("running: units confirm zero")
    voice("failsafe: stopped by the operator")
    voice.close()
    assert len(heard) == 2


# ---- logs and orders


async def _two_runs(folder: Path) -> list[Path]:
    setup, bench = setup_in(folder), bench_in(folder, 2.0)
    rig, _ = await lockstep.rig_for(setup, bench, FLEET)
    for _ in range(2):
        log = LogWriter(folder / "log", header(setup, rig.units, signed=True, version="test"))
        await rehearse(setup, bench, FLEET, log=log)
        log.close()
    return sorted((folder / "log").glob("*.gslog"))


def test_two_runs_in_one_folder_are_replayed_as_two(tmp_path: Path) -> None:
    paths = asyncio.run(_two_runs(tmp_path))
    found = replay([read_log(p) for p in paths])
    assert (found.runs, found.cycles, found.different) == (2, 40, 0)
    assert found.versions == ("test",)


def test_a_log_whose_beginning_is_missing_is_refused_and_not_called_different(tmp_path: Path) -> None:
    path = asyncio.run(_two_runs(tmp_path))[0]
    log = read_log(path)
    whole = list(log)
    from gigasite.field.battery.record import framed

    rest = replace(log, blocks=(b"".join(framed(a, b) for a, b in whole[5:]),))
    with pytest.raises(InputFileError, match="holds cycle 5 where 0 is due"):
        replay([rest])


def test_a_full_disk_leaves_no_half_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = LogWriter(tmp_path, {})
    opened = Path.open

    class Full:
        def __init__(self, file: Any) -> None:
            self.file = file

        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.file.close()

    monkeypatch.setattr(Path, "open", lambda p, *a, **k: Full(opened(p, *a, **k)))
    log._roll()
    monkeypatch.undo()
    assert "No space left" in log.trouble
    log.put(b"x")
    log.close()
    assert len(list(tmp_path.glob("*.gslog"))) == 1


def test_a_loop_that_is_stopped_keeps_its_place(tmp_path: Path) -> None:
    """A second loop must not take the socket of one that does not answer because it hangs."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hangs:
        hangs.bind(str(tmp_path / "orders.sock"))
        hangs.listen(1)

        async def second() -> None:
            with pytest.raises(FieldError, match="another loop runs"):
                await OrderDesk(tmp_path / "orders.sock", json.dumps).open()

        asyncio.run(second())
    assert (tmp_path / "orders.sock").exists()
    asyncio.run(_opens(tmp_path / "orders.sock"))


async def _opens(path: Path) -> None:
    desk = OrderDesk(path, json.dumps)
    await desk.open()  # nobody holds it any more
    await desk.close()


def test_a_disk_that_fills_up_within_a_block_leaves_whole_blocks_behind(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, {})
    file = log._file

    class Filling:
        left = 30

        def __getattr__(self, name: str) -> Any:
            return getattr(file, name)

        def write(self, data: bytes) -> int:
            if not self.left:
                raise OSError(28, "No space left on device")
            taken = file.write(data[: self.left])
            self.left = 0
            return int(taken)

    log._file = Filling()
    log._write(os.urandom(100), 1)
    assert log.lost == 1
    log._file = file
    log._write(b"after", 1)
    log.close()
    (path,) = tmp_path.glob("*.gslog")
    assert read_log(path).blocks == (b"after",)


def test_set_points_read_while_they_change_move_nothing_and_are_no_other_master(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, torn = lockstep._handle, [0]

    def handled(fleet: Any, number: int, unit: int, function: int, address: int, count: int, data: bytes) -> Any:
        answer = handle(fleet, number, unit, function, address, count, data)
        at = 2 * (fleet.units.face.address(704, "WSet") - address)
        if number == 1 and function == 3 and 0 <= at < 2 * count and fleet.units.ticks in {300, 500}:
            torn[0] += 1
            return answer[:at] + b"\0\1" + answer[at + 2 :]  # the high word of a moment ago
        return answer

    monkeypatch.setattr(lockstep, "_handle", handled)
    seen = rehearsed(tmp_path, 8.0, lambda *_: None, safety="{recover: 1 s}")
    assert torn[0] == 2
    holds = [int(d.hold[1]) for d in seen]
    assert set(holds) == {int(Hold.NONE), int(Hold.FOREIGN)}
    assert not any(d.write[1] for d in seen if d.hold[1] == Hold.FOREIGN)
    assert holds[-20:] == [0] * 20  # a second each, not the minute that another master costs
    assert max(float(d.set_w[1]) for d in seen) <= 0.26 * RATING_W * 4 / 3


@pytest.mark.parametrize(("holds_s", "lingers"), [(0, True), (1, False), (4, False), (5, True), (3600, True)])
def test_a_map_whose_reversion_time_can_be_read_is_held_to_it(tmp_path: Path, holds_s: int, *, lingers: bool) -> None:
    unit = mapped(tmp_path)  # 4 s are written
    raw = [bytearray(a) for a in answers(unit)]
    where = unit.flags["revert_s"]
    raw[where.read][where.at : where.at + 2] = holds_s.to_bytes(2, "big")
    assert bool(unit.decode([bytes(a) for a in raw]).status & Status.LINGERS) == lingers
