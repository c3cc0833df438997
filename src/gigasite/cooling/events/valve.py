"""A hall's main valve shuts: its facility water stops, the other halls' goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.event import events

if TYPE_CHECKING:
    from gigasite.cooling.event import Floats, Moment


@events.part("valve")
@dataclass(frozen=True, slots=True, kw_only=True)
class ValveShut:
    """The main valve of the first hall closes over its stroke."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return flows and the plant's share."""
        water = moment.still()
        water[:, 0] = np.clip(1.0 - moment.time_s / moment.valve_s, 0.0, 1.0)
        return water, moment.still(), moment.still()
