"""What a unit does when nobody writes any more: the reversion timer, in the ways in which real devices have it.

The SunSpec models say that a set point reverts after WSetRvrtTms, and leave open which writes start the timer again
(open questions 213 and 215 of github.com/sunspec/models). Devices differ:

- `strict`: a write to any register of the set-point block (WSetEna to WSetRvrtTms); ends when it says.
- `late`: the same, a third later (Sungrow iHM: set to 60 s, seen at 80 s; its stale set point still reads back).
- `any-write-counts`: any write to the device (Teleport: any write is its heartbeat).
- `setpoint-write-only`: only a write that holds the set point itself (KEBA wants the write, changed or not; GoodWe
  wants mode and power every second). A controller that skips values that have not changed starves it.
- `none`: no timer: the unit goes on at its last set point for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Kick = Literal["block", "any", "setpoint", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchdog:
    """One behaviour: which writes start the timer again, and how long it really takes (times what it was set to)."""

    kick: Kick
    factor: float = 1.0
    least_s: float = 0.0
    """Shorter times are raised to this."""


WATCHDOGS: Mapping[str, Watchdog] = MappingProxyType(
    {
        "strict": Watchdog(kick="block"),
        "late": Watchdog(kick="block", factor=80.0 / 60.0),
        "any-write-counts": Watchdog(kick="any"),
        "setpoint-write-only": Watchdog(kick="setpoint"),
        "none": Watchdog(kick="never"),
    }
)


class Timers:
    """The reversion timers of all units.

    Parameters
    ----------
    behaviour
        Of each unit; may be changed while running (a fault does).
    """

    def __init__(self, behaviour: list[Watchdog]) -> None:
        count = len(behaviour)
        self.behaviour = behaviour
        self.left_s: NDArray[np.float64] = np.full(count, np.inf)
        self.expired: NDArray[np.bool_] = np.zeros(count, dtype=np.bool_)

    @property
    def shown_s(self) -> NDArray[np.float64]:
        """Return the time left as a register can say it: 0 where no timer runs [s]."""
        return np.where(np.isinf(self.left_s), 0.0, np.maximum(self.left_s, 0.0))

    def written(self, unit: int, *, block: bool, setpoint: bool, time_s: float) -> None:
        """Note a write: to the block, with the set point in it; `time_s` is the reversion time now set, 0 for none."""
        behaviour = self.behaviour[unit]
        kicked = {"block": block, "any": True, "setpoint": setpoint, "never": False}[behaviour.kick]
        if kicked:
            left_s = max(time_s * behaviour.factor, behaviour.least_s)
            self.left_s[unit] = left_s if time_s > 0.0 else np.inf
            self.expired[unit] = False

    def clear(self, unit: int) -> None:
        """Stop the timer of a unit."""
        self.left_s[unit] = np.inf
        self.expired[unit] = False

    def advance(self, dt_s: float) -> None:
        """Let time pass [s]."""
        self.left_s -= dt_s
        self.expired |= self.left_s <= 1e-9
