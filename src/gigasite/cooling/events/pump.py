"""Facility pumps lose their feeder and it does not come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.event import events

if TYPE_CHECKING:
    from gigasite.cooling.event import Floats, Moment


@events.part("pump")
@dataclass(frozen=True, slots=True, kw_only=True)
class PumpLoss:
    """All facility pumps stop, once their batteries (if any) are empty; the plant and the racks' own pumps run on."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return flows and the plant's share."""
        return moment.stopped(moment.pumps_run_s), moment.still(), moment.still()
