"""Flicker: Pst and Plt of the voltage, which the utility allocates to a site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.settings import setting
from gigasite.power.flicker import BLOCK_S, LAMPS, PLT_BLOCKS, blocks, intake_voltage, long_term, short_term
from gigasite.power.limit import Verdict, broken, limits, unjudged, unseen
from gigasite.power.spells import note, shown_s, sound, too_coarse, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.flicker import Lamp
    from gigasite.power.limit import Series

NEEDED_S = 0.05
"""Two changes in a period of the eye's most sensitive frequency (8.8 Hz), rounded down."""
HALFWAY_HZ = 55.0
"""Nominal frequencies below are taken as 50 Hz."""
REMEDY = "a faster battery controller, a larger short-circuit power at the intake, or another iteration period"


@limits.part("flicker")
@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """Largest short-term and long-term flicker severity.

    Parameters
    ----------
    pst, plt
        Limits. The utility allocates them per project: the defaults are indicative planning levels for medium voltage.
    lamp
        "120 V", "230 V", or "auto": 120 V at 60 Hz, 230 V at 50 Hz.

    Notes
    -----
    Of the voltage of the campus bus where the run has one. Else of the voltage behind the short-circuit power at the
    intake (`flicker.intake_voltage`): to first order dV/V = dP (R + X tan phi) / V^2, with the load's power factor.
    A trace shorter than 10 min is taken as a whole, and Plt as the cube-root mean of the Pst there are; it is
    judged from two hours on.

    References
    ----------
    IEC 61000-4-15 ed. 2; levels in the form of IEC/TR 61000-3-7 and IEEE 1453 (0.9 / 0.7, estimate). The 1.0 / 0.65 of
    IEC 61000-3-3 are for equipment at low voltage.
    """

    pst: float = setting(0.9, 0.01, 100.0)
    plt: float = setting(0.7, 0.01, 100.0)
    lamp: str = setting("auto")
    kind: ClassVar[str] = "flicker"

    def __post_init__(self) -> None:
        """Refuse an unknown lamp."""
        if self.lamp not in ("auto", *LAMPS):
            raise QuantityError(f"lamp must be auto, {' or '.join(LAMPS)}, found '{self.lamp[:40]}'")

    def judge(self, series: Series, /) -> Verdict:
        """Return Pst of every 10 min and Plt."""
        voltage = _voltage(series)
        if voltage is None:
            why = "an island has no short-circuit power, and the aggregate level no voltage"
            return Verdict(findings=(unjudged(self.kind, "flicker", why, "run the network level"),))
        values = short_term(voltage, series.dt_s, self._lamp(series), averaged=series.voltage_pu is None)
        worst, long = float(values.max()), long_term(values)
        whole = len(voltage) * series.dt_s >= BLOCK_S * PLT_BLOCKS * (1.0 - 1e-9)
        lines = [Line(series="flicker_pst", level=self.pst, text="Pst", broken=worst > self.pst)]
        if whole:
            lines.append(Line(series="flicker_plt", level=self.plt, text="Plt", broken=long > self.plt))
        found = self._broken(series, values, long, whole=whole)
        if not found and too_coarse(series, NEEDED_S):
            found.append(unseen(self.kind, "flicker", NEEDED_S, shown_s(series)))
        if not whole:
            found.append(_short(series, values))
        return Verdict(lines=tuple(lines), findings=tuple(found), figures={"flicker_pst": worst, "flicker_plt": long})

    def _lamp(self, series: Series) -> Lamp:
        if self.lamp != "auto":
            return LAMPS[self.lamp]
        return LAMPS["230 V" if series.nominal_hz < HALFWAY_HZ else "120 V"]

    def _broken(self, series: Series, values: NDArray[np.float64], long: float, *, whole: bool) -> list[Finding]:
        out = []
        if (values > self.pst).any():
            first = blocks(len(series.source_w), max(2, round(BLOCK_S / series.dt_s)))[
                int(np.argmax(values > self.pst))
            ]
            text = f"Pst {values.max():.2f}, {when(series, first)}"
            out.append(broken(self.kind, "short-term flicker is too strong", f"Pst {self.pst:g}", text, REMEDY))
        if whole and long > self.plt:
            what = "long-term flicker is too strong"
            out.append(broken(self.kind, what, f"Plt {self.plt:g}", f"Plt {long:.2f}", REMEDY))
        return out


def _voltage(series: Series) -> NDArray[np.float64] | None:
    if series.voltage_pu is not None:
        return sound(series.voltage_pu)
    if series.plant.grid is None:
        return None
    return intake_voltage(sound(series.source_w), series.plant.grid, series.plant.consumer.power_factor)


def _short(series: Series, values: NDArray[np.float64]) -> Finding:
    length_s = len(series.source_w) * series.dt_s
    if length_s < BLOCK_S:
        what = f"a trace of {length_s:.6g} s is shorter than 10 min: Pst is of all of it, as if it went on"
    else:
        what = f"Plt is the mean of {len(values)} of {PLT_BLOCKS} Pst"
    return note("flicker", f"{what}; Plt is not judged")
