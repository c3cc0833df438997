"""All units of a fleet in memory: their state, what was asked of them, their registers; time moves in ticks."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from gigasite._core.streams import stream
from gigasite.field.emulator import unit
from gigasite.field.emulator.controls import Controls
from gigasite.field.emulator.watchdog import WATCHDOGS, Timers
from gigasite.field.modbus.frames import READS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from gigasite.field.emulator.settings import FleetSettings

    Turn = Callable[["Asked", bytes], bytes]

KEPT = 100_000
"""Writes that are remembered."""
SECOND = 1.0


class Written(NamedTuple):
    """One write: when, to which unit, by Modbus or by a second master, where, what, and what it was answered."""

    time_s: float
    unit: int
    address: int
    data: bytes
    code: int
    """0: done; else the exception."""
    second_master: bool


class Asked(NamedTuple):
    """A request to read: unit (from 0), function, first register and how many."""

    unit: int
    function: int
    address: int
    size: int


class Face(Protocol):
    """Registers by which units are seen and commanded."""

    def read(self, unit: int, address: int, count: int, function: int, /) -> bytes | int:
        """Return registers, or an exception code."""
        ...

    def write(self, unit: int, address: int, data: bytes, /) -> bytes | int:
        """Take registers as a whole, or return an exception code."""
        ...

    def long(self, function: int, /) -> Mapping[str, tuple[int, int]]:
        """Return address and registers of every value of several registers, by its name."""
        ...

    def reboot(self, unit: int, /) -> None:
        """Forget what was written to a unit."""
        ...

    def repaint(self) -> None:
        """Show a change at once that no step has made."""
        ...


class Units:
    """The units of a fleet.

    Parameters
    ----------
    settings
        Of the fleet; the state of charge and the delay of each unit are drawn from its seed.
    face
        Makes the registers.
    """

    def __init__(self, settings: FleetSettings, face: Callable[[Units], Face]) -> None:
        self.kind, self.count, self.tick_s = settings.kind, settings.units, settings.tick_s
        dice = stream(settings.seed, "battery-emulator")
        n = self.count
        spread = settings.soc_spread_frac * dice.uniform(-0.5, 0.5, n)
        delay_s = dice.uniform(*settings.delay_s, n)
        self.state = unit.start(self.kind, np.clip(settings.soc_frac + spread, 0.0, 1.0))
        self.controls = Controls(n)
        self.timers = Timers([WATCHDOGS[settings.watchdog]] * n)
        self.frequency_hz = self.kind.frequency_hz
        self.ticks = 0
        self.given_j, self.taken_j = np.zeros(n), np.zeros(n)
        self.heartbeat: NDArray[np.int64] = np.zeros(n, dtype=np.int64)
        self.frozen_heart: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
        self.deaf: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
        """Writes are acknowledged and ignored."""
        self.away: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
        """Nothing is answered."""
        self.most_frac = np.zeros(n)
        """Largest power so far, of the rating."""
        self.turns: list[Turn] = []
        """What faults make of what registers say; each has the last one's answer."""
        self.written: deque[Written] = deque(maxlen=KEPT)
        self._delay = np.maximum(1, np.rint(delay_s / self.tick_s)).astype(np.int64)
        self._ring = np.zeros((int(self._delay.max()) + 1, n))
        self._all = np.arange(n)
        self.face = face(self)

    @property
    def time_s(self) -> float:
        """Return the time since the start [s]."""
        return self.ticks * self.tick_s

    @property
    def power_w(self) -> NDArray[np.float64]:
        """Return the power of each unit at its terminals, discharge positive [W]."""
        return self.state.power_w

    @property
    def soc_frac(self) -> NDArray[np.float64]:
        """Return the state of charge of each unit."""
        return self.state.energy_j / self.kind.energy_j

    @property
    def delay_s(self) -> NDArray[np.float64]:
        """Return the time from a write to the inverter of each unit [s]."""
        return np.asarray(self._delay * self.tick_s, dtype=np.float64)

    def tick(self) -> None:
        """Move on by one tick."""
        self.ticks += 1
        self.timers.advance(self.tick_s)
        slot = self.ticks % len(self._ring)
        self._ring[slot] = self.controls.target_w(self.timers.expired)
        target_w = self._ring[(self.ticks - self._delay) % len(self._ring), self._all]
        command = self.controls.command(self.kind, target_w, self.frequency_hz)
        self.state = unit.step(self.kind, self.state, command, self.tick_s)
        power_w = self.state.power_w
        self.given_j += np.maximum(power_w, 0.0) * self.tick_s
        self.taken_j -= np.minimum(power_w, 0.0) * self.tick_s
        self.most_frac = np.maximum(self.most_frac, np.abs(power_w) / self.kind.rating_w)
        whole = int(self.time_s / SECOND + 1e-9)
        if self.ticks % max(1, round(0.1 * SECOND / self.tick_s)) == 0:
            self.heartbeat = np.where(self.frozen_heart, self.heartbeat, whole)

    def handle(self, number: int, function: int, address: int, count: int, data: bytes) -> bytes | int | None:
        """Answer a client's request to unit `number` (from 0); None: nothing is answered."""
        if self.away[number]:
            return None
        if function in READS:
            answer = self.face.read(number, address, count, function)
            for turn in self.turns:
                if isinstance(answer, bytes):
                    answer = turn(Asked(number, function, address, count), answer)
            return answer
        return self.write(number, address, data)

    def write(self, number: int, address: int, data: bytes, *, second_master: bool = False) -> bytes | int:
        """Take a write, or only acknowledge it where the unit is deaf."""
        answer = b"" if self.deaf[number] else self.face.write(number, address, data)
        code = answer if isinstance(answer, int) else 0
        self.written.append(Written(self.time_s, number, address, data, code, second_master))
        return answer

    def reboot(self, number: int) -> None:
        """Restart the control of a unit: set point, enable and timers are lost."""
        self.controls.reboot(number)
        self.timers.clear(number)
        self._ring[:, number] = 0.0
        self.face.reboot(number)

    def recharge(self, numbers: tuple[int, ...], soc_frac: float) -> None:
        """Give units another state of charge."""
        energy_j = self.state.energy_j.copy()
        energy_j[list(numbers)] = soc_frac * self.kind.energy_j
        self.state = replace(self.state, energy_j=energy_j)
        self.face.repaint()

    def reset_alarms(self, number: int) -> None:
        """Clear alarms, and a trip."""
        self.controls.alarms[number] = 0
        self.controls.tripped[number] = False
