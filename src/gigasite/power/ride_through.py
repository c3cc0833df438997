"""Ride-through: how long frequency and voltage may lie beyond which level before sources may leave, or must.

A table is a list of stages. A trip stage acts when a value lies beyond its level for its time without a break. A window
is the time for which a source has to stay connected beyond a level, added up: after that it may leave.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import Quantity
from gigasite._core.settings import of_kind, plain, setting
from gigasite.power.limit import Verdict, broken, unjudged, unseen
from gigasite.power.spells import (
    PLATEAU_S,
    beyond,
    held,
    longest_run,
    most_within,
    note,
    runs,
    shown_s,
    sound,
    too_coarse,
    when,
)
from gigasite.power.types import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

BOUNDS = {"Hz": (1.0, 1000.0), "pu": (0.0, 3.0)}
LONGEST_S = 86400.0
NO_VOLTAGE = "the aggregate level has no voltage; frequency is judged"


@dataclass(frozen=True, slots=True)
class Stage:
    """A level and the time beyond it."""

    level: float
    """In Hz or per unit."""
    time_s: float
    above: bool = False

    def __str__(self) -> str:
        """Return it as a file writes it; the level's unit is that of the table."""
        return f"{{{'above' if self.above else 'below'}: {self.level:g}, for: {self.time_s:g} s}}"


def stages_of(raw: Any, unit: str) -> tuple[Stage, ...]:
    """Read stages from a file: a list of `{below: 58.5 Hz, for: 300 s}` or `{above: 1.1, for: 13 s}`.

    Parameters
    ----------
    raw
        The list.
    unit
        "Hz" or "pu" (plain numbers).

    Raises
    ------
    QuantityError
        No such list.
    """
    if not isinstance(raw, list | tuple):
        raise QuantityError(f"needs a list of stages such as {{below: ..., for: 2 s}}, found {raw!r}"[:200])
    out = []
    for each in raw:
        if isinstance(each, Stage):
            out.append(each)
            continue
        if not isinstance(each, dict) or set(each) not in ({"above", "for"}, {"below", "for"}):
            raise QuantityError(f"a stage has 'below' or 'above', and 'for', found {each!r}"[:200])
        above = "above" in each
        level = each["above" if above else "below"]
        value = Quantity("frequency").parse(level) if unit == "Hz" else plain(level)
        low, high = BOUNDS[unit]
        if not low <= value <= high:
            raise QuantityError(f"a level must lie between {low:g} and {high:g} {unit}, found {level!r}"[:200])
        time_s = Quantity("duration").parse(each["for"])
        if time_s > LONGEST_S:
            raise QuantityError(f"a time must not be above a day, found {each['for']!r}"[:200])
        out.append(Stage(value, time_s, above))
    return tuple(out)


def hertz(raw: Any) -> tuple[Stage, ...]:
    """Read stages of frequency."""
    return stages_of(raw, "Hz")


def per_unit(raw: Any) -> tuple[Stage, ...]:
    """Read stages of voltage."""
    return stages_of(raw, "pu")


@dataclass(frozen=True, slots=True, kw_only=True)
class RideThrough:
    """A table of trip stages and windows; the parts differ in their defaults.

    Parameters
    ----------
    frequency_trips, voltage_trips
        Stages that act after their time without a break.
    frequency_windows, voltage_windows
        Levels beyond which a source has to stay for their time, added up over `added_s`; 0 s: it need not stay at all.
    added_s
        Time over which windows are added up [s].
    nominal_hz
        Frequency for which the table is written; on a plant of another one its levels move in proportion.
    """

    frequency_trips: tuple[Stage, ...] = of_kind((), hertz)
    frequency_windows: tuple[Stage, ...] = of_kind((), hertz)
    voltage_trips: tuple[Stage, ...] = of_kind((), per_unit)
    voltage_windows: tuple[Stage, ...] = of_kind((), per_unit)
    added_s: float = setting(600.0, 1.0, 86400.0)
    nominal_hz: float = setting(60.0, 1.0, 1000.0)
    kind: ClassVar[str] = "ride-through"

    def judge(self, series: Series, /) -> Verdict:
        """Return lines of all stages, and for each side the first that is broken."""
        table = _Table(series=series, where=self.kind, added_s=self.added_s)
        free = held(series)
        if free:
            table.findings.append(note(self.kind, "the grid holds the frequency here: it says nothing of the plant"))
        scale = series.nominal_hz / self.nominal_hz
        table.judge("frequency", sound(series.frequency_hz), (self.frequency_trips, self.frequency_windows), scale)
        voltage = self.voltage_trips + self.voltage_windows
        if series.voltage_pu is not None:
            table.judge("voltage", sound(series.voltage_pu), (self.voltage_trips, self.voltage_windows), 1.0)
        elif voltage:
            table.findings.append(unjudged(self.kind, "voltage", NO_VOLTAGE, "run the network level"))
        seen = () if free else self.frequency_trips + self.frequency_windows
        if series.voltage_pu is not None:
            seen += voltage
        # a stage without a time looks at the dip itself
        needed_s = min((s.time_s for s in seen if 0.0 < s.time_s < PLATEAU_S), default=PLATEAU_S)
        if seen and not table.broken and too_coarse(series, needed_s):
            table.findings.append(unseen(self.kind, "ride-through", needed_s, shown_s(series)))
        return Verdict(lines=tuple(table.lines), findings=tuple(table.findings))


