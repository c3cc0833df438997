"""ISO 8528-5: frequency and voltage of generating sets under load steps, by performance class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.settings import setting
from gigasite.power.limit import Verdict, broken, limits, unjudged, unseen
from gigasite.power.spells import PLATEAU_S, beyond, held, note, runs, shown_s, sound, too_coarse, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

STEADY_WINDOW_S = 10.0
"""Window of the steady band; estimate: several iterations of a job."""
REMEDY = "more battery power, a faster controller, more units on, or a smoother job"
VOLTAGE_REMEDY = "faster exciters, more units on, a larger transformer, or grid-forming batteries"
NO_VOLTAGE = "the aggregate level has no voltage; frequency is judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quantity:
    """What is judged alike for frequency and voltage, in its own unit."""

    series: str
    name: str
    unit: str
    values: NDArray[np.float64]
    rest: float
    dip: float
    rise: float
    recovery_s: float
    steady: float
    """Half the steady band."""
    entry: float
    """Half the band into which it has to come back."""
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Iso8528:
    """Limits of a class; fractions of nominal frequency and voltage.

    Parameters
    ----------
    dip_frac, rise_frac
        Largest transient deviation of frequency down (load increase) and up (rejection).
    recovery_s
        Longest time from leaving the steady band to re-entry into the entry band [s].
    steady_width_frac, entry_width_frac
        Bands beta_f and alpha_f of frequency, from edge to edge.
    voltage_dip_frac, voltage_rise_frac, voltage_recovery_s
        The same for voltage, around its value at the start.
    voltage_steady_frac
        Half of the steady band of voltage (it is given as plus-minus), into which it also has to come back.

    Notes
    -----
    The steady bands are meant at constant power, which training never has: taken is the median over 10-s windows of
    the peak-to-peak, so that starts, stops and faults (which have limits of their own) do not count and a swing of the
    job does.

    References
    ----------
    ISO 8528-5:2018. Class G2 as quoted in a public tender (seen); G1 and G3 from presets of a public genset test tool
    (secondary); steady and entry bands from US UFGS 16237N, which reads them as plus-minus, twice as wide: the stricter
    width is used. Recollections differ on G1: recovery 5 or 10 s (10 is the default), voltage rise 30 or 35 % (30).
    Written for reciprocating sets: for turbines a yardstick, not an obligation. The 2025 edition was not read.
    """

    dip_frac: float = setting(0.10, 0.001, 0.9)
    rise_frac: float = setting(0.12, 0.001, 0.9)
    recovery_s: float = setting(5.0, 0.01, 600.0)
    steady_width_frac: float = setting(0.015, 1e-5, 0.5)
    entry_width_frac: float = setting(0.020, 1e-5, 0.5)
    voltage_dip_frac: float = setting(0.20, 0.001, 0.99)
    voltage_rise_frac: float = setting(0.25, 0.001, 0.99)
    voltage_recovery_s: float = setting(6.0, 0.01, 600.0)
    voltage_steady_frac: float = setting(0.025, 1e-5, 0.5)
    kind: ClassVar[str] = "iso8528"

    def __post_init__(self) -> None:
        """Refuse an entry band inside the steady band: the clock would never stop."""
        if self.entry_width_frac < self.steady_width_frac:
            raise QuantityError("entry_width must not be below steady_width")

    @property
    def steady_width(self) -> float:
        """Return the steady band of frequency, edge to edge, as a fraction of nominal."""
        return self.steady_width_frac

    def judge(self, series: Series, /) -> Verdict:
        """Return dip, rise, recovery and steady band of frequency and voltage against the class."""
        if held(series):
            return Verdict(findings=(note(self.kind, "the grid holds the frequency here: the class does not apply"),))
        lines: list[Line] = []
        found: list[Finding] = []
        for one in (self._frequency(series), self._voltage(series)):
            if one is not None:
                lines += self._deviations(series, one, found) + self._rest(series, one, found)
        if not found and too_coarse(series, PLATEAU_S):
            found.append(unseen(self.kind, "the class", PLATEAU_S, shown_s(series)))
        if series.voltage_pu is None:
            found.append(unjudged(self.kind, "voltage", NO_VOLTAGE, "run the network level"))
        return Verdict(lines=tuple(lines), findings=tuple(found))

    def _frequency(self, series: Series) -> _Quantity:
        f0 = series.nominal_hz
        return _Quantity(
            series="frequency_hz",
            name="frequency",
            unit="Hz",
            values=sound(series.frequency_hz),
            rest=f0,
            dip=f0 * self.dip_frac,
            rise=f0 * self.rise_frac,
            recovery_s=self.recovery_s,
            steady=f0 * self.steady_width_frac / 2.0,
            entry=f0 * self.entry_width_frac / 2.0,
            remedy=REMEDY,
        )

    def _voltage(self, series: Series) -> _Quantity | None:
        if series.voltage_pu is None:
            return None
        values = sound(series.voltage_pu)
        # the set point: a study starts at rest
        rest = float(values[0]) if 0.5 < values[0] < 1.5 else 1.0  # else it is no resting voltage
        return _Quantity(
            series="voltage_pu",
            name="voltage",
            unit="pu",
            values=values,
            rest=rest,
            dip=self.voltage_dip_frac,
            rise=self.voltage_rise_frac,
            recovery_s=self.voltage_recovery_s,
            steady=self.voltage_steady_frac,
            entry=self.voltage_steady_frac,
            remedy=VOLTAGE_REMEDY,
        )

    def _deviations(self, series: Series, one: _Quantity, out: list[Finding]) -> list[Line]:
        """Judge dip and rise; add to `out` and return their lines."""
        lines = []
        for name, level, worst, above in (
            ("dip", one.rest - one.dip, float(one.values.min()), False),
            ("rise", one.rest + one.rise, float(one.values.max()), True),
        ):
            bad = worst > level if above else worst < level
            lines.append(Line(series=one.series, level=level, text=f"{self.kind} {name}", broken=bad))
            if bad:
                first = int(np.argmax(beyond(one.values, level, above=above)))
                text = f"{worst:.2f} {one.unit}, {when(series, first)}"
                out.append(self._broken(one, f"{name}s too far", f"{level:.2f} {one.unit}", text))
        return lines

    def _rest(self, series: Series, one: _Quantity, out: list[Finding]) -> list[Line]:
        """Judge recovery and steady band; add to `out` and return the band's lines."""
        longest_s, first = longest_excursion(one.values - one.rest, series.dt_s, one.steady, one.entry)
        slow = longest_s > one.recovery_s
        if slow:
            text = f"{longest_s:.1f} s, {when(series, first)}"
            out.append(self._broken(one, "recovers too slowly", f"{one.recovery_s:g} s", text))
        width, first = steady_width(one.values, series.dt_s, 2.0 * one.steady)
        wide = width > 2.0 * one.steady
        if wide:
            text = f"{width:.3g} {one.unit}, {when(series, first)}"
            out.append(self._broken(one, "never rests", f"{2.0 * one.steady:.3g} {one.unit} wide", text))
        text = f"{self.kind} steady band"
        return [
            Line(series=one.series, level=one.rest + x, text=text, broken=slow or wide)
            for x in (-one.steady, one.steady)
        ]

    def _broken(self, one: _Quantity, what: str, limit: str, found: str) -> Finding:
        return broken(self.kind, f"{one.name} {what}", limit, found, one.remedy)


