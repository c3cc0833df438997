"""A case of the swing bench: machines, grid, battery, load, limits and run in one file, without a campus."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from gigasite._core.quantity import show
from gigasite._core.settings import Choice
from gigasite.campus.door import (
    DOOR,
    Fraction,
    Hertz,
    Joules,
    Name,
    Number,
    PartChoice,
    Seconds,
    Some,
    Text,
    Watts,
    unit,
)
from gigasite.campus.typed_file import Rules, TypedFile, load_typed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gigasite.campus import checks
    from gigasite.campus.nodes import Path as Path_

VoltAmperes = Annotated[float, unit("apparent power", "positive")]
VoltAmperesReactive = Annotated[float, unit("reactive power", "any")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMachines:
    """A group of equal generators."""

    __pydantic_config__ = DOOR
    title: Text
    count: Some = 1
    rating_w: Watts
    """Of one unit."""
    apparent_va: VoltAmperes
    """Of one alternator: the base of per-unit values."""
    inertia_s: Seconds
    """H, on the alternator's base."""
    governor: PartChoice
    """Kind and settings by their names in the standard model, such as {kind: gast, R: 0.04}."""
    generator: dict[str, Number] = field(default_factory=dict)
    """GENROU: xd, xq, xd1, xq1, xd2, xl, ra, Td10, Tq10, Td20, Tq20, S10, S12, D."""
    exciter: dict[str, Number] = field(default_factory=dict)
    """SEXS: TATB, TB, K, TE, EMIN, EMAX."""
    transformer_x_pu: Number = 0.08
    transformer_r_pu: Number = 0.005
    voltage_pu: Number = 1.02
    """Set point at the terminals."""
    power_w: Watts | None = None
    """Of the whole group at the start; absent: its share of what is left."""
    min_load_frac: Fraction = 0.0
    step_frac: Fraction = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGrid:
    """The intake."""

    __pydantic_config__ = DOOR
    capacity_w: Watts
    short_circuit_va: VoltAmperes | None = None
    """At the campus bus; absent: ten times the capacity."""
    r_over_x: Number = 0.1
    base_va: VoltAmperes | None = None
    """Of the equivalent machine."""
    inertia_s: Seconds | None = None
    """Absent: a stiff grid."""
    droop_frac: Fraction = 0.05
    governor_s: Seconds = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBattery:
    """All units as one."""

    __pydantic_config__ = DOOR
    rating_w: Watts
    energy_j: Joules
    efficiency_frac: Fraction = 0.96
    """One way."""
    response_s: Seconds = 0.02
    latency_s: Seconds = 0.02
    soc_frac: Fraction = 0.5
    inverter: PartChoice = field(default_factory=lambda: Choice(kind="grid-following", settings={}))
    x_pu: Number = 0.15
    apparent_va: VoltAmperes | None = None
    power_w: Annotated[float, unit("power", "any")] = 0.0
    reactive_var: VoltAmperesReactive = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseConsumer:
    """How the load behaves electrically."""

    __pydantic_config__ = DOOR
    power_factor: Number = 0.98
    filter_s: Seconds = 0.0
    trip_pu: Number = 0.7
    hold_up_s: Seconds = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """Something that happens to the plant."""

    __pydantic_config__ = DOOR
    at_s: Seconds
    kind: Literal["trip-machines", "open-intake", "close-intake", "trip-battery"]
    where: Text | None = None
    """Title of the machines."""
    count: Some = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRun:
    """How to run it."""

    __pydantic_config__ = DOOR
    duration_s: Seconds = 60.0
    step_s: Seconds | None = None
    """Absent: 2 ms at the network level, 5 ms at the aggregate level."""
    level: Literal["network", "aggregate"] = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case file."""

    __pydantic_config__ = DOOR
    case: Name
    seed: Some = 1
    frequency_hz: Hertz = 60.0
    machines: tuple[CaseMachines, ...] = ()
    grid: CaseGrid | None = None
    battery: CaseBattery | None = None
    consumer: CaseConsumer = field(default_factory=CaseConsumer)
    loss: Number | None = None
    """Quadratic loss between machines and load at the aggregate level [1/W]; default: as transformers and stators lose
    at the start."""
    restore_s: Seconds = 0.0
    """Time constant of secondary frequency control; 0: none."""
    load: PartChoice
    """Kind and settings, such as {kind: square, mean: 100 MW, swing: 80 MW, period: 1 s}."""
    extra_w: Watts = 0.0
    """Steady load beside it."""
    controller: PartChoice = field(default_factory=lambda: Choice(kind="none", settings={}))
    shapers: tuple[PartChoice, ...] = ()
    limits: tuple[PartChoice, ...] = ()
    events: tuple[CaseEvent, ...] = ()
    run: CaseRun = field(default_factory=CaseRun)


# key -> lowest, highest in SI: the widest range in which the models mean anything
BOUNDS: Mapping[str, tuple[float, float]] = {
    "frequency": (45, 65),
    "machines[].count": (1, 20_000),
    "machines[].rating": (1e3, 2e9),
    "machines[].inertia": (0.05, 50),
    "machines[].transformer_x_pu": (1e-3, 1),
    "machines[].transformer_r_pu": (0, 0.5),
    "machines[].voltage_pu": (0.8, 1.2),
    "machines[].min_load": (0, 1),
    "machines[].step": (0, 1),
    "grid.capacity": (1e3, 1e11),
    "grid.r_over_x": (0, 5),
    "grid.inertia": (0.05, 50),
    "grid.droop": (1e-3, 1),
    "grid.governor": (1e-3, 1000),
    "battery.rating": (1, 1e11),
    "battery.energy": (1, 1e16),
    "battery.efficiency": (0.5, 1),
    "battery.response": (0, 60),
    "battery.latency": (0, 60),
    "battery.soc": (0, 1),
    "battery.x_pu": (1e-3, 1),
    "consumer.power_factor": (0.5, 1),
    "consumer.filter": (0, 10),
    "consumer.trip_pu": (0, 1),
    "consumer.hold_up": (0, 10),
    "loss": (0, 1e-6),
    "restore": (0, 1e5),
    "extra": (0, 1e11),
    "events[].at": (0, 1e7),
    "run.duration": (1e-3, 1e7),
    "run.step": (1e-4, 1),
}


def load_case(
    path: str | Path,
    names: Mapping[str, list[str]] | None = None,
    parts: Mapping[str, checks.Mistakes] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> TypedFile[Case]:
    """Read a case file.

    Parameters
    ----------
    path
        YAML file, UTF-8, at most 4 MiB.
    names, parts
        Known kinds of parts by key, and what finds the mistakes in their settings; as for a campus.
    overrides
        Values that replace those of the file, by key (`battery.rating`, `machines[0].count`).

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    """
    empty = "is empty or no case: see `gigasite power case CAMPUS`"
    rules = Rules(bounds=BOUNDS, names=names or {}, parts=parts or {}, sense=_sense, empty=empty)
    return load_typed(Case, path, rules, overrides)


def _sense(case: Case) -> list[tuple[Path_, str]]:
    """Return entries that contradict each other; what the parts' equations know is asked by the room `power`."""
    out: list[tuple[Path_, str]] = []
    if not case.machines and case.grid is None and case.battery is None:
        out.append(((), "has neither machines, grid nor battery: nothing would carry the load"))
    titles = [m.title for m in case.machines]
    out += [(("machines", i, "title"), f"'{t}' is given twice") for i, t in enumerate(titles) if t in titles[:i]]
    for i, m in enumerate(case.machines):
        if m.rating_w > m.apparent_va * (1 + 1e-9):
            out.append((("machines", i, "rating"), "is above the alternator's apparent power"))
        if m.power_w is not None and m.power_w > m.count * m.rating_w * (1 + 1e-9):
            all_of_it = show(m.count * m.rating_w, "MW")
            out.append((("machines", i, "power"), f"is above the rating of all {m.count} units ({all_of_it})"))
    return out + _battery_sense(case.battery)


def _battery_sense(b: CaseBattery | None) -> list[tuple[Path_, str]]:
    if b is None:
        return []
    out: list[tuple[Path_, str]] = []
    rating = show(b.rating_w, "MW")
    if b.apparent_va is not None and b.apparent_va < b.rating_w * (1 - 1e-9):
        what = f"is below the rating ({rating}): inverters carry at least the active power; leave it out for 1.1 times"
        out.append((("battery", "apparent"), what))
    if abs(b.power_w) > b.rating_w * (1 + 1e-9):
        out.append((("battery", "power"), f"is above the battery's rating ({rating})"))
    apparent = b.apparent_va or 1.1 * b.rating_w
    if abs(b.power_w) <= b.rating_w and math.hypot(b.power_w, b.reactive_var) > apparent * (1 + 1e-9):
        what = f"with `power` it is above the inverters' apparent power ({show(apparent, 'MVA')})"
        out.append((("battery", "reactive"), what))
    return out
