"""Load follower: the battery takes what is fast in the load, the source what is slow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gigasite._core.kernel import tight
from gigasite._core.settings import setting
from gigasite.power.controller import Now, controllers, stepped

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.controller import Seen

SHARE, CENTRING, GAIN = range(3)
SLOW, WANTED_SOC = range(2)


@tight
def law(tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """P = gain x (load - its low-pass) - centring power."""
    state[SLOW] += (now.load_w - state[SLOW]) * tune[SHARE]
    centre_w = now.energy_j * (state[WANTED_SOC] - now.soc) / tune[CENTRING]
    out: float = tune[GAIN] * (now.load_w - state[SLOW]) - centre_w
    return out


@controllers.part("load-follower")
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFollower:
    """High-pass of the measured load; its worth hangs on the meter's latency.

    Parameters
    ----------
    split_s
        Time constant of the low-pass that is left to the source [s].
    centring_s
        Time constant of the return of the state of charge [s].
    gain_frac
        Share of the fast part that the battery takes.

    Notes
    -----
    With 250 ms of latency a 1-Hz square is worse than without a battery: the follower pushes when it should pull.
    """

    split_s: float = setting(20.0, 0.01, 86400.0)
    centring_s: float = setting(600.0, 1.0, 30 * 86400.0)
    gain_frac: float = setting(1.0, 0.0, 1.0)
    kind: ClassVar[str] = "load-follower"

    def tune(self, dt_s: float) -> tuple[float, ...]:
        """Return the law's settings."""
        return -math.expm1(-dt_s / self.split_s), self.centring_s, self.gain_frac

    def share(self, hz: NDArray[np.float64], /) -> NDArray[np.complex128]:
        """Return the part of a load's swing that is asked of the battery at these frequencies: a high-pass."""
        turn = 2j * np.pi * hz * self.split_s
        return np.asarray(self.gain_frac * turn / (1.0 + turn), dtype=np.complex128)

    def start(self, seen: Seen, /) -> tuple[float, ...]:
        """Take the first load as the slow part."""
        return seen.load_w, seen.soc_frac

    def step(self, state: Any, /, seen: Seen) -> tuple[Any, float]:
        """Return the next state and the battery power [W], discharge positive."""
        return stepped(law, self.tune(seen.dt_s), state, seen)
