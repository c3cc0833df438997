"""No control: the battery rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.power.controller import controllers
from gigasite.power.kernels import NONE

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen


@controllers.part("none")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The case without a battery, to compare with."""

    code: int = NONE

    @classmethod
    def of(cls, _settings: Settings) -> Rest:
        """Make it from the campus file."""
        return cls()

    def tune(self) -> tuple[float, float, float]:
        """Return unused settings."""
        return 1.0, 1.0, 1.0

    def start(self, seen: Seen, /) -> float:
        """Return an empty state."""
        return 0.0 * seen.load_w

    def step(self, state: float, seen: Seen, /) -> tuple[float, float]:
        """Return 0 W."""
        return state, 0.0 * seen.dt_s
