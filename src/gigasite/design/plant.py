"""The cooling plant sized for the design day, and the power chain sized for everything that draws power."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.types import FABRICS, TIERS, CoolingPlant, Links, PowerChain

if TYPE_CHECKING:
    import polars as pl

    from gigasite.campus.parts import Cable, HeatRejection
    from gigasite.campus.schema import Campus
    from gigasite.design.networks import Net

CHILLER_EVAPORATOR_K = 5.0  # evaporator below the water it makes; estimate
CHILLER_CONDENSER_K = 5.0  # condenser above the air or water that cools it, beside the unit's own approach; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Heat of the campus by where it goes [W]."""

    liquid_w: float
    air_w: float


def heat(racks: pl.DataFrame, network_w: float) -> Heat:
    """Return heat to cold plates and to air: switches and what racks do not give to liquid go to air."""
    liquid = float(racks["liquid_w"].sum())
    return Heat(liquid_w=liquid, air_w=float(racks["typical_w"].sum()) - liquid + network_w)


def network_power(campus: Campus, networks: tuple[Net, ...], links: Links) -> float:
    """Return power of all switches [W], typical, with the modules of all links at both ends.

    Modules are taken as the shortest-reach fibre of that speed; the cable plan later has the true ones.
    """
    switches = sum(
        count * campus.catalogue.switches[part].typical_w
        for net in networks
        for count, part in zip(net.size.switches, net.parts, strict=True)
    )
    modules = 0.0
    for net in networks:
        mine = np.bincount(links.tier[links.fabric == FABRICS.index(net.name)], minlength=len(TIERS))
        for tier, count in enumerate(mine.tolist()):
            fibre = _fibre(campus, net.tier_speed_bit_per_s(tier))
            if fibre is not None:
                modules += count * (fibre.end_w + (fibre.end_w if tier else fibre.host_end_w))
    return switches + modules


def _fibre(campus: Campus, speed: float) -> Cable | None:
    kinds = {"multimode", "single-mode"}
    found = [c for c in campus.catalogue.cables.values() if c.speed_bit_per_s == speed and c.medium in kinds]
    return min(found, key=lambda c: (c.reach_m, c.title), default=None)


