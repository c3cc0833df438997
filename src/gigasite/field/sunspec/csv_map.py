"""Register maps of devices that are not SunSpec: one CSV file says where each value lies and what it means.

    name,address,type,unit,role
    Active power,13033,i32,W,power_w
    State of charge,13022,u16,%,soc_frac
    Power command,13051,i16,kW,set_w

`name`, `address`, `type` are needed; `role` is what the value means here (the name itself where that is a role). More
columns, each with its default: `words` (big; little where the low word comes first), `scale` (1), `unit` (SI), `access`
(r; w, rw), `function` (holding; input), `low` and `high` (range in SI beyond which a value cannot be; for `enable` what
off and on are written as).
"""

from __future__ import annotations

import csv
import io
import math
import struct
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from gigasite._core.errors import FieldError, InputFileError
from gigasite._core.files import read_text
from gigasite._core.quantity import UNITS, suffix_of
from gigasite._core.registry import unknown
from gigasite.field.sunspec.codec import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CODES: Mapping[str, str] = MappingProxyType(
    {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f", "u64": "Q", "i64": "q", "f64": "d"}
)
"""By type in the file: type in `struct`."""

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "power_w": "power at the terminals, discharge positive (a negative scale turns it)",
        "soc_frac": "state of charge",
        "energy_j": "energy inside",
        "rated_energy_j": "energy when full",
        "rating_w": "rated power",
        "set_w": "set point, discharge positive",
        "enable": "set point holds; `low` is written for off, `high` for on",
        "beat": "counter that we write",
        "revert_s": "time after which the device gives the set point up",
        "ramp_w_per_s": "fastest change of power",
        "heartbeat": "counter that the device moves on",
        "status": "healthy within `low` and `high`",
        "alarm": "0: none",
        "local": "0: remote",
        "frequency_hz": "frequency",
        "voltage_v": "voltage",
        "load_w": "power of the load, at a meter",
        "source_w": "power from gensets and grid, at a meter",
    }
)
"""What values mean to a loop."""
MOST_ROWS = 5000
MOST_FILE = 1 << 20
_NEEDED = ("name", "address", "type")
_WRITTEN = frozenset({"set_w", "enable", "beat", "revert_s", "ramp_w_per_s"})
"""Roles of what is written, where the file does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value of a device.

    Parameters
    ----------
    name, role
        As the maker calls it, and what it means here ("": nothing).
    address, count
        First register, and how many.
    code, factor
        Type in `struct`, and what its number is multiplied by to be SI.
    swapped
        The low word comes first.
    readable, writable
        Access.
    function
        `holding` or `input`.
    low, high
        Range in SI beyond which it cannot be; inf: none.
    line
        Of the file.
    """

    name: str
    role: str
    address: int
    count: int
    code: str
    factor: float = 1.0
    swapped: bool = False
    readable: bool = True
    writable: bool = False
    function: Literal["holding", "input"] = "holding"
    low: float = -math.inf
    high: float = math.inf
    line: int = 0

    def value(self, data: bytes) -> Value:
        """Return the value in SI, from its registers.

        Raises
        ------
        FieldError
            Another number of bytes than it has.
        """
        if len(data) != 2 * self.count:
            raise FieldError(f"{self.name}: {len(data)} bytes in place of {2 * self.count}", kind="protocol")
        raw: float = Struct(f">{self.code}").unpack(_turned(data) if self.swapped else data)[0]
        if math.isnan(raw):
            return Value(None, "nan")
        si = raw * self.factor
        # on and off of `enable` are no range
        if not math.isfinite(si) or (self.role != "enable" and not self.low <= si <= self.high):
            return Value(None, "out_of_range")
        return Value(si, "good")

    def registers(self, value: float) -> bytes:
        """Return the registers that stand for a value in SI.

        Raises
        ------
        FieldError
            It is not writable, or the value does not fit or lies beyond the range.
        """
        if not self.writable:
            raise FieldError(f"{self.name}: register {self.address} is not to be written", address=self.address)
        if not math.isfinite(value) or (self.role != "enable" and not self.low <= value <= self.high):
            raise FieldError(f"{self.name}: {value:g} lies beyond {self.low:g} to {self.high:g}", address=self.address)
        return self.packed(value)

    def packed(self, value: float) -> bytes:
        """Return the registers that hold a value in SI, as the device itself has them.

        Raises
        ------
        FieldError
            It does not fit.
        """
        raw = value / self.factor
        try:
            data = Struct(f">{self.code}").pack(raw if self.code in "fd" else round(raw))
        except (struct.error, OverflowError) as error:
            raise FieldError(f"{self.name}: {value:g} does not fit its register", address=self.address) from error
        return _turned(data) if self.swapped else data


def _turned(data: bytes) -> bytes:
    return b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """The values of a device, in the order of the file."""

    file: str
    entries: tuple[Entry, ...]

    def role(self, role: str) -> Entry | None:
        """Return the value that means something; None: the device has none."""
        return next((e for e in self.entries if e.role == role), None)

    def roles(self) -> Mapping[str, Entry]:
        """Return all that means something, by role."""
        return {e.role: e for e in self.entries if e.role}


def read_map(path: Path, needs: Sequence[str | tuple[str, ...]] = ("power_w", "soc_frac", "set_w")) -> RegisterMap:
    """Read a register map.

    Parameters
    ----------
    needs
        Roles that must be there; of a tuple one.

    Raises
    ------
    InputFileError
        With line: unknown columns, types, units or roles; registers that overlap; names or roles given twice; roles
        that are missing; a set point that cannot be written.
    """
    return map_of(read_text(path, MOST_FILE), str(path), needs)


