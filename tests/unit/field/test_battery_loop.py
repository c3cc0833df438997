"""The loop as a whole: parity with the swing bench, what it does when it is itself the fault, replay to the byte."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite._core.errors import CampusFileError, InputFileError
from gigasite.field.battery import loop as loop_module
from gigasite.field.battery.health import Hold
from gigasite.field.battery.lockstep import rehearse
from gigasite.field.battery.log import LogWriter, read_log
from gigasite.field.battery.replay import header, replay
from gigasite.field.battery.settings import Setup, read_setup
from gigasite.field.battery.sign import beside, new_key, refusal, sign
from gigasite.field.battery.states import State
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.power.case import Bench, read_bench

CYCLE_S = 0.1
RAMP = 2e6
UNITS = 16


def setup_in(folder: Path, units: int = UNITS, **settings: str) -> Setup:
    (folder / "meter.csv").write_text(METER_MAP)
    given = {"controller": f"{{kind: ramp-limit, ramp: {RAMP / 1e6} MW/s}}"} | settings
    lines = "\n".join(f"{k}: {v}" for k, v in given.items())
    path = folder / "loop.yaml"
    path.write_text(
        "battery: test\ncycle: 100 ms\nmeter: {host: 127.0.0.1, port: 502, file: meter.csv}\n"
        f"units: [{{host: 127.0.0.1, port: 15000, count: {units}}}]\n{lines}\n"
    )
    return read_setup(path)


def bench_in(
    folder: Path, load: str, seconds: float, units: int = UNITS, limits: str = "[]", latency: str = "100 ms"
) -> Bench:
    path = folder / "case.yaml"
    path.write_text(
        "case: test\nmachines:\n"
        "  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}\n"
        f"battery: {{rating: {units * 1.927} MW, energy: {units * 3.854} MWh, latency: {latency}, response: 20 ms}}\n"
        f"load: {load}\ncontroller: {{kind: ramp-limit, ramp: {RAMP / 1e6} MW/s}}\nlimits: {limits}\n"
        f"run: {{duration: {seconds} s, level: aggregate, step: 10 ms}}\n"
    )
    return read_bench(path)


QUICK = "{full_swing: 50 ms}"
"""The guard's ramp is no part of what is compared."""
SQUARE = "{kind: square, mean: 60 MW, swing: 20 MW, period: 8 s}"
FLEET = FleetSettings(tick_s=0.01, delay_s=(0.02, 0.04), soc_spread_frac=0.2)


def test_the_same_controller_gives_the_same_power_in_the_bench_and_on_emulated_units(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, SQUARE, 40.0)
    there = bench.run(figures=False)
    here = asyncio.run(rehearse(setup_in(tmp_path, safety=QUICK), bench, FLEET)).swing
    begin = 200  # ready, armed and confirmed within two seconds
    # the live path is older by at most a cycle, the units' delay and their lag; within that time the bench's power moves
    # in a band, and the live power must lie in it, but for quantisation (100 W a unit read, 1 W a unit set) and losses
    oldest = round((CYCLE_S + 0.04 + 5 * 0.02) / 0.01)
    low = np.array([there.battery_w[max(i - oldest, 0) : i + oldest + 1].min() for i in range(len(there.battery_w))])
    high = np.array([there.battery_w[max(i - oldest, 0) : i + oldest + 1].max() for i in range(len(there.battery_w))])
    off = np.maximum(low - here.battery_w, here.battery_w - high)[begin:]
    # a cycle's step of the ramp, quantisation, and what losses that differ make of the return of the charge
    quantum_w = RAMP * CYCLE_S + UNITS * 101.0 + 50e3
    assert off.max() <= quantum_w
    inner = slice(begin, -oldest)
    alike = [
        np.corrcoef(there.battery_w[inner], np.roll(here.battery_w, -k)[inner])[0, 1] for k in range(-oldest, oldest)
    ]
    assert max(alike) > 0.995  # the same trace, later or earlier by less than what was said
    assert there.battery_peak_w > 1e7