def chiller_cop(unit: HeatRejection, water_degc: float, outside_degc: float) -> float:
    """Return the coefficient of performance of a chiller as a share of Carnot's.

    Parameters
    ----------
    unit
        Its `carnot_frac` and `approach_k` (condenser air or water above outside).
    water_degc
        Chilled water that leaves.
    outside_degc
        Dry bulb (air-cooled) or wet bulb (water-cooled).
    """
    cold_k = water_degc - CHILLER_EVAPORATOR_K + 273.15
    hot_k = outside_degc + unit.approach_k + CHILLER_CONDENSER_K + 273.15
    return min(unit.carnot_frac * cold_k / max(hot_k - cold_k, 5.0), 25.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDay:
    """What the plant draws on the design day [W]."""

    fans_w: float
    pumps_w: float
    chillers_w: float

    @property
    def total_w(self) -> float:
        """Return all of it."""
        return self.fans_w + self.pumps_w + self.chillers_w


def cooling_plant(campus: Campus, h: Heat, racks: int) -> tuple[CoolingPlant, DesignDay]:
    """Size the plant for all heat on the design day, with the campus's spare capacity.

    Facility water at the wanted supply serves cold plates (through CDUs) and rear doors alike. Where the tower or
    dry cooler cannot make that supply on the design day, chillers carry all heat beside them.
    """
    parts, c, climate = campus.catalogue, campus.cooling, campus.site.climate
    total = (h.liquid_w + h.air_w) * (1 + c.spare_frac)
    tower, dry, chiller = (parts.heat_rejection[n] for n in (c.tower, c.dry_cooler, c.chiller))
    free = {"liquid-to-tower": tower, "liquid-to-dry-cooler": dry, "liquid-to-adiabatic": dry}.get(c.scheme)
    wet = free is tower
    air_degc = climate.summer_degc - (precooling_k(campus) if c.scheme == "liquid-to-adiabatic" else 0.0)
    reach_degc = (climate.summer_wet_degc if wet else air_degc) + (free.approach_k if free else math.inf)
    chilled = reach_degc > c.supply_degc
    plant = CoolingPlant(
        scheme=c.scheme,
        liquid_w=h.liquid_w,
        air_w=h.air_w,
        cdus=_cdus(campus, h, racks),
        towers=_units(total, tower) if wet else 0,
        dry_coolers=_units(total, dry) if free is dry else 0,
        chillers=_units(total, chiller) if chilled else 0,
        design_dry_bulb_degc=climate.summer_degc,
        design_wet_bulb_degc=climate.summer_wet_degc,
    )
    heat_w = h.liquid_w + h.air_w
    fan = (free or chiller).fan_frac + (chiller.fan_frac if chilled and free else 0.0)
    cop = chiller_cop(chiller, c.supply_degc, climate.summer_degc)
    cdu = parts.cdus[c.cdu]
    pumps = h.liquid_w * cdu.pump_frac * (cdu.in_rack == "no") + heat_w * (free or chiller).pump_frac
    return plant, DesignDay(fans_w=heat_w * fan, pumps_w=pumps, chillers_w=heat_w / cop if chilled else 0.0)


def precooling_k(campus: Campus) -> float:
    """Return by how much the dry cooler's pads cool its air on the design day: hottest and wettest air together."""
    unit, climate = campus.catalogue.heat_rejection[campus.cooling.dry_cooler], campus.site.climate
    return unit.precool_frac * max(climate.summer_degc - climate.summer_wet_degc, 0.0)


def _units(total_w: float, unit: HeatRejection) -> int:
    return max(1, math.ceil(total_w / unit.capacity_w))


def _cdus(campus: Campus, h: Heat, racks: int) -> int:
    """Return one a rack where they sit in the racks, else by heat with one spare in twelve (N + 1 in a row)."""
    cdu = campus.catalogue.cdus[campus.cooling.cdu]
    if cdu.in_rack == "yes":
        return racks
    return math.ceil(h.liquid_w / cdu.capacity_w * 13 / 12) if h.liquid_w else 0


def power_chain(campus: Campus, racks: pl.DataFrame, network_w: float, day: DesignDay, rows: int) -> PowerChain:
    """Size the chain from the intake to the racks."""
    parts, p = campus.catalogue, campus.power
    server = parts.servers[campus.compute.server]
    servers = float(racks["servers"].sum())
    typical = float(racks["typical_w"].sum())
    it_typical = typical - servers * server.typical_w * (1 - p.diversity_frac)
    nameplate = float(racks["nameplate_w"].sum())
    idle = typical - servers * (server.typical_w - server.idle_w)
    chain = [parts.electrical[n] for n in (p.substation, p.switchgear, p.transformer, p.busway)]
    used = it_typical + network_w + day.total_w
    loss = used * (math.prod(1 + part.loss_frac for part in chain) - 1)
    peak = used + loss
    fed = nameplate + network_w + day.total_w
    grid_w = max((g.capacity_w for g in p.grid), default=0.0)
    return PowerChain(
        it_typical_w=it_typical,
        it_nameplate_w=nameplate,
        it_idle_w=idle,
        network_w=network_w,
        cooling_w=day.total_w,
        loss_w=loss,
        peak_w=peak,
        substations=math.ceil(grid_w / chain[0].rating_w),
        switchgear=math.ceil(fed / chain[1].rating_w),
        transformers=math.ceil(fed / chain[2].rating_w) + campus.compute.halls,  # one spare a hall
        busways=2 * rows,  # A and B feeds
        genset_w=genset_power(campus),
        grid_w=grid_w,
        battery_w=sum(b.count * parts.batteries[b.model].rating_w for b in p.batteries),
        battery_j=sum(b.count * parts.batteries[b.model].energy_j for b in p.batteries),
    )


def genset_power(campus: Campus) -> float:
    """Return the rating of all gensets at the summer design temperature [W], less the largest spare ones."""
    outside = campus.site.climate.summer_degc
    units: list[float] = []
    for group in campus.power.gensets:
        units += [derated(campus, group.model, outside)] * group.count
    units.sort()
    return sum(units[: len(units) - campus.power.spare_gensets]) if units else 0.0


def derated(campus: Campus, model: str, outside_degc: float) -> float:
    """Return one unit's rating at an outside temperature [W], within 0.70-1.0 of its rating."""
    unit = campus.catalogue.gensets[model]
    loss = unit.derate * max(0.0, outside_degc - unit.derate_from)
    return unit.rating_w * min(1.0, max(0.70, 1.0 - loss))
