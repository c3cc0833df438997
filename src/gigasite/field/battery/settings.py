"""The settings file made ready: what to connect to, and everything that decides."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import FieldError
from gigasite._core.files import read_bytes
from gigasite._core.settings import mistakes, read
from gigasite.campus.battery_loop import load_loop
from gigasite.field.battery.decide import Core
from gigasite.field.battery.device import Wanted, makes
from gigasite.field.battery.guard import Bounds
from gigasite.field.battery.health import Rules, Size
from gigasite.field.battery.policy import policies
from gigasite.field.battery.states import Timing
from gigasite.power.controller import controllers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite._core.settings import Choice
    from gigasite.campus.battery_loop import LoopFile
    from gigasite.field.battery.device import Unit

NO_LOAD = frozenset({"none", "droop", "virtual-machine"})
"""Controllers that look at frequency and state of charge alone."""
INFORMED = "informed"
"""What a controller has that plans on what a job announces (`battery announce`); until then it is its reactive form."""
STALE_CYCLES = 2.5
# estimates of an engineer, for what the settings do not ask: noise of meters, lag of inverters
IGNORES_S = 0.5
DIRECTION_S = 1.0
DIRECTION_FRAC = 0.1
SOC_JUMP_FRAC = 0.05
SOC_FROZEN_FRAC = 0.03
SATURATED_FRAC = 0.05
SATURATED_S = 1.0
STEP_FRAC = SATURATED_FRAC
"""Coarsest set point, of the rating: what a coarser one leaves out would be taken for a unit that cannot follow."""
RATED_W, RATED_J = (1.0, 1e9), (1.0, 1e14)
"""What a unit can be rated; other numbers are a register read in another type or order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one unit answers."""

    host: str
    port: int
    unit: int
    gap_s: float
    make: Any
    """A part of `devices/`."""
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A settings file that was read."""

    path: Path
    file: LoopFile
    controller: Any
    policies: tuple[Any, ...]
    addresses: tuple[Address, ...]
    digest: str
    """SHA-256 of everything that decides: settings in canonical form, and the register maps that they name."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the units' names."""
        return tuple(a.wanted.name for a in self.addresses)


def known() -> dict[str, list[str]]:
    """Return known kinds by key of the file."""
    return {"units[].device": makes.names(), "controller": controllers.names(), "policies[]": policies.names()}


def parts() -> dict[str, Any]:
    """Return what finds the mistakes in a chosen part's settings, by key."""
    registries = {"units[].device": makes, "controller": controllers, "policies[]": policies}
    return {key: partial(_mistakes, registry) for key, registry in registries.items()}


def _mistakes(registry: Any, choice: Choice) -> list[tuple[str, str]]:
    return mistakes(registry[choice.kind], choice.settings) if choice.kind in registry else []


def read_setup(path: str | Path, overrides: Mapping[str, str] | None = None) -> Setup:
    """Read a settings file.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    InputFileError
        A register map cannot be read.
    """
    found = load_loop(path, known(), parts(), overrides)
    file, folder = found.value, Path(path).parent
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    if file.meter is None and file.controller.kind not in NO_LOAD:
        names = ", ".join(sorted(NO_LOAD))
        wrong.append((("controller", "kind"), f"needs a meter for the load; without one: {names}"))
    if file.meter is None:
        blind = [i for i, p in enumerate(file.policies) if getattr(policies[p.kind], "needs_load", False)]
        wrong += [
            (("policies", i), "needs a meter for the load: without one it would bound the wrong power") for i in blind
        ]
    found.refuse(wrong)
    return setup_of(file, Path(path), digest(file, folder))


def setup_of(file: LoopFile, path: Path, digest_: str = "") -> Setup:
    """Return settings made ready; files that they name are relative to theirs."""
    rows = [(row, _part(makes, row.device, path.parent)) for row in file.units] if digest_ else []
    return Setup(
        path=path,
        file=file,
        controller=_part(controllers, file.controller),
        policies=tuple(_part(policies, p) for p in file.policies),
        addresses=tuple(a for row, make in rows for a in _addresses(row, make, file)),
        digest=digest_,
    )


def _part(registry: Any, choice: Choice, folder: Path | None = None) -> Any:
    part = read(registry[choice.kind], choice.settings)
    return part.at(folder) if folder is not None and hasattr(part, "at") else part


