"""Battery use: power, C-rate, state of charge, throughput and the cycles that a job costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import show
from gigasite._core.settings import setting
from gigasite.power.limit import Verdict, broken, limits, unseen
from gigasite.power.spells import PLATEAU_S, note, shown_s, sound, too_coarse, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.limit import Series
    from gigasite.power.types import BatteryPlant

HOUR_S, DAY_S, YEAR_S = 3600.0, 86400.0, 365.25 * 86400.0
LONGEST_YEARS = 100.0
"""Life is not given beyond this: age alone ends it sooner."""
ROUNDING = 1e-6
SMALL_SOC = 1e-9
"""Movements of the state of charge below are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Check:
    """One value against its limit."""

    series: str
    level: float
    worst: float
    text: str
    limit: str
    found: str
    what: str
    remedy: str
    below: bool = False

    @property
    def bad(self) -> bool:
        """Return whether the limit is broken."""
        slack = ROUNDING * abs(self.level)
        return self.worst < self.level - slack if self.below else self.worst > self.level + slack


@limits.part("battery-use")
@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUse:
    """What the warranty of a battery asks for.

    Parameters
    ----------
    power_frac
        Largest power either way, of rating.
    c_rate
        Largest power over energy [1/h].
    low_frac, high_frac
        Window of the state of charge.
    throughput_per_day_j
        Most energy a day, charge and discharge together [J]; None is not judged.
    life_s
        Life that cycling has to leave, were the trace to go on for ever [s].
    cycle_life
        Cycles that the cells last at `cycle_depth_frac`.
    cycle_depth_frac
        Their depth.
    woehler
        Exponent k: cycles of depth d last cycle_life (cycle_depth / d)^k.

    Notes
    -----
    Cycles are counted by rainflow (ASTM E1049-85) on the state of charge and their wear is added up (Palmgren-Miner).
    `battery_cycles` are equivalent full cycles of the trace (sum of depths), `battery_life_years` is at most 100. Where
    the battery's own throughput of its life is known, it counts too. Age is not in it.

    References
    ----------
    All defaults are estimates for lithium iron phosphate: 1 C, 5 to 95 %, 6,000 cycles at 80 %, exponent 1.3; a
    supplier's warranty replaces them.
    """

    power_frac: float = setting(1.0, 0.0, 10.0)
    c_rate: float = setting(1.0, 0.001, 100.0)
    low_frac: float = setting(0.05, 0.0, 1.0)
    high_frac: float = setting(0.95, 0.0, 1.0)
    throughput_per_day_j: float | None = setting(None, 1.0, 1e18)
    life_s: float = setting(10.0 * YEAR_S, 1.0, LONGEST_YEARS * YEAR_S)
    cycle_life: float = setting(6000.0, 1.0, 1e9)
    cycle_depth_frac: float = setting(0.8, 0.01, 1.0)
    woehler: float = setting(1.3, 0.1, 10.0)
    kind: ClassVar[str] = "battery-use"

    def __post_init__(self) -> None:
        """Refuse an empty window."""
        if self.low_frac >= self.high_frac:
            raise QuantityError(f"low must be below high, found {self.low_frac:g} and {self.high_frac:g}")

    def judge(self, series: Series, /) -> Verdict:
        """Return power, C-rate, window, throughput and life of the battery."""
        battery = series.plant.battery
        if battery is None or battery.rating_w <= 0.0 or battery.energy_j <= 0.0:
            return Verdict(findings=(note(self.kind, "there is no battery: the limit does not apply"),))
        power_w, soc = sound(series.battery_w), sound(series.soc_frac)
        checks = [*self._power(series, battery, power_w), *self._window(series, soc)]
        wear, figures = self._wear(series, battery, power_w, soc)
        checks += wear
        lines = tuple(Line(series=c.series, level=c.level, text=c.text, broken=c.bad) for c in checks)
        found = [broken("battery", c.what, c.limit, c.found, c.remedy) for c in checks if c.bad]
        if not found and too_coarse(series, PLATEAU_S):
            found.append(unseen("battery", "its use", PLATEAU_S, shown_s(series)))
        return Verdict(lines=lines, findings=tuple(found), figures=figures)

    def _power(self, series: Series, battery: BatteryPlant, power_w: NDArray[np.float64]) -> list[_Check]:
        most_w, checks = self.power_frac * battery.rating_w, []
        for sign, text in ((1.0, "discharge"), (-1.0, "charge")):
            worst = float((sign * power_w).max())
            first = int(np.argmax(sign * power_w > most_w * (1.0 + ROUNDING)))
            checks.append(
                _Check(
                    series="battery_w",
                    level=sign * most_w,
                    worst=sign * worst,
                    text=f"largest {text}",
                    limit=show(most_w, "MW"),
                    found=f"{show(worst, 'MW')}, {when(series, first)}",
                    what=f"exceeds its power of {text}",
                    remedy=f"{show(max(worst - most_w, 0.0), 'MW')} more battery power, or a slower controller",
                    below=sign < 0.0,
                )
            )
        return [*checks, self._rate(series, battery, power_w)]

    def _rate(self, series: Series, battery: BatteryPlant, power_w: NDArray[np.float64]) -> _Check:
        rates = np.abs(power_w) * (HOUR_S / battery.energy_j)
        worst = float(rates.max())
        first = int(np.argmax(rates > self.c_rate * (1.0 + ROUNDING)))
        more_j = max(worst / self.c_rate - 1.0, 0.0) * battery.energy_j
        return _Check(
            series="battery_c_rate_per_h",
            level=self.c_rate,
            worst=worst,
            text="largest C-rate",
            limit=f"{self.c_rate:g} C",
            found=f"{worst:.3g} C, {when(series, first)}",
            what="is charged or discharged too fast for its energy",
            remedy=f"{show(more_j, 'MWh')} more energy, or less power",
        )

    def _window(self, series: Series, soc: NDArray[np.float64]) -> list[_Check]:
        low, high = float(soc.min()), float(soc.max())
        cure = "more energy, centring that is faster, or stops that are announced"
        return [
            _Check(
                series="soc_frac",
                level=self.low_frac,
                worst=low,
                text="emptiest",
                limit=f"{self.low_frac:.0%}",
                found=f"{low:.1%}, {when(series, int(np.argmax(soc < self.low_frac)))}",
                what="is emptier than it may be",
                remedy=cure,
                below=True,
            ),
            _Check(
                series="soc_frac",
                level=self.high_frac,
                worst=high,
                text="fullest",
                limit=f"{self.high_frac:.0%}",
                found=f"{high:.1%}, {when(series, int(np.argmax(soc > self.high_frac)))}",
                what="is fuller than it may be",
                remedy=cure,
            ),
        ]

    def _wear(
        self, series: Series, battery: BatteryPlant, power_w: NDArray[np.float64], soc: NDArray[np.float64]
    ) -> tuple[list[_Check], dict[str, float]]:
        length_s = len(soc) * series.dt_s
        per_day_j = float(np.abs(power_w).mean()) * DAY_S
        depth, count = cycles(soc)
        used = float(count @ (depth / self.cycle_depth_frac) ** self.woehler) / self.cycle_life
        if battery.throughput_j:
            used = max(used, per_day_j / DAY_S * length_s / battery.throughput_j)
        years = min(length_s / used / YEAR_S, LONGEST_YEARS) if used > 0.0 else LONGEST_YEARS
        figures = {
            "battery_cycles": float(count @ depth),
            "battery_life_years": years,
            "battery_throughput_per_day_j": per_day_j,
            "battery_c_rate_per_h": float(np.abs(power_w).max()) / battery.energy_j * HOUR_S,
        }
        return self._wear_checks(years, per_day_j), figures

    def _wear_checks(self, years: float, per_day_j: float) -> list[_Check]:
        life = _Check(
            series="battery_life_years",
            level=self.life_s / YEAR_S,
            worst=years,
            text="life that cycling leaves",
            limit=f"{self.life_s / YEAR_S:.3g} years",
            found=f"{years:.2g} years of this",
            what="wears out too soon",
            remedy="more energy (shallower cycles), or a faster ramp of the source",
            below=True,
        )
        if self.throughput_per_day_j is None:
            return [life]
        passed = _Check(
            series="battery_throughput_per_day_j",
            level=self.throughput_per_day_j,
            worst=per_day_j,
            text="most energy a day",
            limit=f"{show(self.throughput_per_day_j, 'MWh')} a day",
            found=f"{show(per_day_j, 'MWh')} a day",
            what="passes more energy than it may",
            remedy="more energy, a power floor in the GPUs, or a faster ramp of the source",
        )
        return [life, passed]


