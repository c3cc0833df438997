"""Which machines carry the load: the plant of a study from campus and design."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError
from gigasite.design.plant import derated, genset_power
from gigasite.power.governor import Governor, governors
from gigasite.power.types import BatteryPlant, Grid, Machines, Plant

if TYPE_CHECKING:
    from gigasite.campus.parts import Genset
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

RESTORE_S = 30.0  # secondary frequency control of a genset island (load sharing); estimate


def plant_of(
    campus: Campus,
    design: Design | None = None,
    *,
    day: float | None = None,
    grid_w: float | None = None,
    load_w: float | None = None,
) -> Plant:
    """Return the plant for a load.

    Parameters
    ----------
    campus
        The campus.
    design
        Gives the load where `load_w` is absent: the highest intake power.
    day
        Day of the study, which picks the grid step; default: the day on which the first step is
        wanted.
    grid_w
        Firm grid [W], in place of the day's.
    load_w
        Highest load of the study [W].

    Raises
    ------
    InfeasibleError
        Neither design nor load is given; an island is wanted without gensets.

    Notes
    -----
    `island: auto` runs gensets alone when the grid of that day cannot carry the load alone (a weak
    grid would have to take the whole swing) and the gensets less the spare ones can; otherwise the gensets
    hold a steady power beside the grid. As many units run as the load takes, plus the
    spare ones; groups in the order of the file. Ratings are those of the summer design day.
    """
    if load_w is None:
        if design is None:
            raise InfeasibleError("a plant needs a load: give `design` or `load_w`")
        load_w = design.power.peak_w
    grid = grid_on(campus, day) if grid_w is None else grid_w
    if islanded(campus, grid, load_w):
        machines, capacity = running(campus, load_w), None
        if not machines:
            raise InfeasibleError("an island needs gensets, and the campus has none")
    else:
        lack = load_w - grid
        machines, capacity = running(campus, lack) if lack > 0 else (), Grid(capacity_w=grid)
    return Plant(
        frequency_hz=campus.power.frequency_hz,
        machines=machines,
        grid=capacity,
        battery=_battery(campus),
        restore_s=RESTORE_S,
    )


def grid_on(campus: Campus, day: float | None) -> float:
    """Return the firm grid of a day [W]; default: the target day."""
    when = campus.schedule.target_day if day is None else day
    return next((g.capacity_w for g in reversed(campus.power.grid) if g.day <= when), 0.0)


def islanded(campus: Campus, grid_w: float, load_w: float) -> bool:
    """Return whether gensets run alone; see `plant_of`."""
    mode = campus.power.island
    have = genset_power(campus)
    if mode != "auto":
        return mode == "yes"
    return have > 0.0 and grid_w < load_w and (have >= load_w or grid_w <= 0.0)


def _unit_w(campus: Campus, model: str) -> float:
    return derated(campus, model, campus.site.climate.summer_degc)


def running(campus: Campus, load_w: float) -> tuple[Machines, ...]:
    """Return just enough units for the load, and the spare ones; at least one unit."""
    out: list[Machines] = []
    missing, spare = max(load_w, 1.0), campus.power.spare_gensets
    for group in campus.power.gensets:
        unit_w = _unit_w(campus, group.model)
        need = min(group.count, max(0, math.ceil(missing / unit_w - 1e-9)))
        missing -= need * unit_w
        extra = min(group.count - need, spare) if missing <= 0 else 0
        spare -= extra
        if need + extra:
            out.append(_machines(campus, group.model, need + extra))
    return tuple(out)


def _machines(campus: Campus, model: str, count: int) -> Machines:
    part, unit_w = campus.catalogue.gensets[model], _unit_w(campus, model)
    share = unit_w / part.apparent_w
    return Machines(
        title=part.title,
        count=count,
        rating_w=unit_w,
        apparent_w=part.apparent_w,
        governor=part.governor,
        settings=_governor_settings(part, share),
        inertia_s=part.inertia,
        min_load_frac=part.min_load_frac,
        step_frac=part.step_frac,
    )


def _governor_settings(part: Genset, share: float) -> dict[str, float]:
    """Droop is on the rating at ISO conditions; governors are per unit of the alternator."""
    governor: Governor = governors[part.governor]
    droop = part.droop_frac * part.apparent_w / part.rating_w
    ceiling, _ = governor.head[1:]
    out = {governor.head[0]: 1.0 / droop if governor.gain else droop, ceiling: share}
    if part.governor == "gast":
        out["AT"] = share
    if part.governor == "gas-engine":
        out["step"] = part.step_frac * share
    return out


def _battery(campus: Campus) -> BatteryPlant | None:
    groups = [(b, campus.catalogue.batteries[b.model]) for b in campus.power.batteries if b.count]
    if not groups:
        return None
    rating = sum(b.count * part.rating_w for b, part in groups)
    energy = sum(b.count * part.energy_j for b, part in groups)
    by_power = [b.count * part.rating_w / rating for b, part in groups]
    by_energy = [b.count * part.energy_j / energy for b, part in groups]
    one_way = [part.round_trip_frac**0.5 for _, part in groups]
    return BatteryPlant(
        rating_w=rating,
        energy_j=energy,
        efficiency_frac=sum(s * eta for s, eta in zip(by_power, one_way, strict=True)),
        response_s=max(part.response_s for _, part in groups),
        latency_s=max(part.latency_s for _, part in groups),
        soc_frac=sum(s * b.soc_frac for s, (b, _) in zip(by_energy, groups, strict=True)),
    )