def test_faster_cycles_and_delays_bring_the_live_power_to_the_bench(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, SQUARE, 20.0, latency="20 ms")
    there = bench.run(figures=False)

    def off(cycle: str, delay_s: float) -> float:
        setup = setup_in(tmp_path, safety=QUICK)
        fast = replace(setup, file=replace(setup.file, cycle_s=float(cycle)))
        found = asyncio.run(rehearse(fast, bench, replace(FLEET, delay_s=(delay_s, delay_s)))).swing
        return float(np.abs(found.battery_w - there.battery_w)[300:].mean())

    assert off("0.02", 0.01) < 0.5 * off("0.1", 0.1)


def test_states_of_charge_come_together_and_nobody_works_against_the_others(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, "{kind: square, mean: 60 MW, swing: 30 MW, period: 60 s}", 59.0)
    setup = setup_in(tmp_path, controller="{kind: none}", policies="[{kind: fixed, power: 20 MW}]")
    fleet = replace(FLEET, soc_spread_frac=0.5)
    before: list[float] = []

    def each(number: int, _loop: Any, site: Any, decision: Any) -> None:
        if number == 1:
            before.append(float(np.ptp(site.fleet.soc_frac)))
        assert not ((decision.set_w > 1.0).any() and (decision.set_w < -1.0).any())

    done = asyncio.run(rehearse(setup, bench, fleet, each=each))
    assert float(np.ptp(done.soc_frac)) < before[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A controller that goes wrong after four seconds for a while."""

    how: str
    seconds: float
    kind: ClassVar[str] = "broken"

    def start(self, _seen: Any, /) -> int:
        return 0

    def step(self, state: Any, /, seen: Any) -> Any:
        if 4.0 <= seen.time_s < 4.0 + self.seconds:
            if self.how == "raises":
                return self._raise()
            return state, {"nan": math.nan, "inf": math.inf, "none": None, "text": "x", "huge": 1e30}[self.how]
        return state, 0.2 * seen.rating_w

    def _raise(self) -> Any:
        raise ZeroDivisionError("a bug")


@pytest.mark.parametrize("how", ["raises", "nan", "inf", "none", "text", "huge"])
def test_a_controller_that_goes_wrong_once_changes_nothing(tmp_path: Path, how: str) -> None:
    setup = replace(setup_in(tmp_path, 4), controller=Broken(how=how, seconds=0.25))
    done = asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 10.0, 4), FLEET))
    assert done.state == "running"
    rating = 4 * 1.927e6
    assert np.all(np.abs(done.set_w.sum(axis=1)) <= rating * (1 + 1e-9))
    if how != "huge":  # a number that is too large is a number: it is bounded, not refused
        assert done.set_w[40:].sum(axis=1) == pytest.approx(0.2 * rating, rel=0.01)


@pytest.mark.parametrize("how", ["raises", "nan"])
def test_a_controller_that_stays_wrong_ends_latched_with_all_units_released(tmp_path: Path, how: str) -> None:
    setup = replace(setup_in(tmp_path, 4), controller=Broken(how=how, seconds=1e4))
    told: list[Any] = []

    def each(_number: int, _loop: Any, site: Any, decision: Any) -> None:
        told.append((decision.state, site.fleet.units.controls.enabled.copy(), decision.cause))

    done = asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 12.0, 4), FLEET, each=each))
    assert done.state == "latched"
    assert "the controller fails" in done.cause
    assert not told[-1][1].any()
    assert np.all(np.abs(done.swing.battery_w[-100:]) < 1e3)


def test_the_operator_is_heard(tmp_path: Path) -> None:
    states: list[State] = []
    heard = {30: "stop", 60: "arm", 90: "disarm", 110: "arm"}

    def each(number: int, loop: Any, _site: Any, decision: Any) -> None:
        states.append(decision.state)
        if number in heard:
            loop.orders.say(heard[number])

    setup = setup_in(tmp_path, 4, controller="{kind: none}", policies="[{kind: fixed, power: 3 MW}]")
    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 13.0, 4), FLEET, each=each))
    assert states[20] is State.RUNNING
    assert states[50] is State.READY
    assert states[80] is State.RUNNING
    assert states[108] is State.READY
    assert states[-1] is State.RUNNING


def test_a_tenth_of_the_units_is_lost_and_the_others_take_over_within_three_cycles(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, 20, controller="{kind: none}", policies="[{kind: fixed, power: 15 MW}]")
    seen: list[Any] = []

    def each(number: int, _loop: Any, site: Any, decision: Any) -> None:
        seen.append(decision)
        if number == 50:
            site.fleet.units.away[:2] = True
        if number == 100:
            site.fleet.units.away[:2] = False

    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 16.0, 20), FLEET, each=each))
    lost = seen[53]
    assert set(lost.hold[:2].tolist()) == {int(Hold.SILENT)}
    assert not lost.hold[2:].any()
    assert float(lost.set_w[2:].sum()) == pytest.approx(15e6, rel=1e-3)
    assert not seen[-1].hold.any()
    assert float(seen[-1].set_w.sum()) == pytest.approx(15e6, rel=1e-3)


def test_too_few_units_are_a_failsafe_that_ends_by_itself(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, 4, controller="{kind: none}", policies="[{kind: fixed, power: 3 MW}]")
    states: list[Any] = []

    def each(number: int, _loop: Any, site: Any, decision: Any) -> None:
        states.append((decision.state, decision.cause, decision.set_w.copy()))
        if number == 40:
            site.fleet.units.away[:3] = True
        if number == 70:
            site.fleet.units.away[:3] = False

    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 14.0, 4), FLEET, each=each))
    assert states[60][0] is State.FAILSAFE
    assert "only 1 of 4 units can be used (silent 3)" in states[60][1]
    assert not states[60][2].any()
    assert states[-1][0] is State.RUNNING


def test_a_meter_that_says_the_same_for_ever_is_stale_where_the_settings_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From 10 s on it says what it said then; without `meter_frozen` the loop believes it."""
    read_all, kept = loop_module.read_all, []

    async def frozen(rig: Any, seconds: float) -> Any:
        answers, metered = await read_all(rig, seconds)
        kept.append(metered)
        return answers, kept[min(len(kept) - 1, 100)]

    monkeypatch.setattr(loop_module, "read_all", frozen)
    bench = bench_in(tmp_path, SQUARE, 18.0, 4)
    judged = setup_in(tmp_path, 4, safety="{meter_frozen: 3 s, hold: 1 s}")
    done = asyncio.run(rehearse(judged, bench, FLEET))
    assert done.state == "failsafe"
    assert "load, source or frequency is not known" in done.cause
    kept.clear()
    believed = setup_in(tmp_path, 4, safety="{hold: 1 s}")
    assert asyncio.run(rehearse(believed, bench, FLEET)).state == "running"


def test_a_meter_that_falls_silent_is_held_and_then_failsafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_all = loop_module.read_all
    number = [0]

    async def without_meter(rig: Any, seconds: float) -> Any:
        answers, metered = await read_all(rig, seconds)
        number[0] += 1
        return answers, None if 100 <= number[0] < 140 else metered

    monkeypatch.setattr(loop_module, "read_all", without_meter)
    seen: list[Any] = []

    def each(_number: int, _loop: Any, _site: Any, decision: Any) -> None:
        seen.append(decision)

    setup = setup_in(tmp_path, 8)
    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 18.0, 8), FLEET, each=each))
    held = seen[110]
    assert held.state is State.RUNNING
    assert held.granted.power_w == seen[104].granted.power_w
    assert "stale" in held.note
    assert seen[135].state is State.FAILSAFE
    assert not seen[135].set_w.any()
    assert seen[-1].state is State.RUNNING


