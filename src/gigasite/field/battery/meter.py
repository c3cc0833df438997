"""The site's meter: load, source and frequency from a register map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.field.battery.assemble import Metered
from gigasite.field.battery.device import Field, Read, place, spans
from gigasite.field.battery.image import Quality
from gigasite.field.sunspec.csv_map import read_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gigasite.field.sunspec.csv_map import Entry

FUNCTIONS = {"holding": 3, "input": 4}
ROLES = ("load_w", "source_w", "frequency_hz")
MEASURED = frozenset({*ROLES, "power_w", "soc_frac", "rating_w", "rated_energy_j"})
"""Roles of which the lowest (unsigned: the highest) raw value of a type means that there is none, as with SunSpec:
makers say it so in their own maps too, and a register that is full measures nothing."""
MOST_W = 1e11
"""Power above which it is no power of a site, but another number: words or bytes in the wrong order."""
LEAST = 1e-30
"""Below it, but for zero, likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Where the meter's values lie, by their name in `Metered`."""

    reads: tuple[Read, ...]
    fields: Mapping[str, Field]

    def decode(self, answers: Sequence[bytes]) -> Metered:
        """Take the answers apart; a value that cannot be trusted is NaN."""
        values = {k: f.value(answers) for k, f in self.fields.items()}
        good = {k: v if q == Quality.GOOD and _real(v) else math.nan for k, (v, q) in values.items()}
        return Metered(**good, age_s=0.0)


def _real(value: float) -> bool:
    """Return whether a site can have such a value; a float with swapped words is mostly huge or next to nothing."""
    return value == 0.0 or LEAST < abs(value) <= MOST_W


def meter_of(path: Path) -> Meter:
    """Read the register map of a meter.

    Raises
    ------
    InputFileError
        With line: what is wrong in the map; load or source is missing.
    """
    roles = read_map(path, needs=(("load_w", "source_w"),)).roles()
    entries = {role: roles[role] for role in ROLES if role in roles}
    reads = reads_of(list(entries.values()))
    return Meter(reads=reads, fields={role: field_of(e, reads) for role, e in entries.items()})


def reads_of(entries: Sequence[Entry]) -> tuple[Read, ...]:
    """Return the fewest requests that hold these entries, and no register that a map does not name."""
    out: list[Read] = []
    for name, function in FUNCTIONS.items():
        out += spans([(e.address, e.count) for e in entries if e.function == name], function, bridge=False)
    return tuple(out)


def field_of(entry: Entry, reads: Sequence[Read]) -> Field:
    """Return where an entry lies in the answers, with its range."""
    read, at = place(reads, entry.address, entry.count, FUNCTIONS[entry.function])
    limits = (-math.inf, math.inf) if entry.role == "enable" else (entry.low, entry.high)
    return Field(
        read=read,
        at=at,
        code=entry.code,
        factor=entry.factor,
        swapped=entry.swapped,
        absent=entry.role in MEASURED,
        limits=limits,
    )
