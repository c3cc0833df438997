"""Ramp limit: grid and gensets move only so fast; the battery makes up the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.power.controller import by_law, controllers
from gigasite.power.kernels import RAMP_LIMIT

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen


@controllers.part("ramp-limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class RampLimit:
    """Hold the ramp of the source under a limit; the state is the source power that is held [W].

    Parameters
    ----------
    ramp_w_per_s
        Largest change of source power [W/s], > 0.
    centring_s
        Time constant of the return of the state of charge [s].
    """

    ramp_w_per_s: float = 1e6
    centring_s: float = 600.0
    code: int = RAMP_LIMIT

    @classmethod
    def of(cls, settings: Settings) -> RampLimit:
        """Make it from the campus file."""
        return cls(ramp_w_per_s=settings.ramp_w_per_s, centring_s=settings.centring_s)

    def tune(self) -> tuple[float, float, float]:
        """Return the law's settings."""
        return self.ramp_w_per_s, 1.0, self.centring_s

    def start(self, seen: Seen, /) -> float:
        """Take the first load as the source power [W]."""
        return seen.load_w

    def step(self, held_w: float, seen: Seen, /) -> tuple[float, float]:
        """Return the next source power and the battery power [W], discharge positive."""
        return by_law(self, held_w, seen)
