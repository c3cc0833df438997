"""What an event is: what it does to each hall's pumps, to the racks' own pumps and to the plant, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A run seen from its event.

    Parameters
    ----------
    time_s
        End of each step, from the event on; below 0 before it (t,).
    for_s
        How long power is away.
    restart_s
        From the return of power, or a trip, to a plant that cools again.
    pumps_run_s
        How long facility pumps run on batteries; 0: not at all.
    coast_s, start_s, actuator_s, valve_s
        Of `cooling` in the campus: pumps that stop, pumps that start, a plant that comes back, a main valve that shuts.
    """

    time_s: Floats
    for_s: float
    halls: int
    restart_s: float
    pumps_run_s: float
    coast_s: float
    start_s: float
    actuator_s: float
    valve_s: float

    def still(self, value: float = 1.0) -> Floats:
        """Return what does not change (t, h)."""
        return np.full((len(self.time_s), self.halls), value)

    def stopped(self, at_s: float) -> Floats:
        """Return the flow of pumps that stop for good (t, h): friction goes with the square of flow."""
        share = 1.0 / (1.0 + np.maximum(self.time_s - at_s, 0.0) / self.coast_s)
        return np.repeat(share[:, None], self.halls, axis=1)

    def away(self, first_s: float, last_s: float) -> Floats:
        """Return the flow of pumps that stop at `first_s` and start again at `last_s` (t, h)."""
        if last_s <= first_s:
            return self.still()
        back = np.clip((self.time_s - last_s) / self.start_s, 0.0, 1.0)
        return np.maximum(self.stopped(first_s), back[:, None])

    def plant(self, last_s: float) -> Floats:
        """Return the share of a plant that cools which stops at the event and comes back at `last_s` (t, h)."""
        gone = self.time_s > 0.0
        back = 1.0 - np.exp(-np.maximum(self.time_s - last_s, 0.0) / self.actuator_s)
        share = np.where(gone, back, 1.0)
        return np.repeat(share[:, None], self.halls, axis=1)


class Event(Protocol):
    """One thing that fails."""

    def run(self, moment: Moment, /) -> tuple[Floats, Floats, Floats]:
        """Return facility flow, racks' coolant flow and the plant's share, each over design (t, h)."""
        ...


events: Registry[type[Event]] = Registry("gigasite.cooling.events", "event")
