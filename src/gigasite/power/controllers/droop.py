"""Droop: battery power in proportion to the frequency's deviation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.kernel import tight
from gigasite._core.settings import setting
from gigasite.power.controller import Now, controllers, stepped

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.power.controller import Seen

DROOP, CENTRING, SHARE = range(3)
DEVIATION, WANTED_SOC = range(2)


@tight
def law(tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """P = -dw / droop x rating, dw behind a first-order lag, less the power that centres the state of charge."""
    state[DEVIATION] += (now.dw - state[DEVIATION]) * tune[SHARE]
    centre_w = now.energy_j * (state[WANTED_SOC] - now.soc) / tune[CENTRING]
    out: float = -state[DEVIATION] / tune[DROOP] * now.rating_w - centre_w
    return out


@controllers.part("droop")
@dataclass(frozen=True, slots=True, kw_only=True)
class Droop:
    """A grid-forming inverter's droop; it needs no measured load, hence no latency.

    At the aggregate level the deviation passes a first-order lag and the power follows with the inverter's own lag. At
    the network level the inverter itself (REGFM_A1) holds the droop, and what is left here centres the state of charge.
    On a stiff grid the frequency does not move and neither does the battery.

    Parameters
    ----------
    droop_frac
        Deviation (of nominal) at which the battery gives its rating.
    centring_s
        Time constant of the return of the state of charge [s].
    filter_s
        Lag of the frequency measurement [s]; 0.01-0.05 s in REGFM_A1.

    References
    ----------
    REGFM_A1 (WECC, 2023), its frequency droop and power filter.
    """

    droop_frac: float = setting(0.02, 1e-4, 1.0)
    centring_s: float = setting(600.0, 1.0, 30 * 86400.0)
    filter_s: float = setting(0.02, 1e-3, 10.0)
    kind: ClassVar[str] = "droop"

    def tune(self, dt_s: float) -> tuple[float, ...]:
        """Return the law's settings."""
        return self.droop_frac, self.centring_s, -math.expm1(-dt_s / self.filter_s)

    def inverter(self) -> tuple[str, dict[str, float]]:
        """Return the inverter law that does this at the network level."""
        return "regfm-a1", {"mp": self.droop_frac, "Tpf": self.filter_s}

    def start(self, seen: Seen, /) -> tuple[float, ...]:
        """Begin at nominal frequency; the state of charge of the start is the wanted one."""
        return 0.0, seen.soc_frac

    def step(self, state: Any, /, seen: Seen) -> tuple[Any, float]:
        """Return the next state and battery power [W], discharge positive."""
        return stepped(law, self.tune(seen.dt_s), state, seen)
