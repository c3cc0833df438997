"""Ramp limit: grid and gensets move only so fast; the battery makes up the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from gigasite.power.controller import controllers, within
from gigasite.power.kernels import RAMP_LIMIT

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen


class Held(NamedTuple):
    """What the ramp limit remembers."""

    source_w: float
    """Power that grid and gensets are held at."""
    soc_frac: float
    """State of charge to return to."""


@controllers.part("ramp-limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class RampLimit:
    """Hold the ramp of the source under a limit.

    The held source power moves towards load + centring power, by at most the ramp; the battery
    gives the load less the held power. Where the battery cannot (rating, empty, full), the source
    takes the rest at once and the ramp goes on from there.

    Parameters
    ----------
    ramp_w_per_s
        Largest change of source power [W/s], > 0.
    centring_s
        Time constant of the return of the state of charge [s]: centring power = energy x (wanted -
        state of charge) / this.
    """

    ramp_w_per_s: float = 1e6
    centring_s: float = 600.0
    kind: ClassVar[str] = "ramp-limit"
    code: ClassVar[int] = RAMP_LIMIT

    @classmethod
    def of(cls, settings: Settings) -> RampLimit:
        """Make it from the campus file."""
        return cls(ramp_w_per_s=settings.ramp_w_per_s, centring_s=settings.centring_s)

    def tune(self) -> tuple[float, float, float, float]:
        """Return the law's settings."""
        return self.ramp_w_per_s, 1.0, self.centring_s, 1.0

    def start(self, seen: Seen, /) -> Held:
        """Take the first load as the source power; its state of charge is the wanted one."""
        return Held(seen.load_w, seen.soc_frac)

    def step(self, state: Held, /, seen: Seen) -> tuple[Held, float]:
        """Return the next state and the battery power [W], discharge positive."""
        centre_w = seen.energy_j * (state.soc_frac - seen.soc_frac) / self.centring_s
        room_w = self.ramp_w_per_s * seen.dt_s
        move_w = min(max(seen.load_w + centre_w - state.source_w, -room_w), room_w)
        battery_w = within(seen.load_w - (state.source_w + move_w), seen)
        return Held(seen.load_w - battery_w, state.soc_frac), battery_w