def _addresses(row: Any, make: Any, file: LoopFile) -> list[Address]:
    out = []
    for k in range(row.count):
        port, unit = (row.port + k, row.unit) if row.each == "port" else (row.port, row.unit + k)
        wanted = Wanted(
            name=f"{row.host}:{port}/{unit}",
            rating_w=row.rating_w,
            energy_j=row.energy_j,
            reversion_s=round(file.safety.reversion_s),
        )
        out.append(Address(host=row.host, port=port, unit=unit, gap_s=row.gap_s, make=make, wanted=wanted))
    return out


def digest(file: LoopFile, folder: Path) -> str:
    """Return the check sum that is signed: two files that mean the same have the same."""
    maps = [c.settings.get("file") for c in (u.device for u in file.units)] + [file.meter.file if file.meter else None]
    sums = {str(m): hashlib.sha256(read_bytes(folder / str(m))).hexdigest() for m in maps if m}
    text = json.dumps({"settings": plain(file), "maps": sums}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(file: LoopFile) -> Any:
    """Return the settings as plain values."""
    return json.loads(json.dumps(asdict(file), default=str))


def core_of(setup: Setup, units: Sequence[Unit], *, signed: bool) -> Core:
    """Return all that decides, once the units are known.

    Raises
    ------
    FieldError
        There is no unit, or one is rated what no unit is, or has a set point too coarse for its rating.
    """
    if not units:
        raise FieldError("no unit was found: nothing can be decided")
    _plausible(setup.names or tuple(f"unit {i + 1}" for i in range(len(units))), units)
    file, s = setup.file, setup.file.safety
    rating = np.array([u.rating_w for u in units])
    size = Size(
        rating_w=rating,
        energy_j=np.array([u.energy_j for u in units]),
        step_w=np.array([u.step_w for u in units]),
    )
    bounds = Bounds(
        rating_w=rating,
        ramp_w_per_s=rating / s.full_swing_s,
        soc_low_frac=file.window.low_frac,
        soc_high_frac=file.window.high_frac,
    )
    return Core(
        controller=setup.controller,
        policies=setup.policies,
        size=size,
        bounds=bounds,
        rules=_rules(file),
        timing=Timing(recover_s=s.recover_s, confirm_s=s.confirm_s, release_s=s.release_s),
        nominal_hz=file.frequency_hz,
        cycle_s=file.cycle_s,
        least_frac=s.least_frac,
        meter_s=s.meter_stale_s or STALE_CYCLES * file.cycle_s,
        meter_frozen_s=s.meter_frozen_s or math.inf,
        hold_s=s.hold_s,
        misses=s.misses,
        tries=s.tries,
        fast_layer=file.fast_layer,
        signed=signed,
    )


def _plausible(names: Sequence[str], units: Sequence[Unit]) -> None:
    for name, u in zip(names, units, strict=True):
        for what, value, unit, (low, high) in (
            ("power", u.rating_w, "W", RATED_W),
            ("energy", u.energy_j, "J", RATED_J),
        ):
            if not low <= value <= high:
                raise FieldError(
                    f"{name}: a rated {what} of {value:g} {unit} is none; look at type, words and scale of its register"
                )
        if u.step_w > STEP_FRAC * u.rating_w:
            raise FieldError(
                f"{name}: its set point moves in steps of {u.step_w:g} W, more than {STEP_FRAC:.0%} of its rating of "
                f"{u.rating_w:g} W: it cannot be commanded in watts"
            )


def _rules(file: LoopFile) -> Rules:
    s = file.safety
    return Rules(
        stale_s=s.stale_s or STALE_CYCLES * file.cycle_s,
        heartbeat_s=s.heartbeat_s,
        foreign_quiet_s=s.foreign_quiet_s,
        ignores_s=max(IGNORES_S, 3 * file.cycle_s),
        direction_s=max(DIRECTION_S, 3 * file.cycle_s),
        direction_frac=DIRECTION_FRAC,
        recover_s=s.recover_s,
        soc_jump_frac=SOC_JUMP_FRAC,
        soc_frozen_frac=SOC_FROZEN_FRAC,
        saturated_frac=SATURATED_FRAC,
        saturated_s=max(SATURATED_S, 3 * file.cycle_s),
    )
