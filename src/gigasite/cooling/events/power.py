"""Power dips: what has no battery stops, comes back, and the plant restarts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.event import events

if TYPE_CHECKING:
    from gigasite.cooling.event import Floats, Moment


@events.part("power")
@dataclass(frozen=True, slots=True, kw_only=True)
class PowerDip:
    """Racks and their pumps ride through; facility pumps do if they have batteries; the plant restarts from cold."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return flows and the plant's share."""
        return (
            moment.away(moment.pumps_run_s, moment.for_s),
            moment.still(),
            moment.plant(moment.for_s + moment.restart_s),
        )