def cycles(soc: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return depths and counts (1 or 0.5) of the cycles of a state of charge, by rainflow.

    >>> depth, count = cycles(np.array([0.5, 0.9, 0.6, 0.8, 0.1]))
    >>> [(round(float(d), 2), float(n)) for d, n in zip(depth, count)]
    [(0.2, 1.0), (0.4, 0.5), (0.8, 0.5)]
    """
    from gigasite.power.rainflow_kernels import rainflow  # noqa: PLC0415  # compiled code is loaded where it is used

    points = turning_points(soc)
    depth, count = np.empty(len(points)), np.empty(len(points))
    found = rainflow(points, depth, count)
    return depth[:found], count[:found]


def turning_points(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values at which a series turns, with its ends.

    >>> turning_points(np.array([0.0, 1.0, 1.0, 2.0, 0.0])).tolist()
    [0.0, 2.0, 0.0]
    """
    moved = np.concatenate([[True], np.abs(np.diff(values)) > SMALL_SOC])
    kept = values[moved]
    if len(kept) < 3:  # nothing between the ends
        return np.ascontiguousarray(kept)
    up = np.diff(kept) > 0.0
    turns = np.concatenate([[True], up[1:] != up[:-1], [True]])
    return np.ascontiguousarray(kept[turns])
