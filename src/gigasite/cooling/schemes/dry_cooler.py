"""Liquid to dry-cooler: coolant, exchanger, closed water cooled by dry air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.scheme import free_then_trim, schemes

if TYPE_CHECKING:
    from gigasite.cooling.scheme import Ask, Hours


@schemes.part("liquid-to-dry-cooler")
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidToDryCooler:
    """Water leaves at the dry bulb plus the unit's approach."""

    def year(self, ask: Ask, /) -> Hours:
        """Return the year."""
        unit = ask.campus.catalogue.heat_rejection[ask.campus.cooling.dry_cooler]
        return free_then_trim(ask, unit, ask.weather.dry_bulb_degc)
