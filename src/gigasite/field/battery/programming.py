"""Write a program into units, one after the other: each is looked at just before and read back just after.

A unit that must not be programmed now is left as it is, with the reason, and the others go on. However it ends - done,
refused, connection lost, interrupted - what stands in which unit is told, and the same again writes only what is left.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError
from gigasite.field.battery.image import Point, Quality, Status
from gigasite.field.battery.program import CONTROL_MODEL, Ledger, compare, write
from gigasite.field.sunspec.codec import values_of
from gigasite.field.sunspec.discover import discover, read_block

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from gigasite.field.battery.connect import Connected
    from gigasite.field.battery.device import Link, Unit
    from gigasite.field.battery.program import Change, Program, Target

LOOKS, AGAIN_S = 6, 0.1
"""How often, and how long apart, a unit is asked what stands in it after its connection was lost; estimates."""
NOT_REACHED = "was not reached: it is as it was"


class End(StrEnum):
    """What became of a unit."""

    PROGRAMMED = "programmed"
    """It reads back all of it."""
    REFUSED = "refused"
    """It must not be programmed now; nothing was written."""
    UNTOUCHED = "untouched"
    """Nothing was written to it."""
    HALF = "half"
    """Something was written, and not all of it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One unit and the way to it."""

    name: str
    link: Link
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one unit."""

    unit: str
    end: End = End.PROGRAMMED
    why: str = ""
    written: tuple[Change, ...] = ()
    """Written now, and read back."""
    left: tuple[Change, ...] = ()
    """Not as wanted, as it says itself."""
    doubt: Change | None = None
    """Written, and what the device holds could not be read since."""


def places(connected: Connected) -> list[Place]:
    """Return the units that were found."""
    rig = connected.rig
    rows = zip(rig.names, rig.links, rig.units, strict=True)
    return [Place(name=n, link=k, unit=u) for n, k, u in rows if n not in connected.absent]


async def hindrance(place: Place) -> str:
    """Return why a unit must not be programmed now; "": it may be. A unit that stands still may: it is the best time.

    Raises
    ------
    FieldError
        It does not answer.
    """
    row = place.unit.decode(tuple([await place.link.read(*r) for r in place.unit.reads]))
    if row.quality[Point.SET_W] == Quality.LAYOUT:
        return "its registers are no longer those of the device that was found; read it again"
    if not row.status & Status.REMOTE:
        return "it is switched to LOCAL: somebody works on it; have it switched to remote, then repeat"
    if row.status & Status.ALARM:
        return "it shows an alarm: find its cause and reset it, then repeat"
    return await _master(place.link)


async def _master(link: Link) -> str:
    """Return what is said of a unit that runs on somebody's set point: its reversion timer runs, or it has none."""
    block = next((b for b in await discover(link.registers, link.unit) if b.model == CONTROL_MODEL), None)
    if block is None:
        return ""
    held = values_of(*await read_block(link.registers, link.unit, block))
    percent = held["WSetMod"].value == 0
    set_ = held["WSetPct" if percent else "WSet"].value
    timed, rest_s = held["WSetRvrtTms"].value, held["WSetRvrtRem"].value
    # a set point whose time is over is nobody's any more: it only still reads back
    if held["WSetEna"].value != 1 or not (rest_s if timed and rest_s is not None else set_):
        return ""
    told = "unknown" if set_ is None else f"{set_} %" if percent else f"{float(set_) / 1e3:.0f} kW"
    return (
        f"it runs on a set point ({told}) that somebody writes: end that first (a loop of gigasite by "
        "`gigasite battery tell SETTINGS stop`), then repeat"
    )


async def program_units(
    units: Sequence[Place], wanted: Program, say: Callable[[str], None] = lambda _: None
) -> tuple[Outcome, ...]:
    """Bring units to a program; SIGINT and SIGTERM end it after the unit at hand, said twice at once.

    Returns
    -------
    What became of each unit, in their order.
    """
    told: list[Outcome] = []
    stop = asyncio.Event()
    work = asyncio.get_running_loop().create_task(_all(units, wanted, told, stop))

    def heard() -> None:
        if stop.is_set():
            work.cancel()
        else:
            stop.set()
            say("interrupted: the unit at hand is brought to its end; once more ends at once")

    try:
        with _signals(heard):
            await asyncio.wait({work})
    finally:
        work.cancel()
    if not work.cancelled():
        work.result()
    rest = units[len(told) :]
    return (*told, *(Outcome(unit=p.name, end=End.UNTOUCHED, why=f"interrupted: {NOT_REACHED}") for p in rest))


@contextmanager
def _signals(heard: Callable[[], None]) -> Generator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(n) for n in numbers]
    for number in numbers:
        loop.add_signal_handler(number, heard)
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            loop.remove_signal_handler(number)  # puts back the default, not what was there
            signal.signal(number, handler)


async def _all(units: Sequence[Place], wanted: Program, told: list[Outcome], stop: asyncio.Event) -> None:
    for place in units:
        if stop.is_set():
            return
        ledger = Ledger()
        try:
            told.append(await _one(place, wanted, ledger))
        except asyncio.CancelledError:
            told.append(_unfinished(place, ledger, "interrupted"))
            raise


async def _one(place: Place, wanted: Program, ledger: Ledger) -> Outcome:
    try:
        target = await compare(place.link, place.name, wanted)
        why = await hindrance(place) if target.due else ""
        if why:
            return Outcome(unit=place.name, end=End.REFUSED, why=why, left=target.due)
        await write(place.link, target, ledger)
    except FieldError as error:
        why = str(error)
    return await _what_stands(place, wanted, ledger, why) if ledger.sent or why else Outcome(unit=place.name)


async def _what_stands(place: Place, wanted: Program, ledger: Ledger, why: str) -> Outcome:
    """Ask a unit what is in it now; where it does not answer, say what was read back before."""
    try:
        left = (await _looked(place, wanted)).due
    except FieldError as error:
        if not why and ledger.doubt is None:
            return Outcome(unit=place.name, written=tuple(ledger.done))
        return _unfinished(place, ledger, why or str(error))
    if not left:
        return Outcome(unit=place.name, written=tuple(ledger.sent))
    end = End.HALF if ledger.sent else End.UNTOUCHED
    why = why or "what it read back a moment ago is otherwise now: somebody else writes these registers"
    return Outcome(unit=place.name, end=end, why=why, written=tuple(ledger.done), left=left)


async def _looked(place: Place, wanted: Program) -> Target:
    """Compare once more; a connection that was just lost gets the time to come back."""
    for _ in range(LOOKS - 1):
        try:
            return await compare(place.link, place.name, wanted)
        except FieldError:
            await asyncio.sleep(AGAIN_S)
    return await compare(place.link, place.name, wanted)


def _unfinished(place: Place, ledger: Ledger, why: str) -> Outcome:
    end = End.HALF if ledger.sent else End.UNTOUCHED
    return Outcome(unit=place.name, end=end, why=why, written=tuple(ledger.done), doubt=ledger.doubt)
