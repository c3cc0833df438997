"""What clients have asked of the units, as arrays with one entry per unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gigasite.field.emulator.unit import Command

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.field.emulator.unit import UnitKind

STOP, START, STANDBY, LEAVE_STANDBY = 0, 1, 2, 3
"""Of OpCtl."""


def _zeros(count: int) -> NDArray[np.float64]:
    return np.zeros(count)


@dataclass(slots=True)
class Controls:
    """Set points, limits and states of all units; `set_...` is what the registers say, in SI.

    Parameters
    ----------
    count
        Units.
    """

    count: int
    enabled: NDArray[np.bool_] = field(init=False)
    set_w: NDArray[np.float64] = field(init=False)
    revert_w: NDArray[np.float64] = field(init=False)
    revert_enabled: NDArray[np.bool_] = field(init=False)
    limit_frac: NDArray[np.float64] = field(init=False)
    ramp_frac_per_s: NDArray[np.float64] = field(init=False)
    running: NDArray[np.bool_] = field(init=False)
    connected: NDArray[np.bool_] = field(init=False)
    tripped: NDArray[np.bool_] = field(init=False)
    local: NDArray[np.bool_] = field(init=False)
    alarms: NDArray[np.int64] = field(init=False)
    sign: NDArray[np.float64] = field(init=False)
    """-1: charges when told to discharge (a fault)."""
    droop_on: NDArray[np.bool_] = field(init=False)
    droop: NDArray[np.float64] = field(init=False)
    """(units, 5): dead bands above and below [Hz], droop above and below [pu/pu], lag [s]."""

    def __post_init__(self) -> None:
        """Begin as a unit does after a reboot: nothing asked, running, connected."""
        n = self.count
        for name in ("enabled", "revert_enabled", "tripped", "local", "droop_on"):
            setattr(self, name, np.zeros(n, dtype=np.bool_))
        for name in ("running", "connected"):
            setattr(self, name, np.ones(n, dtype=np.bool_))
        for name in ("set_w", "revert_w"):
            setattr(self, name, _zeros(n))
        self.limit_frac = np.ones(n)
        self.ramp_frac_per_s = np.full(n, np.inf)
        self.alarms = np.zeros(n, dtype=np.int64)
        self.sign = np.ones(n)
        self.droop = np.tile([0.036, 0.036, 0.05, 0.05, 0.2], (n, 1))

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Say which breakers are closed."""
        return self.connected & ~self.tripped

    def target_w(self, expired: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the set point of now; a unit whose timer has ended takes the reversion's."""
        asked_w = np.where(self.enabled, self.set_w, 0.0)
        reverted_w = np.where(self.revert_enabled, self.revert_w, 0.0)
        wanted_w = np.where(expired, reverted_w, asked_w) * self.sign
        return np.where(self.running & ~self.local, wanted_w, 0.0)

    def droop_w(self, kind: UnitKind, frequency_hz: float) -> NDArray[np.float64]:
        """Return what the frequency asks: (f0 - f beyond the dead band) / f0 / droop x rating."""
        off_hz = frequency_hz - kind.frequency_hz
        high = np.maximum(off_hz - self.droop[:, 0], 0.0) / self.droop[:, 2]
        low = np.maximum(-off_hz - self.droop[:, 1], 0.0) / self.droop[:, 3]
        asked_w = (low - high) / kind.frequency_hz * kind.rating_w
        return np.where(self.droop_on & self.running & ~self.local, asked_w, 0.0)

    def command(self, kind: UnitKind, target_w: NDArray[np.float64], frequency_hz: float) -> Command:
        """Return the command of a step with a target that has come through the units' delay."""
        return Command(
            target_w=target_w,
            limit_w=self.limit_frac * kind.rating_w,
            ramp_w_per_s=self.ramp_frac_per_s * kind.rating_w,
            closed=self.closed,
            droop_w=self.droop_w(kind, frequency_hz),
            droop_lag_s=self.droop[:, 4],
        )

    def reboot(self, unit: int) -> None:
        """Forget everything that was asked of a unit; what is broken stays broken."""
        fresh = Controls(1)
        for name in ("enabled", "set_w", "revert_w", "revert_enabled", "limit_frac", "ramp_frac_per_s", "running"):
            getattr(self, name)[unit] = getattr(fresh, name)[0]
        self.connected[unit], self.droop_on[unit], self.droop[unit] = True, False, fresh.droop[0]