def logged(folder: Path, seconds: float = 8.0) -> tuple[Path, Setup]:
    setup = setup_in(folder, 4)
    bench = bench_in(folder, SQUARE, seconds, 4)
    return asyncio.run(_logged(folder, setup, bench)), setup


async def _logged(folder: Path, setup: Setup, bench: Bench) -> Path:
    from gigasite.field.battery.lockstep import rig_for

    rig, _site = await rig_for(setup, bench, FLEET)
    log = LogWriter(folder / "log", header(setup, rig.units, signed=True, version="test"))
    await rehearse(setup, bench, FLEET, log=log)
    log.close()
    return folder / "log"


def test_a_log_replays_to_the_byte_and_tells_where_it_does_not(tmp_path: Path) -> None:
    folder, _ = logged(tmp_path)
    (path,) = folder.glob("*.gslog")
    log = read_log(path)
    found = replay([log])
    assert found.cycles == 80
    assert found.set_points > 200
    assert found.different == 0
    settings = {**log.header["settings"], "window": {"low_frac": 0.3, "high_frac": 0.52}}
    other = replay([replace(log, header={**log.header, "settings": settings})])
    assert other.different > 0
    assert any("set points differ" in d.what or "granted" in d.what for d in other.differences)


def test_a_log_that_was_cut_off_is_read_to_its_last_whole_block(tmp_path: Path) -> None:
    folder, _ = logged(tmp_path, 3.0)
    (path,) = folder.glob("*.gslog")
    data = path.read_bytes()
    path.write_bytes(data[:-10])
    found = replay([read_log(path)])
    assert "cut off" in found.cut
    assert found.different == 0
    path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    with pytest.raises(InputFileError, match="check sum"):
        read_log(path)
    path.write_bytes(b"something else")
    with pytest.raises(InputFileError, match="no log"):
        read_log(path)


