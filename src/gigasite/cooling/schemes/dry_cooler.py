"""Liquid to dry-cooler: coolant, exchanger, closed water cooled by dry air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.scheme import LATENT_J_PER_KG, schemes, trimmed

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask, Hours


@schemes.part("liquid-to-dry-cooler")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToDryCooler:
    """Water leaves at the dry bulb plus the unit's approach.

    Fans follow the approach that is left: air flow falls as approach over what the wanted supply allows, power with its
    cube.
    """

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        c = ask.campus.cooling
        unit = ask.campus.catalogue.heat_rejection[c.dry_cooler]
        outside = ask.weather.dry_bulb_degc
        made = outside + unit.approach_k
        speed = np.where(made > c.supply_degc, 1.0, unit.approach_k / np.maximum(c.supply_degc - outside, 1e-6))
        fan = ask.heat_w * unit.fan_frac * np.clip(speed, c.least_fan_frac ** (1 / 3), 1.0) ** 3
        return trimmed(ask, unit, made, fan, ask.heat_w * unit.water_frac / LATENT_J_PER_KG)
