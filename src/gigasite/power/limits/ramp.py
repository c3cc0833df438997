"""Ramp: how fast grid and gensets may have to move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.power.limit import limits, ramps, unseen
from gigasite.power.types import Line

if TYPE_CHECKING:
    from gigasite.campus.schema import Limit as Settings
    from gigasite.power.limit import Series


@limits.part("ramp")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Largest rise and fall of source power over a window.

    Parameters
    ----------
    up_w_per_s, down_w_per_s
        Limits [W/s], positive; None is not judged.
    window_s
        Time over which a ramp is measured [s]; a meter must resolve it.
    """

    up_w_per_s: float | None
    down_w_per_s: float | None
    window_s: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> Ramp:
        """Make it from the campus file."""
        return cls(
            up_w_per_s=settings.up_w_per_s,
            down_w_per_s=settings.down_w_per_s,
            window_s=settings.window_s,
        )

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return lines and findings."""
        change = ramps(series.source_w, series.dt_s, self.window_s)
        lines: list[Line] = []
        found: list[Finding] = []
        for name, sign, limit, value in (
            ("up", 1.0, self.up_w_per_s, float(change.max())),
            ("down", -1.0, self.down_w_per_s, float(-change.min())),
        ):
            if limit is None:
                continue
            broken = value > limit * (1 + 1e-6)
            level = sign * limit
            lines.append(Line(series="ramp_w_per_s", level=level, text=f"ramp {name}", broken=broken))
            if broken:
                found.append(self._broken(series, name, limit, value))
        if lines and not found and series.resolution_s >= self.window_s:
            found.append(unseen(_where(series), "the ramp", self.window_s, series.resolution_s))
        return lines, found

    def _broken(self, series: Series, name: str, limit: float, value: float) -> Finding:
        more = (value - limit) * self.window_s
        return Finding(
            severity=Severity.error,
            chapter="power",
            where=_where(series),
            what=f"power ramps {name} too fast",
            limit=f"{show(limit, 'MW/min')} over {self.window_s:g} s",
            found=show(value, "MW/min"),
            remedy=f"take {show(more, 'MW')} of the change within {self.window_s:g} s off the "
            "source: a lower ramp of the controller, a shorter latency or more battery power",
        )


def _where(series: Series) -> str:
    return "gensets" if series.islanded else "intake"
