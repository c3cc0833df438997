"""Liquid to adiabatic cooler: a dry cooler whose air passes wetted pads when dry air would be too warm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.scheme import LATENT_J_PER_KG, schemes, trimmed

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask, Hours


@schemes.part("liquid-to-adiabatic")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToAdiabatic:
    """Pads are wetted section by section, no more than the wanted supply takes; dry in all other hours.

    Air that passes a wet pad is colder by a share of its wet-bulb depression. Heat warms the air by `air_rise` at full
    fans: what the pads take out of that air has evaporated.
    """

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        c, w = ask.campus.cooling, ask.weather
        unit = ask.campus.catalogue.heat_rejection[c.dry_cooler]
        dry = w.dry_bulb_degc
        most = unit.precool_frac * np.maximum(dry - w.wet_bulb_degc, 0.0)
        precooled = np.clip(dry + unit.approach_k - c.supply_degc, 0.0, most)
        air = dry - precooled
        made = air + unit.approach_k
        speed = np.where(made >= c.supply_degc - 1e-9, 1.0, unit.approach_k / np.maximum(c.supply_degc - air, 1e-6))
        fan = ask.heat_w * unit.fan_frac * np.clip(speed, c.least_fan_frac ** (1 / 3), 1.0) ** 3
        return trimmed(ask, unit, made, fan, ask.heat_w * precooled / unit.air_rise_k / LATENT_J_PER_KG)
