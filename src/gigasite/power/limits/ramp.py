"""Ramp: how fast grid and gensets may have to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import show
from gigasite._core.settings import setting
from gigasite.power.bound_types import SourceLimits
from gigasite.power.limit import Verdict, broken, limits, unseen
from gigasite.power.spells import averaged, rises, shown_s, sound, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

ROUNDING = 1e-6
"""A controller that holds the limit exactly is not above it by rounding."""


@limits.part("ramp")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Largest rise and fall of source power over a window.

    Parameters
    ----------
    up_w_per_s, down_w_per_s
        Limits [W/s], positive; None is not judged, one of them is needed.
    window_s
        Time over which a ramp is measured [s]; a meter must resolve it.
    mean_s
        Averaging of the meter that judges [s]: the power is its mean over this time before. 0: every sample counts, so
        that the milliseconds count in which an edge passes before any battery answers.

    Notes
    -----
    Taken is the largest rise (fall) from any earlier moment within the window, over the window. From end to end of the
    window a swing whose period is the window would show no ramp at all, and training steps last about a second.

    References
    ----------
    arXiv 2508.14318 names the form (largest ramp up and down); the numbers are the utility's, or of the units: 10-100
    MW/min for industrial gas turbines, a plant (wartsila.com).
    """

    up_w_per_s: float | None = setting(None, 1.0, 1e12)
    down_w_per_s: float | None = setting(None, 1.0, 1e12)
    window_s: float = setting(1.0, 0.001, 3600.0)
    mean_s: float = setting(0.0, 0.0, 3600.0)
    kind: ClassVar[str] = "ramp"

    def __post_init__(self) -> None:
        """Refuse a limit that limits nothing."""
        if self.up_w_per_s is None and self.down_w_per_s is None:
            raise QuantityError("needs at least one of up and down, such as 'up: 10 MW/min'")

    def source_limits(self) -> SourceLimits:
        """Return the steady ramps."""
        return SourceLimits(up_w_per_s=self.up_w_per_s, down_w_per_s=self.down_w_per_s, ramp_window_s=self.window_s)

    def judge(self, series: Series, /) -> Verdict:
        """Return lines and findings."""
        power_w = averaged(sound(series.source_w), max(1, round(self.mean_s / series.dt_s)))
        samples = max(1, round(self.window_s / series.dt_s))
        lines: list[Line] = []
        found: list[Finding] = []
        for name, sign, limit in (("up", 1.0, self.up_w_per_s), ("down", -1.0, self.down_w_per_s)):
            if limit is None:
                continue
            change = rises(sign * power_w, samples) / (samples * series.dt_s)
            worst = float(change.max())
            bad = worst > limit * (1.0 + ROUNDING)
            lines.append(Line(series="ramp_w_per_s", level=sign * limit, text=f"ramp {name}", broken=bad))
            if bad:
                first = int(np.argmax(change > limit * (1.0 + ROUNDING)))
                found.append(self._broken(series, name, (limit, worst), first))
        needed_s = max(self.window_s, self.mean_s)
        if not found and shown_s(series) >= needed_s:
            found.append(unseen(_where(series), "the ramp", needed_s, shown_s(series)))
        return Verdict(lines=tuple(lines), findings=tuple(found))

    def _broken(self, series: Series, name: str, values: tuple[float, float], first: int) -> Finding:
        limit, worst = values
        more = show((worst - limit) * self.window_s, "MW")
        return broken(
            _where(series),
            f"power ramps {name} too fast",
            f"{show(limit, 'MW/min')} over {self.window_s:g} s",
            f"{show(worst, 'MW/min')}, {when(series, first)}",
            f"take {more} of the change within {self.window_s:g} s off the source: a lower ramp of the controller, a "
            "shorter latency, more battery power, or a meter's `mean` if the utility's averages",
        )


def _where(series: Series) -> str:
    return "gensets" if series.islanded else "intake"
