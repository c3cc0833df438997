"""Edges of the live loop, found by a second look at it: each test was red before its mend."""

from __future__ import annotations

import asyncio
import math
import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite._core.errors import FieldError, InputFileError
from gigasite.field.battery.device import Link, Wanted, makes
from gigasite.field.battery.image import Point, Quality
from gigasite.field.battery.live import Options, _Run
from gigasite.field.battery.lockstep import rehearse
from gigasite.field.battery.loop import Orders
from gigasite.field.battery.meter import meter_of
from gigasite.field.battery.record import Inputs, decision_bytes, inputs_bytes, read_decision
from gigasite.field.battery.rig import Rig, write_all
from gigasite.field.battery.settings import core_of, read_setup
from gigasite.field.battery.states import State
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.power.case import read_bench

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

    case = folder / "case.yaml"
    case.write_text(
        "case: test\nmachines:\n"
        "  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}\n"
        "battery: {rating: 8 MW, energy: 16 MWh, latency: 100 ms, response: 20 ms}\n"
        "load: {kind: square, mean: 60 MW, swing: 2 MW, period: 8 s}\ncontroller: {kind: none}\nlimits: []\n"
        f"run: {{duration: {seconds} s, level: aggregate, step: 10 ms}}\n"
    )
    asyncio.run(rehearse(setup, read_bench(case), FLEET, each=each, log=log))
    return seen


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