def map_of(text: str, file: str, needs: Sequence[str | tuple[str, ...]] = ()) -> RegisterMap:
    """Read the text of a register map; as `read_map`."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [c.strip().lower() for c in rows[0]] if rows else []
    _header(file, header)
    entries: list[Entry] = []
    for line, cells in enumerate(rows[1:], start=2):
        if not any(c.strip() for c in cells) or cells[0].lstrip().startswith("#"):
            continue
        if len(cells) > len(header) or len(entries) >= MOST_ROWS:
            what = f"has {len(cells)} cells under {len(header)} columns, or is one row too many"
            raise InputFileError(file, line, what)
        entries.append(_entry(_Row(file, line, dict(zip(header, (c.strip() for c in cells), strict=False)))))
    _apart(file, entries)
    _all_there(file, entries, needs)
    return RegisterMap(file=file, entries=tuple(entries))


def _header(file: str, header: list[str]) -> None:
    known = [*_NEEDED, "role", "words", "scale", "unit", "access", "function", "low", "high"]
    missing = [c for c in _NEEDED if c not in header]
    if missing:
        raise InputFileError(file, 1, f"needs the columns {', '.join(_NEEDED)}; missing: {', '.join(missing)}")
    other = [c for c in header if c not in known]
    if other or len(set(header)) < len(header):
        raise InputFileError(
            file, 1, f"has unknown or doubled columns: {', '.join(other or header)[:80]}; known: {', '.join(known)}"
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: its cells by column, and where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def error(self, words: str) -> InputFileError:
        return InputFileError(self.file, self.line, words)

    def choice(self, key: str, default: str, known: Sequence[str]) -> str:
        given = self.cells.get(key, "") or default
        if given not in known:
            raise self.error(str(unknown(key, given, known)))
        return given

    def number(self, key: str, default: float) -> float:
        given = self.cells.get(key, "")
        if not given:
            return default
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(f"{key} {given[:20]!r} is no number")
        return value

    def address(self, count: int) -> int:
        given = self.cells.get("address", "")
        if not given.isascii() or not given.isdigit() or int(given[:9]) + count > 0x10000:
            raise self.error(f"address {given[:20]!r}: {count} registers from it do not lie in 0 to 65535")
        return int(given)

    def role(self, name: str) -> str:
        role = self.cells.get("role", "") or (name if name in ROLES else "")
        if role and role not in ROLES:
            raise self.error(str(unknown("role", role, ROLES)))
        return role


def _entry(row: _Row) -> Entry:
    name = row.cells.get("name", "")
    if not name:
        raise row.error("has no name")
    role = row.role(name)
    code = CODES[row.choice("type", "", tuple(CODES))]
    count = Struct(f">{code}").size // 2
    access = row.choice("access", "w" if role in _WRITTEN else "r", ("r", "w", "rw"))
    factor = row.number("scale", 1.0) * _unit(row, role)
    if factor == 0.0:
        raise row.error("scale 0 makes every value 0")
    low = row.number("low", 0.0 if role == "enable" else -math.inf)
    high = row.number("high", 1.0 if role == "enable" else math.inf)
    if low > high and role != "enable":  # there they are no range
        raise row.error(f"low {low:g} is above high {high:g}: no value would be within")
    return Entry(
        name=name,
        role=role,
        address=row.address(count),
        count=count,
        code=code,
        factor=factor,
        swapped=row.choice("words", "big", ("big", "little")) == "little" and count > 1,
        readable="r" in access,
        writable="w" in access,
        function="input" if row.choice("function", "holding", ("holding", "input")) == "input" else "holding",
        low=low,
        high=high,
        line=row.line,
    )


def _unit(row: _Row, role: str) -> float:
    """Return what a value in its unit is multiplied by to be SI; the unit must be of the role's dimension."""
    unit, suffix = row.cells.get("unit", ""), suffix_of(role)
    if not unit:
        return 1.0
    for own, units in UNITS.values():
        if unit in units and own != "_degc" and own == (suffix or own):
            return units[unit]
    fits = ", ".join(u for own, units in UNITS.values() if own == suffix for u in units)
    raise row.error(f"unit {unit[:20]!r} does not fit {role or 'anything'}" + (f"; known: {fits}" if fits else ""))


def _apart(file: str, entries: Sequence[Entry]) -> None:
    """Refuse names and roles given twice, registers that overlap, and writes to input registers."""
    seen: dict[tuple[str, str], Entry] = {}
    for e in entries:
        for key in (("name", e.name), ("role", e.role)):
            if key[1] and key in seen:
                raise InputFileError(file, e.line, f"{key[0]} {key[1]!r} stands in line {seen[key].line} too")
            seen[key] = e
        if e.writable and e.function == "input":
            raise InputFileError(file, e.line, f"{e.name}: input registers cannot be written")
        if e.role in {"set_w", "enable"} and not e.writable:
            raise InputFileError(file, e.line, f"{e.name}: a {e.role} that cannot be written is none; access w or rw")
    order = sorted(entries, key=lambda e: (e.function, e.address))
    for a, b in pairwise(order):
        if a.function == b.function and b.address < a.address + a.count:
            last = max(a, b, key=lambda e: e.line)
            raise InputFileError(file, last.line, f"{a.name} and {b.name} overlap at register {b.address}")


def _all_there(file: str, entries: Sequence[Entry], needs: Sequence[str | tuple[str, ...]]) -> None:
    have = {e.role for e in entries}
    for need in needs:
        some = (need,) if isinstance(need, str) else need
        if not have & set(some):
            words = " or ".join(f"{s} ({ROLES[s]})" for s in some)
            raise InputFileError(file, 0, f"no row has the role {words}")
