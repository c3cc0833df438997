"""Programming units: who must not be written is not, what breaks off says what stands where, again writes the rest."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gigasite._core.errors import FieldError
from gigasite.field.battery.device import Link, Wanted, makes
from gigasite.field.battery.program import Ledger, Program, compare, program, write
from gigasite.field.battery.programming import End, Outcome, Place, program_units
from gigasite.field.battery.settings import read_setup
from gigasite.field.emulator.direct import Direct
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.sunspec.codec import encode
from gigasite.field.sunspec.discover import END, MARK
from gigasite.field.sunspec.model import lay, model

UNITS = 3
REGISTERS = 7
"""That a droop of 1 % changes."""
ENA = 40299
"""WSetEna of 704."""


class Line:
    """Registers of an emulated unit, with something that happens at a write."""

    def __init__(self, direct: Direct) -> None:
        self.direct, self.writes = direct, 0
        self.before: Callable[[int], None] = lambda _: None
        self.after: Callable[[int], None] = lambda _: None
        self.dead = self.returns = False

    def read(self, *asked: Any) -> Any:
        return self.direct.read(*asked) if not self.dead else self.lost()

    def write(self, *asked: Any) -> Any:
        if self.dead:
            return self.lost()
        self.writes += 1
        self.before(self.writes)
        if self.dead:
            return self.lost()
        answer = self.direct.write(*asked)
        self.after(self.writes)
        return self.lost() if self.dead else answer

    def lost(self) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.set_exception(FieldError("unit 2: connection reset", kind="reset"))
        self.dead = not self.returns
        return future

    def die(self, number: int, at: int) -> None:
        self.dead = self.dead or number == at


def wanted_in(folder: Path) -> Program:
    path = folder / "loop.yaml"
    path.write_text("battery: b\nunits: [{host: 127.0.0.1, port: 1}]\ncontroller: {kind: droop, droop: 1 %}\n")
    setup = read_setup(path)
    return program(setup.controller, setup.file)


def played(
    folder: Path, scene: Callable[[Fleet, list[Line]], None], again: Callable[[Fleet, list[Line]], None] | None = None
) -> tuple[Fleet, list[tuple[Outcome, ...]]]:
    """Program three units while something happens to them; then once more."""

    async def all_of_it() -> tuple[Fleet, list[tuple[Outcome, ...]]]:
        fleet = Fleet(FleetSettings(units=UNITS, lockstep=True, delay_s=(0.02, 0.02)))
        lines = [Line(Direct(partial(fleet._one, i), f"unit {i + 1}")) for i in range(UNITS)]
        places = []
        for i, line in enumerate(lines):
            link = Link(line, 1)
            asked = Wanted(name=f"unit {i + 1}", rating_w=None, energy_j=None, reversion_s=4)
            places.append(Place(name=asked.name, link=link, unit=await makes["sunspec"]().find(link, asked)))
        scene(fleet, lines)
        told = [await program_units(places, wanted_in(folder))]
        if again is not None:
            again(fleet, lines)
            told.append(await program_units(places, wanted_in(folder)))
        return fleet, told

    return asyncio.run(all_of_it())


def droop(fleet: Fleet) -> list[bool]:
    """Return which units run on the new droop."""
    c = fleet.units.controls
    return [bool(c.droop_on[i] and c.droop[i, 2] == c.droop[i, 3] == 0.01) for i in range(UNITS)]


def order(set_w: int, time_s: int) -> bytes:
    return struct.pack(">HHiihhHI", 1, 1, set_w, 0, 0, 0, 0, time_s)


def test_units_are_programmed_read_back_and_found_so(tmp_path: Path) -> None:
    fleet, (first, second) = played(tmp_path, lambda *_: None, lambda *_: None)
    assert [(o.end, len(o.written)) for o in first] == [(End.PROGRAMMED, REGISTERS)] * UNITS
    assert [c.point for c in first[0].written][-1] == "Ena"
    assert [(o.end, len(o.written)) for o in second] == [(End.PROGRAMMED, 0)] * UNITS
    assert droop(fleet) == [True] * UNITS


def local(fleet: Fleet, _: Any) -> None:
    fleet.units.controls.local[1] = True
    fleet.units.face.repaint()


def alarm(fleet: Fleet, _: Any) -> None:
    fleet.units.controls.alarms[1] = 1 << 7
    fleet.units.face.repaint()


def trip(fleet: Fleet, _: Any) -> None:
    fleet.units.controls.tripped[1] = True
    alarm(fleet, _)


def master(time_s: int, set_w: int = 500_000) -> Callable[[Fleet, Any], None]:
    def scene(fleet: Fleet, _: Any) -> None:
        assert fleet.units.write(1, ENA, order(set_w, time_s)) == b""
        fleet.units.tick()

    return scene


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (local, "LOCAL"), (alarm, "alarm"), (trip, "alarm"), (master(60), "set point (500 kW)"),
        (master(0), "set point (500 kW)"), (master(60, 0), "set point (0 kW)"),
    ],
)  # fmt: skip
def test_a_unit_that_must_not_be_written_is_refused_with_its_reason_and_the_others_go_on(
    tmp_path: Path, scene: Any, words: str
) -> None:
    def mended(fleet: Fleet, _: Any) -> None:
        fleet.units.controls.local[1] = fleet.units.controls.tripped[1] = False
        fleet.units.controls.alarms[1] = 0
        fleet.units.write(1, ENA, b"\0\0")
        fleet.units.face.repaint()

    fleet, (first, second) = played(tmp_path, scene, mended)
    assert [o.end for o in first] == [End.PROGRAMMED, End.REFUSED, End.PROGRAMMED]
    assert words in first[1].why
    assert (len(first[1].left), first[1].written) == (REGISTERS, ())
    assert not [w for w in fleet.units.written if w.unit == 1 and w.address != ENA and w.time_s < 0.01 and w.code]
    assert [(o.end, len(o.written)) for o in second] == [(End.PROGRAMMED, n) for n in (0, REGISTERS, 0)]
    assert droop(fleet) == [True] * UNITS


def test_who_is_refused_gets_no_write_at_all(tmp_path: Path) -> None:
    fleet, _ = played(tmp_path, local)
    assert {w.unit for w in fleet.units.written} == {0, 2}
    assert droop(fleet) == [True, False, True]


@pytest.mark.parametrize(
    "scene",
    [
        lambda f, _: f.units.write(1, ENA, order(0, 0)),  # enabled at zero, without a timer: nobody's
        lambda f, _: (f.units.write(1, ENA, order(500_000, 1)), [f.units.tick() for _ in range(300)]),  # long over
        lambda f, _: f.units.write(1, 40361, b"\0\0"),  # stopped by OpCtl: the best time
    ],
    ids=["zero", "expired", "stopped"],
)
def test_a_unit_that_runs_on_nobodys_word_may_be_written(tmp_path: Path, scene: Any) -> None:
    fleet, (told,) = played(tmp_path, scene)
    assert [o.end for o in told] == [End.PROGRAMMED] * UNITS
    assert droop(fleet) == [True] * UNITS


def test_a_unit_that_turns_local_meanwhile_leaves_the_others_whole(tmp_path: Path) -> None:
    def scene(fleet: Fleet, lines: list[Line]) -> None:
        lines[0].after = lambda number: local(fleet, lines) if number == 3 else None

    fleet, (told,) = played(tmp_path, scene)
    assert [o.end for o in told] == [End.PROGRAMMED, End.REFUSED, End.PROGRAMMED]
    assert droop(fleet) == [True, False, True]


@pytest.mark.parametrize("taken", [True, False], ids=["answer-lost", "request-lost"])
@pytest.mark.parametrize("at", [1, 4, 7])
def test_a_connection_that_is_lost_says_what_stands_and_again_writes_the_rest(
    tmp_path: Path, at: int, taken: Any
) -> None:
    def scene(_: Fleet, lines: list[Line]) -> None:
        setattr(lines[1], "after" if taken else "before", partial(lines[1].die, at=at))

    def mended(_: Fleet, lines: list[Line]) -> None:
        lines[1].dead = False

    fleet, (first, second) = played(tmp_path, scene, mended)
    assert [o.end for o in first] == [End.PROGRAMMED, End.HALF, End.PROGRAMMED]
    assert "reset" in first[1].why
    assert (len(first[1].written), first[1].left) == (at - 1, ())
    assert first[1].doubt is not None
    assert [(o.end, len(o.written)) for o in second] == [
        (End.PROGRAMMED, n) for n in (0, REGISTERS - at + (not taken), 0)
    ]
    assert droop(fleet) == [True] * UNITS


def test_a_connection_that_comes_back_tells_itself_what_stands(tmp_path: Path) -> None:
    def scene(_: Fleet, lines: list[Line]) -> None:
        lines[1].before, lines[1].returns = partial(lines[1].die, at=4), True

    _, (told,) = played(tmp_path, scene)
    assert (told[1].end, told[1].doubt) == (End.HALF, None)
    assert (len(told[1].written), len(told[1].left)) == (3, 4)


def test_a_unit_that_takes_nothing_or_changes_it_back_is_not_called_programmed(tmp_path: Path) -> None:
    def scene(fleet: Fleet, lines: list[Line]) -> None:
        fleet.units.deaf[1] = True
        at = fleet.sunspec.address(711, "Ctl[0].KOf")
        lines[2].after = lambda number: fleet.units.write(2, at, b"\x01\xf4") and None if number == 7 else None

    _, (told,) = played(tmp_path, scene)
    assert [o.end for o in told] == [End.PROGRAMMED, End.HALF, End.HALF]
    assert "did not take it" in told[1].why
    assert len(told[1].left) == REGISTERS
    assert "somebody else" in told[2].why
    assert [c.point for c in told[2].left] == ["Ctl[0].KOf"]


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupt_ends_after_the_unit_at_hand_and_twice_at_once(tmp_path: Path, times: int) -> None:
    def scene(_: Fleet, lines: list[Line]) -> None:
        def interrupt(number: int) -> None:
            if number in range(3, 3 + times):
                os.kill(os.getpid(), signal.SIGINT)

        lines[1].after = interrupt
        slow(lines[1])

    def calm(_: Fleet, lines: list[Line]) -> None:
        lines[1].after = lambda _: None

    before = signal.getsignal(signal.SIGINT)
    fleet, (first, second) = played(tmp_path, scene, calm)
    assert signal.getsignal(signal.SIGINT) is before
    assert [o.end for o in first] == [End.PROGRAMMED, End.PROGRAMMED if times == 1 else End.HALF, End.UNTOUCHED]
    assert "interrupted" in first[2].why
    assert droop(fleet) == [True] * UNITS
    assert all(o.end is End.PROGRAMMED for o in second)
    if times == 2:
        assert 2 <= len(first[1].written) < REGISTERS


def slow(line: Line) -> None:
    """Let the event loop turn between a request and its answer: signals are heard there."""
    own = line.direct

    class Later:
        def read(self, *asked: Any) -> Any:
            return asyncio.ensure_future(self.later(own.read(*asked)))

        def write(self, *asked: Any) -> Any:
            return asyncio.ensure_future(self.later(own.write(*asked)))

        async def later(self, answer: Any) -> Any:
            await asyncio.sleep(0.005)
            return await answer

    line.direct = Later()  # type: ignore[assignment]  # the same face


class Curves:
    """A device whose active curve is read-only: what is stored in another one must be adopted."""

    def __init__(self, result: int = 1) -> None:
        self.result = result
        control, droop_ = lay(model(704), {}), lay(model(711), {"NCtl": 2})
        known = {"Ena": 1, "NCtl": 2, "Db_SF": -3, "K_SF": -4, "RspTms_SF": -3, "WRmp": 500, "AdptCtlRslt": 1}
        known |= {f"Ctl[{k}].{p}": v for k in (0, 1) for p, v in (("KOf", 500), ("KUf", 500), ("RspTms", 100))}
        known |= {"Ctl[0].ReadOnly": 1, "Ctl[1].ReadOnly": 0}
        data = bytearray(MARK)
        for layout, number in ((control, 704), (droop_, 711)):
            for path, place in layout.places.items():
                value = {"ID": number, "L": layout.length - 2}.get(path, known.get(path, 0))
                data += encode(place.point, value)
        self.data = data + END.to_bytes(2, "big") + bytes(2)
        self.first = 40000 + 2 + control.length
        self.droop = droop_
        self.wrote: list[int] = []

    def at(self, path: str) -> int:
        return self.first + self.droop[path].offset

    def value(self, path: str) -> int:
        at = 2 * (self.at(path) - 40000)
        return int.from_bytes(self.data[at : at + 2 * self.droop[path].point.size], "big")

    def read(self, _unit: int, address: int, count: int, _function: int = 3) -> Any:
        return self.answer(bytes(self.data[2 * (address - 40000) :][: 2 * count]))

    def write(self, _unit: int, address: int, registers: bytes) -> Any:
        self.wrote.append(address)
        at = 2 * (address - 40000)
        self.data[at : at + len(registers)] = registers
        if address == self.at("AdptCtlReq"):
            said = 2 * (self.at("AdptCtlRslt") - 40000)
            self.data[said : said + 2] = self.result.to_bytes(2, "big")
            if self.result == 1:
                for p in ("DbOf", "DbUf", "KOf", "KUf", "RspTms"):
                    size = 2 * self.droop[f"Ctl[0].{p}"].point.size
                    to, of = (2 * (self.at(f"Ctl[{k}].{p}") - 40000) for k in (0, 1))
                    self.data[to : to + size] = self.data[of : of + size]
        return self.answer(None)

    def answer(self, value: Any) -> Any:
        future = asyncio.get_running_loop().create_future()
        future.set_result(value)
        return future


def test_a_stored_curve_is_adopted_and_so_it_is_when_only_that_is_left(tmp_path: Path) -> None:
    async def all_of_it() -> None:
        device, wanted = Curves(), wanted_in(tmp_path)
        link = Link(device, 1)
        target = await compare(link, "unit", wanted)
        await write(link, target, Ledger())
        assert device.value("Ctl[0].KOf") == device.value("Ctl[1].KOf") == 100
        assert device.wrote[-1] == device.at("AdptCtlReq")  # it was enabled before
        assert (await compare(link, "unit", wanted)).due == ()
        # the same, broken off before the curve was adopted
        device = Curves()
        link, ledger = Link(device, 1), Ledger()
        await write(link, await compare(link, "unit", wanted), ledger)
        at = 2 * (device.at("Ctl[0].KOf") - 40000)
        device.data[at : at + 2] = (500).to_bytes(2, "big")
        left = (await compare(link, "unit", wanted)).due
        assert [c.point for c in left] == ["AdptCtlReq"]
        assert ledger.doubt is None
        # a device that does not adopt it
        device = Curves(result=2)
        link, ledger = Link(device, 1), Ledger()
        with pytest.raises(FieldError, match="was not adopted"):
            await write(link, await compare(link, "unit", wanted), ledger)
        assert ledger.doubt is not None
        assert ledger.doubt.point == "AdptCtlReq"

    asyncio.run(all_of_it())
