"""What a battery controller is: a frozen setting and a pure step. The same object runs in simulation and live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gigasite._core.registry import Registry
from gigasite.power import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the meters say at one instant, and what the battery is."""

    load_w: float
    """As old as the meter's latency."""
    deviation_pu: float
    """(frequency - nominal) / nominal."""
    soc_frac: float
    dt_s: float
    rating_w: float
    energy_j: float
    soc_start_frac: float = 0.5


class Controller(Protocol):
    """Decide battery power; state goes in and comes out, so that a run can be replayed."""

    def start(self, seen: Seen, /) -> Any:
        """Return the state before the first step."""
        ...

    def step(self, state: Any, seen: Seen, /) -> tuple[Any, float]:
        """Return the next state and the wanted battery power [W], discharge positive."""
        ...


class Coded(Protocol):
    """A controller whose law is a branch of `kernels.law`, so that a whole trace runs compiled."""

    @property
    def code(self) -> int:
        """Branch in `kernels.law`."""
        ...

    def tune(self) -> tuple[float, float, float]:
        """Return ramp [W/s], droop, centring time [s]; unused ones 1."""
        ...


controllers: Registry[type[Any]] = Registry("gigasite.power.controllers", "controller")


def by_law(coded: Coded, held_w: float, seen: Seen) -> tuple[float, float]:
    """Make one step with the compiled law: what `step` of a coded controller calls."""
    battery: NDArray[np.float64] = np.array([seen.rating_w, seen.energy_j, 1.0, 1.0, seen.soc_start_frac])
    return kernels.law(
        coded.code, np.array(coded.tune()), battery, held_w, seen.load_w, seen.deviation_pu, seen.soc_frac, seen.dt_s
    )
