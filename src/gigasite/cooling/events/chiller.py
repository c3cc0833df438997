"""The plant trips: warm water comes round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.event import events

if TYPE_CHECKING:
    from gigasite.cooling.event import Floats, Moment


@events.part("chiller")
@dataclass(frozen=True, slots=True, kw_only=True)
class ChillerTrip:
    """Chillers, towers or dry coolers stop and come back after their restart; all pumps run on."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return flows and the plant's share."""
        return moment.still(), moment.still(), moment.plant(moment.restart_s)
