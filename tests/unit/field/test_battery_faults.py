"""Every fault that a device can make, against the live code: what is promised for it, and that it held.

The loop talks to emulated units over loopback sockets; the emulated clock moves only between cycles. In every scenario
the same is demanded of what reached the units: no set point beyond a rating, faster than the ramp, outside of the window
of the state of charge or against the other units; nothing written to who does not take orders; and after the fault the
unit is used again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from struct import unpack_from
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite._core.settings import Choice
from gigasite.field.battery.brain import Brain
from gigasite.field.battery.connect import connect
from gigasite.field.battery.decide import Decision
from gigasite.field.battery.health import Hold
from gigasite.field.battery.loop import Loop
from gigasite.field.battery.settings import core_of, read_setup
from gigasite.field.battery.states import State
from gigasite.field.emulator.fault import Event, Script, fault_of, faults
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.map_face import MapFace
from gigasite.field.emulator.registers import SunspecFace
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.runner import run
from gigasite.field.sunspec.csv_map import read_map

UNITS = 5
CYCLE_S = 0.1
DEADLINE_S = 0.05
AT_S, FOR_S, END_S = 3.0, 5.0, 14.0
SICK = 1
ASKED_W = 4e6
ALONE = {Hold.SILENT, Hold.LOCAL, Hold.FOREIGN, Hold.LAYOUT}
"""Units in these hands get no set point."""
WINDOW = (0.2, 0.8)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What is promised for a fault."""

    fault: str
    settings: dict
    hold: set[Hold]
    """One of these must be seen on the unit while the fault lasts; empty: the unit goes on."""
    for_s: float | None = FOR_S
    may: frozenset[Hold] = frozenset()
    """These may be seen, or not: it depends on how the fault falls between cycles."""
    back: bool = True
    """Whether the unit is used again in the time that the scenario has left."""


