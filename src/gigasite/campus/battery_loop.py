"""The settings of a battery loop: units, meter, controller, limits and times in one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gigasite._core.settings import Choice
from gigasite.campus.door import (
    DOOR,
    Count,
    Flag,
    Fraction,
    Hertz,
    Joules,
    Name,
    PartChoice,
    Seconds,
    Some,
    Text,
    Watts,
)
from gigasite.campus.typed_file import Rules, TypedFile, load_typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gigasite.campus import checks
    from gigasite.campus.nodes import Path as Path_


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopUnits:
    """A row of equal units."""

    __pydantic_config__ = DOOR
    host: Text
    port: Count = 502
    unit: Count = 1
    """Modbus unit id of the first."""
    count: Some = 1
    each: Literal["port", "unit"] = "port"
    """What counts up from unit to unit."""
    device: PartChoice = field(default_factory=lambda: Choice(kind="sunspec", settings={}))
    """Make: {kind: sunspec} or {kind: csv-map, file: pcs.csv}."""
    rating_w: Watts | None = None
    """Absent: what the unit says. Given: the smaller of both holds."""
    energy_j: Joules | None = None
    """Absent: what the unit says."""
    gap_s: Seconds = 0.0
    """Least pause between an answer and the next request, for slow gateways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopMeter:
    """Where load, source and frequency are measured."""

    __pydantic_config__ = DOOR
    host: Text
    port: Count = 502
    unit: Count = 1
    file: Text
    """Register map (CSV) with load_w or source_w, and frequency_hz; what is absent follows from the units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTls:
    """Both sides show certificates; there are no others than these. Loop and emulator have the same chapter."""

    __pydantic_config__ = DOOR
    authority: Text
    """Certificate of who signed the other side's (PEM)."""
    certificate: Text
    key: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopWindow:
    """State of charge within which units are used."""

    __pydantic_config__ = DOOR
    low_frac: Fraction = 0.05
    high_frac: Fraction = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSafety:
    """When units and the whole are held; all estimates of an engineer, to be set for the plant."""

    __pydantic_config__ = DOOR
    full_swing_s: Seconds = 0.2
    """Time in which a set point may go from zero to the rating."""
    reversion_s: Seconds = 4.0
    """Devices go to zero by themselves when nothing was written for so long; whole seconds."""
    stale_s: Seconds | None = None
    """Age above which a unit is out; absent: 2.5 cycles."""
    meter_stale_s: Seconds | None = None
    """Age of the meter above which the last power is held; absent: 2.5 cycles."""
    meter_frozen_s: Seconds | None = None
    """Time in which a live meter moves at least in its last digit; one that does not is stale. Absent: not judged."""
    hold_s: Seconds = 2.0
    """So long it is held; then all ramps to zero."""
    least_frac: Fraction = 0.5
    """Rating in use below which all ramps to zero."""
    heartbeat_s: Seconds = 3.0
    recover_s: Seconds = 2.0
    foreign_quiet_s: Seconds = 60.0
    confirm_s: Seconds = 10.0
    release_s: Seconds = 30.0
    misses: Some = 5
    """Cycles missed in a row that end the run."""
    tries: Some = 5
    """Failed steps of the controller in a row that end the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLog:
    """Where everything is written down."""

    __pydantic_config__ = DOOR
    folder: Text
    roll_s: Seconds = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFile:
    """One settings file of `gigasite battery`."""

    __pydantic_config__ = DOOR
    battery: Name
    frequency_hz: Hertz = 60.0
    cycle_s: Seconds = 0.1
    units: tuple[LoopUnits, ...]
    meter: LoopMeter | None = None
    """Absent: frequency from the units; then only controllers that need no load."""
    fast_layer: Flag = False
    """The units' own droop is programmed (`battery program`): the controller leaves the frequency to them."""
    controller: PartChoice = field(default_factory=lambda: Choice(kind="none", settings={}))
    policies: tuple[PartChoice, ...] = field(default_factory=lambda: (Choice(kind="soc-return", settings={}),))
    """What bounds the controller; absent: power fades towards the ends of the charge's window, so that a unit at an end
    does not flip between all and nothing."""
    window: LoopWindow = field(default_factory=LoopWindow)
    safety: LoopSafety = field(default_factory=LoopSafety)
    tls: LoopTls | None = None
    log: LoopLog | None = None
    metrics_port: Count = 0
    """Port on loopback for Prometheus and `battery watch`; 0: none."""
    realtime: Flag = True
    """Ask for SCHED_FIFO and locked memory, and say whether they were given."""


