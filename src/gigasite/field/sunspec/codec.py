"""Registers to values and back. What a device does not say is a quality, never a number.

A value that says "not implemented" (0x8000, 0x7FFF.., 0xFFFF, NaN, by type), a scale factor that is not implemented
or beyond ten, an enumeration that nobody defined: each has its quality, and no number that a controller could take.

Source: SunSpec Device Information Model Specification V1.1, chapter 4 (types, sentinels).
"""

from __future__ import annotations

import math
from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from gigasite._core.errors import FieldError
from gigasite.field.sunspec.model import Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.field.sunspec.model import Layout, Place

Quality = Literal["good", "not_implemented", "nan", "out_of_range"]
Raw = int | float | str
MOST_SCALE = 10

_INTEGERS: Mapping[str, tuple[Struct, int]] = MappingProxyType(
    {
        "int16": (Struct(">h"), -(1 << 15)),
        "sunssf": (Struct(">h"), -(1 << 15)),
        **{t: (Struct(">H"), 0xFFFF) for t in ("uint16", "count", "enum16", "bitfield16")},
        "int32": (Struct(">i"), -(1 << 31)),
        **{t: (Struct(">I"), 0xFFFF_FFFF) for t in ("uint32", "enum32", "bitfield32")},
        "int64": (Struct(">q"), -(1 << 63)),
        **{t: (Struct(">Q"), (1 << 64) - 1) for t in ("uint64", "bitfield64")},
        # a counter that has not begun and one that is not there look alike
        "acc16": (Struct(">H"), 0),
        "acc32": (Struct(">I"), 0),
        "acc64": (Struct(">Q"), 0),
        "ipaddr": (Struct(">I"), 0),
    }
)
"""By type: shape of its registers, and the value that means "not implemented"."""
_PLAIN = MappingProxyType({"raw16": Struct(">H"), "pad": Struct(">H")})
_FLOATS = MappingProxyType({"float32": Struct(">f"), "float64": Struct(">d")})
_NO_EUI = b"\xff" * 6


class Value(NamedTuple):
    """A value and how far it can be trusted; `value` is None where there is none."""

    value: Raw | None
    quality: Quality

    @property
    def good(self) -> bool:
        """Say whether the device told it and means it."""
        return self.quality == "good"


ABSENT = Value(None, "not_implemented")


def decode(point: Point, data: bytes) -> Value:
    r"""Return a point's own value, not scaled, from its registers.

    Raises
    ------
    FieldError
        Another number of bytes than the point has.

    Examples
    --------
    >>> decode(Point(name="W", type="int16", size=1), b"\x80\x00")
    Value(value=None, quality='not_implemented')
    """
    if len(data) != 2 * point.size:
        raise FieldError(f"{point.name}: {len(data)} bytes in place of {2 * point.size}", kind="protocol")
    if point.type in _INTEGERS:
        shape, sentinel = _INTEGERS[point.type]
        number: int = shape.unpack(data)[0]
        return ABSENT if number == sentinel else Value(number, _known(point, number))
    if point.type in _FLOATS:
        real: float = _FLOATS[point.type].unpack(data)[0]
        return (
            Value(real, "good") if math.isfinite(real) else Value(None, "nan" if math.isnan(real) else "out_of_range")
        )
    if point.type in _PLAIN:
        return Value(_PLAIN[point.type].unpack(data)[0], "good")
    return _text(point, data)


def _known(point: Point, number: int) -> Quality:
    """Refuse what an enumeration does not have; unknown bits of a bitfield may be a maker's own."""
    if point.type in {"enum16", "enum32"} and point.symbols and number not in point.symbols:
        return "out_of_range"
    if point.type == "sunssf" and abs(number) > MOST_SCALE:
        return "out_of_range"
    return "good"


def _text(point: Point, data: bytes) -> Value:
    if point.type == "string":
        text = data.rstrip(b"\0")
        if not text or data[0] == 0:
            return ABSENT
        try:
            return Value(text.decode(), "good")
        except UnicodeDecodeError:
            return Value(None, "out_of_range")
    if point.type == "eui48":
        return ABSENT if data[2:] == _NO_EUI or not any(data) else Value(data[2:].hex(":").upper(), "good")
    if point.type == "ipv6addr":
        words = data.hex().upper()
        return Value(":".join(words[i : i + 8] for i in range(0, 32, 8)), "good") if any(data) else ABSENT
    raise FieldError(f"{point.name}: type {point.type} is not known")


