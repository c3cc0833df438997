"""What a year of cooling needs and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """8,760 hours of outside air."""

    dry_bulb_degc: NDArray[np.float64]
    wet_bulb_degc: NDArray[np.float64]
    pressure_pa: NDArray[np.float64]
    place: str
    source: str
    """File path, or `synthetic: ...` with the origin of its summary."""
    synthetic: bool
    findings: tuple[Finding, ...] = ()
    """A leap day that was left out, a year that is not typical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month of the year, from 1."""

    month: int
    pue: float
    wue_l_per_kwh: float
    water_m3: float
    energy_j: float
    """Of the whole campus."""
    chiller_hours: int
    hours_short: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """The plant over the year, hour by hour; arrays have shape (8760,)."""

    weather: Weather
    it_w: NDArray[np.float64]
    supply_degc: NDArray[np.float64]
    """Facility water that the plant really gives."""
    fan_w: NDArray[np.float64]
    pump_w: NDArray[np.float64]
    chiller_w: NDArray[np.float64]
    water_m3_per_s: NDArray[np.float64]
    """Make-up."""
    pue: float
    """Annual energy of campus over that of IT, losses of the power chain included."""
    pue_peak: float
    wue_l_per_kwh: float
    water_m3: float
    plant_peak_w: float
    energy_j: float
    """Of the whole campus over the year."""
    chiller_hours: int
    hours_short: int
    """Hours in which the supply is warmer than asked."""
    days_short: int
    """Days with such an hour."""
    water_peak_m3_per_day: float
    """On the thirstiest day."""
    months: tuple[Month, ...]
    ready_w: float
    """Heat that the whole plant can reject on the design day."""
    findings: tuple[Finding, ...]
