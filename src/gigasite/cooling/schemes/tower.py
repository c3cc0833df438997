"""Liquid to tower: coolant, exchanger, tower water that evaporates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.scheme import free_then_trim, schemes

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask, Hours


@schemes.part("liquid-to-tower")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToTower:
    """Water leaves at the wet bulb plus the unit's approach."""

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        unit = ask.campus.catalogue.heat_rejection[ask.campus.cooling.tower]
        return free_then_trim(ask, unit, ask.weather.wet_bulb_degc)
