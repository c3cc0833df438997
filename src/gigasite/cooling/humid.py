"""Moist air: saturation pressure, humidity ratio, wet bulb, on whole arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Hyland-Wexler coefficients, ASHRAE Handbook Fundamentals 2017, chapter 1, equations 5 (ice) and 6 (water)
_ICE = (
    -5.6745359e3,
    6.3925247,
    -9.677843e-3,
    6.2215701e-7,
    2.0747825e-9,
    -9.484024e-13,
    4.1635019,
)
_WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 6.5459673)


def saturation_pressure(t_degc: Floats) -> Floats:
    """Return saturation pressure of water vapour [Pa], over ice below 0.01 degC."""
    k = np.asarray(t_degc, dtype=np.float64) + 273.15
    a = _ICE
    ice = a[0] / k + a[1] + a[2] * k + a[3] * k**2 + a[4] * k**3 + a[5] * k**4 + a[6] * np.log(k)
    b = _WATER
    water = b[0] / k + b[1] + b[2] * k + b[3] * k**2 + b[4] * k**3 + b[5] * np.log(k)
    out: Floats = np.exp(np.where(t_degc <= 0.01, ice, water))
    return out


def humidity_ratio(vapour_pa: Floats, pressure_pa: Floats) -> Floats:
    """Return kg of water per kg of dry air (equation 20)."""
    return 0.621945 * vapour_pa / (pressure_pa - vapour_pa)


def wet_bulb(dry_degc: Floats, humidity_frac: Floats, pressure_pa: Floats) -> Floats:
    """Return the thermodynamic wet bulb [degC] of dry bulb, relative humidity and pressure, each (n,).

    References
    ----------
    ASHRAE Handbook Fundamentals 2017, chapter 1, equations 33 (water) and 35 (ice), solved by bisection to 1e-9 K.

    Examples
    --------
    >>> round(float(wet_bulb(np.array([30.0]), np.array([0.5]), np.array([101325.0]))[0]), 2)
    22.0
    """
    ratio = humidity_ratio(humidity_frac * saturation_pressure(dry_degc), pressure_pa)
    low, high = np.full_like(dry_degc, -100.0), dry_degc.copy()
    for _ in range(44):
        mid = 0.5 * (low + high)
        too_dry = ratio_at(dry_degc, mid, pressure_pa) < ratio
        low, high = np.where(too_dry, mid, low), np.where(too_dry, high, mid)
    return 0.5 * (low + high)


def ratio_at(dry: Floats, wet: Floats, pressure_pa: Floats) -> Floats:
    """Return kg of water per kg of dry air at a dry and a wet bulb [degC] (equations 33 and 35)."""
    sat = humidity_ratio(saturation_pressure(wet), pressure_pa)
    water = ((2501.0 - 2.326 * wet) * sat - 1.006 * (dry - wet)) / (2501.0 + 1.86 * dry - 4.186 * wet)
    ice = ((2830.0 - 0.24 * wet) * sat - 1.006 * (dry - wet)) / (2830.0 + 1.86 * dry - 2.1 * wet)
    out: Floats = np.where(wet >= 0.0, water, ice)
    return out
