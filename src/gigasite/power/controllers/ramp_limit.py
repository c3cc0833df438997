"""Ramp limit: grid and gensets move only so fast; the battery makes up the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.kernel import tight
from gigasite._core.settings import setting
from gigasite.power.controller import Now, controllers, possible, stepped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.power.controller import Seen

RAMP, CENTRING = range(2)
HELD, WANTED_SOC = range(2)


@tight
def law(tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """Move the held source power towards load and centring power by at most the ramp; the battery gives the rest."""
    centre_w = now.energy_j * (state[WANTED_SOC] - now.soc) / tune[CENTRING]
    room_w = tune[RAMP] * now.dt_s
    move_w = min(max(now.load_w + centre_w - state[HELD], -room_w), room_w)
    wanted_w: float = now.load_w - (state[HELD] + move_w)
    # what the battery cannot do, the source takes at once; the ramp goes on from there
    state[HELD] = now.load_w - possible(wanted_w, now.rating_w, now.soc)
    return wanted_w


@controllers.part("ramp-limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class RampLimit:
    """Hold the ramp of the source under a limit, knowing only the load of now.

    Parameters
    ----------
    ramp_w_per_s
        Largest change of source power [W/s].
    centring_s
        Time constant of the return of the state of charge [s]: centring power = energy x (wanted -
        state of charge) / this.
    """

    ramp_w_per_s: float = setting(1e6, 1.0, 1e11)
    centring_s: float = setting(600.0, 1.0, 30 * 86400.0)
    kind: ClassVar[str] = "ramp-limit"

    def tune(self, _dt_s: float) -> tuple[float, ...]:
        """Return the law's settings."""
        return self.ramp_w_per_s, self.centring_s

    def start(self, seen: Seen, /) -> tuple[float, ...]:
        """Take the first load as the source power; its state of charge is the wanted one."""
        return seen.load_w, seen.soc_frac

    def step(self, state: Any, /, seen: Seen) -> tuple[Any, float]:
        """Return the next state and the battery power [W], discharge positive."""
        return stepped(law, self.tune(seen.dt_s), state, seen)
