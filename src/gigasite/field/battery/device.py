"""What a make of units is: where its values lie, how bytes become readings, how a set point becomes bytes.

A part is one file in `devices/`. It is pure but for `find`, which asks a device once what it is. What was found is a
`Unit`: frozen, written into the log, and enough to replay every byte that the device said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from gigasite._core.errors import FieldError
from gigasite._core.registry import Registry
from gigasite.field.battery.image import POINTS, Quality

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

ANY = (-math.inf, math.inf)
"""Limits of a value that has none."""
HOLDING, INPUT = 3, 4
"""Functions that read."""
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


SHAPES: Mapping[str, Struct] = {code: Struct(f">{code}") for code in ABSENT}
"""Ready made: a fleet is taken apart a hundred thousand times a second."""


class Read(NamedTuple):
    """One request of a cycle."""

    address: int
    size: int
    """Registers."""
    function: int = HOLDING


class Write(NamedTuple):
    """Registers that are written in one piece."""

    address: int
    registers: bytes


class Registers(Protocol):
    """Registers by unit id, over a socket (`modbus.client.Client`) or in the same process; answers come as futures."""

    def read(self, unit: int, address: int, count: int, function: int = HOLDING, /) -> asyncio.Future[bytes]:
        """Ask for registers."""
        ...

    def read_all(self, unit: int, reads: Sequence[tuple[int, int, int]], /) -> list[asyncio.Future[bytes]]:
        """Ask for several ranges (address, count, function), on the wire together."""
        ...

    def write(self, unit: int, address: int, registers: bytes, /) -> asyncio.Future[None]:
        """Write registers in one piece."""
        ...


@dataclass(frozen=True, slots=True)
class Link:
    """The registers of one unit."""

    registers: Registers
    unit: int

    def read(self, address: int, count: int, function: int = HOLDING) -> asyncio.Future[bytes]:
        """Ask for registers."""
        return self.registers.read(self.unit, address, count, function)

    def read_all(self, reads: Sequence[Read]) -> list[asyncio.Future[bytes]]:
        """Ask for several ranges at once."""
        return self.registers.read_all(self.unit, reads)

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
    """The low word comes first."""
    scale: tuple[int, int, int] | None = None
    """Answer, byte and expected value of its scale factor: with another one the value cannot be trusted."""
    limits: tuple[float, float] = ANY
    """Range in SI beyond which it cannot be."""
    absent: bool = True
    """Whether the raw values of `ABSENT` mean that there is none."""

    def raw(self, answers: Sequence[bytes]) -> float:
        """Return the register's own value."""
        shape = SHAPES[self.code]
        data, at = answers[self.read], self.at
        if self.swapped:
            data, at = b"".join(data[i : i + 2] for i in range(at + shape.size - 2, at - 1, -2)), 0
        value: float = shape.unpack_from(data, at)[0]
        return value

    def value(self, answers: Sequence[bytes]) -> tuple[float, Quality]:
        """Return the value in SI, and how far it can be trusted; NaN where it cannot."""
        raw = self.raw(answers)
        if (self.absent and raw in ABSENT[self.code]) or math.isnan(raw):
            return math.nan, Quality.SENTINEL
        if self.scale is not None:
            read, at, expected = self.scale
            if SHAPES["h"].unpack_from(answers[read], at)[0] != expected:
                return math.nan, Quality.SCALE
        if math.isinf(raw):
            return math.nan, Quality.RANGE
        value = raw * self.factor
        return (value, Quality.GOOD) if self.limits[0] <= value <= self.limits[1] else (math.nan, Quality.RANGE)


class Row(NamedTuple):
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
    def reverts(self) -> bool:
        """Whether a set point expires in the device itself, after the reversion time that is written with it."""
        ...

    @property
    def reads(self) -> tuple[Read, ...]:
        """What is read in every cycle."""
        ...

    @property
    def writable(self) -> tuple[tuple[int, int], ...]:
        """Address and count of all that may ever be written."""
        ...

    def decode(self, answers: Sequence[bytes], /) -> Row:
        """Take the answers to `reads` apart."""
        ...

    def setpoint(self, power_w: float, /, *, enable: bool) -> tuple[Write, ...]:
        """Return a set point with all that makes it expire: one block where the device has it in one piece.

        Else what enables it comes last, so that no stale set point is ever enabled.
        """
        ...

    def beat(self, count: int, /) -> Write | None:
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


def spans(wanted: Sequence[tuple[int, int]], function: int = HOLDING, *, bridge: bool = True) -> tuple[Read, ...]:
    """Return the fewest reads that hold all wanted ranges (address, count), each within one request.

    Without `bridge` no register is read that nobody wants: a device may refuse a whole request for one that it lacks.

    >>> [(r.address, r.size) for r in spans([(40010, 2), (40000, 4), (40200, 1)])]
    [(40000, 12), (40200, 1)]

    Raises
    ------
    FieldError
        A range is longer than one request: its value would be torn.
    """
    out: list[tuple[int, int]] = []
    for address, count in sorted(set(wanted)):
        if count > MOST_READ:
            raise FieldError(f"register {address}: {count} registers do not fit into one request of {MOST_READ}")
        end = address + count
        near = out and (bridge or address <= sum(out[-1]))
        if near and max(end, sum(out[-1])) - out[-1][0] <= MOST_READ:
            start = out[-1][0]
            out[-1] = (start, max(end, sum(out[-1])) - start)
        else:
            out.append((address, count))
    return tuple(Read(address, count, function) for address, count in out)


def place(reads: Sequence[Read], address: int, count: int, function: int = HOLDING) -> tuple[int, int]:
    """Return index and byte of registers in the answers to `reads`."""
    for i, r in enumerate(reads):
        if r.function == function and r.address <= address and address + count <= r.address + r.size:
            return i, 2 * (address - r.address)
    raise FieldError(f"register {address} is not among what is read")


def row(fields: Mapping[int, Field], answers: Sequence[bytes], status: int) -> Row:
    """Read all fields, by `Point`; points without a field are missing."""
    values, quality = [math.nan] * POINTS, [int(Quality.MISSING)] * POINTS
    for point, field in fields.items():
        values[point], quality[point] = field.value(answers)
    return Row(values=tuple(values), quality=tuple(quality), status=status)


def within(unit: Unit, write: Write) -> bool:
    """Return whether a write stays within what may be written."""
    last = write.address + len(write.registers) // 2
    return any(start <= write.address and last <= start + count for start, count in unit.writable)
