"""IEEE 2800-2022: windows of frequency and its rate of change that transmission-connected inverters ride through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from gigasite._core.settings import of_kind, setting
from gigasite.power.limit import Verdict, limits
from gigasite.power.limits.rocof import steepest
from gigasite.power.ride_through import RideThrough, Stage, hertz
from gigasite.power.spells import held

if TYPE_CHECKING:
    from gigasite.power.limit import Series

FREQUENCY_WINDOWS = (
    Stage(61.8, 0.0, above=True),
    Stage(61.2, 299.0, above=True),
    Stage(58.8, 299.0),
    Stage(57.0, 0.0),
)


@limits.part("ride-through-ieee2800")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ieee2800(RideThrough):
    """Windows of IEEE 2800; voltage windows are empty until a source for them is read.

    Parameters
    ----------
    rocof_hz_per_s
        Largest rate of change of frequency [Hz/s].
    rocof_window_s
        Time over which it is measured [s]; estimate.

    References
    ----------
    IEEE 2800-2022 as recalled (estimate: no readable source was found): continuous 58.8 to 61.2 Hz, 57.0 to 61.8 Hz for
    299 s, 5 Hz/s. Check it against NERC PRC-029-1 before it fails a design.
    """

    frequency_windows: tuple[Stage, ...] = of_kind(FREQUENCY_WINDOWS, hertz)
    rocof_hz_per_s: float = setting(5.0, 0.001, 1000.0)
    rocof_window_s: float = setting(0.1, 0.001, 10.0)
    kind: ClassVar[str] = "ride-through-ieee2800"

    def judge(self, series: Series, /) -> Verdict:
        """Return the windows' verdict with the rate of change."""
        # slots make a new class: the short form of super() would look at the old one
        verdict = RideThrough.judge(self, series)
        if held(series):
            return verdict
        line, found, worst = steepest(series, self.kind, self.rocof_hz_per_s, self.rocof_window_s)
        return replace(
            verdict,
            lines=(*verdict.lines, line),
            findings=(*verdict.findings, *found),
            figures={"rocof_judged_hz_per_s": worst},
        )
