"""ISO 8528-5: frequency of generating sets under load steps, by performance class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite.power.limit import limits
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Limit as Settings
    from gigasite.power.limit import Series

STEADY_WINDOW_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Iso8528:
    """Limits in fractions of nominal frequency; widths are from edge to edge of the band.

    References
    ----------
    ISO 8528-5:2018 class G2 as quoted in public tenders; G1 and G3 from presets of a public genset test tool
    (secondary). Written for reciprocating sets: for turbines a yardstick, not an obligation.
    """

    name: str
    dip: float
    rise: float
    recovery_s: float
    steady_width: float
    entry_width: float
    _series: ClassVar[str] = "frequency_hz"

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return dip, rise, recovery and steady band against the class."""
        if not series.islanded:
            return [], [self._note("the grid holds the frequency here: the class does not apply")]
        if series.resolution_s > 0.25:
            return [], [self._blind(series)]
        f, f0 = series.frequency_hz, series.nominal_hz
        low, high = f0 * (1 - self.dip), f0 * (1 + self.rise)
        lines = [
            Line(series=self._series, level=low, text=f"{self.name} dip", broken=bool(f.min() < low)),
            Line(series=self._series, level=high, text=f"{self.name} rise", broken=bool(f.max() > high)),
        ]
        out = []
        if f.min() < low:
            out.append(self._broken("frequency dips too deep", f"{low:.2f} Hz", f"{f.min():.2f} Hz"))
        if f.max() > high:
            out.append(self._broken("frequency rises too high", f"{high:.2f} Hz", f"{f.max():.2f} Hz"))
        worst = longest_excursion(f - f0, series.dt_s, self.steady_width * f0 / 2, self.entry_width * f0 / 2)
        if worst > self.recovery_s:
            out.append(self._broken("frequency recovers too slowly", f"{self.recovery_s:g} s", f"{worst:.1f} s"))
        band = steady_band(f, series.dt_s)
        if band > self.steady_width * f0:
            out.append(self._broken("frequency never rests while training", f"{self.steady_width * f0:.2f} Hz wide", f"{band:.2f} Hz"))
        return lines, out

    def _broken(self, what: str, limit: str, found: str) -> Finding:
        return Finding(
            severity=Severity.error, chapter="power", where=self.name, what=what, limit=limit, found=found,
            remedy="more battery power or a faster controller, more inertia (units on), or a smoother job",
        )

    def _note(self, what: str) -> Finding:
        return Finding(severity=Severity.note, chapter="power", where=self.name, what=what)

    def _blind(self, series: Series) -> Finding:
        return Finding(
            severity=Severity.warning, chapter="power", where=self.name, what="cannot be judged on this trace",
            limit="0.25 s", found=f"{series.resolution_s:g} s between changes", remedy="use a faster recording",
        )


def longest_excursion(deviation: NDArray[np.float64], dt_s: float, leave: float, enter: float) -> float:
    """Return the longest time [s] from leaving the steady band to the last re-entry into the entry band."""
    outside = np.abs(deviation) > enter
    if not outside.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], outside, [False]]).astype(np.int8)))
    starts, ends = edges[0::2], edges[1::2]
    inside = np.flatnonzero(np.abs(deviation) <= leave)
    before = np.searchsorted(inside, starts) - 1
    left = np.where(before >= 0, inside[np.maximum(before, 0)] if len(inside) else 0, 0)
    # swings that never rest in the steady band between two excursions are one excursion
    longest, begin = 0.0, left[0]
    for i in range(len(starts)):
        if i and left[i] >= ends[i - 1]:
            begin = left[i]
        longest = max(longest, (ends[i] - begin) * dt_s)
    return float(longest)


def steady_band(frequency_hz: NDArray[np.float64], dt_s: float) -> float:
    """Return the median over 10-s windows of the frequency's peak-to-peak [Hz]."""
    n = max(1, round(STEADY_WINDOW_S / dt_s))
    whole = len(frequency_hz) // n
    if whole == 0:
        return float(np.ptp(frequency_hz))
    windows = frequency_hz[: whole * n].reshape(whole, n)
    return float(np.median(np.ptp(windows, axis=1)))


def _register(name: str, **values: float) -> None:
    @limits.part(name)
    class _Class(Iso8528):
        __slots__ = ()

        @classmethod
        def of(cls, _settings: Settings) -> Iso8528:
            return Iso8528(name=name, **values)


_register("iso8528-g1", dip=0.15, rise=0.18, recovery_s=10.0, steady_width=0.025, entry_width=0.035)
_register("iso8528-g2", dip=0.10, rise=0.12, recovery_s=5.0, steady_width=0.015, entry_width=0.020)
_register("iso8528-g3", dip=0.07, rise=0.10, recovery_s=3.0, steady_width=0.005, entry_width=0.020)
