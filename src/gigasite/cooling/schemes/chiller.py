"""Liquid to chiller: air-cooled chillers carry all heat all year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.scheme import Hours, cops, part_load, schemes

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask


@schemes.part("liquid-to-chiller")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToChiller:
    """No free cooling: the simplest plant, and the thirstiest for power."""

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        c = ask.campus.cooling
        unit = ask.campus.catalogue.heat_rejection[c.chiller]
        cop = cops(unit, c.supply_degc, ask.weather.dry_bulb_degc)
        return Hours(
            supply_degc=np.full_like(cop, c.supply_degc),
            fan_w=ask.heat_w * unit.fan_frac,
            pump_w=ask.heat_w * unit.pump_frac,
            chiller_w=ask.heat_w / cop * part_load(ask.heat_w, unit, ask.plant.chillers),
            water_m3_per_s=np.zeros_like(cop),
        )