def longest_excursion(deviation: NDArray[np.float64], dt_s: float, leave: float, enter: float) -> tuple[float, int]:
    """Return the longest time from leaving the steady band to the last entry [s], and its first sample.

    The clock starts when the deviation leaves +-`leave` on its way out of +-`enter` and stops on
    re-entry into +-`enter`. Swings that do not come to rest within +-`leave` in between are one.

    >>> longest_excursion(np.array([0.0, 0.6, 2.0, 2.0, 0.9, 0.0]), 1.0, 0.5, 1.0)
    (3.0, 1)
    """
    size = np.abs(deviation)
    starts, ends = runs(size > max(enter, leave))
    if not len(starts):
        return 0.0, 0
    inside = np.flatnonzero(size <= leave)
    before = np.searchsorted(inside, starts) - 1
    # first sample beyond the steady band, for every excursion: one after the last inside it
    left = np.where(before >= 0, inside[np.maximum(before, 0)] + 1 if len(inside) else 0, 0)
    fresh = np.concatenate([[True], left[1:] > ends[:-1]])
    begin = np.maximum.accumulate(np.where(fresh, left, 0))
    k = int(np.argmax(ends - begin))
    return float((ends[k] - begin[k]) * dt_s), int(begin[k])


def steady_width(values: NDArray[np.float64], dt_s: float, most: float = np.inf) -> tuple[float, int]:
    """Return the median over 10-s windows of the peak-to-peak, and the first sample of the first window above `most`.

    >>> steady_width(np.array([0.0, 1.0, 0.0, 3.0]), 10.0)
    (0.0, 0)
    """
    n = max(1, round(STEADY_WINDOW_S / dt_s))
    whole = len(values) // n
    if whole == 0:
        return float(np.ptp(values)), 0
    widths = np.ptp(values[: whole * n].reshape(whole, n), axis=1)
    return float(np.median(widths)), int(np.argmax(widths > most)) * n


@limits.part("iso8528-g1")
@dataclass(frozen=True, slots=True, kw_only=True)
class G1(Iso8528):
    """Class G1: lamps and simple loads."""

    dip_frac: float = setting(0.15, 0.001, 0.9)
    rise_frac: float = setting(0.18, 0.001, 0.9)
    recovery_s: float = setting(10.0, 0.01, 600.0)
    steady_width_frac: float = setting(0.025, 1e-5, 0.5)
    entry_width_frac: float = setting(0.035, 1e-5, 0.5)
    voltage_dip_frac: float = setting(0.25, 0.001, 0.99)
    voltage_rise_frac: float = setting(0.30, 0.001, 0.99)
    voltage_recovery_s: float = setting(10.0, 0.01, 600.0)
    voltage_steady_frac: float = setting(0.05, 1e-5, 0.5)
    kind: ClassVar[str] = "iso8528-g1"


@limits.part("iso8528-g2")
@dataclass(frozen=True, slots=True, kw_only=True)
class G2(Iso8528):
    """Class G2: like a public supply; the defaults of `Iso8528`."""

    kind: ClassVar[str] = "iso8528-g2"


@limits.part("iso8528-g3")
@dataclass(frozen=True, slots=True, kw_only=True)
class G3(Iso8528):
    """Class G3: telecommunication, electronic loads."""

    dip_frac: float = setting(0.07, 0.001, 0.9)
    rise_frac: float = setting(0.10, 0.001, 0.9)
    recovery_s: float = setting(3.0, 0.01, 600.0)
    steady_width_frac: float = setting(0.005, 1e-5, 0.5)
    entry_width_frac: float = setting(0.020, 1e-5, 0.5)
    voltage_dip_frac: float = setting(0.15, 0.001, 0.99)
    voltage_rise_frac: float = setting(0.20, 0.001, 0.99)
    voltage_recovery_s: float = setting(4.0, 0.01, 600.0)
    voltage_steady_frac: float = setting(0.01, 1e-5, 0.5)
    kind: ClassVar[str] = "iso8528-g3"
