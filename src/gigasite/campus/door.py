"""How text becomes typed values at the door: units, counts, shifts, names. Only this room knows pydantic."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict
from pydantic_core import core_schema

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import UNITS, Quantity, yaml_key
from gigasite._core.settings import Choice

if TYPE_CHECKING:
    from collections.abc import Callable

# One configuration for every chapter: unknown keys are mistakes; keys are field names without the unit;
# the text below a field is its description in the JSON schema and in the reference manual.
DOOR = ConfigDict(extra="forbid", alias_generator=yaml_key, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """A pydantic type made of one function from raw YAML value to value."""

    read: Callable[[Any], Any]
    schema: dict[str, Any]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """Validate by calling `read`; its QuantityError becomes one mistake of the file."""

        def validate(value: Any) -> Any:
            try:
                return self.read(value)
            except QuantityError as error:
                raise ValueError(str(error)) from error

        return core_schema.no_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> dict[str, Any]:
        """Describe the text for editors."""
        return dict(self.schema)


def unit(dimension: str, sign: Any = "non-negative") -> Reader:
    """Return the reader of one kind of quantity."""
    quantity = Quantity(dimension, sign)
    units = list(UNITS[dimension][1])
    kinds: Any = ["string", "number"] if dimension == "fraction" else "string"
    schema = {
        "type": kinds,
        "examples": [f"1 {units[0]}"],
        "description": f"{dimension}; units: {', '.join(units)}",
    }
    return Reader(quantity.parse, schema)


def _count(value: Any) -> int:
    number = _number(value)
    if number != int(number) or number < 0:
        raise QuantityError(f"needs a whole number of 0 or more, found {value!r}")
    return int(number)


def _some(value: Any) -> int:
    number = _count(value)
    if number == 0:
        raise QuantityError("needs a whole number of 1 or more, found 0")
    return number


def _number(value: Any) -> float:
    """Read a plain number; `64e6` is text in YAML 1.1 and a number here."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise QuantityError(f"needs a number, found {type(value).__name__}")
    try:
        number = float(value)
    except ValueError:
        raise QuantityError(f"needs a number without a unit, found {str(value)[:40]!r}") from None
    except OverflowError:
        raise QuantityError("needs a number below 1e300") from None
    if not math.isfinite(number):
        raise QuantityError(f"must be finite, found {value}")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise QuantityError(f"needs a text, found {value!r}"[:120])
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise QuantityError(f"needs true or false, found {value!r}"[:120])
    return value


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise QuantityError(f"needs a date such as 2024-03-22, found {value!r}"[:120]) from None


def _choice(value: Any) -> Choice:
    if not isinstance(value, dict):
        raise QuantityError(f"needs '{{kind: NAME, ...}}', found {value!r}"[:120])
    if "kind" not in value:
        raise QuantityError("needs a key 'kind'")
    return Choice(kind=_name(value["kind"]), settings={str(k): v for k, v in value.items() if k != "kind"})


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
        raise QuantityError(f"needs a name of letters, digits, '-', '_' or '.' (at most 64), found {value!r}"[:160])
    return value


@dataclass(frozen=True, slots=True)
class Shifts:
    """Working time of a day: `2 x 10 h` is two shifts of ten hours."""

    count: int
    hours: float

    @property
    def hours_per_day(self) -> float:
        """Return the working hours of one day [h]."""
        return self.count * self.hours


def _shifts(value: Any) -> Shifts:
    found = re.fullmatch(r"\s*(\d{1,2})\s*x\s*(\d{1,2}(?:\.\d+)?)\s*h\s*", str(value))
    if found is None:
        raise QuantityError(f"needs shifts such as '2 x 10 h', found {value!r}"[:120])
    shifts = Shifts(int(found[1]), float(found[2]))
    if not 0 < shifts.hours_per_day <= 24:
        raise QuantityError(f"shifts make {shifts.hours_per_day:g} h a day; 0 to 24 are possible")
    return shifts


_POSITIVE: Any = "positive"
Watts = Annotated[float, unit("power")]
Joules = Annotated[float, unit("energy")]
WattsPerSecond = Annotated[float, unit("power rate", _POSITIVE)]
Metres = Annotated[float, unit("length", _POSITIVE)]
SquareMetres = Annotated[float, unit("area", _POSITIVE)]
Kilograms = Annotated[float, unit("mass")]
FloorLoad = Annotated[float, unit("floor load", _POSITIVE)]
Seconds = Annotated[float, unit("duration")]
Hertz = Annotated[float, unit("frequency")]
Volts = Annotated[float, unit("voltage", _POSITIVE)]
BitsPerSecond = Annotated[float, unit("data rate", _POSITIVE)]
Bytes = Annotated[float, unit("data", _POSITIVE)]
Pascals = Annotated[float, unit("pressure", _POSITIVE)]
CubicMetresPerSecond = Annotated[float, unit("volume flow")]
HeatRate = Annotated[float, unit("heat rate", _POSITIVE)]
GasFlow = Annotated[float, unit("gas flow")]
FlopPerSecond = Annotated[float, unit("compute", _POSITIVE)]
Usd = Annotated[float, unit("money")]
UsdPerWatt = Annotated[float, unit("money per power")]
UsdPerJoule = Annotated[float, unit("money per energy")]
UsdPerSecond = Annotated[float, unit("money per duration")]
UsdPerWattSecond = Annotated[float, unit("money per power and time")]
UsdPerMetre = Annotated[float, unit("money per length")]
UsdPerCubicMetre = Annotated[float, unit("money per volume")]
UsdPerSquareMetre = Annotated[float, unit("money per area")]
MetresPerSecond = Annotated[float, unit("velocity", _POSITIVE)]
CubicMetres = Annotated[float, unit("volume", _POSITIVE)]
JoulesPerKelvin = Annotated[float, unit("heat capacity", _POSITIVE)]
Fraction = Annotated[float, unit("fraction")]
Celsius = Annotated[float, unit("temperature", "any")]
Kelvins = Annotated[float, unit("temperature difference")]
Count = Annotated[int, Reader(_count, {"type": ["integer", "string"], "minimum": 0})]
Some = Annotated[int, Reader(_some, {"type": ["integer", "string"], "minimum": 1})]
Number = Annotated[float, Reader(_number, {"type": ["number", "string"]})]
Text = Annotated[str, Reader(_text, {"type": "string", "minLength": 1})]
Name = Annotated[str, Reader(_name, {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"})]
PartChoice = Annotated[
    Choice,
    Reader(
        _choice,
        {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": {"type": "string"}},
            "description": "a part of the code by its kind, and its settings",
        },
    ),
]
Flag = Annotated[bool, Reader(_flag, {"type": "boolean"})]
Day = Annotated[date, Reader(_date, {"type": "string", "format": "date"})]
WorkingTime = Annotated[Shifts, Reader(_shifts, {"type": "string", "examples": ["2 x 10 h"]})]
