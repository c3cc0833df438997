"""The SunSpec face of the units: models 1, 701, 702, 704, 713, 715, 802 and 711 from address 40000.

One table of registers holds all units. What changes is encoded for all of them at once, and only after a step that is
then read; a read is a slice of it. Writes are checked as a whole before anything of them is taken.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite.field.emulator.controls import LEAVE_STANDBY, STANDBY, START, STOP
from gigasite.field.modbus.frames import ILLEGAL_ADDRESS, ILLEGAL_VALUE, READ_HOLDING
from gigasite.field.sunspec.codec import decode, encode, unscaled
from gigasite.field.sunspec.discover import END, MARK
from gigasite.field.sunspec.model import Layout, lay, model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from gigasite.field.emulator.units import Units

BASE = 40000
MODELS = (1, 701, 702, 704, 713, 715, 802, 711)
COUNTS = {"NCtl": 1}
PERCENT, MILLI = -2, -3
_INT16 = 32767
_CONTROL = Struct(">HH12xHHiihhHI32xH")
"""Of 704, from WMaxLimPctEna to WRmp: what a set point consists of."""
_FLAG = frozenset({0, 1})
_NO_TIME = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Powers of ten of a unit's registers: the smallest with which a tenth more than the rating still fits."""

    power: int
    energy: int

    def of(self, name: str) -> int:
        """Return the power of a scale-factor point."""
        if name in {"W_SF", "VA_SF", "Var_SF", "WChaDisChaMax_SF"}:
            return self.power
        if name in {"WH_SF", "WHRtg_SF"}:
            return self.energy
        return {"WSet_SF": 0, "Hz_SF": MILLI, "PF_SF": -2, "V_SF": -1, "A_SF": 0, "Db_SF": MILLI, "K_SF": -4}.get(
            name, {"RspTms_SF": MILLI, "TotWh_SF": 0, "CellV_SF": MILLI, "AHRtg_SF": 1}.get(name, PERCENT)
        )