def p(
    fault: str,
    *hold: Hold,
    for_s: float | None = FOR_S,
    may: tuple[Hold, ...] = (),
    back: bool = True,
    **settings: object,
) -> Promise:
    return Promise(fault=fault, settings=settings, hold=set(hold), for_s=for_s, may=frozenset(may), back=back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A controller whose power never stands still, so that a unit that does not follow shows."""

    kind: ClassVar[str] = "wave"

    def start(self, _seen: Any, /) -> Any:
        return 0.0

    def step(self, state: Any, /, seen: Any) -> Any:
        return state + seen.dt_s, ASKED_W * (1.0 + 0.3 * np.sin(2.0 * state))


PROMISES = [
    p("refuse", Hold.SILENT),
    p("black-hole", Hold.SILENT),
    p("reset", for_s=None, may=(Hold.SILENT,)),
    p("crowded"),
    p("silent", Hold.SILENT),
    p("slow", Hold.SILENT, by="1 s"),
    p("lossy", share=0.2, may=(Hold.SILENT,)),
    p("duplicate"),
    p("reorder"),
    p("wrong-transaction", Hold.SILENT),
    p("wrong-unit", Hold.SILENT),
    p("wrong-function", Hold.SILENT),
    p("wrong-length", Hold.SILENT),
    *[p("exception", Hold.SILENT, code=code) for code in (1, 2, 3, 4, 5, 6, 11)],
    p("dribble", may=(Hold.SILENT,)),
    p("cut", Hold.SILENT),
    p("noise", Hold.SILENT),
    p("not-implemented", Hold.QUALITY),
    p("rescale", Hold.QUALITY),
    p("swapped-words"),
    p("flipped-meter", Hold.DIRECTION),
    p("soc", Hold.QUALITY, Hold.SOC, to="101 %"),
    p("soc", Hold.SOC, to="75 %"),
    p("frequency"),
    p("frozen", Hold.HEARTBEAT),
    p("deaf", Hold.IGNORES, back=True),
    p("backwards", Hold.DIRECTION),
    p("weak"),
    p("local", Hold.LOCAL),
    p("alarm", Hold.ALARM),
    p("trip", Hold.STOPPED, Hold.ALARM),
    p("reboot", Hold.SILENT),
    p("frozen-heartbeat", Hold.HEARTBEAT),
    p("watchdog"),
    p("long-reversion", Hold.IGNORES),
    p("second-master", Hold.FOREIGN, back=False),
    p("register", Hold.LAYOUT, model=704, point="L", value=1),
    p("torn", Hold.FOREIGN, point="704.WSet", age="250 ms"),
    p("torn", may=(Hold.FOREIGN,)),
    p("cached"),
    p("cached", Hold.IGNORES, Hold.FOREIGN, every="1500 ms"),
    p("spent", Hold.SOC, for_s=None, to="30 %"),
]


@dataclass(kw_only=True)
class Seen:
    """What a scenario showed."""

    decisions: list[Decision]
    fleet: Fleet


async def scenario(folder: Path, promise: Promise, own: str = "") -> Seen:
    """Play it: on SunSpec units, or on such with the registers of a map of their own."""
    soc_frac = NEAR_BORDER if own else 0.5
    settings = FleetSettings(units=UNITS, lockstep=True, soc_frac=soc_frac, delay_s=(0.02, 0.04))
    face, device = SunspecFace, ""
    if own:
        (folder / "pcs.csv").write_text(own)
        face = partial(MapFace, own=read_map(folder / "pcs.csv"), reversion_s=10.0)
        device = ", device: {kind: csv-map, file: pcs.csv}, rating: 1.927 MW, energy: 3.854 MWh"
    async with Fleet(settings, face=face) as fleet:
        rows = "\n".join(f"  - {{host: 127.0.0.1, port: {e.port}{device}}}" for e in fleet.endpoints)
        path = folder / "loop.yaml"
        path.write_text(
            f"battery: faults\ncycle: 100 ms\nunits:\n{rows}\ncontroller: {{kind: none}}\n"
            f"window: {{low: {WINDOW[0]}, high: {WINDOW[1]}}}\nsafety: {{full_swing: 1 s, recover: 1 s, foreign_quiet: 2 s, heartbeat: 1.5 s}}\n"
        )
        setup = read_setup(path)
        connected = await connect(setup, retry_s=(0.005, 0.02))
        try:
            core = replace(core_of(setup, connected.rig.units, signed=True), controller=Wave())
            loop = Loop(Brain(core, connected.rig.units), connected.rig, CYCLE_S, deadline_s=DEADLINE_S)
            fault = fault_of(Choice(kind=promise.fault, settings=promise.settings))
            script = Script([Event(at_s=AT_S, for_s=promise.for_s, units=(SICK,), fault=fault)])
            decisions = []
            loop.orders.say("arm")
            while fleet.time_s < END_S:
                decisions.append(await loop.cycle(loop.number * CYCLE_S, CYCLE_S, 0))
                await fleet.advance(CYCLE_S)
                await script.play(fleet)
            return Seen(decisions=decisions, fleet=fleet)
        finally:
            await connected.close()


def set_points(fleet: Fleet) -> Any:
    """Yield time, unit, watts and enable of every set point of ours that was taken."""
    mapped = isinstance(fleet.units.face, MapFace)
    block = SET_AT if mapped else fleet.units.face.address(704, "WSetEna")
    for w in fleet.units.written:
        if w.address == block and not w.code and not w.second_master:
            watts, _, enable = unpack_from(">iHH", w.data) if mapped else unpack_from(">HHi", w.data)[::-1]
            yield w.time_s, w.unit, float(watts), bool(enable)


def never_unsafe(seen: Seen) -> None:
    fleet, rating = seen.fleet, seen.fleet.units.kind.rating_w
    allowed = {SET_AT, BEAT_AT}
    if not isinstance(fleet.units.face, MapFace):
        allowed = {fleet.units.face.address(704, "WSetEna"), fleet.units.face.address(715, "ControllerHb")}
    assert {w.address for w in fleet.units.written if not w.second_master} <= allowed
    step = rating * 1.0 * CYCLE_S  # full swing in a second
    last: dict[int, float] = {}
    by_time: dict[float, list[float]] = {}
    for time_s, unit, watts, _ in set_points(fleet):
        assert abs(watts) <= rating
        before = last.get(unit, 0.0)
        assert abs(watts) <= abs(before) + step + 2.0, f"{time_s}: unit {unit} from {before} to {watts}"
        last[unit] = watts
        by_time.setdefault(time_s, []).append(watts)
    assert all(not (min(v) < -1.0 and max(v) > 1.0) for v in by_time.values())


@pytest.mark.parametrize("promise", PROMISES, ids=lambda q: "-".join([q.fault, *map(str, q.settings.values())]))
def test_a_fault_harms_nobody_and_passes(tmp_path: Any, promise: Any) -> None:
    seen = run(scenario(tmp_path, promise))
    never_unsafe(seen)
    for d in seen.decisions:
        assert not any(d.write[i] for i in range(UNITS) if Hold(int(d.hold[i])) in ALONE)
    first, last = int(AT_S / CYCLE_S) + 2, int((AT_S + (promise.for_s or FOR_S)) / CYCLE_S)
    holds = {Hold(int(d.hold[SICK])) for d in seen.decisions[first:last]} - {Hold.NONE}
    others = [Hold(int(d.hold[i])) for d in seen.decisions[5:] for i in range(UNITS) if i != SICK and d.hold[i]]
    assert set(others) <= {Hold.SILENT}  # a busy machine may answer late: the deadlines are of the real clock
    # (one stall of the machine of 75 ms costs all others a second each: an eighth of the scenario is two such)
    assert len(others) < 0.15 * UNITS * len(seen.decisions)
    assert not promise.hold or holds & promise.hold, f"held for {holds}, promised {promise.hold}"
    if not promise.hold:
        assert holds <= promise.may, holds
    assert all(d.state is State.RUNNING for d in seen.decisions[10:])  # four of five units carry on
    end = seen.decisions[-1]
    assert float(end.set_w.sum()) == pytest.approx(end.granted.power_w, rel=1e-3)
    assert end.granted.power_w > 0.5 * ASKED_W
    if promise.back:
        assert end.hold[SICK] == Hold.NONE
        assert end.set_w[SICK] > 0.1 * ASKED_W / UNITS


MAP = """name,address,type,scale,unit,access,role
power,0,i32,1,W,r,power_w
charge,2,u32,0.0001,%,r,soc_frac
energy,4,u64,1,J,r,energy_j
alive,8,u32,1,,r,heartbeat
set point,10,i32,1,W,rw,set_w
reversion,12,u16,1,s,rw,revert_s
run,13,u16,1,,rw,enable
beat,14,u32,1,,w,beat
frequency,16,u16,0.01,Hz,r,frequency_hz
"""
SET_AT, BEAT_AT = 10, 14
NEAR_BORDER = 0.459
"""Falls below 7 x 65536 steps of the map's state of charge while the fault lasts."""
TORN = {
    "set point": {Hold.FOREIGN},
    "charge": {Hold.SOC},
    "power": set(),  # wrong by 65 kW: less than what a measurement may be off its set point
    "energy": set(),  # no part of a decision
    "": {Hold.FOREIGN, Hold.SOC},
}


@pytest.mark.parametrize("name", TORN)
def test_torn_words_of_a_register_map_harm_nobody_and_pass(tmp_path: Path, name: str) -> None:
    seen = run(scenario(tmp_path, p("torn", point=name, age="250 ms"), MAP))
    never_unsafe(seen)
    holds = {Hold(int(d.hold[SICK])) for d in seen.decisions[int(AT_S / CYCLE_S) : int(END_S / CYCLE_S)]}
    assert holds - {Hold.NONE} <= TORN[name], holds
    assert not name or holds >= TORN[name], holds
    assert all(d.state is State.RUNNING for d in seen.decisions[10:])
    assert seen.decisions[-1].hold[SICK] == Hold.NONE
    assert not any(d.write[SICK] for d in seen.decisions if d.hold[SICK] == Hold.FOREIGN)


def test_every_kind_of_fault_is_promised_something() -> None:
    assert {q.fault for q in PROMISES} == set(faults.names())
