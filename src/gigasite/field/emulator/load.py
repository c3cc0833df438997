"""From a settings file to a fleet: what the door cannot know is checked here, with the same places in the file."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

from gigasite._core.errors import GigasiteError, QuantityError
from gigasite._core.registry import unknown
from gigasite._core.settings import mistakes, of_kind, setting
from gigasite._core.settings import read as read_settings
from gigasite.campus.battery_emulator import load_emulator
from gigasite.campus.catalogue_file import builtin
from gigasite.field.emulator.fault import Event, fault_mistakes, fault_of, faults, pick
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.map_face import MapFace
from gigasite.field.emulator.registers import SunspecFace
from gigasite.field.emulator.script_csv import read_faults
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.unit import UnitKind
from gigasite.field.emulator.watchdog import WATCHDOGS
from gigasite.field.modbus.tls import TlsFiles
from gigasite.field.sunspec.csv_map import read_map

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gigasite._core.settings import Choice
    from gigasite.campus.battery_emulator import EmulatorFault, EmulatorFile, EmulatorKind
    from gigasite.campus.nodes import Path as Path_
    from gigasite.campus.typed_file import TypedFile
    from gigasite.field.emulator.units import Face, Units

    Refuse = Callable[[Sequence[tuple[Path_, str]]], None]


def load_fleet(
    path: Path | None, script: Path | None = None, overrides: Mapping[str, str] | None = None, *, lockstep: bool = False
) -> Fleet:
    """Return a fleet from its files, not listening yet.

    Parameters
    ----------
    path
        Settings (YAML); None: one unit with the defaults.
    script
        A second file whose faults come on top: settings with `faults` (YAML), or a table (CSV).
    overrides
        Values that replace those of the settings, by key (`units`, `port`).
    lockstep
        Time moves only by `Fleet.advance`.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    FieldError
        Settings that no fleet can have.
    """
    settings, face = FleetSettings(lockstep=lockstep), None
    scripts: list[tuple[Sequence[EmulatorFault], Refuse]] = []
    if path is not None:
        read = _read(path, overrides)
        settings, face = _settings(read, path.parent, lockstep=lockstep)
        scripts.append((read.value.faults, read.refuse))
    elif overrides:
        settings = replace(settings, **{k: int(v) for k, v in overrides.items()})  # type: ignore[arg-type]  # whole numbers
    if script is not None:
        scripts.append(_script(script))
    events = [_events(some, settings, refuse) for some, refuse in scripts]
    fleet = Fleet(settings, [e for some in events for e in some], SunspecFace if face is None else face)
    for (_, refuse), some in zip(scripts, events, strict=True):
        refuse(_unfit(fleet, some))
    return fleet


def _script(path: Path) -> tuple[Sequence[EmulatorFault], Refuse]:
    """Read a script by its name's ending."""
    if path.suffix.lower() == ".csv":
        table = read_faults(path)
        return table.faults, table.refuse
    read = _read(path, None)
    return read.value.faults, read.refuse


def _unfit(fleet: Fleet, events: Sequence[Event]) -> list[tuple[Path_, str]]:
    """Return the faults that these units cannot have."""
    wrong: list[tuple[Path_, str]] = []
    for i, event in enumerate(events):
        fits = getattr(event.fault, "fits", None)
        if fits is not None:
            try:
                fits(fleet)
            except GigasiteError as error:
                wrong.append((("faults", i, "fault"), str(error)))
    return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class SunspecRegisters:
    """Units with the published models."""


def _name(given: object) -> str:
    if not isinstance(given, str) or not given.strip():
        raise QuantityError(f"needs the name of a file, found {given!r}"[:120])
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRegisters:
    """Units with registers of their own.

    Parameters
    ----------
    file
        Register map (CSV), as the loop would read it.
    reversion_s
        Time after which a set point is given up, where no register says it.
    """

    file: str = of_kind(MISSING, _name)
    reversion_s: float = setting(60.0, 0.0, 86400.0)

    def face(self, folder: Path) -> Callable[[Units], Face]:
        """Return what makes the registers, from the map beside the settings."""
        return partial(MapFace, own=read_map(folder / self.file), reversion_s=self.reversion_s)


REGISTERS: Mapping[str, type[SunspecRegisters | MapRegisters]] = {
    "sunspec": SunspecRegisters,
    "csv-map": MapRegisters,
}


def _registers_mistakes(choice: Choice) -> list[tuple[str, str]]:
    return mistakes(REGISTERS[choice.kind], choice.settings) if choice.kind in REGISTERS else []


def _read(path: Path, overrides: Mapping[str, str] | None) -> TypedFile[EmulatorFile]:
    names = {"faults[].fault": faults.names(), "registers": list(REGISTERS)}
    return load_emulator(path, names, {"faults[].fault": fault_mistakes, "registers": _registers_mistakes}, overrides)


def _settings(
    read: TypedFile[EmulatorFile], folder: Path, *, lockstep: bool
) -> tuple[FleetSettings, Callable[[Units], Face] | None]:
    f = read.value
    if f.watchdog not in WATCHDOGS:
        read.refuse([(("watchdog",), str(unknown("watchdog", f.watchdog, WATCHDOGS)))])
    tls = None
    if f.tls is not None:
        tls = TlsFiles(
            authority=folder / f.tls.authority, certificate=folder / f.tls.certificate, key=folder / f.tls.key
        )
    settings = FleetSettings(
        units=f.units,
        kind=_kind(read, f.kind),
        soc_frac=f.soc_frac,
        soc_spread_frac=f.soc_spread_frac,
        delay_s=(f.delay_s, f.delay_most_s),
        watchdog=f.watchdog,
        layout=f.layout,
        host=f.host,
        port=f.port,
        tick_s=f.tick_s,
        lockstep=lockstep,
        seed=f.seed,
        tls=tls,
    )
    return settings, _face(f.registers, folder)


def _face(choice: Choice, folder: Path) -> Callable[[Units], Face] | None:
    """Return what makes the registers; None: SunSpec."""
    made = read_settings(REGISTERS[choice.kind], choice.settings)
    return None if isinstance(made, SunspecRegisters) else made.face(folder)


def _kind(read: TypedFile[EmulatorFile], given: EmulatorKind) -> UnitKind:
    """Return the physics: the file's values, else the catalogue's, else the emulator's."""
    kind = UnitKind()
    if given.model is not None:
        batteries = builtin().batteries
        if given.model not in batteries:
            read.refuse([(("kind", "model"), str(unknown("battery", given.model, batteries)))])
        b = batteries[given.model]
        kind = replace(
            kind, rating_w=b.rating_w, energy_j=b.energy_j, round_trip_frac=b.round_trip_frac, lag_s=b.response_s
        )
    own = {f.name: getattr(given, f.name) for f in fields(given) if f.name != "model"}
    kind = replace(kind, **{k: v for k, v in own.items() if v is not None})
    if kind.low_frac + kind.taper_frac > kind.high_frac - kind.taper_frac:
        read.refuse([(("kind",), "low, high and taper leave no state of charge with full power")])
    return kind


def _events(given: Sequence[EmulatorFault], settings: FleetSettings, refuse: Refuse) -> list[Event]:
    out: list[Event] = []
    wrong: list[tuple[Path_, str]] = []
    for i, line in enumerate(given):
        try:
            units = pick(line.units, settings.units, settings.seed)
            out.append(Event(at_s=line.at_s, for_s=line.for_s, units=units, fault=fault_of(line.fault)))
        except QuantityError as error:
            wrong.append((("faults", i, "units"), str(error)))
    refuse(wrong)
    return out
