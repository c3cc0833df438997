"""Liquid to tower: coolant, exchanger, tower water that evaporates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.scheme import schemes, trimmed
from gigasite.cooling.tower import evaporated, fan_share, leaving, sized

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask, Hours


@schemes.part("liquid-to-tower")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToTower:
    """Cells alike, sized for their approach on the design day, fans as slow as the supply allows.

    All cells run: many slow fans draw less than few fast ones. Below the slowest fan a bypass holds the supply.
    """

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        c, w = ask.campus.cooling, ask.weather
        unit = ask.campus.catalogue.heat_rejection[c.tower]
        rated_w = max(ask.plant.towers, 1) * unit.capacity_w
        tower = sized(rated_w, c.rise_k, unit.approach_k, ask.plant.design_wet_bulb_degc)
        most = np.ones_like(ask.heat_w)
        made = leaving(tower, ask.heat_w, w.wet_bulb_degc, w.pressure_pa, most)
        least = c.least_fan_frac ** (1 / 3)
        share = fan_share(tower, ask.heat_w, w.wet_bulb_degc, w.pressure_pa, c.supply_degc, least)
        water = evaporated(tower, ask.heat_w, (w.dry_bulb_degc, w.wet_bulb_degc), w.pressure_pa, share)
        return trimmed(ask, unit, made, rated_w * unit.fan_frac * share**3, water)
