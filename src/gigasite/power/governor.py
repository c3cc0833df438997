"""What a governor is: named settings with defaults, and its equations as three kernels.

To add one, put a file into `governors/` that holds `rates`, `torque` and `rest` as kernels and a part that names
them. It runs at once, as plain Python (some 100 times slower). To make it fast, give it a line in each of the two
dispatchers of `governor_kernels.py`: the same functions then run compiled.

Conventions: per unit on the group's alternators; `dw` is the speed deviation, `pe` the electrical power, `ref` the load
set point, in the unit of the governor's own droop feedback. The first three settings of a row are always R (droop),
VMAX and VMIN (range of the set point).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.kernel import tight
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

STATES = 12
"""Columns that every governor may use for states."""
SETTINGS = 36
"""Columns of a row of settings."""
R, VMAX, VMIN = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Governor:
    """Turns speed deviation into torque.

    Parameters
    ----------
    title
        What it stands for, one line.
    defaults
        Settings by their names in the standard models, in the order of the row; the first three are the droop and the
        upper and lower end of the set point under the names that `head` gives.
    positive
        Settings that must be above zero (or, named in `fast`, are zero).
    states
        Number of states.
    rates
        Kernel `(row, ref, dw, pe, x, dx) -> torque`: write dx/dt and return the torque.
    torque
        Kernel `(row, dw, x) -> torque` [pu].
    rest
        Kernel `(row, torque, pe, x) -> ref`: fill the states of rest and return the set point.
    limited
        States with non-windup limits: index to (low, high), each a setting's name or a number.
    head
        Names of droop, upper and lower limit.
    gain
        The first setting is a gain 1/R instead of the droop R.
    """

    title: str
    defaults: Mapping[str, float]
    positive: tuple[str, ...]
    states: int
    rates: Callable[..., float]
    torque: Callable[..., float]
    rest: Callable[..., float]
    limited: Mapping[int, tuple[str | float, str | float]]
    head: tuple[str, str, str] = ("R", "VMAX", "VMIN")
    gain: bool = False

    def row(self, given: Mapping[str, float], who: str = "governor") -> NDArray[np.float64]:
        """Return the settings as the kernels take them.

        Raises
        ------
        InfeasibleError
            An unknown setting, or one that must be above zero.
        """
        unknown = sorted(set(given) - set(self.defaults))
        if unknown:
            raise InfeasibleError(f"{who}: no setting {', '.join(unknown)}; known: {', '.join(self.defaults)}")
        values = dict(self.defaults) | dict(given)
        bad = [k for k in self.positive if not values[k] > 0.0] + [k for k, v in values.items() if not np.isfinite(v)]
        if bad:
            raise InfeasibleError(f"{who}: {', '.join(bad)} must be above 0")
        if not values[self.head[1]] > values[self.head[2]]:
            raise InfeasibleError(f"{who}: {self.head[1]} must be above {self.head[2]}")
        out = np.zeros(SETTINGS)
        names = (*self.head, *(k for k in self.defaults if k not in self.head))
        out[: len(names)] = [values[k] for k in names]
        if self.gain:
            out[R] = 1.0 / out[R]
        return out

    def bounds(self, given: Mapping[str, float]) -> NDArray[np.float64]:
        """Return the lowest and the highest value of every state and, last, of the set point: (2, STATES + 1)."""
        values = dict(self.defaults) | dict(given)
        out = np.full((2, STATES + 1), np.inf)
        out[0] = -np.inf
        limited = dict(self.limited) | {STATES: (self.head[2], self.head[1])}
        for state, ends in limited.items():
            out[:, state] = [values[e] if isinstance(e, str) else e for e in ends]
        return out


governors: Registry[Any] = Registry("gigasite.power.governors", "governor")


@tight
def held(rate: float, x: float, low: float, high: float) -> float:
    """Return the rate of a non-windup limit: 0 where it would leave the limits.

    >>> held(1.0, 1.0, 0.0, 1.0), held(-1.0, 1.0, 0.0, 1.0)
    (0.0, -1.0)
    """
    if (x >= high and rate > 0.0) or (x <= low and rate < 0.0):
        return 0.0
    return rate


@tight
def lag(u: float, x: float, t_s: float) -> float:
    """Return the rate of a first-order lag; one of time constant 0 has no state and its rate is 0."""
    return (u - x) / t_s if t_s > 0.0 else 0.0
