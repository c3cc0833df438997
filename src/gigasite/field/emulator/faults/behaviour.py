"""Faults of the unit itself: it does something else than it was told, or nothing any more."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import QuantityError
from gigasite._core.registry import unknown
from gigasite._core.settings import of_kind, setting
from gigasite.field.emulator.fault import faults, nothing
from gigasite.field.emulator.watchdog import WATCHDOGS, Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet
    from gigasite.field.emulator.registers import SunspecFace


def _set(array: Any, units: tuple[int, ...], value: Any, fleet: Fleet) -> Undo:
    """Set entries of an array; return what puts them back."""
    rows = list(units)
    before = array[rows].copy()
    array[rows] = value
    fleet.units.face.repaint()

    async def undo() -> None:
        array[rows] = before
        fleet.units.face.repaint()

    return undo


@faults.part("deaf")
@dataclass(frozen=True, slots=True, kw_only=True)
class Deaf:
    """Writes are acknowledged and ignored."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.deaf, units, value=True, fleet=fleet)


@faults.part("backwards")
@dataclass(frozen=True, slots=True, kw_only=True)
class Backwards:
    """It charges when told to discharge."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.controls.sign, units, -1.0, fleet)


@faults.part("weak")
@dataclass(frozen=True, slots=True, kw_only=True)
class Weak:
    """It does a share of what it is told.

    Parameters
    ----------
    share_frac
        Of the set point; 0: nothing.
    """

    share_frac: float = setting(0.5, 0.0, 1.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.controls.sign, units, self.share_frac, fleet)


@faults.part("local")
@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Somebody has switched it to LOCAL: it goes to zero, and remote set points mean nothing."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.controls.local, units, value=True, fleet=fleet)


@faults.part("alarm")
@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm is shown until it is reset; the unit runs on.

    Parameters
    ----------
    bit
        Of 701.Alrm: 7 is over-temperature.
    """

    bit: int = setting(7, 0, 31)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.controls.alarms, units, 1 << self.bit, fleet)


@faults.part("trip")
@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """It opens its breaker, with an alarm, until that is reset or the fault ends."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        alarm = _set(fleet.units.controls.alarms, units, 1 << 4, fleet)
        trip = _set(fleet.units.controls.tripped, units, value=True, fleet=fleet)

        async def undo() -> None:
            await trip()
            await alarm()

        return undo


@faults.part("reboot")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """Its control restarts: connections are reset, nothing is answered while it lasts, the set point is lost."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        for i in units:
            fleet.units.reboot(i)
            if fleet.settings.layout == "ports":
                fleet.server_of(i).reset()
        return _set(fleet.units.away, units, value=True, fleet=fleet)


@faults.part("frozen-heartbeat")
@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenHeartbeat:
    """It answers and obeys, and its heartbeat stands still."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return _set(fleet.units.frozen_heart, units, value=True, fleet=fleet)


def _behaviour(given: Any) -> str:
    if given not in WATCHDOGS:
        raise QuantityError(str(unknown("watchdog", str(given), WATCHDOGS)))
    return str(given)


def _watched(fleet: Fleet, units: tuple[int, ...], other: Callable[[Watchdog], Watchdog]) -> Undo:
    """Give units another reversion timer, made of their own; return what gives that back."""
    behaviour = fleet.units.timers.behaviour
    before = {i: behaviour[i] for i in units}
    for i, own in before.items():
        behaviour[i] = other(own)

    async def undo() -> None:
        for i, own in before.items():
            behaviour[i] = own

    return undo


@faults.part("watchdog")
@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWatchdog:
    """Its reversion timer behaves otherwise, or ends early or late.

    Parameters
    ----------
    behaviour
        As in the fleet's settings; "": its own.
    factor
        Times the time that it was set to, from the next write on.
    """

    behaviour: str = of_kind("", _behaviour)
    factor: float = setting(1.0, 0.01, 100.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def other(own: Watchdog) -> Watchdog:
            base = WATCHDOGS[self.behaviour] if self.behaviour else own
            return replace(base, factor=base.factor * self.factor)

        return _watched(fleet, units, other)


@faults.part("long-reversion")
@dataclass(frozen=True, slots=True, kw_only=True)
class LongReversion:
    """It knows no short reversion times: a shorter one is acknowledged, and raised.

    Parameters
    ----------
    least_s
        The shortest that it takes.
    """

    least_s: float = setting(60.0, 1.0, 86400.0)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        unwatched = _watched(fleet, units, lambda own: replace(own, least_s=self.least_s))

        def paint(face: SunspecFace) -> None:
            for i in units:
                if 0 < (face.raw(i, 704, "WSetRvrtTms") or 0) < self.least_s:
                    face.put(i, 704, "WSetRvrtTms", math.ceil(self.least_s))

        painted = fleet.paint(paint, units)

        async def undo() -> None:
            await unwatched()
            await painted()

        return undo


@faults.part("second-master")
@dataclass(frozen=True, slots=True, kw_only=True)
class SecondMaster:
    """Somebody else writes set points.

    Parameters
    ----------
    set_w
        What the other one wants, discharge positive.
    every_s
        How often it writes.
    """

    set_w: float = setting(-1e5, -1e9, 1e9)
    every_s: float = setting(0.5, 0.01, 3600.0)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        order = fleet.sunspec.order(self.set_w)
        address = fleet.sunspec.address(704, "WSetEna")
        due_s = [fleet.time_s]

        def act() -> None:
            if fleet.time_s + 1e-9 >= due_s[0]:
                due_s[0] += self.every_s
                for i in units:
                    fleet.units.write(i, address, order, second_master=True)

        return fleet.every_tick(act)


@faults.part("spent")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Its state of charge really is another one: a cell string was lost, or the estimate had drifted.

    Parameters
    ----------
    to_frac
        What is left.
    """

    to_frac: float = setting(0.05, 0.0, 1.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        fleet.units.recharge(units, self.to_frac)
        return nothing
