"""Virtual machine: droop and inertia, as if the battery were a generator."""

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

DROOP, CENTRING, SHARE, INERTIA, FILTER = range(5)
DEVIATION, WANTED_SOC = range(2)


@tight
def law(tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """P = -(dw / droop + 2 H ddw/dt) x rating, both behind one lag, less the power that centres the charge."""
    slope = (now.dw - state[DEVIATION]) / tune[FILTER]
    state[DEVIATION] += (now.dw - state[DEVIATION]) * tune[SHARE]
    centre_w = now.energy_j * (state[WANTED_SOC] - now.soc) / tune[CENTRING]
    out: float = -(state[DEVIATION] / tune[DROOP] + 2.0 * tune[INERTIA] * slope) * now.rating_w - centre_w
    return out


@controllers.part("virtual-machine")
@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine:
    """Droop and inertia of a grid-forming inverter.

    At the network level the inverter itself (REGFM_B1) is the virtual machine and what is left here centres the state
    of charge.

    Parameters
    ----------
    inertia_s
        Virtual inertia H on the battery's rating [s].
    droop_frac
        Deviation (of nominal) at which the battery gives its rating.
    centring_s
        Time constant of the return of the state of charge [s].
    filter_s
        Lag of the frequency measurement [s].

    References
    ----------
    REGFM_B1 (WECC, 2023): virtual synchronous machine.
    """

    inertia_s: float = setting(5.0, 0.01, 1000.0)
    droop_frac: float = setting(0.02, 1e-4, 1.0)
    centring_s: float = setting(600.0, 1.0, 30 * 86400.0)
    filter_s: float = setting(0.02, 1e-3, 10.0)
    kind: ClassVar[str] = "virtual-machine"

    def tune(self, dt_s: float) -> tuple[float, ...]:
        """Return the law's settings."""
        return (
            self.droop_frac,
            self.centring_s,
            -math.expm1(-dt_s / self.filter_s),
            self.inertia_s,
            self.filter_s,
        )

    def inverter(self) -> tuple[str, dict[str, float]]:
        """Return the inverter law that does this at the network level."""
        return "regfm-b1", {"mp": self.droop_frac, "H": self.inertia_s}

    def start(self, seen: Seen, /) -> tuple[float, ...]:
        """Begin at nominal frequency; the state of charge of the start is the wanted one."""
        return 0.0, seen.soc_frac

    def step(self, state: Any, /, seen: Seen) -> tuple[Any, float]:
        """Return the next state and battery power [W], discharge positive."""
        return stepped(law, self.tune(seen.dt_s), state, seen)
