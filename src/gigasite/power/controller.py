"""What a battery controller is: a frozen setting and a pure step.

The same object runs in simulation and live. Its step is plain Python; a part may also name the
branch of `kernels.law` that does the same compiled, so that a whole trace runs fast. Parts without
one run in Python (about 80 times slower).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gigasite._core.registry import Registry

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the meters say at one instant, and what the battery can do now."""

    load_w: float
    """As old as the meter's latency."""
    frequency_hz: float
    nominal_hz: float
    soc_frac: float
    source_w: float
    """Grid and gensets together, over the last step."""
    dt_s: float
    rating_w: float
    """Of the units that answer."""
    energy_j: float

    @property
    def deviation_pu(self) -> float:
        """Return (frequency - nominal) / nominal."""
        return self.frequency_hz / self.nominal_hz - 1.0


class Controller(Protocol[S]):
    """Decide battery power; state goes in and comes out, so that a run can be replayed."""

    def start(self, seen: Seen, /) -> S:
        """Return the state before the first step."""
        ...

    def step(self, state: S, /, seen: Seen) -> tuple[S, float]:
        """Return the next state and the wanted battery power [W], discharge positive.

        Never above the rating, never a discharge when empty, never a charge when full.
        """
        ...


class Coded(Protocol):
    """A controller whose law is also a branch of `kernels.law`."""

    @property
    def code(self) -> int:
        """Branch in `kernels.law`."""
        ...

    def tune(self) -> tuple[float, float, float, float]:
        """Return ramp [W/s], droop, centring [s], frequency filter [s]; unused ones are 1."""
        ...


controllers: Registry[type[Any]] = Registry("gigasite.power.controllers", "controller")


def within(wanted_w: float, seen: Seen) -> float:
    """Return what the battery can give of the wanted power [W].

    >>> seen = Seen(
    ...     load_w=0.0, frequency_hz=60.0, nominal_hz=60.0, soc_frac=0.0, source_w=0.0, dt_s=0.1,
    ...     rating_w=5.0, energy_j=1.0,
    ... )
    >>> within(3.0, seen), within(-9.0, seen)
    (0.0, -5.0)
    """
    high = seen.rating_w if seen.soc_frac > 0.0 else 0.0
    low = -seen.rating_w if seen.soc_frac < 1.0 else 0.0
    return min(max(wanted_w, low), high)