def encode(point: Point, value: Raw | None) -> bytes:
    """Return the registers of a point's own value; None writes "not implemented".

    Raises
    ------
    FieldError
        It does not fit, or means "not implemented".
    """
    if value is None:
        return _absent(point)
    if point.type in {"string", "eui48", "ipv6addr"}:
        return _text_bytes(point, value)
    if isinstance(value, str):
        raise FieldError(f"{point.name}: {value[:40]!r} is no number")
    if point.type in _FLOATS:
        if not math.isfinite(value):
            raise FieldError(f"{point.name}: {value} is no finite number")
        return _packed(point, _FLOATS[point.type], float(value))
    if not math.isfinite(value) or value != int(value):
        raise FieldError(f"{point.name}: {value} is no whole number")
    shape = _PLAIN[point.type] if point.type in _PLAIN else _INTEGERS[point.type][0]
    if point.type in _INTEGERS and int(value) == _INTEGERS[point.type][1] and not point.type.startswith("acc"):
        raise FieldError(f"{point.name}: {value} means 'not implemented' in {point.type}")
    return _packed(point, shape, int(value))


def _packed(point: Point, shape: Struct, value: float) -> bytes:
    try:
        return shape.pack(value)
    except Exception as error:  # struct.error and OverflowError, by type
        raise FieldError(f"{point.name}: {value:g} does not fit into {point.type}") from error


def _text_bytes(point: Point, value: Raw) -> bytes:
    text = str(value)
    try:
        data = text.encode() if point.type == "string" else bytes.fromhex(text.replace(":", ""))
    except ValueError as error:
        raise FieldError(f"{point.name}: {text[:40]!r} is no {point.type}") from error
    data = b"\0\0" + data if point.type == "eui48" else data
    size = 2 * point.size
    fits = 0 < len(data) <= size and data[0] != 0 if point.type == "string" else len(data) == size
    if not fits:
        raise FieldError(f"{point.name}: {text[:40]!r} does not fit into {size} bytes of {point.type}")
    return data.ljust(size, b"\0")


def _absent(point: Point) -> bytes:
    if point.type in _INTEGERS:
        return _INTEGERS[point.type][0].pack(_INTEGERS[point.type][1])
    if point.type in _FLOATS:
        return b"\x7f\xc0\x00\x00" if point.type == "float32" else b"\x7f\xf8" + bytes(6)
    return b"\0\0" + _NO_EUI if point.type == "eui48" else bytes(2 * point.size)


# ---- scaled


def scaled(value: Value, scale: Value | int) -> Value:
    """Return a value times its power of ten; a power that is not implemented or beyond ten leaves no number.

    >>> scaled(Value(-150, "good"), 4), scaled(Value(-150, "good"), ABSENT)
    (Value(value=-1500000, quality='good'), Value(value=None, quality='not_implemented'))
    """
    if isinstance(scale, Value):
        if not scale.good:
            return Value(None, scale.quality)
        power = int(scale.value or 0)
    else:
        power = scale
    if abs(power) > MOST_SCALE:
        return Value(None, "out_of_range")
    if isinstance(value.value, str) or value.value is None:
        return value
    number = value.value * 10**power if power >= 0 else value.value / 10**-power
    return Value(number, value.quality)


def unscaled(point: Point, value: float, power: int) -> int:
    """Return the whole number of a point that stands for `value`, rounded to nearest.

    Raises
    ------
    FieldError
        The power of ten is beyond ten, or the value is not finite.
    """
    if abs(power) > MOST_SCALE:
        raise FieldError(f"{point.name}: scale factor {power} is beyond {MOST_SCALE}")
    if not math.isfinite(value):
        raise FieldError(f"{point.name}: {value} is no finite number")
    return round(value / float(10**power) if power >= 0 else value * float(10**-power))


def values_of(layout: Layout, data: bytes) -> dict[str, Value]:
    """Return every point of a whole block, scaled, by path.

    Parameters
    ----------
    data
        The block's registers from its id on.

    Raises
    ------
    FieldError
        Another number of bytes than the block has.
    """
    if len(data) != 2 * layout.length:
        raise FieldError(f"model {layout.model.number}: {len(data)} bytes in place of {2 * layout.length}")
    out = {}
    for path, place in layout.places.items():
        value = decode(place.point, _bytes(place, data))
        out[path] = value if place.point.scale is None else scaled(value, scale_of(place, data))
    return out


def scale_of(place: Place, data: bytes) -> Value | int:
    """Return the power of ten of a point, from its block's registers."""
    if isinstance(place.point.scale, int):
        return place.point.scale
    if place.scale_offset is None:
        return 0
    at = 2 * place.scale_offset
    return decode(_SCALE, data[at : at + 2])


_SCALE = Point(name="scale factor", type="sunssf", size=1)


def _bytes(place: Place, data: bytes) -> bytes:
    return data[2 * place.offset : 2 * (place.offset + place.point.size)]
