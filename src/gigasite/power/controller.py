"""What a battery controller is: a frozen setting and a pure step.

The same object runs in simulation, in replay and live. A part is one file in `controllers/`: a frozen dataclass of
settings with `start` and `step`. Its step is plain Python and may take any time. A part whose law is a function of a
few numbers can write it as a kernel beside it and be named in `kernels.LAWS`: then a whole trace runs compiled (about
80 times faster), by the same equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from gigasite._core.kernel import tight
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gigasite.power.types import Job

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the meters say at one instant, and what the battery can do now."""

    time_s: float = 0.0
    """On the clock in which phases are announced."""
    load_w: float
    """As old as the meter's latency."""
    frequency_hz: float
    nominal_hz: float
    soc_frac: float
    source_w: float
    """Grid and gensets together, over the last step."""
    dt_s: float
    """Time to the next step."""
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


class Informed(Protocol):
    """A controller that plans on what the job announces; others do not have this method."""

    def informed(self, job: Job, /) -> Any:
        """Return the controller with its plan made for this job and battery.

        A plan that may be taken up while the plant runs has a method `resumed(seen)`: the state with which it goes on
        from where the source stands now.
        """
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


class Now(NamedTuple):
    """What a compiled law sees: `Seen` as plain numbers."""

    load_w: float
    dw: float
    soc: float
    dt_s: float
    rating_w: float
    energy_j: float


@tight
def possible(wanted_w: float, rating_w: float, soc: float) -> float:
    """Return what a battery of this rating and state of charge can give of it [W]."""
    high = rating_w if soc > 0.0 else 0.0
    low = -rating_w if soc < 1.0 else 0.0
    return min(max(wanted_w, low), high)


def stepped(
    law: Callable[..., float], tune: Sequence[float], state: Sequence[float], seen: Seen
) -> tuple[tuple[float, ...], float]:
    """Take one pure step by a compiled law: state in, next state and possible battery power [W] out."""
    now = Now(seen.load_w, seen.deviation_pu, seen.soc_frac, seen.dt_s, seen.rating_w, seen.energy_j)
    moved = np.array(state, dtype=np.float64)
    wanted_w = law(np.array(tune, dtype=np.float64), moved, now)
    return tuple(moved.tolist()), within(wanted_w, seen)
