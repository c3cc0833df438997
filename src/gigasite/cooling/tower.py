"""A cooling tower by Merkel's theory as effectiveness and NTU, on whole arrays.

Enthalpy drives heat and vapour together; air that leaves a tower of unlimited size is saturated at the water's inlet
temperature. One number, NTU, is found from the design point; it goes with the ratio of water to air as
NTU = c (L/G)^0.4 (Braun, Klein and Mitchell 1989, Effectiveness models for cooling towers and cooling coils, ASHRAE
Transactions 95(2), equations 1 to 11; exponent n = -0.6 there).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.humid import humidity_ratio, ratio_at, saturation_pressure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WATER_J_PER_KG_K = 4180.0
RATIO = 1.2  # water over air by mass at design; usual 0.75 to 1.5; estimate
EXPONENT = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """A tower, of any number of cells that work alike.

    Parameters
    ----------
    water_kg_per_s
        Its water.
    air_kg_per_s
        Dry air at full fan speed.
    ntu
        Transfer units at full water and full air.
    """

    water_kg_per_s: float
    air_kg_per_s: float
    ntu: float


def saturated(t_degc: Floats, pressure_pa: Floats) -> Floats:
    """Return enthalpy of saturated air [J per kg of dry air]; near boiling it stays what it is at 90 % vapour."""
    w = humidity_ratio(np.minimum(saturation_pressure(t_degc), 0.9 * pressure_pa), pressure_pa)
    out: Floats = 1006.0 * t_degc + w * (2.501e6 + 1860.0 * t_degc)
    return out


def given(tower: Tower, heat_w: Floats, water_degc: Floats, h_air: Floats, pressure_pa: Floats, fan: Floats) -> Floats:
    """Return the heat that air takes from water which leaves at `water_degc` and came warmer by its heat [W]."""
    flow_w_per_k = tower.water_kg_per_s * WATER_J_PER_KG_K
    rise = heat_w / flow_w_per_k
    air = tower.air_kg_per_s * fan
    ntu = tower.ntu * (1.0 / np.maximum(fan, 1e-6)) ** EXPONENT
    h_in = saturated(water_degc + rise, pressure_pa)
    slope = (h_in - saturated(water_degc, pressure_pa)) / np.maximum(rise, 1e-9)
    out: Floats = _effectiveness(ntu, slope * air / flow_w_per_k) * air * (h_in - h_air)
    return out


def leaving(tower: Tower, heat_w: Floats, wet_bulb_degc: Floats, pressure_pa: Floats, fan_frac: Floats) -> Floats:
    """Return the water that leaves [degC] at a share of full air, by bisection on the heat that it can give.

    Parameters
    ----------
    heat_w, wet_bulb_degc, pressure_pa, fan_frac
        (n,) each; air goes with fan speed.
    """
    h_air = saturated(wet_bulb_degc, pressure_pa)
    low, high = wet_bulb_degc + 1e-6, np.full_like(wet_bulb_degc, 90.0)
    for _ in range(40):
        mid = 0.5 * (low + high)
        short = given(tower, heat_w, mid, h_air, pressure_pa, fan_frac) < heat_w
        low, high = np.where(short, mid, low), np.where(short, high, mid)
    return 0.5 * (low + high)


def evaporated(
    tower: Tower, heat_w: Floats, air_degc: tuple[Floats, Floats], pressure_pa: Floats, fan_frac: Floats
) -> Floats:
    """Return water that goes off with the air [kg/s]: it leaves saturated, with the heat in it.

    Parameters
    ----------
    air_degc
        Dry and wet bulb (n,) each. What comes in dry takes up more than what comes in cold.
    """
    dry, wet = air_degc
    air = tower.air_kg_per_s * fan_frac
    h_out = saturated(wet, pressure_pa) + heat_w / air
    low, high = wet.copy(), np.full_like(wet, 90.0)
    for _ in range(40):
        mid = 0.5 * (low + high)
        cold = saturated(mid, pressure_pa) < h_out
        low, high = np.where(cold, mid, low), np.where(cold, high, mid)
    w_out = humidity_ratio(saturation_pressure(low), pressure_pa)
    out: Floats = air * np.maximum(w_out - ratio_at(dry, wet, pressure_pa), 0.0)
    return out


def _effectiveness(ntu: Floats, m: Floats) -> Floats:
    near = np.abs(m - 1.0) < 1e-6
    safe = np.where(near, 0.5, m)
    e = np.exp(-np.clip(ntu * (1.0 - safe), -50.0, 50.0))
    out: Floats = np.where(near, ntu / (1.0 + ntu), (1.0 - e) / (1.0 - safe * e))
    return out


@lru_cache(maxsize=256)
def sized(heat_w: float, rise_k: float, approach_k: float, wet_bulb_degc: float) -> Tower:
    """Return the tower that rejects `heat_w` at its design approach with fans at full speed.

    NTU by bisection; a tower whose approach no NTU reaches at the usual air takes more air.
    """
    water = heat_w / (WATER_J_PER_KG_K * rise_k)
    want = wet_bulb_degc + approach_k
    one, wet, p = np.ones(1), np.array([wet_bulb_degc]), np.array([101_325.0])
    heat, ratio = np.array([heat_w]), RATIO
    tower = Tower(water_kg_per_s=water, air_kg_per_s=water / ratio, ntu=50.0)
    for _ in range(40):
        if float(leaving(tower, heat, wet, p, one)[0]) <= want - 0.05 * approach_k:
            break
        ratio *= 0.8
        tower = Tower(water_kg_per_s=water, air_kg_per_s=water / ratio, ntu=50.0)
    low, high = 0.01, 50.0
    for _ in range(60):
        mid = 0.5 * (low + high)
        tower = Tower(water_kg_per_s=water, air_kg_per_s=water / ratio, ntu=mid)
        if float(leaving(tower, heat, wet, p, one)[0]) > want:
            low = mid
        else:
            high = mid
    return tower


def fan_share(
    tower: Tower, heat_w: Floats, wet_bulb_degc: Floats, pressure_pa: Floats, want_degc: float, least: float
) -> Floats:
    """Return the share of full fan speed that makes `want_degc`, between `least` and 1 (n,)."""
    h_air, water = saturated(wet_bulb_degc, pressure_pa), np.full_like(wet_bulb_degc, want_degc)
    low, high = np.full_like(wet_bulb_degc, least), np.ones_like(wet_bulb_degc)
    for _ in range(30):
        mid = 0.5 * (low + high)
        short = given(tower, heat_w, water, h_air, pressure_pa, mid) < heat_w
        low, high = np.where(short, mid, low), np.where(short, high, mid)
    return high
