"""Quantities at the door: text with a unit in, SI float out.

An own table of accepted units: pint reads `400 Gb/s` as gilberts and refuses `ft2` and `35 degC`; it stays a
cross-check in the tests.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from gigasite._core.errors import QuantityError

Sign = Literal["positive", "non-negative", "any"]

_HOUR, _DAY = 3600.0, 86400.0
_FT, _LB, _GAL = 0.3048, 0.45359237, 3.785411784e-3
_KWH = 3.6e6

# dimension -> (SI suffix used in names, unit -> factor to SI). The first unit is the one shown in messages.
UNITS: dict[str, tuple[str, dict[str, float]]] = {
    "power": ("_w", {"MW": 1e6, "W": 1.0, "kW": 1e3, "GW": 1e9}),
    "energy": (
        "_j",
        {
            "MWh": 1e3 * _KWH,
            "J": 1.0,
            "kJ": 1e3,
            "MJ": 1e6,
            "GJ": 1e9,
            "Wh": 3600.0,
            "kWh": _KWH,
            "GWh": 1e6 * _KWH,
        },
    ),
    "power rate": (
        "_w_per_s",
        {"MW/s": 1e6, "MW/min": 1e6 / 60, "kW/s": 1e3, "kW/min": 1e3 / 60, "W/s": 1.0},
    ),
    "length": ("_m", {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "km": 1e3, "ft": _FT, "in": _FT / 12}),
    "area": ("_m2", {"m2": 1.0, "ft2": _FT**2, "sqft": _FT**2, "acre": 43560 * _FT**2, "ha": 1e4}),
    "mass": ("_kg", {"kg": 1.0, "t": 1e3, "lb": _LB}),
    "floor load": (
        "_kg_per_m2",
        {"kg/m2": 1.0, "t/m2": 1e3, "lb/ft2": _LB / _FT**2, "psf": _LB / _FT**2},
    ),
    "duration": (
        "_s",
        {
            "s": 1.0,
            "ms": 1e-3,
            "us": 1e-6,
            "min": 60.0,
            "h": _HOUR,
            "d": _DAY,
            "day": _DAY,
            "days": _DAY,
            "wk": 7 * _DAY,
            "week": 7 * _DAY,
            "weeks": 7 * _DAY,
            "yr": 365.25 * _DAY,
        },
    ),
    "frequency": ("_hz", {"Hz": 1.0, "mHz": 1e-3, "kHz": 1e3}),
    "frequency rate": ("_hz_per_s", {"Hz/s": 1.0, "mHz/s": 1e-3}),
    "apparent power": ("_va", {"MVA": 1e6, "VA": 1.0, "kVA": 1e3, "GVA": 1e9}),
    "reactive power": ("_var", {"Mvar": 1e6, "var": 1.0, "kvar": 1e3}),
    "voltage": ("_v", {"kV": 1e3, "V": 1.0}),
    "data rate": ("_bit_per_s", {"Gb/s": 1e9, "Mb/s": 1e6, "Tb/s": 1e12, "b/s": 1.0}),
    "data": ("_byte", {"GB": 1e9, "MB": 1e6, "TB": 1e12, "PB": 1e15, "GiB": 2.0**30}),
    "pressure": ("_pa", {"kPa": 1e3, "Pa": 1.0, "bar": 1e5, "psi": 6894.757293168}),
    "volume flow": (
        "_m3_per_s",
        {
            "m3/s": 1.0,
            "m3/h": 1 / _HOUR,
            "m3/d": 1 / _DAY,
            "L/min": 1e-3 / 60,
            "L/s": 1e-3,
            "gpm": _GAL / 60,
            "gal/d": _GAL / _DAY,
            "ML/d": 1e3 / _DAY,
        },
    ),
    "heat rate": ("_j_per_j", {"Btu/kWh": 1055.06 / _KWH, "kJ/kWh": 1e3 / _KWH, "J/J": 1.0}),
    "gas flow": ("_j_per_s", {"MMBtu/d": 1.05506e9 / _DAY, "MMBtu/h": 1.05506e9 / _HOUR}),
    "velocity": ("_m_per_s", {"m/s": 1.0, "ft/s": _FT}),
    "volume": ("_m3", {"m3": 1.0, "L": 1e-3}),
    "heat capacity": ("_j_per_k", {"kJ/K": 1e3, "J/K": 1.0}),
    "compute": ("_flop_per_s", {"TFLOPS": 1e12, "PFLOPS": 1e15, "GFLOPS": 1e9}),
    "money": ("_usd", {"USD": 1.0, "kUSD": 1e3, "MUSD": 1e6, "BUSD": 1e9}),
    "money per power": ("_usd_per_w", {"USD/kW": 1e-3, "USD/W": 1.0, "MUSD/MW": 1.0}),
    "money per energy": (
        "_usd_per_j",
        {"USD/MWh": 1e-3 / _KWH, "USD/kWh": 1 / _KWH, "USD/MMBtu": 1 / 1.05506e9},
    ),
    "money per duration": (
        "_usd_per_s",
        {
            "USD/h": 1 / _HOUR,
            "USD/d": 1 / _DAY,
            "USD/month": 12 / (365.25 * _DAY),
            "USD/yr": 1 / (365.25 * _DAY),
        },
    ),
    "money per power and time": ("_usd_per_w_s", {"USD/kW-month": 1e-3 * 12 / (365.25 * _DAY)}),
    "money per length": ("_usd_per_m", {"USD/m": 1.0, "USD/ft": 1 / _FT}),
    "money per volume": ("_usd_per_m3", {"USD/m3": 1.0, "USD/kgal": 1e-3 / _GAL}),
    "money per area": ("_usd_per_m2", {"USD/m2": 1.0, "USD/ft2": 1 / _FT**2}),
    "fraction": ("_frac", {"%": 0.01}),
    "temperature": ("_degc", {"degC": 1.0, "degF": 5 / 9, "K": 1.0}),
    "temperature difference": ("_k", {"K": 1.0}),
}
LONG = 1e12
"""From here on a number is printed with its power of ten: nobody counts 300 digits."""
_SUFFIXES = sorted({suffix for suffix, _ in UNITS.values()}, key=len, reverse=True)
_OFFSET = {"degF": -32 * 5 / 9, "K": -273.15}
_SHAPE = re.compile(r"^\s*([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


def suffix_of(field: str) -> str:
    """Return the unit at the end of a field's name, "" when it has none.

    >>> suffix_of("ramp_w_per_s"), suffix_of("gpus")
    ('_w_per_s', '')
    """
    return next((s for s in _SUFFIXES if field.endswith(s)), "")


def yaml_key(field: str) -> str:
    """Return the key in a file for a field: its name without the unit.

    >>> yaml_key("capacity_w"), yaml_key("gpus")
    ('capacity', 'gpus')
    """
    return field.removesuffix(suffix_of(field))


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of quantity at the door: its dimension and which signs make sense."""

    dimension: str
    sign: Sign = "non-negative"

    def parse(self, text: object) -> float:
        """Return the SI value of `text`.

        Raises
        ------
        QuantityError
            No number, no unit, a unit of another dimension, a forbidden sign or a value that is not finite.

        Examples
        --------
        >>> Quantity("power").parse("150 MW")
        150000000.0
        >>> Quantity("temperature", "any").parse("-10 degC")
        -10.0
        """
        value, unit = self._split(text)
        factor = UNITS[self.dimension][1].get(unit)
        if factor is None:
            raise QuantityError(self._unit_message(text, unit))
        si = value * factor + (_OFFSET.get(unit, 0.0) if self.dimension == "temperature" else 0.0)
        self._check(si, text)
        return si

    def _split(self, text: object) -> tuple[float, str]:
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            raise QuantityError(f"needs a number and a unit: {self.wanted()}; found {_short(text)}")
        if not isinstance(text, str):
            if self.dimension == "fraction":
                return float(text) * 100.0, "%"
            raise QuantityError(f"needs a unit: {_short(text)} is a bare number, {self.wanted()}")
        found = _SHAPE.match(text)
        if found is None:
            raise QuantityError(f"needs a number and a unit: {self.wanted()}; found {_short(text)}")
        number, unit = float(found[1].replace("_", "")), found[2]
        if not unit and self.dimension == "fraction":
            return number * 100.0, "%"
        if not unit:
            raise QuantityError(f"needs a unit: {_short(text)} is a bare number, {self.wanted()}")
        return number, unit

    def _check(self, si: float, text: object) -> None:
        if not math.isfinite(si):
            raise QuantityError(f"must be finite, found {_short(text)}")
        if self.sign == "positive" and si <= 0:
            raise QuantityError(f"must be above zero, found {_short(text)}")
        if self.sign == "non-negative" and si < 0:
            raise QuantityError(f"must not be negative, found {_short(text)}")

    def wanted(self) -> str:
        """Say which units fit, for a message."""
        units = list(UNITS[self.dimension][1])
        return f"write {_a(self.dimension)} such as '1 {units[0]}' (units: {', '.join(units)})"

    def _unit_message(self, text: object, unit: str) -> str:
        units = UNITS[self.dimension][1]
        other = [d for d, (_, table) in UNITS.items() if unit in table]
        if other:
            return f"{_short(text)} is {_a(other[0])}, not {_a(self.dimension)}; {self.wanted()}"
        lower = {u.lower(): u for u in units}
        near = lower.get(unit.lower()) or next(iter(get_close_matches(unit, units, 1, 0.5)), "")
        hint = f"did you mean '{near}'? " if near else ""
        return f"unknown unit '{_short(unit, 20)}' in {_short(text)}; {hint}{self.wanted()}"


def _a(noun: str) -> str:
    """Put the article before a noun.

    >>> _a("energy"), _a("power")
    ('an energy', 'a power')
    """
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _short(value: object, most: int = 40) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= most else text[: most - 3] + "..."


def show(value: float, unit: str) -> str:
    """Print an SI value in `unit`, with at most four digits that matter.

    >>> show(150e6, "MW")
    '150 MW'
    """
    for suffix_units in UNITS.values():
        if unit in suffix_units[1]:
            scaled = value / suffix_units[1][unit]
            return f"{scaled:,.0f} {unit}" if 1000 <= abs(scaled) < LONG else f"{scaled:.4g} {unit}"
    return f"{value:.4g} {unit}"
