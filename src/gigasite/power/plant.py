"""Which machines carry the load: the plant of a study from campus and design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.design.plant import derated, genset_power
from gigasite.power.types import BatteryPlant, Grid, Machines, Plant

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus



RESTORE_S = 30.0  # secondary frequency control of a genset island (load-sharing controller); estimate


def plant_of(campus: Campus, *, grid_w: float, load_w: float) -> Plant:
    """Return the plant for a load.

    Parameters
    ----------
    campus
        The campus.
    grid_w
        Firm grid on the day of the study [W].
    load_w
        Highest load of the study [W].

    Notes
    -----
    `island: auto` runs gensets alone when the grid of that day cannot carry the load but they can: a weak grid would
    have to take the whole swing. Where neither can alone, gensets run beside the grid, which holds the frequency. As
    many units run as the load takes, plus the spare ones; groups in the order of the file.
    """
    mode = campus.power.island
    alone_w = genset_power(campus)
    islanded = mode == "yes" or (mode == "auto" and grid_w < load_w <= alone_w)
    machines = _running(campus, load_w)
    together_w = grid_w + (alone_w if grid_w < load_w else 0.0)
    return Plant(
        frequency_hz=campus.power.frequency_hz, machines=machines if islanded else (),
        grid=None if islanded else Grid(capacity_w=together_w), battery=_battery(campus), restore_s=RESTORE_S,

    )


def _running(campus: Campus, load_w: float) -> tuple[Machines, ...]:
    out: list[Machines] = []
    missing = load_w
    spare = campus.power.spare_gensets
    for group in campus.power.gensets:
        unit_w = derated(campus, group.model, campus.site.climate.summer_degc)
        need = min(group.count, -(-int(missing) // int(unit_w)) if missing > 0 else 0)
        extra = min(group.count - need, spare) if need < group.count else 0
        spare -= extra
        missing -= need * unit_w
        if need + extra:
            out.append(_machines(campus, group.model, need + extra))
    return tuple(out)


def _machines(campus: Campus, model: str, count: int) -> Machines:
    part = campus.catalogue.gensets[model]
    return Machines(
        title=part.title, count=count, rating_w=part.rating_w, apparent_w=part.apparent_w, governor=part.governor,
        settings={"R": part.droop_frac * part.apparent_w / part.rating_w, "VMAX": part.rating_w / part.apparent_w},
        inertia_s=part.inertia,
    )


def _battery(campus: Campus) -> BatteryPlant | None:
    groups = [(b, campus.catalogue.batteries[b.model]) for b in campus.power.batteries if b.count]
    if not groups:
        return None
    rating = sum(b.count * part.rating_w for b, part in groups)
    energy = sum(b.count * part.energy_j for b, part in groups)
    share = [b.count * part.rating_w / rating for b, part in groups]
    return BatteryPlant(
        rating_w=rating, energy_j=energy,
        efficiency_frac=sum(s * part.round_trip_frac**0.5 for s, (_, part) in zip(share, groups, strict=True)),
        response_s=max(part.response_s for _, part in groups),
        latency_s=max(part.latency_s for _, part in groups),
        soc_frac=sum(s * b.soc_frac for s, (b, _) in zip(share, groups, strict=True)),
    )
