"""Units that are not SunSpec: their registers are those of a CSV map, the same that a loop reads them with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gigasite.field.modbus.frames import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gigasite.field.emulator.units import Units
    from gigasite.field.sunspec.csv_map import Entry, RegisterMap


class MapFace:
    """Registers of all units of a fleet, by a map.

    Parameters
    ----------
    units
        What the registers show and change.
    own
        The map.
    reversion_s
        Time after which a set point is given up, where no register says it; 0: never [s].
    """

    def __init__(self, units: Units, *, own: RegisterMap, reversion_s: float) -> None:
        self.units, self.reversion_s = units, reversion_s
        self._at: dict[tuple[str, int], Entry] = {(e.function, e.address): e for e in own.entries}
        self._has_enable = own.role("enable") is not None
        self._kept: list[dict[str, bytes]] = [{} for _ in range(units.count)]

    def read(self, unit: int, address: int, count: int, function: int, /) -> bytes | int:
        """Return registers; those that the map does not name, or values cut in two, do not exist."""
        kind, end, out = "input" if function == READ_INPUT else "holding", address + count, b""
        while address < end:
            entry = self._at.get((kind, address))
            if entry is None or address + entry.count > end or not entry.readable:
                return ILLEGAL_ADDRESS
            kept = self._kept[unit].get(entry.name)
            out += kept if kept is not None else entry.packed(self._value(entry, unit))
            address += entry.count
        return out

    def write(self, unit: int, address: int, data: bytes, /) -> bytes | int:
        """Take whole values, or nothing."""
        taken: list[tuple[Entry, bytes, float]] = []
        at = 0
        while at < len(data):
            entry = self._at.get(("holding", address + at // 2))
            if entry is None or not entry.writable or at + 2 * entry.count > len(data):
                return ILLEGAL_ADDRESS
            piece = data[at : at + 2 * entry.count]
            value = entry.value(piece).value
            if not isinstance(value, int | float) or not self._fits(entry, value):
                return ILLEGAL_VALUE
            taken.append((entry, piece, float(value)))
            at += 2 * entry.count
        for entry, piece, value in taken:
            self._kept[unit][entry.name] = piece
            self._take(unit, entry, value)
        roles = {e.role for e, _, _ in taken}
        self.units.timers.written(
            unit, block=bool(roles & {"set_w", "enable"}), setpoint="set_w" in roles, time_s=self._time_s(unit)
        )
        return b""

    def long(self, function: int, /) -> dict[str, tuple[int, int]]:
        """Return address and registers of every value of several registers."""
        kind = "input" if function == READ_INPUT else "holding"
        return {e.name: (e.address, e.count) for e in self._at.values() if e.function == kind and e.count > 1}

    def reboot(self, unit: int, /) -> None:
        """Forget what was written to a unit."""
        self._kept[unit].clear()

    def repaint(self) -> None:
        """Nothing is kept that a step changes: every read asks the units."""

    def _fits(self, entry: Entry, value: float) -> bool:
        if entry.role == "set_w":
            return abs(value) <= self.units.kind.rating_w * 1.0001
        return entry.role != "enable" or value in {entry.low, entry.high}

    def _take(self, unit: int, entry: Entry, value: float) -> None:
        c = self.units.controls
        if entry.role == "set_w":
            c.set_w[unit] = value
            c.enabled[unit] |= not self._has_enable
        elif entry.role == "enable":
            c.enabled[unit] = value == entry.high
        elif entry.role == "ramp_w_per_s":
            c.ramp_frac_per_s[unit] = value / self.units.kind.rating_w or math.inf

    def _time_s(self, unit: int) -> float:
        own = next((e for e in self._at.values() if e.role == "revert_s"), None)
        kept = self._kept[unit].get(own.name) if own is not None else None
        value = own.value(kept).value if own is not None and kept is not None else None
        return float(value) if isinstance(value, int | float) else self.reversion_s

    def _value(self, entry: Entry, unit: int) -> float:
        shown = _SHOWN.get(entry.role)
        if shown is not None:
            return float(shown(self.units, unit))
        if entry.role == "status":
            # what lies within the range is healthy
            healthy = entry.low if math.isfinite(entry.low) else min(1.0, entry.high)
            return entry.high + 1.0 if self.units.controls.tripped[unit] and math.isfinite(entry.high) else healthy
        return self.reversion_s if entry.role == "revert_s" else entry.low if entry.role == "enable" else 0.0


_SHOWN: Mapping[str, Callable[[Units, int], float]] = {
    "power_w": lambda u, i: u.power_w[i],
    "soc_frac": lambda u, i: u.soc_frac[i],
    "energy_j": lambda u, i: u.state.energy_j[i],
    "rated_energy_j": lambda u, _: u.kind.energy_j,
    "rating_w": lambda u, _: u.kind.rating_w,
    "heartbeat": lambda u, i: u.heartbeat[i] % 0x8000,
    "alarm": lambda u, i: u.controls.alarms[i] % 0x8000,
    "local": lambda u, i: u.controls.local[i],
    "frequency_hz": lambda u, _: u.frequency_hz,
    "voltage_v": lambda u, _: u.kind.voltage_v,
}
