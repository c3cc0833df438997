"""Range: how far the source's power may swing within a window, however fast."""

from __future__ import annotations

from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from gigasite._core.quantity import show
from gigasite._core.settings import setting
from gigasite.power.bound_types import SourceLimits
from gigasite.power.limit import Verdict, broken, limits, unseen
from gigasite.power.spells import PLATEAU_S, averaged, shown_s, sound, too_coarse, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

ROUNDING = 1e-6
"""A controller that holds the limit exactly is not above it by rounding."""


@limits.part("range")
@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Dynamic power range: the short-term deviation that is free before ramp limits apply.

    Parameters
    ----------
    range_w
        Largest difference between highest and lowest source power within any window [W].
    range_window_s
        The window [s].
    mean_s
        Averaging of the meter that judges [s]; 0: every sample counts.
    drift_w_per_s
        Ramp that is allowed beside it [W/s]: within a window the power may differ by range + drift x window. 0: none.

    References
    ----------
    Form of arXiv 2508.14318 (dynamic power range); the numbers are the utility's.
    """

    range_w: float = setting(MISSING, 1.0, 1e12)
    range_window_s: float = setting(60.0, 0.01, 86400.0)
    drift_w_per_s: float = setting(0.0, 0.0, 1e12)
    mean_s: float = setting(0.0, 0.0, 3600.0)
    kind: ClassVar[str] = "range"

    @property
    def most_w(self) -> float:
        """Return the largest difference within a window [W]."""
        return self.range_w + self.drift_w_per_s * self.range_window_s

    def source_limits(self) -> SourceLimits:
        """Return the range."""
        return SourceLimits(range_w=self.most_w, range_window_s=self.range_window_s)

    def judge(self, series: Series, /) -> Verdict:
        """Return the widest window against the range."""
        power_w = averaged(sound(series.source_w), max(1, round(self.mean_s / series.dt_s)))
        widths = window_ranges(power_w, max(2, round(self.range_window_s / series.dt_s)))
        k = int(np.argmax(widths))
        worst = float(widths[k])
        bad = worst > self.most_w * (1.0 + ROUNDING)
        line = Line(
            series="power_range_w", level=self.most_w, text=f"range within {self.range_window_s:g} s", broken=bad
        )
        where = "gensets" if series.islanded else "intake"
        found: tuple[Finding, ...] = ()
        if bad:
            first = int(np.argmax(widths > self.most_w * (1.0 + ROUNDING)))
            remedy = (
                f"{show((worst - self.most_w) / 2.0, 'MW')} more battery power that acts within the window, or a power "
                "floor in the GPUs"
            )
            text = f"{show(worst, 'MW')}, {when(series, first)}"
            limit = f"{show(self.most_w, 'MW')} within {self.range_window_s:g} s"
            found = (broken(where, "power swings too far", limit, text, remedy),)
        elif too_coarse(series, min(PLATEAU_S, self.range_window_s)):
            found = (unseen(where, "the range", min(PLATEAU_S, self.range_window_s), shown_s(series)),)
        return Verdict(lines=(line,), findings=found, figures={"power_range_w": worst})


def window_ranges(power_w: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return highest minus lowest of every stretch of `window` samples (of the whole, if that is shorter).

    >>> window_ranges(np.array([1.0, 4.0, 2.0, 2.0]), 2).tolist()
    [3.0, 2.0, 0.0]
    """
    n = min(window, len(power_w))
    span = maximum_filter1d(power_w, n) - minimum_filter1d(power_w, n)
    out: NDArray[np.float64] = span[n // 2 : n // 2 + len(power_w) - n + 1]
    return out
