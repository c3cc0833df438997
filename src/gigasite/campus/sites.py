"""Candidate sites: a YAML file of places to a base campus and frozen candidates, or every mistake at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gigasite.campus.bounds import BOUNDS
from gigasite.campus.door import (
    DOOR,
    CubicMetresPerSecond,
    Day,
    Flag,
    GasFlow,
    Metres,
    Name,
    Number,
    Text,
    Usd,
    UsdPerJoule,
)
from gigasite.campus.load import load
from gigasite.campus.schema import Campus, Climate, GridStep, Shell, Site
from gigasite.campus.typed_file import Rules, load_typed

if TYPE_CHECKING:
    from gigasite.campus.nodes import Path as Path_


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One place."""

    __pydantic_config__ = DOOR
    name: Name
    title: Text
    source: Text
    as_of: Day
    trust: Literal["published", "derived", "estimate"]
    latitude: Number
    longitude: Number
    elevation_m: Metres = 1.0
    shell: Shell
    climate: Climate
    grid: tuple[GridStep, ...]
    """Firm power of the grid by day after the start."""
    gas_j_per_s: GasFlow = 0.0
    """Pipeline gas (higher heating value); 0: no gas, hence no gensets."""
    water_m3_per_s: CubicMetresPerSecond = 0.0
    flood_zone: Flag = False
    available_now: Flag = True
    """For sale or lease today."""
    price_usd: Usd = 0.0
    """Purchase of land and shell."""
    electricity_usd_per_j: UsdPerJoule


@dataclass(frozen=True, slots=True, kw_only=True)
class SitesFile:
    """The file: a base campus and the places."""

    __pydantic_config__ = DOOR
    campus: Text
    """Campus file, relative to this one."""
    sites: tuple[Candidate, ...]


# bounds of a candidate's keys are those of the campus's keys
_PATTERNS = (
    {
        "latitude": "site.latitude",
        "longitude": "site.longitude",
        "elevation": "site.elevation",
        "gas": "site.gas",
        "water": "site.water",
        "electricity": "economics.electricity",
        "grid[].day": "power.grid[].day",
        "grid[].capacity": "power.grid[].capacity",
    }
    | {f"shell.{k}": f"site.shell.{k}" for k in ("area", "height", "floor_load", "usable", "aspect")}
    | {f"climate.{k}": f"site.climate.{k}" for k in ("mean", "summer", "winter", "mean_wet", "summer_wet")}
)
_BOUNDS = {f"sites[].{key}": BOUNDS[of] for key, of in _PATTERNS.items() if of in BOUNDS}


def load_sites(path: str | Path) -> tuple[Campus, tuple[Candidate, ...]]:
    """Read candidate sites and their base campus.

    Raises
    ------
    CampusFileError
        With every mistake.
    """
    empty = "is empty or no file of sites"
    file = load_typed(SitesFile, path, Rules(bounds=_BOUNDS, sense=_sense, empty=empty)).value
    return load(Path(path).parent / file.campus), file.sites


def _sense(file: SitesFile) -> list[tuple[Path_, str]]:
    out: list[tuple[Path_, str]] = [] if file.sites else [(("sites",), "names no site")]
    for i, site in enumerate(file.sites):
        if site.name in [s.name for s in file.sites[:i]]:
            out.append((("sites", i, "name"), f"'{site.name}' is given twice"))
        days = [g.day for g in site.grid]
        if days != sorted(set(days)):
            out.append((("sites", i, "grid"), "days must ascend"))
    return out


def campus_at(base: Campus, site: Candidate) -> Campus:
    """Return the base campus moved to a site: its shell, climate, water, gas, grid and electricity price."""
    place = Site(
        latitude=site.latitude,
        longitude=site.longitude,
        elevation_m=site.elevation_m,
        shell=site.shell,
        climate=site.climate,
        weather=None,
        water_m3_per_s=site.water_m3_per_s,
        gas_j_per_s=site.gas_j_per_s,
    )
    gensets = base.power.gensets if site.gas_j_per_s > 0 else ()
    power = dataclasses.replace(base.power, grid=site.grid, gensets=gensets)
    money = dataclasses.replace(base.economics, electricity_usd_per_j=site.electricity_usd_per_j)
    return dataclasses.replace(base, name=f"{base.name}-{site.name}", site=place, power=power, economics=money)