def test_a_full_disk_costs_records_and_not_the_loop(tmp_path: Path) -> None:
    log = LogWriter(tmp_path, {"a": 1})

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(file, name)

        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

    file = log._file
    log._file = Full()
    log.put(b"x" * 100)
    log.close()
    assert log.lost == 1
    assert "No space left" in log.trouble


def test_settings_that_nobody_signed_or_somebody_changed_write_nothing(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, 4)
    public = new_key(tmp_path / "key.pem")
    other = new_key(tmp_path / "other.pem")
    assert "is not there" in refusal(setup, [public])
    sign(setup, tmp_path / "key.pem")
    assert refusal(setup, [public]) == ""
    assert "no key" in refusal(setup, [])
    assert "none of the trusted" in refusal(setup, [other])
    assert refusal(setup, [other, public]) == ""
    setup.path.write_text(setup.path.read_text() + "\n# a remark changes nothing\n")
    assert refusal(read_setup(setup.path), [public]) == ""
    setup.path.write_text(setup.path.read_text() + "window: {high: 99 %}\n")
    assert "changed after" in refusal(read_setup(setup.path), [public])
    again = setup_in(tmp_path, 4)
    (tmp_path / "meter.csv").write_text(METER_MAP.replace("source,4", "source,8").replace("frequency,8", "frequency,4"))
    assert "changed after" in refusal(read_setup(again.path), [public])
    beside(setup.path).write_text("{}")
    assert "no signature" in refusal(setup, [public])
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("units: []", "has no unit"),
        ("units: [{host: a, port: 502, count: 3}, {host: a, port: 504}]", "two set points would fight"),
        ("units: [{host: a}]\nwindow: {low: 90 %, high: 20 %}", "low is not below high"),
        ("units: [{host: a}]\nsafety: {reversion: 2.5 s}", "whole seconds"),
        ("units: [{host: a}]\ncycle: 1 s\nsafety: {reversion: 2 s}", "below four cycles"),
        ("units: [{host: a}]\ncontroller: {kind: ramp-limit}", "needs a meter"),
        ("units: [{host: a, device: {kind: sunspek}}]", "did you mean 'sunspec'"),
        ("units: [{host: a, rating: 5}]", "needs a unit"),
        ("units: [{host: a, port: 70000}]", "must lie between"),
        ("units: [{host: a, device: {kind: csv-map, file: 7}}]", "file"),
        ("cycle: 100 ms", "units"),
    ],
)
def test_settings_that_cannot_be_are_mistakes_with_their_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(f"battery: x\n{text}\n")
    with pytest.raises(CampusFileError, match=r"loop.yaml:\d+:\d+") as found:
        read_setup(path)
    assert words in str(found.value)