# key -> lowest, highest in SI
BOUNDS: Mapping[str, tuple[float, float]] = {
    "frequency": (45, 65),
    "cycle": (0.01, 10),
    "units[].port": (1, 65535),
    "units[].unit": (0, 255),
    "units[].count": (1, 1000),
    "units[].rating": (1, 1e9),
    "units[].energy": (1, 1e14),
    "units[].gap": (0, 1),
    "meter.port": (1, 65535),
    "meter.unit": (0, 255),
    "window.low": (0, 0.9),
    "window.high": (0.1, 1),
    "safety.full_swing": (0.01, 600),
    "safety.reversion": (1, 3600),
    "safety.stale": (0.01, 60),
    "safety.meter_stale": (0.01, 60),
    "safety.meter_frozen": (1, 3600),
    "safety.hold": (0, 600),
    "safety.least": (0, 1),
    "safety.heartbeat": (1, 600),
    "safety.recover": (0, 3600),
    "safety.foreign_quiet": (0, 86400),
    "safety.confirm": (0.1, 600),
    "safety.release": (1, 3600),
    "log.roll": (1, 86400),
    "metrics_port": (0, 65535),
}


def load_loop(
    path: str | Path,
    names: Mapping[str, list[str]],
    parts: Mapping[str, checks.Mistakes],
    overrides: Mapping[str, str] | None = None,
) -> TypedFile[LoopFile]:
    """Read the settings of a loop.

    Parameters
    ----------
    path
        YAML file, UTF-8.
    names, parts
        Known kinds of parts by key, and what finds the mistakes in their settings.
    overrides
        Values that replace those of the file, by key.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    """
    empty = "is empty or no settings of a battery loop: see docs/models/battery.md"
    return load_typed(
        LoopFile, path, Rules(bounds=BOUNDS, sense=_sense, empty=empty, names=names, parts=parts), overrides
    )


def _sense(file: LoopFile) -> list[tuple[Path_, str]]:
    out: list[tuple[Path_, str]] = []
    if not file.units:
        out.append((("units",), "has no unit"))
    if file.window.low_frac >= file.window.high_frac:
        out.append((("window",), "low is not below high"))
    s = file.safety
    if s.reversion_s != round(s.reversion_s):
        out.append((("safety", "reversion"), "must be whole seconds: devices count no finer"))
    if s.reversion_s < 4 * file.cycle_s:
        out.append((("safety", "reversion"), "is below four cycles: one lost packet would release the units"))
    for key, value in (("stale", s.stale_s), ("meter_stale", s.meter_stale_s)):
        if value is not None and value < file.cycle_s:
            out.append((("safety", key), "is below one cycle: every value would be stale"))
    return out + _doubled(file)


def _doubled(file: LoopFile) -> list[tuple[Path_, str]]:
    """Return rows that name a unit which another row has."""
    out: list[tuple[Path_, str]] = []
    seen: dict[tuple[str, int, int], int] = {}
    for i, row in enumerate(file.units):
        for k in range(row.count):
            port, unit = (row.port + k, row.unit) if row.each == "port" else (row.port, row.unit + k)
            if port > 65535 or unit > 255:
                out.append((("units", i, "count"), f"unit {k + 1} would have {row.each} {max(port, unit)}"))
                break
            other = seen.setdefault((row.host, port, unit), i)
            if other != i:
                where = f"{row.host}:{port} unit {unit}"
                out.append((("units", i), f"{where} is in row {other + 1} too: two set points would fight over it"))
                break
    return out


def loop_of(plain: Mapping[str, Any]) -> LoopFile:
    """Make the settings again from their plain values (`dataclasses.asdict`), as a log holds them."""
    made = dict(plain)
    rows: list[dict[str, Any]] = [dict(u) | {"device": Choice(**u["device"])} for u in plain["units"]]
    made["units"] = tuple(LoopUnits(**row) for row in rows)
    made["controller"] = Choice(**plain["controller"])
    made["policies"] = tuple(Choice(**p) for p in plain["policies"])
    kinds = {"meter": LoopMeter, "window": LoopWindow, "safety": LoopSafety, "tls": LoopTls, "log": LoopLog}
    for key, kind in kinds.items():
        made[key] = None if plain[key] is None else kind(**plain[key])
    return LoopFile(**made)
