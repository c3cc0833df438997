"""The balance of a year: heat, fans, pumps, chillers, water, PUE, WUE."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.quantity import show
from gigasite.cooling.calendar import DAYS
from gigasite.cooling.scheme import Ask, schemes
from gigasite.cooling.types import Cooling, Month, Weather

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.cooling.scheme import Hours
    from gigasite.design.types import Design

HOUR_S = 3600.0


def simulate(campus: Campus, design: Design, weather: Weather, it_w: float) -> Cooling:
    """Run the plant through a year.

    Parameters
    ----------
    campus, design
        The campus.
    weather
        8,760 hours.
    it_w
        Mean IT power while training [W] (racks; switches are added).

    Returns
    -------
    Cooling
        Energy per hour balances: what the campus takes is IT + network + plant + losses of the power chain.
    """
    used_w = it_w + design.power.network_w
    heat = np.full(len(weather.dry_bulb_degc), used_w)
    hours = schemes[campus.cooling.scheme]().year(
        Ask(campus=campus, plant=design.cooling, weather=weather, heat_w=heat)
    )
    cdu = campus.catalogue.cdus[campus.cooling.cdu]
    share = design.cooling.liquid_w / max(design.cooling.liquid_w + design.cooling.air_w, 1.0)
    pump = hours.pump_w + used_w * share * cdu.pump_frac * (cdu.in_rack == "no")
    plant = hours.fan_w + pump + hours.chiller_w
    whole = (used_w + plant) * _loss_factor(campus)
    energy = float(whole.sum()) * HOUR_S
    it_energy = used_w * len(heat) * HOUR_S
    water = float(hours.water_m3_per_s.sum()) * HOUR_S
    return Cooling(
        weather=weather,
        it_w=np.full_like(heat, used_w),
        supply_degc=hours.supply_degc,
        fan_w=hours.fan_w,
        pump_w=pump,
        chiller_w=hours.chiller_w,
        water_m3_per_s=hours.water_m3_per_s,
        pue=energy / it_energy,
        pue_peak=float(whole.max() / used_w),
        wue_l_per_kwh=water * 1000.0 / (it_energy / 3.6e6),
        water_m3=water,
        plant_peak_w=float(plant.max()),
        energy_j=energy,
        chiller_hours=int((hours.chiller_w > 0).sum()),
        hours_short=_short(campus, hours),
        days_short=int(_warm(campus, hours).reshape(365, 24).any(axis=1).sum()),
        water_peak_m3_per_day=float((hours.water_m3_per_s * HOUR_S).reshape(365, 24).sum(axis=1).max()),
        months=_months(campus, hours, whole, used_w),
        ready_w=plant_capacity(campus, design),
        findings=worst_first(_findings(campus, design, weather, hours, heat)),
    )


def _loss_factor(campus: Campus) -> float:
    p, parts = campus.power, campus.catalogue.electrical
    return math.prod(1 + parts[n].loss_frac for n in (p.substation, p.switchgear, p.transformer, p.busway))


def _warm(campus: Campus, hours: Hours) -> NDArray[np.bool_]:
    """Return the hours in which the supply is warmer than asked."""
    out: NDArray[np.bool_] = hours.supply_degc > campus.cooling.supply_degc + 1e-9
    return out


def _short(campus: Campus, hours: Hours) -> int:
    return int(_warm(campus, hours).sum())


def _months(campus: Campus, hours: Hours, whole_w: NDArray[np.float64], used_w: float) -> tuple[Month, ...]:
    edges = 24 * np.r_[0, np.cumsum(DAYS)]
    warm, out = _warm(campus, hours), []
    for i, (a, b) in enumerate(pairwise(edges.tolist())):
        it_j, energy = used_w * (b - a) * HOUR_S, float(whole_w[a:b].sum()) * HOUR_S
        water = float(hours.water_m3_per_s[a:b].sum()) * HOUR_S
        out.append(
            Month(
                month=i + 1, pue=energy / it_j, wue_l_per_kwh=water * 1000.0 / (it_j / 3.6e6), water_m3=water,
                energy_j=energy, chiller_hours=int((hours.chiller_w[a:b] > 0).sum()), hours_short=int(warm[a:b].sum()),
            )
        )  # fmt: skip
    return tuple(out)


def plant_capacity(campus: Campus, design: Design) -> float:
    """Return heat that towers, dry coolers or (alone) chillers can reject [W]."""
    parts, c, plant = campus.catalogue.heat_rejection, campus.cooling, design.cooling
    free = plant.towers * parts[c.tower].capacity_w + plant.dry_coolers * parts[c.dry_cooler].capacity_w
    return free or plant.chillers * parts[c.chiller].capacity_w


def _findings(
    campus: Campus, design: Design, weather: Weather, hours: Hours, heat: NDArray[np.float64]
) -> list[Finding]:
    out = []
    short = _short(campus, hours)
    if short:
        worst = float(hours.supply_degc.max())
        out.append(
            _finding(
                Severity.error,
                "facility water",
                f"is too warm in {short} hours of the year",
                f"{campus.cooling.supply_degc:.1f} degC",
                f"{worst:.1f} degC",
                "a warmer supply class, a closer approach, or chillers that trim",
            )
        )
    ready = plant_capacity(campus, design)
    if float(heat.max()) > ready:
        out.append(
            _finding(
                Severity.error,
                "cooling plant",
                "cannot reject all heat",
                show(ready, "MW"),
                show(float(heat.max()), "MW"),
                "more cells",
            )
        )
    if campus.site.water_m3_per_s is not None and float(hours.water_m3_per_s.max()) > campus.site.water_m3_per_s:
        out.append(
            _finding(
                Severity.error,
                "water",
                "the plant takes more than the site may draw",
                show(campus.site.water_m3_per_s, "ML/d"),
                show(float(hours.water_m3_per_s.max()), "ML/d"),
                "recycled water, more cycles of concentration, dry coolers",
            )
        )
    out += weather.findings
    if weather.synthetic:
        out.append(
            _finding(
                Severity.note,
                "weather",
                "the year is synthetic, made from a climate summary",
                "",
                "",
                "give an EPW file by site.weather or --weather",
            )
        )
    return out


def _finding(severity: Severity, where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity,
        chapter="cooling",
        where=where,
        what=what,
        limit=limit,
        found=found,
        remedy=remedy,
    )
