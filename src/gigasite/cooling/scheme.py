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


def part_load(load_w: Floats, unit: HeatRejection, units: int) -> Floats:
    """Return power over power at full load and the same efficiency, chillers staged so that each works hard (n,).

    Energy input over part load as DOE-2's default for centrifugal chillers (EnergyPlus Engineering Reference, electric
    EIR chiller): 0.222903 + 0.313387 x + 0.463710 x^2.
    """
    running = np.clip(np.ceil(load_w / unit.capacity_w), 1, max(units, 1))
    x = np.clip(load_w / (running * unit.capacity_w), 0.1, 1.0)  # below a tenth they cycle
    out: Floats = (0.222903 + 0.313387 * x + 0.463710 * x**2) / x
    return out


def trimmed(ask: Ask, unit: HeatRejection, made_degc: Floats, fan_w: Floats, evaporated_kg_per_s: Floats) -> Hours:
    """Return the year of a tower or dry cooler that makes `made_degc`; chillers carry what is too warm.

    They carry (water - supply) / rise of the heat; without chillers the supply is as warm as it is made.
    """
    c = ask.campus.cooling
    warm = made_degc > c.supply_degc
    share = (
        np.clip((made_degc - c.supply_degc) / c.rise_k, 0.0, 1.0) if ask.plant.chillers else np.zeros_like(made_degc)
    )
    chiller = ask.campus.catalogue.heat_rejection[c.chiller]
    cop = cops(chiller, c.supply_degc, ask.weather.dry_bulb_degc)
    load_w = share * ask.heat_w
    return Hours(
        supply_degc=np.where(warm & (ask.plant.chillers == 0), made_degc, c.supply_degc),
        fan_w=fan_w + load_w * chiller.fan_frac,
        pump_w=ask.heat_w * unit.pump_frac,
        chiller_w=load_w / cop * part_load(load_w, chiller, ask.plant.chillers),
        water_m3_per_s=evaporated_kg_per_s / 1000.0 * c.concentration / (c.concentration - 1.0),
    )


def cops(unit: HeatRejection, water_degc: float, outside_degc: Floats) -> Floats:
    """Return the chillers' coefficient of performance, as `design.plant.chiller_cop`, for a year."""
    cold_k = water_degc - CHILLER_EVAPORATOR_K + 273.15
    lift_k = outside_degc + unit.approach_k + CHILLER_CONDENSER_K + 273.15 - cold_k
    out: Floats = np.minimum(unit.carnot_frac * cold_k / np.maximum(lift_k, 5.0), 25.0)
    return out
