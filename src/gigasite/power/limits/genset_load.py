"""Genset load: lowest lasting load and largest step that the sets accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from gigasite._core.quantity import show
from gigasite._core.settings import setting
from gigasite.power.limit import Verdict, broken, limits, unseen
from gigasite.power.spells import means, note, rises, shown_s, sound, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

ROUNDING = 1e-9


@limits.part("genset-load")
@dataclass(frozen=True, slots=True, kw_only=True)
class GensetLoad:
    """Lowest mean load of all gensets together, and the largest rise of their electrical power at once.

    Parameters
    ----------
    min_load_frac
        Lowest mean load, of rating; None: each set's own.
    mean_s
        Time of that mean [s]: deposits and emissions are a matter of minutes; estimate.
    step_frac
        Largest step, of rating; None: each set's own.
    step_within_s
        A rise within this time is a step [s]; estimate.

    References
    ----------
    Minimum loads and steps are the sets' own (catalogue; makers' data). A G2 tender asks for 0-50-80-100 % of rating;
    lean-burn gas engines take 10-30 % first steps (public design notes, unverified).
    """

    min_load_frac: float | None = setting(None, 0.0, 1.0)
    mean_s: float = setting(60.0, 0.01, 86400.0)
    step_frac: float | None = setting(None, 0.001, 1.0)
    step_within_s: float = setting(1.0, 0.001, 60.0)
    kind: ClassVar[str] = "genset-load"

    def judge(self, series: Series, /) -> Verdict:
        """Return minimum load and step of the gensets."""
        machines = series.plant.machines
        if not machines:
            return Verdict(findings=(note(self.kind, "there are no gensets: the limit does not apply"),))
        floor_w, most_w = 0.0, 0.0
        for m in machines:
            floor_w += m.count * m.rating_w * (m.min_load_frac if self.min_load_frac is None else self.min_load_frac)
            most_w += m.count * m.rating_w * (m.step_frac if self.step_frac is None else self.step_frac)
        low, found, lowest_w = self._floor(series, floor_w)
        step, more, step_w = self._step(series, most_w)
        figures = {"genset_mean_low_w": lowest_w, "genset_step_w": step_w}
        return Verdict(lines=(low, step), findings=(*found, *more), figures=figures)

    def _floor(self, series: Series, floor_w: float) -> tuple[Line, list[Finding], float]:
        mean_w = means(sound(series.mechanical_w), round(self.mean_s / series.dt_s))
        lowest_w = float(mean_w.min())
        bad = lowest_w < floor_w * (1.0 - ROUNDING)
        line = Line(series="mechanical_w", level=floor_w, text="minimum load of the gensets", broken=bad)
        if bad:
            first = int(np.argmax(mean_w < floor_w * (1.0 - ROUNDING)))
            lack = show(floor_w - lowest_w, "MW")
            cure = f"stop units while the job idles, or give them {lack} of load bank or charging battery"
            limit = f"{show(floor_w, 'MW')} over {self.mean_s:g} s"
            text = f"{show(lowest_w, 'MW')}, {when(series, first)}"
            return line, [broken("gensets", "run below their minimum load", limit, text, cure)], lowest_w
        if floor_w > 0.0 and shown_s(series) > self.mean_s:
            return line, [unseen("gensets", "minimum load", self.mean_s, shown_s(series))], lowest_w
        return line, [], lowest_w

    def _step(self, series: Series, most_w: float) -> tuple[Line, list[Finding], float]:
        steps_w = rises(sound(series.source_w) - sound(series.grid_w), round(self.step_within_s / series.dt_s))
        worst_w = float(steps_w.max())
        bad = worst_w > most_w * (1.0 + ROUNDING)
        line = Line(series="genset_step_w", level=most_w, text="step that the gensets accept", broken=bad)
        if bad:
            first = int(np.argmax(steps_w > most_w * (1.0 + ROUNDING)))
            more = show(worst_w - most_w, "MW")
            cure = f"{more} more battery power that acts within {self.step_within_s:g} s, or more units on"
            limit = f"{show(most_w, 'MW')} within {self.step_within_s:g} s"
            text = f"{show(worst_w, 'MW')}, {when(series, first)}"
            return line, [broken("gensets", "see a step that they do not accept", limit, text, cure)], worst_w
        if shown_s(series) >= self.step_within_s:
            return line, [unseen("gensets", "load steps", self.step_within_s, shown_s(series))], worst_w
        return line, [], worst_w
