"""Droop: battery power in proportion to the frequency's deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.power.controller import by_law, controllers
from gigasite.power.kernels import DROOP

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen


@controllers.part("droop")
@dataclass(frozen=True, slots=True, kw_only=True)
class Droop:
    """P = -dw / droop x rating, less what brings the state of charge back.

    Parameters
    ----------
    droop_frac
        Deviation (of nominal) at which the battery gives its rating.
    centring_s
        Time constant of the return of the state of charge [s].
    """

    droop_frac: float = 0.02
    centring_s: float = 600.0
    code: int = DROOP

    @classmethod
    def of(cls, settings: Settings) -> Droop:
        """Make it from the campus file."""
        return cls(droop_frac=settings.droop_frac, centring_s=settings.centring_s)

    def tune(self) -> tuple[float, float, float]:
        """Return the law's settings."""
        return 1.0, self.droop_frac, self.centring_s

    def start(self, seen: Seen, /) -> float:
        """Return the first load; droop keeps nothing else."""
        return seen.load_w

    def step(self, held_w: float, seen: Seen, /) -> tuple[float, float]:
        """Return battery power [W], discharge positive."""
        return by_law(self, held_w, seen)
