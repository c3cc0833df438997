"""Ramp: how fast grid and gensets may have to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.power.limit import limits
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Limit as Settings
    from gigasite.power.limit import Series


def ramps(power_w: NDArray[np.float64], dt_s: float, window_s: float) -> NDArray[np.float64]:
    """Return the change over a window [W/s], shape (n - window,)."""
    n = max(1, round(window_s / dt_s))
    return (power_w[n:] - power_w[:-n]) / (n * dt_s) if len(power_w) > n else np.zeros(1)


@limits.part("ramp")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Largest rise and fall of source power over a window.

    Parameters
    ----------
    up_w_per_s, down_w_per_s
        Limits [W/s], positive; None is not judged.
    window_s
        Time over which a ramp is measured [s].
    """

    up_w_per_s: float | None
    down_w_per_s: float | None
    window_s: float

    @classmethod
    def of(cls, settings: Settings) -> Ramp:
        """Make it from the campus file."""
        return cls(up_w_per_s=settings.up_w_per_s, down_w_per_s=settings.down_w_per_s, window_s=settings.window_s)

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return lines and findings."""
        if series.resolution_s > self.window_s:
            return [], [self._blind(series)]
        change = ramps(series.source_w, series.dt_s, self.window_s)
        lines: list[Line] = []
        found: list[Finding] = []
        for name, limit, value in (
            ("up", self.up_w_per_s, float(change.max())), ("down", self.down_w_per_s, float(-change.min())),
        ):
            if limit is None:
                continue
            broken = value > limit * (1 + 1e-6)
            sign = 1.0 if name == "up" else -1.0
            lines.append(Line(series="ramp_w_per_s", level=sign * limit, text=f"ramp {name}", broken=broken))
            if broken:
                found.append(self._broken(name, limit, value))
        return lines, found

    def _broken(self, name: str, limit: float, value: float) -> Finding:
        return Finding(
            severity=Severity.error, chapter="power", where="intake", what=f"power ramps {name} too fast",
            limit=show(limit, "MW/min"), found=show(value, "MW/min"),
            remedy="a controller with a lower ramp, more battery power and energy, or a job that announces its stops",
        )

    def _blind(self, series: Series) -> Finding:
        return Finding(
            severity=Severity.warning, chapter="power", where="intake", what="ramp cannot be judged on this trace",
            limit=f"{self.window_s:g} s", found=f"{series.resolution_s:g} s between changes",
            remedy="use a faster recording or a longer window",
        )
