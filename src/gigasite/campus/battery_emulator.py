"""The settings of emulated battery units, and the script of what goes wrong, in one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from gigasite._core.errors import QuantityError
from gigasite._core.settings import Choice
from gigasite.campus.door import (
    DOOR,
    Count,
    Fraction,
    Hertz,
    Name,
    PartChoice,
    Reader,
    Seconds,
    Some,
    Text,
    Volts,
    Watts,
    unit,
)
from gigasite.campus.typed_file import Rules, TypedFile, load_typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gigasite.campus import checks
    from gigasite.campus.nodes import Path as Path_


def _units(value: Any) -> str:
    """Read which units are meant; `units: 3` is a number in YAML."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise QuantityError(f"needs units such as all, 3, 1-10 or 10 %, found {value!r}"[:120])
    return str(value)


UnitsText = Annotated[str, Reader(_units, {"type": ["string", "integer"]})]
SomeWatts = Annotated[float, unit("power", "positive")]
SomeJoules = Annotated[float, unit("energy", "positive")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorKind:
    """Physics of a unit; absent values are those of the model in the catalogue, else of the emulator."""

    __pydantic_config__ = DOOR
    model: Text | None = None
    """Battery of the catalogue, such as megapack-2xl."""
    rating_w: SomeWatts | None = None
    energy_j: SomeJoules | None = None
    round_trip_frac: Fraction | None = None
    low_frac: Fraction | None = None
    """No discharge below this state of charge."""
    high_frac: Fraction | None = None
    taper_frac: Fraction | None = None
    """Power falls over this much state of charge before both ends."""
    lag_s: Seconds | None = None
    auxiliary_w: Watts | None = None
    frequency_hz: Hertz | None = None
    voltage_v: Volts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorTls:
    """The emulator's own certificate, and who must have signed its clients'."""

    __pydantic_config__ = DOOR
    authority: Text
    certificate: Text
    key: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorFault:
    """One thing that goes wrong."""

    __pydantic_config__ = DOOR
    at_s: Seconds = 0.0
    for_s: Seconds | None = None
    """Absent: to the end."""
    units: UnitsText = "all"
    """`all`, `3`, `1-10`, `1-3, 7`, or a drawn share as `10 %`."""
    fault: PartChoice
    """Kind and settings, such as {kind: slow, by: 1 s}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorFile:
    """One file of `gigasite battery emulate`."""

    __pydantic_config__ = DOOR
    emulator: Name = "emulator"
    units: Some = 1
    kind: EmulatorKind = field(default_factory=EmulatorKind)
    soc_frac: Fraction = 0.5
    soc_spread_frac: Fraction = 0.0
    """Width around it from which each unit's is drawn."""
    delay_s: Seconds = 0.02
    """From a write to the inverter: each unit's is drawn between this and the next."""
    delay_most_s: Seconds = 0.2
    watchdog: Text = "strict"
    """strict, late, any-write-counts, setpoint-write-only or none."""
    layout: Literal["ports", "unit-ids"] = "ports"
    """A port for each unit, or one port with unit ids from 1."""
    host: Text = "127.0.0.1"
    port: Count = 0
    """First port; 0: free ones."""
    tick_s: Seconds = 0.02
    seed: Count = 1
    registers: PartChoice = field(default_factory=lambda: Choice(kind="sunspec", settings={}))
    """{kind: sunspec}, or {kind: csv-map, file: pcs.csv} for units that are not."""
    tls: EmulatorTls | None = None
    faults: tuple[EmulatorFault, ...] = ()


# key -> lowest, highest in SI
BOUNDS: Mapping[str, tuple[float, float]] = {
    "units": (1, 1000),
    "kind.rating": (1, 1e9),
    "kind.energy": (3600, 1e14),
    "kind.round_trip": (0.3, 1),
    "kind.low": (0, 0.9),
    "kind.high": (0.1, 1),
    "kind.taper": (0, 0.5),
    "kind.lag": (0, 60),
    "kind.auxiliary": (0, 1e8),
    "kind.frequency": (45, 65),
    "kind.voltage": (1, 6000),
    "soc": (0, 1),
    "soc_spread": (0, 1),
    "delay": (0, 10),
    "delay_most": (0, 10),
    "port": (0, 65535),
    "tick": (1e-3, 1),
    "faults[].at": (0, 1e8),
    "faults[].for": (0, 1e8),
}


def load_emulator(
    path: str | Path,
    names: Mapping[str, list[str]],
    parts: Mapping[str, checks.Mistakes],
    overrides: Mapping[str, str] | None = None,
) -> TypedFile[EmulatorFile]:
    """Read the settings of emulated units, or a file that holds `faults` alone.

    Parameters
    ----------
    names, parts
        Known kinds of parts by key (`faults[].fault`, `registers`), and what finds the mistakes in their settings.
    overrides
        Values that replace those of the file, by key.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    """
    empty = "is empty or no settings of an emulator: see docs/models/battery-emulator.md"
    rules = Rules(bounds=BOUNDS, sense=_sense, empty=empty, names=names, parts=parts)
    return load_typed(EmulatorFile, path, rules, overrides)


def _sense(file: EmulatorFile) -> list[tuple[Path_, str]]:
    out: list[tuple[Path_, str]] = []
    k = file.kind
    if k.low_frac is not None and k.high_frac is not None and k.low_frac >= k.high_frac:
        out.append((("kind", "low"), "is not below high"))
    if file.delay_most_s < file.delay_s:
        out.append((("delay_most",), "is below delay"))
    return out
