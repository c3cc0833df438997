"""Rate of change of frequency: what makes relays trip and machines slip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.settings import setting
from gigasite.power.limit import Verdict, broken, limits, ramps, unseen
from gigasite.power.spells import held, note, shown_s, sound, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

REMEDY = "more inertia (units on, a virtual machine in the inverters), or battery power within the window"


@limits.part("rocof")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rocof:
    """Largest rate of change of frequency over a window.

    Parameters
    ----------
    most_hz_per_s
        Limit up and down [Hz/s].
    window_s
        Time over which it is measured, end to end [s]; 0.5 s hides the first swing of an island.

    References
    ----------
    IEEE 1547-2018 category III: 3 Hz/s over at least 0.1 s (recalled, estimate: check before it fails a design).
    """

    most_hz_per_s: float = setting(3.0, 0.001, 1000.0)
    window_s: float = setting(0.1, 0.001, 10.0)
    kind: ClassVar[str] = "rocof"

    def judge(self, series: Series, /) -> Verdict:
        """Return the steepest window against the limit."""
        if held(series):
            return Verdict(findings=(note(self.kind, "the grid holds the frequency here: there is no rate to judge"),))
        line, found, worst = steepest(series, self.kind, self.most_hz_per_s, self.window_s)
        return Verdict(lines=(line,), findings=found, figures={"rocof_judged_hz_per_s": worst})


def steepest(
    series: Series, where: str, most_hz_per_s: float, window_s: float
) -> tuple[Line, tuple[Finding, ...], float]:
    """Judge a rate of change of frequency; return the line, findings and the largest rate [Hz/s]."""
    rate = np.abs(ramps(sound(series.frequency_hz), series.dt_s, window_s))
    worst = float(rate.max())
    bad = worst > most_hz_per_s
    line = Line(series="rocof_judged_hz_per_s", level=most_hz_per_s, text=f"{where} rate of change", broken=bad)
    if bad:
        # a rate stands at the start of its window; what is told is when it was measured
        first = int(np.argmax(rate > most_hz_per_s)) + max(1, round(window_s / series.dt_s))
        limit = f"{most_hz_per_s:g} Hz/s over {window_s:g} s"
        text = f"{worst:.2f} Hz/s, {when(series, first)}"
        return line, (broken(where, "frequency changes too fast", limit, text, REMEDY),), worst
    if shown_s(series) > window_s * (1.0 + 1e-9):
        return line, (unseen(where, "the rate of change of frequency", window_s, shown_s(series)),), worst
    return line, (), worst