@dataclass(slots=True, kw_only=True)
class _Table:
    """Lines and findings as stages are judged one after the other."""

    series: Series
    where: str
    added_s: float
    lines: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    broken: bool = False

    def judge(
        self,
        name: str,
        values: NDArray[np.float64],
        tables: tuple[tuple[Stage, ...], tuple[Stage, ...]],
        scale: float,
    ) -> None:
        """Judge trips, then windows, of one quantity."""
        trips, windows = tables
        for stages, added in ((trips, False), (windows, True)):
            for above in (False, True):
                hits = []
                for stage in (s for s in stages if s.above == above):
                    hit = self._hit(values, stage, stage.level * scale, added=added)
                    text = f"{self.where} {'stay' if added else 'trip'} {stage.time_s:g} s"
                    series = "frequency_hz" if name == "frequency" else "voltage_pu"
                    self.lines.append(Line(series=series, level=stage.level * scale, text=text, broken=hit is not None))
                    if hit is not None:
                        hits.append((hit[0], stage.level * scale, stage.time_s, hit[1]))
                if hits:
                    self._find(name, values, min(hits), above=above, added=added)

    def _hit(self, values: NDArray[np.float64], stage: Stage, level: float, *, added: bool) -> tuple[int, float] | None:
        """Return the sample at which the stage's time is over, and the time beyond its level [s]; None: it never is."""
        extreme = values.max() if stage.above else values.min()
        if extreme <= level if stage.above else extreme >= level:
            return None
        mask = beyond(values, level, above=stage.above)
        need = max(1, int(np.ceil(stage.time_s / self.series.dt_s - 1e-9)))
        if not added:
            starts, ends = runs(mask)
            over = np.flatnonzero(ends - starts >= need)
            if not len(over):
                return None
            return int(starts[over[0]]) + need - 1, longest_run(mask)[0] * self.series.dt_s
        # a window may be used up, but not more: one sample above it breaks it
        count, start = most_within(mask, max(1, round(self.added_s / self.series.dt_s)))
        need = int(np.floor(stage.time_s / self.series.dt_s + 1e-9)) + 1
        if count < need:
            return None
        return start + int(np.flatnonzero(mask[start:])[need - 1]), count * self.series.dt_s

    def _find(
        self, name: str, values: NDArray[np.float64], hit: tuple[int, float, float, float], *, above: bool, added: bool
    ) -> None:
        sample, level, time_s, beyond_s = hit
        self.broken = True
        unit = "Hz" if name == "frequency" else "pu"
        worst = float(values.max() if above else values.min())
        side = "over" if above else "under"
        what = f"{side}-{name} lasts longer than sources have to stay" if added else f"{side}-{name} protection trips"
        limit = f"{level:.4g} {unit} for {time_s:g} s"
        found = f"{worst:.4g} {unit}, {beyond_s:.4g} s beyond, {when(self.series, sample)}"
        if name == "voltage":
            cure = "faster exciters, more units on, a stronger intake, or grid-forming batteries"
        else:
            cure = "more battery power, a faster controller, more units on, or a smoother job"
        self.findings.append(broken(self.where, what, limit, found, cure))
