"""ISO 8528-5: frequency of generating sets under load steps, by performance class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite.power.limit import limits, unseen
from gigasite.power.types import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gigasite.campus.schema import Limit as Settings
    from gigasite.power.limit import Series

STEADY_WINDOW_S = 10.0
RESOLUTION_S = 0.25  # a dip lasts about a second: fewer than four samples of it say little
SERIES = "frequency_hz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Iso8528:
    """Limits in fractions of nominal frequency; widths are from edge to edge of the band.

    Parameters
    ----------
    name
        The class.
    dip, rise
        Largest transient deviation down (load increase) and up (rejection).
    recovery_s
        Longest time from leaving the steady band to re-entry into the entry band [s].
    steady_width, entry_width
        Bands beta_f and alpha_f.

    References
    ----------
    ISO 8528-5:2018. Class G2 as quoted in a public tender; G1 and G3 from presets of a public
    genset test tool (secondary). US UFGS 16237N reads the steady band as plus-minus, twice as
    wide; the stricter width is used. Written for reciprocating sets: for turbines a yardstick,
    not an obligation. The 2025 edition was not read.
    """

    name: str
    dip: float
    rise: float
    recovery_s: float
    steady_width: float
    entry_width: float

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return dip, rise, recovery and steady band against the class."""
        if not series.islanded:
            return [], [self._note("the grid holds the frequency here: the class does not apply")]
        f, f0 = series.frequency_hz, series.nominal_hz
        low, high = f0 * (1 - self.dip), f0 * (1 + self.rise)
        lines, out = [], []
        for name, level, value, sign in (
            ("dip", low, float(f.min()), -1.0),
            ("rise", high, float(f.max()), 1.0),
        ):
            broken = sign * (value - level) > 0.0
            text = f"{self.name} {name}"
            lines.append(Line(series=SERIES, level=level, text=text, broken=broken))
            if broken:
                what = f"frequency {name}s too far"
                out.append(self._broken(what, f"{level:.2f} Hz", f"{value:.2f} Hz"))
        lines += self._steady(series, out)
        if not out and series.resolution_s > RESOLUTION_S:
            out.append(unseen(self.name, "the class", RESOLUTION_S, series.resolution_s))
        return lines, out

    def _steady(self, series: Series, out: list[Finding]) -> list[Line]:
        """Judge recovery and steady band; add to `out` and return the band's lines."""
        f, f0 = series.frequency_hz, series.nominal_hz
        steady, entry = self.steady_width * f0 / 2, self.entry_width * f0 / 2
        worst = longest_excursion(f - f0, series.dt_s, steady, entry)
        if worst > self.recovery_s:
            limit = f"{self.recovery_s:g} s"
            out.append(self._broken("frequency recovers too slowly", limit, f"{worst:.1f} s"))
        width = steady_width(f, series.dt_s)
        broken = width > 2 * steady
        if broken:
            limit = f"{2 * steady:.2f} Hz wide"
            out.append(self._broken("frequency never rests", limit, f"{width:.2f} Hz"))
        return [
            Line(series=SERIES, level=f0 + x, text=f"{self.name} steady band", broken=broken) for x in (-steady, steady)
        ]

    def _broken(self, what: str, limit: str, found: str) -> Finding:
        return Finding(
            severity=Severity.error,
            chapter="power",
            where=self.name,
            what=what,
            limit=limit,
            found=found,
            remedy="more battery power, a faster controller, more units on, or a smoother job",
        )

    def _note(self, what: str) -> Finding:
        return Finding(severity=Severity.note, chapter="power", where=self.name, what=what)


def longest_excursion(deviation: NDArray[np.float64], dt_s: float, leave: float, enter: float) -> float:
    """Return the longest time from leaving the steady band to the last entry [s].

    The clock starts when the deviation leaves +-`leave` on its way out of +-`enter` and stops on
    re-entry into +-`enter`. Swings that do not come to rest within +-`leave` in between are one.

    >>> longest_excursion(np.array([0.0, 0.6, 2.0, 2.0, 0.9, 0.0]), 1.0, 0.5, 1.0)
    3.0
    """
    outside = np.abs(deviation) > max(enter, leave)
    if not outside.any():
        return 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], outside, [False]]).astype(np.int8)))
    starts, ends = edges[0::2], edges[1::2]
    inside = np.flatnonzero(np.abs(deviation) <= leave)
    before = np.searchsorted(inside, starts) - 1
    # first sample beyond the steady band, for every excursion: one after the last inside it
    left = np.where(before >= 0, inside[np.maximum(before, 0)] + 1 if len(inside) else 0, 0)
    fresh = np.concatenate([[True], left[1:] > ends[:-1]])
    begin = np.maximum.accumulate(np.where(fresh, left, 0))
    return float((ends - begin).max() * dt_s)


def steady_width(frequency_hz: NDArray[np.float64], dt_s: float) -> float:
    """Return the median over 10-s windows of the frequency's peak-to-peak [Hz].

    The class asks for the envelope at constant power. A training load never is: what is taken is
    the typical window, so that starts, stops and faults (which have their own limits) do not
    count, and a swing of the job itself does.
    """
    n = max(1, round(STEADY_WINDOW_S / dt_s))
    whole = len(frequency_hz) // n
    if whole == 0:
        return float(np.ptp(frequency_hz))
    windows = frequency_hz[: whole * n].reshape(whole, n)
    return float(np.median(np.ptp(windows, axis=1)))


CLASSES: Mapping[str, Mapping[str, float]] = {
    "iso8528-g1": {
        "dip": 0.15,
        "rise": 0.18,
        "recovery_s": 10.0,
        "steady_width": 0.025,
        "entry_width": 0.035,
    },
    "iso8528-g2": {
        "dip": 0.10,
        "rise": 0.12,
        "recovery_s": 5.0,
        "steady_width": 0.015,
        "entry_width": 0.020,
    },
    "iso8528-g3": {
        "dip": 0.07,
        "rise": 0.10,
        "recovery_s": 3.0,
        "steady_width": 0.005,
        "entry_width": 0.020,
    },
}


def _register(name: str, values: Mapping[str, float]) -> None:
    @limits.part(name)
    class _Class(Iso8528):
        __slots__ = ()

        @classmethod
        def of(cls, _settings: Settings) -> Iso8528:
            return Iso8528(name=name, **values)


for _name, _values in CLASSES.items():
    _register(_name, _values)
