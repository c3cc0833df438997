"""What a governor is: named settings with defaults, and its equations as plain functions.

To add one, put a file into `governors/` with `defaults`, `states`, `derivative` and `torque`, and
`code = None`: it runs in plain Python at once (about 80 times slower than compiled). To
make it fast, write its branch in `kernels.governor_rates` and `kernels.governor_torque`, and give
the part its code; the tests then compare the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETTINGS = ("R", "T1", "T2", "T3", "AT", "KT", "VMAX", "VMIN", "Dt")


class Governor(Protocol):
    """Turns speed deviation into torque, per unit on the group's alternators."""

    @property
    def code(self) -> int | None:
        """Branch in `kernels.py`; None: it runs in plain Python."""
        ...

    @property
    def states(self) -> int:
        """Number of states; all start at the set point."""
        ...

    @property
    def defaults(self) -> Mapping[str, float]:
        """Settings by their names in the standard models; R, VMIN and VMAX are needed."""
        ...

    @property
    def positive(self) -> tuple[str, ...]:
        """Settings that must be above zero."""
        ...

    def derivative(self, p: Mapping[str, float], pref: float, dw: float, x: Sequence[float], /) -> tuple[float, ...]:
        """Return dx/dt for set point `pref` and speed deviation `dw` [pu]."""
        ...

    def torque(self, p: Mapping[str, float], dw: float, x: Sequence[float], /) -> float:
        """Return turbine torque [pu]."""
        ...


governors: Registry[type[Governor]] = Registry("gigasite.power.governors", "governor")


def held(rate: float, x: float, low: float, high: float) -> float:
    """Return the rate of a non-windup limit: 0 where it would leave the limits.

    >>> held(1.0, 1.0, 0.0, 1.0), held(-1.0, 1.0, 0.0, 1.0)
    (0.0, -1.0)
    """
    return 0.0 if (x >= high and rate > 0.0) or (x <= low and rate < 0.0) else rate
