"""What a make of units is: where its values lie, how bytes become readings, how a set point becomes bytes.

A part is one file in `devices/`. It is pure but for `find`, which asks a device once what it is. What was found is a
`Unit`: frozen, written into the log, and enough to replay every byte that the device said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import unpack_from
from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.errors import FieldError
from gigasite._core.registry import Registry
from gigasite.field.battery.image import POINTS, Quality

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

MOST_READ = 125
"""Registers of one request."""
ABSENT: Mapping[str, frozenset[float]] = {
    "h": frozenset({-0x8000}),
    "H": frozenset({0xFFFF}),
    "i": frozenset({-0x80000000}),
    "I": frozenset({0xFFFFFFFF}),
    "q": frozenset({-0x8000000000000000}),
    "Q": frozenset({0xFFFFFFFFFFFFFFFF}),
    "f": frozenset(),
    "d": frozenset(),
}
"""Raw values that mean "no such value", by the code of the type in `struct`; floats say it by NaN."""


class Registers(Protocol):
    """Registers by unit id, over a socket (`modbus.client.Client`) or in the same process; answers come as futures."""

    def read(self, unit: int, address: int, count: int, /) -> asyncio.Future[bytes]:
        """Ask for registers."""
        ...

    def write(self, unit: int, address: int, registers: bytes, /) -> asyncio.Future[None]:
        """Write registers in one piece."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """The registers of one unit."""

    registers: Registers
    unit: int

    def read(self, address: int, count: int) -> asyncio.Future[bytes]:
        """Ask for registers."""
        return self.registers.read(self.unit, address, count)

    def write(self, address: int, data: bytes) -> asyncio.Future[None]:
        """Write registers in one piece."""
        return self.registers.write(self.unit, address, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value in the answers of a cycle."""

    read: int
    """Index of the answer."""
    at: int
    """Byte in it."""
    code: str
    """Type in `struct`."""
    factor: float = 1.0
    swapped: bool = False
    """The two halves of a 32-bit value come in the other order."""
    scale: tuple[int, int, int] | None = None
    """Answer, byte and expected value of its scale factor: with another one the value cannot be trusted."""
    absent: bool = True
    """Whether the raw values of `ABSENT` mean that there is none."""

    def raw(self, answers: Sequence[bytes]) -> float:
        """Return the register's own value."""
        data, at = answers[self.read], self.at
        if self.swapped:
            data, at = data[at + 2 : at + 4] + data[at : at + 2], 0
        value: float = unpack_from(f">{self.code}", data, at)[0]
        return value

    def value(self, answers: Sequence[bytes]) -> tuple[float, Quality]:
        """Return the value in SI, and how far it can be trusted; NaN where it cannot."""
        raw = self.raw(answers)
        if (self.absent and raw in ABSENT[self.code]) or math.isnan(raw):
            return math.nan, Quality.SENTINEL
        if self.scale is not None:
            read, at, expected = self.scale
            if unpack_from(">h", answers[read], at)[0] != expected:
                return math.nan, Quality.SCALE
        if math.isinf(raw):
            return math.nan, Quality.RANGE
        return raw * self.factor, Quality.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one unit says in a cycle, as a row of `Units`."""

    values: tuple[float, ...]
    quality: tuple[int, ...]
    status: int


class Unit(Protocol):
    """One unit that was found; frozen."""

    @property
    def rating_w(self) -> float:
        """Of both directions."""
        ...

    @property
    def energy_j(self) -> float:
        """Rated."""
        ...

    @property
    def step_w(self) -> float:
        """Resolution of its set point."""
        ...

    @property
    def reads(self) -> tuple[tuple[int, int], ...]:
        """Address and count of what is read in every cycle."""
        ...

    @property
    def writable(self) -> tuple[tuple[int, int], ...]:
        """Address and count of all that may ever be written."""
        ...

    def decode(self, answers: Sequence[bytes], /) -> Row:
        """Take the answers to `reads` apart."""
        ...

    def setpoint(self, power_w: float, /, *, enable: bool) -> tuple[int, bytes]:
        """Return address and registers of a set point with all that makes it expire, as one block."""
        ...

    def beat(self, count: int, /) -> tuple[int, bytes] | None:
        """Return the heartbeat of this second; None where the device has none."""
        ...

    def facts(self) -> dict[str, Any]:
        """Return what `Make.restore` makes the same unit of; plain values for JSON."""
        ...


class Make(Protocol):
    """A make of units; its fields are its settings in the file."""

    async def find(self, link: Link, settings: Wanted, /) -> Unit:
        """Ask a device what it is.

        Raises
        ------
        FieldError
            It is none of this make, or lacks what a loop needs; names device and register.
        """
        ...

    @staticmethod
    def restore(facts: Mapping[str, Any], /) -> Unit:
        """Make the unit that gave these facts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the settings say about a unit."""

    name: str
    rating_w: float | None
    energy_j: float | None
    reversion_s: int


makes: Registry[type[Any]] = Registry("gigasite.field.battery.devices", "device")


def spans(wanted: Sequence[tuple[int, int]], most: int = MOST_READ) -> tuple[tuple[int, int], ...]:
    """Return the fewest reads (address, count) that hold all wanted ranges, each within one request.

    >>> spans([(40010, 2), (40000, 4), (40200, 1)])
    ((40000, 12), (40200, 1))

    Raises
    ------
    FieldError
        A range is longer than one request: its value would be torn.
    """
    out: list[tuple[int, int]] = []
    for address, count in sorted(set(wanted)):
        if count > most:
            raise FieldError(f"register {address}: {count} registers do not fit into one request of {most}")
        end = address + count
        if out and max(end, sum(out[-1])) - out[-1][0] <= most:
            start = out[-1][0]
            out[-1] = (start, max(end, sum(out[-1])) - start)
        else:
            out.append((address, count))
    return tuple(out)


def place(reads: Sequence[tuple[int, int]], address: int, count: int) -> tuple[int, int]:
    """Return index and byte of registers in the answers to `reads`."""
    for i, (start, length) in enumerate(reads):
        if start <= address and address + count <= start + length:
            return i, 2 * (address - start)
    raise FieldError(f"register {address} is not among what is read")


def row(fields: Mapping[int, Field], answers: Sequence[bytes], status: int) -> Row:
    """Read all fields, by `Point`; points without a field are missing."""
    values, quality = [math.nan] * POINTS, [int(Quality.MISSING)] * POINTS
    for point, field in fields.items():
        values[point], quality[point] = field.value(answers)
    return Row(values=tuple(values), quality=tuple(quality), status=status)


def within(unit: Unit, address: int, registers: bytes) -> bool:
    """Return whether a write stays within what may be written."""
    last = address + len(registers) // 2
    return any(start <= address and last <= start + count for start, count in unit.writable)
