"""Droop: battery power in proportion to the frequency's deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from gigasite.power.controller import controllers, within
from gigasite.power.kernels import DROOP

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen

FILTER_S = 0.02  # lag of the frequency measurement; grid-forming inverters 0.01-0.05 s (REGFM_A1)


class Held(NamedTuple):
    """What droop remembers."""

    deviation_pu: float
    """Filtered."""
    soc_frac: float
    """State of charge to return to."""


@controllers.part("droop")
@dataclass(frozen=True, slots=True, kw_only=True)
class Droop:
    """P = -dw / droop x rating, less what brings the state of charge back.

    A grid-forming inverter's droop seen from outside: the deviation passes a first-order lag, the
    power follows with the inverter's own lag. It needs no measured load, hence no latency. On a
    stiff grid the frequency does not move and neither does the battery.

    Parameters
    ----------
    droop_frac
        Deviation (of nominal) at which the battery gives its rating.
    centring_s
        Time constant of the return of the state of charge [s].
    filter_s
        Lag of the frequency measurement [s].

    References
    ----------
    REGFM_A1 (WECC, 2023), its frequency droop and power filter.
    """

    droop_frac: float = 0.02
    centring_s: float = 600.0
    filter_s: float = FILTER_S
    kind: ClassVar[str] = "droop"
    code: ClassVar[int] = DROOP

    @classmethod
    def of(cls, settings: Settings) -> Droop:
        """Make it from the campus file."""
        return cls(droop_frac=settings.droop_frac, centring_s=settings.centring_s)

    def tune(self) -> tuple[float, float, float, float]:
        """Return the law's settings."""
        return 1.0, self.droop_frac, self.centring_s, self.filter_s

    def start(self, seen: Seen, /) -> Held:
        """Begin at nominal frequency; the state of charge of the start is the wanted one."""
        return Held(0.0, seen.soc_frac)

    def step(self, state: Held, /, seen: Seen) -> tuple[Held, float]:
        """Return the next state and battery power [W], discharge positive."""
        share = -math.expm1(-seen.dt_s / self.filter_s)
        dw = state.deviation_pu + (seen.deviation_pu - state.deviation_pu) * share
        centre_w = seen.energy_j * (state.soc_frac - seen.soc_frac) / self.centring_s
        wanted_w = -dw / self.droop_frac * seen.rating_w - centre_w
        return Held(dw, state.soc_frac), within(wanted_w, seen)
