"""The racks' own pumps stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.cooling.event import events

if TYPE_CHECKING:
    from gigasite.cooling.event import Floats, Moment


@events.part("cdu")
@dataclass(frozen=True, slots=True, kw_only=True)
class CoolantLoss:
    """Coolant stands still in every rack: plates heat up by themselves."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return flows and the plant's share."""
        return moment.still(), moment.stopped(0.0), moment.still()