def scales_of(rating_w: float, energy_j: float) -> Scales:
    """Return the powers of ten that fit a unit.

    >>> scales_of(1.927e6, 3.854 * 3.6e9)
    Scales(power=2, energy=2)
    """
    power = max(0, math.ceil(math.log10(max(1.1 * rating_w, 1.0) / _INT16)))
    return Scales(power=power, energy=max(0, math.ceil(math.log10(max(1.1 * energy_j / 3600.0, 1.0) / 0xFFFE))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Registers that follow the units' state: first column, how many, power of ten, and where the values come from."""

    at: int
    size: int
    power: int
    value: Callable[[Units], Any]


class SunspecFace:
    """Registers of all units of a fleet.

    Parameters
    ----------
    units
        What the registers show and change.
    """

    def __init__(self, units: Units) -> None:
        self.units = units
        self.scales = scales_of(units.kind.rating_w, units.kind.energy_j)
        self.layouts: dict[int, Layout] = {n: lay(model(n), COUNTS) for n in MODELS}
        self.starts: dict[int, int] = {}
        at = 2
        for number in MODELS:
            self.starts[number] = at
            at += self.layouts[number].length
        self.size = at + 2
        rows = [self._row(i) for i in range(units.count)]
        self._fresh = np.frombuffer(b"".join(rows), dtype=">u2").reshape(units.count, self.size)
        self.image: NDArray[np.uint16] = self._fresh.copy()
        self.columns = tuple(self._column(*c) for c in _moving())
        self.painters: list[Callable[[SunspecFace], None]] = []
        self._writable = frozenset(k for m, names in WRITABLE.items() for n in names for k in self._span(m, n))
        self._first = self.at(704, "WMaxLimPctEna")
        self._block = self.at(704, "WSetEna"), self.at(704, "WSetRvrtTms") + 2
        self._points = self.at(704, "WSet"), self.at(704, "WSetPct")
        self._shown = -1

    def at(self, number: int, path: str) -> int:
        """Return the column of a point."""
        return self.starts[number] + self.layouts[number][path].offset

    def address(self, number: int, path: str) -> int:
        """Return the Modbus address of a point."""
        return BASE + self.at(number, path)

    def read(self, unit: int, address: int, count: int, function: int = READ_HOLDING) -> bytes | int:
        """Return registers, or an exception code."""
        at = address - BASE
        if function != READ_HOLDING or at < 0 or at + count > self.size:
            return ILLEGAL_ADDRESS
        self.refresh()
        return self.image[unit, at : at + count].tobytes()

    def write(self, unit: int, address: int, data: bytes) -> bytes | int:
        """Take registers as a whole, or not at all: b"", or an exception code."""
        at, count = address - BASE, len(data) // 2
        if not self._writable.issuperset(range(at, at + count)):
            return ILLEGAL_ADDRESS
        before = self.image[unit, at : at + count].copy()
        self.image[unit, at : at + count] = np.frombuffer(data, dtype=">u2")
        control = self._control(unit)
        if not self._take(unit, control) or not self._take_rest(unit, range(at, at + count)):
            self.image[unit, at : at + count] = before
            return ILLEGAL_VALUE
        first, last = self._block
        self.units.timers.written(
            unit,
            block=at < last and at + count > first,
            setpoint=any(at <= p < at + count for p in self._points),
            time_s=float(control[9]),
        )
        self._act(unit, range(at, at + count))
        return b""

    def long(self, function: int = READ_HOLDING) -> dict[str, tuple[int, int]]:
        """Return address and registers of every number of several registers, as `704.WSet`."""
        if function != READ_HOLDING:
            return {}
        return {
            f"{number}.{path}": (self.address(number, path), place.point.size)
            for number, layout in self.layouts.items()
            for path, place in layout.places.items()
            if place.point.size > 1 and place.point.type != "string"
        }

    def writable(self, column: int) -> bool:
        """Say whether clients may write a column."""
        return column in self._writable

    def raw(self, unit: int, number: int, path: str) -> int | None:
        """Return what a register of a unit holds; None: not implemented."""
        place = self.layouts[number][path]
        at = self.starts[number] + place.offset
        value = decode(place.point, self.image[unit, at : at + place.point.size].tobytes()).value
        return None if value is None else int(value)

    def put(self, unit: int, number: int, path: str, value: int | None) -> None:
        """Set a register of a unit; None: not implemented."""
        place = self.layouts[number][path]
        at = self.starts[number] + place.offset
        self.image[unit, at : at + place.point.size] = np.frombuffer(encode(place.point, value), dtype=">u2")

    def order(self, set_w: float) -> bytes:
        """Return the registers from WSetEna on that enable a set point [W], without a reversion time."""
        return struct.pack(">HHi", 1, 1, round(set_w))

    def reboot(self, unit: int) -> None:
        """Put all registers of a unit back to what they are after power-on."""
        self.image[unit] = self._fresh[unit]
        self._shown = -1

    def refresh(self) -> None:
        """Bring the registers to the units' state of now, then to what faults make of them."""
        if self._shown == self.units.ticks:
            return
        self._shown = self.units.ticks
        for c in self.columns:
            values = np.asarray(c.value(self.units), dtype=np.float64)
            whole = np.rint(values / 10.0**c.power).astype(np.int64)
            for k in range(c.size):
                self.image[:, c.at + k] = (whole >> (16 * (c.size - 1 - k))) & 0xFFFF
        for paint in self.painters:
            paint(self)

    def restore(self, units: tuple[int, ...]) -> None:
        """Take away what a fault has painted over registers that do not move."""
        still = np.ones(self.size, dtype=np.bool_)
        for c in self.columns:
            still[c.at : c.at + c.size] = False
        still[list(self._writable)] = False
        rows = np.array(units)[:, None]
        self.image[rows, np.flatnonzero(still)] = self._fresh[rows, np.flatnonzero(still)]
        self.repaint()

    def repaint(self) -> None:
        """Show a change at once that no step has made."""
        self._shown = -1

    def _take(self, unit: int, control: tuple[int, ...]) -> bool:
        """Bring the controls to what the registers say; False: they say what cannot be."""
        kind, c = self.units.kind, self.units.controls
        limited, limit, on, mode, set_w, revert_w, part, revert_part, revert_on, time_s, ramp = control
        frac = limit * 1e-4 if limited else 1.0
        asked_w, back_w = float(set_w), float(revert_w)
        if mode == 0:
            asked_w, back_w = part * kind.rating_w * 1e-4, revert_part * kind.rating_w * 1e-4
        most_w = kind.rating_w * 1.0001
        flags = limited in _FLAG and on in _FLAG and mode in _FLAG and revert_on in _FLAG
        if not flags or time_s == _NO_TIME or frac > 1.0 or abs(asked_w) > most_w or abs(back_w) > most_w:
            return False
        c.enabled[unit], c.set_w[unit], c.limit_frac[unit] = on == 1, asked_w, frac
        c.revert_enabled[unit], c.revert_w[unit] = revert_on == 1, back_w
        # 0 %/s would never move: as a value that is not implemented it means no ramp
        c.ramp_frac_per_s[unit] = math.inf if ramp in {0, 0xFFFF} else ramp / 100.0
        return True

    def _control(self, unit: int) -> tuple[int, ...]:
        at = self._first
        return _CONTROL.unpack(self.image[unit, at : at + _CONTROL.size // 2].tobytes())

    def _take_rest(self, unit: int, written: range) -> bool:
        """As `_take`, for what is not written every cycle."""
        if self.at(715, "OpCtl") in written and self.raw(unit, 715, "OpCtl") not in {
            STOP,
            START,
            STANDBY,
            LEAVE_STANDBY,
        }:
            return False
        return written.start < self.starts[711] or self._take_droop(unit)

    def _take_droop(self, unit: int) -> bool:
        names = ("Ctl[0].DbOf", "Ctl[0].DbUf", "Ctl[0].KOf", "Ctl[0].KUf", "Ctl[0].RspTms")
        given = [self.raw(unit, 711, n) for n in names]
        if None in given or 0 in given[2:4] or self.raw(unit, 711, "Ena") not in {0, 1}:
            return False
        powers = [self.scales.of(s) for s in ("Db_SF", "Db_SF", "K_SF", "K_SF", "RspTms_SF")]
        c = self.units.controls
        c.droop[unit] = [float(v or 0) * 10.0**p for v, p in zip(given, powers, strict=True)]
        c.droop_on[unit] = self.raw(unit, 711, "Ena") == 1
        return True

    def _act(self, unit: int, written: range) -> None:
        """Do what a write asks once: start, stop, connect, reset alarms."""
        if written.stop <= self.starts[715]:  # set points, in every cycle: what they change shows after the next step
            return
        c = self.units.controls
        if self.at(715, "OpCtl") in written:
            c.running[unit] = self.raw(unit, 715, "OpCtl") in {START, LEAVE_STANDBY}
        if self.at(802, "SetOp") in written:
            c.connected[unit] = self.raw(unit, 802, "SetOp") != 2
        if self.at(715, "AlarmReset") in written or self.at(802, "AlmRst") in written:
            self.units.reset_alarms(unit)
            self.put(unit, 715, "AlarmReset", 0)
            self.put(unit, 802, "AlmRst", 0)
        self.repaint()

    def _span(self, number: int, path: str) -> range:
        at = self.at(number, path)
        return range(at, at + self.layouts[number][path].point.size)

    def _column(self, number: int, path: str, value: Callable[[Units], Any]) -> Column:
        place = self.layouts[number][path]
        scale = place.point.scale
        power = self.scales.of(scale) if isinstance(scale, str) else 0
        return Column(at=self.at(number, path), size=place.point.size, power=power, value=value)

    def _row(self, unit: int) -> bytes:
        """Return the registers of a unit after power-on."""
        values = _still(self.units, unit)
        out = bytearray(MARK)
        for number in MODELS:
            layout = self.layouts[number]
            for path, place in layout.places.items():
                if path in {"ID", "L"}:
                    value: Any = number if path == "ID" else layout.length - 2
                elif place.point.type == "sunssf":
                    value = self.scales.of(path)
                elif (value := values[number].get(path)) is not None and isinstance(place.point.scale, str):
                    value = unscaled(place.point, float(value), self.scales.of(place.point.scale))
                out += encode(place.point, value)
        return bytes(out) + END.to_bytes(2, "big") + b"\0\0"


WRITABLE: Mapping[int, tuple[str, ...]] = {
    704: (
        "WMaxLimPctEna", "WMaxLimPct", "WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetPct", "WSetPctRvrt",
        "WSetEnaRvrt", "WSetRvrtTms", "WRmp",
    ),
    711: ("Ena", "Ctl[0].DbOf", "Ctl[0].DbUf", "Ctl[0].KOf", "Ctl[0].KUf", "Ctl[0].RspTms"),
    715: ("ControllerHb", "AlarmReset", "OpCtl"),
    802: ("CtrlHb", "AlmRst", "SetOp"),
}  # fmt: skip
"""What a unit honours; everything else is refused, as SunSpec wants it of points that are not implemented."""


def _still(units: Units, unit: int) -> dict[int, dict[str, Any]]:
    """Return what does not move, and what stands in the controls after power-on, in SI or as the model says."""
    k = units.kind
    wh = k.energy_j / 3600.0
    names = ("WMaxRtg", "WChaRteMaxRtg", "WDisChaRteMaxRtg", "VAMaxRtg", "WMax", "VAMax", "WChaRteMax", "WDisChaRteMax")
    rating = dict.fromkeys(names, k.rating_w)
    return {
        1: {"Mn": "gigasite", "Md": "emulated battery", "Vr": "1", "SN": f"U{unit + 1:04d}", "DA": unit % 247 + 1,
            "Pad": 0},
        701: {"ACType": 2, "DERMode": 1, "Var": 0.0, "LNV": k.voltage_v / math.sqrt(3.0)},
        702: rating | {"VNomRtg": k.voltage_v, "CtrlModes": 0x23},
        704: {"WMaxLimPctEna": 0, "WMaxLimPct": 100.0, "WSetEna": 0, "WSetMod": 1, "WSet": 0, "WSetRvrt": 0,
              "WSetPct": 0, "WSetPctRvrt": 0, "WSetEnaRvrt": 0, "WSetRvrtTms": 0, "WSetRvrtRem": 0, "WRmpRef": 1},
        713: {"WHRtg": wh, "SoH": 100.0, "Sta": 0},
        715: {"LocRemCtl": 0, "ControllerHb": 0, "AlarmReset": 0, "OpCtl": START},
        802: {"AHRtg": k.energy_j / 3600.0 / 1000.0, "WHRtg": wh, "WChaRteMax": k.rating_w, "WDisChaRteMax": k.rating_w,
              "SoCMax": 100 * k.high_frac, "SoCMin": 100 * k.low_frac, "SoH": 100.0, "LocRemCtl": 0, "CtrlHb": 0,
              "AlmRst": 0, "Typ": 4, "Evt2": 0, "EvtVnd1": 0, "EvtVnd2": 0, "V": 1000.0, "SetOp": 1, "SetInvState": 3},
        711: {"Ena": 0, "AdptCtlReq": 0, "AdptCtlRslt": 1, "NCtl": 1, "Ctl[0].DbOf": 0.036, "Ctl[0].DbUf": 0.036,
              "Ctl[0].KOf": 0.05, "Ctl[0].KUf": 0.05, "Ctl[0].RspTms": 0.2, "Ctl[0].ReadOnly": 0},
    }  # fmt: skip


def _moving() -> tuple[tuple[int, str, Callable[[Units], Any]], ...]:
    """Return which points follow the units, and how."""
    return (
        (701, "St", lambda u: u.controls.closed & u.controls.running),
        (701, "InvSt", lambda u: np.where(u.controls.tripped, 6, np.where(u.controls.running, 3, 7))),
        (701, "ConnSt", lambda u: u.controls.closed),
        (701, "Alrm", lambda u: u.controls.alarms),
        (701, "W", lambda u: u.power_w),
        (701, "VA", lambda u: np.abs(u.power_w)),
        (701, "LLV", lambda u: np.full(u.count, u.kind.voltage_v)),
        (701, "Hz", lambda u: np.full(u.count, u.frequency_hz)),
        (701, "TotWhInj", lambda u: u.given_j / 3600.0),
        (701, "TotWhAbs", lambda u: u.taken_j / 3600.0),
        (
            704,
            "WSetRvrtRem",
            lambda u: np.ceil(u.timers.shown_s - 1e-6),
        ),
        (713, "WHAvail", lambda u: u.state.energy_j / 3600.0),
        (713, "SoC", lambda u: 100.0 * u.soc_frac),
        (713, "Sta", lambda u: np.where(u.controls.tripped, 2, u.controls.alarms != 0)),
        (715, "LocRemCtl", lambda u: u.controls.local),
        (715, "DERHb", lambda u: u.heartbeat),
        (802, "SoC", lambda u: 100.0 * u.soc_frac),
        (802, "ChaSt", lambda u: np.select([~u.controls.closed, u.power_w > 1.0, u.power_w < -1.0], [1, 3, 4], 6)),
        (802, "LocRemCtl", lambda u: u.controls.local),
        (802, "Hb", lambda u: u.heartbeat % 65535),
        (802, "State", lambda u: np.where(u.controls.tripped, 99, np.where(u.controls.closed, 3, 1))),
        (802, "Evt1", lambda u: u.controls.alarms),
        (802, "A", lambda u: u.power_w / 1000.0),
        (802, "W", lambda u: u.power_w),
    )