def test_cycles_missed_in_a_row_are_a_failsafe_that_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle = loop_module.Loop.cycle

    async def busy(loop: Any, time_s: float, dt_s: float, missed: int) -> Any:
        return await cycle(loop, time_s, dt_s, 7 if loop.number == 40 else missed)

    monkeypatch.setattr(loop_module.Loop, "cycle", busy)
    states: list[Any] = []
    setup = setup_in(tmp_path, 4, controller="{kind: none}", policies="[{kind: fixed, power: 3 MW}]")
    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 8.0, 4), FLEET, each=lambda _n, _l, _s, d: states.append(d)))
    assert states[40].state is State.FAILSAFE
    assert "7 cycles missed" in states[40].cause
    assert states[-1].state is State.RUNNING


def test_a_loop_that_was_away_does_not_make_up_for_its_ramps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cycle = loop_module.Loop.cycle

    async def away(loop: Any, time_s: float, dt_s: float, missed: int) -> Any:
        return await cycle(loop, time_s, 60.0 if loop.number == 10 else dt_s, missed)

    monkeypatch.setattr(loop_module.Loop, "cycle", away)
    setup = setup_in(
        tmp_path, 4, controller="{kind: none}", policies="[{kind: fixed, power: 7 MW}]", safety="{full_swing: 10 s}"
    )
    done = asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 4.0, 4), FLEET))
    assert np.abs(np.diff(done.set_w, axis=0)).max() <= 2.0 * 1.927e6 / 10.0 * CYCLE_S + 1.0


def test_nothing_is_written_outside_of_the_registers_for_it(tmp_path: Path) -> None:
    from gigasite._core.errors import FieldError
    from gigasite.field.battery.device import Write
    from gigasite.field.battery.lockstep import rig_for
    from gigasite.field.battery.rig import write_all

    class Wild:
        writable = ((40299, 12),)

        def setpoint(self, _power_w: float, /, *, enable: bool) -> Any:
            return (Write(40226, bytes(2)),) if enable else ()

        def beat(self, _count: int, /) -> None:
            return None

    async def one(folder: Path) -> None:
        setup = setup_in(folder, 2)
        rig, site = await rig_for(setup, bench_in(folder, SQUARE, 4.0, 2), FLEET)
        wild = replace(rig, units=(rig.units[0], Wild()))
        yes = np.ones(2, np.bool_)
        decision: Any = type("D", (), {"set_w": np.zeros(2), "enable": yes, "write": yes})()
        with pytest.raises(FieldError, match="outside of the registers"):
            await write_all(wild, decision, {}, 1.0)
        assert not site.fleet.units.written

    asyncio.run(one(tmp_path))


@pytest.mark.parametrize(
    ("point", "value", "words"),
    [("WMax", 0, "is 0"), ("W_SF", 0x8000, "not implemented"), ("W_SF", 77, "scale factor")],
)
def test_a_device_that_cannot_be_understood_is_not_run(tmp_path: Path, point: str, value: int, words: str) -> None:
    from functools import partial

    from gigasite._core.errors import FieldError
    from gigasite.field.battery.device import Link
    from gigasite.field.emulator.direct import Direct
    from gigasite.field.emulator.fleet import Fleet

    async def find(folder: Path) -> None:
        setup = setup_in(folder, 1)
        fleet = Fleet(replace(FLEET, units=1, lockstep=True))
        fleet.units.face.image[0, fleet.units.face.at(702, point)] = value
        link = Link(Direct(partial(fleet._one, 0), "unit"), 1)
        with pytest.raises(FieldError, match=words):
            await setup.addresses[0].make.find(link, setup.addresses[0].wanted)

    asyncio.run(find(tmp_path))


def test_a_log_that_cannot_keep_up_drops_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gigasite.field.battery import log as log_module

    monkeypatch.setattr(log_module, "WAITING", -1)
    log = LogWriter(tmp_path, {})
    log.put(b"x")
    assert log.lost == 1
    assert "too slow" in log.trouble
    log.close()


