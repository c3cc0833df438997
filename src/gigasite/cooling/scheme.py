"""What a way of rejecting heat is: weather and heat in, power and water out, hour by hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gigasite._core.registry import Registry
from gigasite.design.plant import CHILLER_CONDENSER_K, CHILLER_EVAPORATOR_K

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import HeatRejection
    from gigasite.campus.schema import Campus
    from gigasite.cooling.types import Weather
    from gigasite.design.types import CoolingPlant

    Floats = NDArray[np.float64]

LEAST_FAN = 0.10  # of full power: the slowest a fan turns; estimate
LATENT_J_PER_KG = 2.43e6  # of water at 30 degC


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One year: `heat_w` and weather are (8760,)."""

    campus: Campus
    plant: CoolingPlant
    weather: Weather
    heat_w: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """What the plant does, (8760,) each."""

    supply_degc: Floats
    fan_w: Floats
    pump_w: Floats
    chiller_w: Floats
    water_m3_per_s: Floats


class Scheme(Protocol):
    """One way of rejecting heat."""

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        ...


schemes: Registry[type[Scheme]] = Registry("gigasite.cooling.schemes", "scheme")


def free_then_trim(ask: Ask, unit: HeatRejection, outside_degc: Floats) -> Hours:
    """Cool by tower or dry cooler; where its water is too warm, chillers trim what is missing, if there are any.

    Fans follow the approach that is left: air flow falls as approach over what the wanted supply allows, power with its
    cube. Trim: chillers carry (water - supply) / rise of the heat.
    """
    c = ask.campus.cooling
    room = c.supply_degc - outside_degc
    made = outside_degc + unit.approach_k
    warm = made > c.supply_degc
    speed = np.where(warm, 1.0, unit.approach_k / np.maximum(room, 1e-6))
    fan = ask.heat_w * unit.fan_frac * np.clip(speed, LEAST_FAN ** (1 / 3), 1.0) ** 3
    share = np.clip((made - c.supply_degc) / c.rise_k, 0.0, 1.0) if ask.plant.chillers else np.zeros_like(made)
    chiller = ask.campus.catalogue.heat_rejection[c.chiller]
    cop = cops(chiller, c.supply_degc, ask.weather.dry_bulb_degc)
    supply = np.where(warm & (ask.plant.chillers == 0), made, c.supply_degc)
    evaporated = ask.heat_w * unit.water_frac / LATENT_J_PER_KG / 1000.0
    return Hours(
        supply_degc=supply,
        fan_w=fan + share * ask.heat_w * chiller.fan_frac,
        pump_w=ask.heat_w * unit.pump_frac,
        chiller_w=share * ask.heat_w / cop,
        water_m3_per_s=evaporated * c.concentration / (c.concentration - 1.0),
    )


def cops(unit: HeatRejection, water_degc: float, outside_degc: Floats) -> Floats:
    """Return the chillers' coefficient of performance, as `design.plant.chiller_cop`, for a year."""
    cold_k = water_degc - CHILLER_EVAPORATOR_K + 273.15
    lift_k = outside_degc + unit.approach_k + CHILLER_CONDENSER_K + 273.15 - cold_k
    out: Floats = np.minimum(unit.carnot_frac * cold_k / np.maximum(lift_k, 5.0), 25.0)
    return out
