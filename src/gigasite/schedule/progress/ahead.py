"""What comes next and what stands in its way: look-ahead, constraints to clear, the log of deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.graph import rows
from gigasite.schedule.progress.work import DAY_SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.replan import Replan
    from gigasite.schedule.progress.work import Work

    Ints = NDArray[np.int64]

EARLY_DAYS = 1e-6
PERMIT = "permit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """An activity of the look-ahead; days are forecast, `waits_for` are the ids of what is not yet done before it."""

    row: int
    start_day: float
    finish_day: float
    late_days: float
    """Start against the baseline."""
    waits_for: tuple[int, ...]

    @property
    def due_day(self) -> float:
        """Return its start, or that of the baseline, whichever is earlier."""
        return min(self.start_day, self.start_day - self.late_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Something to clear: a delivery, a permit, a crew, or work outside the window."""

    kind: str
    row: int
    """Its activity; -1 for a crew."""
    name: str
    forecast_day: float
    needed_day: float
    """Baseline start of the first activity that waits for it."""
    holds: int
    """How many activities of the window wait for it."""

    @property
    def late_days(self) -> float:
        """Return by how much it comes after it was needed."""
        return self.forecast_day - self.needed_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A line of the delivery log; days of the project, `arrived_day` None while it is not there."""

    row: int
    name: str
    ordered_day: float
    promised_day: float
    expected_day: float
    arrived_day: float | None
    needed_day: float | None
    """Baseline start of what waits for it."""


def look_ahead(made: Work, a: Actuals, plan: Replan, status_day: float, weeks: float) -> tuple[Ahead, ...]:
    """Return what is in progress, begins within `weeks` or was to begin by then, by start; no waits, no absences."""
    until = status_day + 7.0 * weeks
    real = np.array([t not in {"absence", "wait"} for t in made.trades])
    inside = ~a.done & real & (np.minimum(plan.start_day, made.start / DAY_SLOTS) < until)
    n = len(made.names)
    pptr, pidx = rows(made.links[:, 1], made.links[:, 0], n)
    out = []
    for i in np.flatnonzero(inside)[np.lexsort((np.flatnonzero(inside), plan.start_day[inside]))].tolist():
        before = pidx[pptr[i] : pptr[i + 1]]
        late = float(plan.start_day[i] - made.start[i] / DAY_SLOTS)
        out.append(
            Ahead(
                row=i,
                start_day=float(plan.start_day[i]),
                finish_day=float(plan.finish_day[i]),
                late_days=late if abs(late) > EARLY_DAYS else 0.0,
                waits_for=tuple(before[~a.done[before]].tolist()),
            )
        )
    return tuple(out)


def constraints(made: Work, plan: Replan, window: tuple[Ahead, ...], status_day: float) -> tuple[Constraint, ...]:
    """Return what to clear for a look-ahead, the latest against its need first.

    Deliveries and permits that are not there; work that is behind its baseline although it is under way or could begin
    (what waits for it is late because of it, and no cause itself); crews that are fully booked while work of the window
    waits for them alone.
    """
    held: dict[int, list[int]] = {}
    open_ = {x.row: bool(x.waits_for) or x.start_day > status_day + EARLY_DAYS for x in window}
    for x in window:
        for p in x.waits_for if made.trades[x.row] != "delivery" else ():
            held.setdefault(p, []).append(x.row)
    out = []
    for p, mine in held.items():
        kind = _kind(made, p)
        needed = float(made.start[mine].min() / DAY_SLOTS)
        forecast = float(plan.finish_day[p])
        if kind != "work" or (forecast > needed + EARLY_DAYS and not open_.get(p, True)):
            out.append(
                Constraint(
                    kind=kind,
                    row=p,
                    name=made.names[p],
                    forecast_day=forecast,
                    needed_day=needed,
                    holds=len(mine),
                )
            )
    out += _crews(made, plan, window)
    return tuple(sorted(out, key=lambda c: (-c.late_days, -c.holds, c.name)))


def _kind(made: Work, i: int) -> str:
    if made.trades[i] == "delivery":
        return "delivery"
    return "permit" if PERMIT in made.keys[i] else "work"


def _crews(made: Work, plan: Replan, window: tuple[Ahead, ...]) -> list[Constraint]:
    """Return crews for which work waits although all that it follows is done by then."""
    waiting: dict[int, list[Ahead]] = {}
    for x in window:
        free = max((float(plan.finish_day[p]) for p in x.waits_for), default=0.0)
        if made.crew[x.row] >= 0 and x.late_days > EARLY_DAYS and x.start_day > free + EARLY_DAYS:
            waiting.setdefault(int(made.crew[x.row]), []).append(x)
    out = []
    for crew, mine in waiting.items():
        first = min(mine, key=lambda x: made.start[x.row])
        name = f"crew {made.crew_names[crew]} ({made.capacity[crew]} people)"
        needed = float(made.start[first.row] / DAY_SLOTS)
        out.append(
            Constraint(kind="crew", row=-1, name=name, forecast_day=first.start_day, needed_day=needed, holds=len(mine))
        )
    return out


def deliveries(made: Work, a: Actuals, plan: Replan) -> tuple[Delivery, ...]:
    """Return the log of deliveries: what arrives at the gate, by expected day."""
    n = len(made.names)
    ptr, idx = rows(made.links[:, 0], made.links[:, 1], n)
    pptr, pidx = rows(made.links[:, 1], made.links[:, 0], n)
    out = []
    for i in range(n):
        if made.trades[i] != "delivery" or not made.names[i].startswith("Deliver "):
            continue
        first = i
        while pptr[first + 1] > pptr[first]:  # an order line has one predecessor a step
            first = int(pidx[pptr[first]])
        after = idx[ptr[i] : ptr[i + 1]]
        out.append(
            Delivery(
                row=i,
                name=made.names[i],
                ordered_day=float(plan.start_day[first]),
                promised_day=float(made.finish[i] / DAY_SLOTS),
                expected_day=float(plan.finish_day[i]),
                arrived_day=float(a.finish_day[i]) if a.done[i] else None,
                needed_day=float(made.start[after].min() / DAY_SLOTS) if len(after) else None,
            )
        )
    return tuple(sorted(out, key=lambda d: (d.expected_day, d.name)))