def test_a_whole_switch_is_lost_and_comes_back(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, 4, controller="{kind: none}", policies="[{kind: fixed, power: 3 MW}]")
    seen: list[Any] = []

    def each(number: int, _loop: Any, site: Any, decision: Any) -> None:
        seen.append(decision)
        if number == 40:
            site.fleet.units.away[:] = True
        if number == 80:
            site.fleet.units.away[:] = False

    asyncio.run(rehearse(setup, bench_in(tmp_path, SQUARE, 14.0, 4), FLEET, each=each))
    assert seen[60].state is State.FAILSAFE
    assert "only 0 of 4" in seen[60].cause
    assert not seen[60].write.any()  # nobody is there to be written to: the units' own timers bring them down
    assert seen[-1].state is State.RUNNING
    step = np.abs(seen[-1].set_w - seen[80].set_w)
    assert step.max() > 0.0


def health_after(soc: Any, seconds: float, power_w: float = 1.9e6) -> Any:
    """Return the health of one unit that gives power while it shows `soc(time)`."""
    from gigasite.field.battery.health import Now, Rules, Size, Told, fresh, judge
    from gigasite.field.battery.image import POINTS, Point, Status, missing

    rules = Rules(
        stale_s=0.25,
        heartbeat_s=3.0,
        foreign_quiet_s=60.0,
        ignores_s=0.5,
        direction_s=1.0,
        direction_frac=0.1,
        recover_s=2.0,
        soc_jump_frac=0.05,
        soc_frozen_frac=0.03,
        saturated_frac=0.05,
        saturated_s=1.0,
    )
    size = Size(rating_w=np.array([1.927e6]), energy_j=np.array([3.854 * 3.6e9]), step_w=np.array([1.0]))
    set_w = np.array([power_w])
    yes = np.ones(1, np.bool_)
    told = Told(set_w=set_w, history_w=np.tile(set_w, (4, 1)), wrote=yes, enabled=yes)
    h, dt_s = fresh(1), 1.0
    for k in range(int(seconds)):
        values = np.zeros((1, POINTS))
        values[0, Point.POWER_W], values[0, Point.SET_W], values[0, Point.SOC_FRAC] = power_w, power_w, soc(float(k))
        values[0, Point.HEARTBEAT] = k
        units = replace(
            missing(1),
            values=values,
            quality=np.zeros((1, POINTS), np.uint8),
            status=np.array([int(Status.ANSWERED | Status.REMOTE | Status.ENABLED)]),
            age_s=np.zeros(1),
        )
        h = judge(h, units, told, size, rules, Now(time_s=float(k), dt_s=dt_s, steady=True))
    return Hold(int(h.hold[0]))


def test_a_state_of_charge_that_stands_still_under_load_is_not_believed() -> None:
    rate = 1.9e6 / (3.854 * 3.6e9)
    assert health_after(lambda t: 0.8 - rate * t, 600.0) is Hold.NONE
    assert health_after(lambda _t: 0.8, 100.0) is Hold.NONE  # a tenth of a per cent a step is how devices count
    assert health_after(lambda _t: 0.8, 600.0) is Hold.SOC
    assert health_after(lambda t: 0.8 - 0.2 * (t >= 550), 551.0) is Hold.SOC
    assert health_after(lambda _t: 0.8, 600.0, power_w=0.0) is Hold.NONE  # at rest it may stand still


def test_steps_of_the_wall_clock_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    real = time.time
    setup = setup_in(tmp_path, 2, controller="{kind: none}", policies="[{kind: fixed, power: 1 MW}]")
    bench = bench_in(tmp_path, SQUARE, 4.0, 2)
    still = asyncio.run(rehearse(setup, bench, FLEET))
    jumps = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: real() + 3600.0 * (-1) ** next(jumps))
    stepped = asyncio.run(rehearse(setup, bench, FLEET))
    assert np.array_equal(still.set_w, stepped.set_w)
    assert stepped.state == "running"
