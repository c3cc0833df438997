"""Look-ahead: the ramp limit of a source that knows what the job has announced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from gigasite._core.errors import InfeasibleError, QuantityError
from gigasite._core.settings import setting
from gigasite.power.bound import Levels, SourceLimits, best
from gigasite.power.controller import controllers, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.controller import Seen
    from gigasite.power.types import Job, Phase

PLAN_STEPS = 1500
SHORTEST_S = 0.25
OUTSIDE_S = 2.0
"""Load outside the announced band for this long: the announcement no longer holds."""
BAND_FRAC = 0.05
"""Room around the announced band, of its highest power."""
SPARE_FRAC = 0.02
"""Share of the ramp that the plan leaves to corrections."""
DEFAULT_RAMP = 1e6
UNLIMITED = 1e15


class Held(NamedTuple):
    """What the controller remembers."""

    source_w: float
    """Power that the source is held at."""
    soc_frac: float
    """State of charge at the start."""
    outside_s: float
    """How long the load has been outside the announced band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The planned source over time; arrays of shape (n,), stored energy relative to the start."""

    at_s: NDArray[np.float64]
    """Middle of each step."""
    source_w: NDArray[np.float64]
    edge_s: NDArray[np.float64]
    """(n + 1,) ends of the steps."""
    stored_j: NDArray[np.float64]
    """(n + 1,) at those ends."""
    low_w: NDArray[np.float64]
    high_w: NDArray[np.float64]


@controllers.part("look-ahead")
@dataclass(frozen=True, slots=True, kw_only=True)
class LookAhead:
    """Ramp limit with announced phases.

    Before the run it solves the sizing program on what is announced (mean and band of every stretch) for the source's
    trajectory with the least battery that holds ramp, range and tones of the study; in the run the source follows that
    plan, corrected slowly by the state of charge and never faster than the ramp; the battery gives the rest. A load
    that leaves its announced band is met like by the plain ramp limit until it comes back.

    Parameters
    ----------
    ramp_w_per_s
        Largest change of source power [W/s]; None: the tightest ramp limit of the study, 1 MW/s where nothing is asked.
    centring_s
        Time constant with which the charge returns to the plan [s].
    power_room_frac
        Share above the least power that the plan may use to save energy: a few per cent save much.
    ends
        closed: the plan ends as full as it began; free: it may end at any charge.
    """

    ramp_w_per_s: float | None = setting(None, 1.0, 1e11)
    centring_s: float = setting(300.0, 1.0, 30 * 86400.0)
    power_room_frac: float = setting(0.05, 0.0, 10.0)
    ends: str = "closed"
    kind: ClassVar[str] = "look-ahead"

    def __post_init__(self) -> None:
        """Check the choice."""
        if self.ends not in {"closed", "free"}:
            raise QuantityError(f"`ends` is closed or free, found '{self.ends}'")

    def informed(self, job: Job, /) -> Planned:
        """Return the controller with its plan.

        Raises
        ------
        InfeasibleError
            The announced load is shorter than two steps.
        """
        limits = asked_of(job, self.ramp_w_per_s)
        b = job.plant.battery
        # what the charge leaves on its nearer side is what a plan may use without running empty or full
        room_j = 2.0 * min(b.soc_frac, 1.0 - b.soc_frac) * b.energy_j if b else None
        plan = made(
            job.announced,
            limits,
            b.efficiency_frac if b else 1.0,
            closed=self.ends == "closed",
            most_j=room_j,
            room_frac=self.power_room_frac,
        )
        return Planned(settings=self, limits=limits, plan=plan)

    def start(self, seen: Seen, /) -> Held:
        """Begin without a plan: the plain ramp limit."""
        return self._plain().start(seen)

    def step(self, state: Held, /, seen: Seen) -> tuple[Held, float]:
        """Take a step without a plan."""
        return self._plain().step(state, seen)

    def _plain(self) -> Planned:
        ramp = self.ramp_w_per_s or DEFAULT_RAMP
        return Planned(settings=self, limits=SourceLimits(up_w_per_s=ramp, down_w_per_s=ramp), plan=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Look-ahead with its plan."""

    settings: LookAhead
    limits: SourceLimits
    plan: Plan | None
    kind: ClassVar[str] = "look-ahead"

    def start(self, seen: Seen, /) -> Held:
        """Begin on the plan; without one, at the first load."""
        source_w = seen.load_w if self.plan is None else float(self.plan.source_w[0])
        return Held(source_w, seen.soc_frac, 0.0)

    def resumed(self, seen: Seen, /) -> Held:
        """Take up the plan while the plant runs: from where source and charge stand now."""
        _, stored_j, _ = self._planned(seen.time_s, seen)
        return Held(seen.source_w, seen.soc_frac - stored_j / seen.energy_j, 0.0)

    def step(self, state: Held, /, seen: Seen) -> tuple[Held, float]:
        """Return the next state and the battery power [W], discharge positive."""
        now_s = seen.time_s + 0.5 * seen.dt_s
        target_w, stored_j, inside = self._planned(now_s, seen)
        outside_s = 0.0 if inside else state.outside_s + seen.dt_s
        if outside_s > OUTSIDE_S:
            target_w, stored_j = seen.load_w, 0.0
        missing_j = stored_j - (seen.soc_frac - state.soc_frac) * seen.energy_j
        target_w += missing_j / self.settings.centring_s
        up = (self.limits.up_w_per_s or UNLIMITED) * seen.dt_s
        down = (self.limits.down_w_per_s or UNLIMITED) * seen.dt_s
        source_w = state.source_w + min(max(target_w - state.source_w, -down), up)
        battery_w = within(seen.load_w - source_w, seen)
        return Held(seen.load_w - battery_w, state.soc_frac, outside_s), battery_w

    def _planned(self, now_s: float, seen: Seen) -> tuple[float, float, bool]:
        p = self.plan
        if p is None or now_s >= p.edge_s[-1]:  # what comes after it was not announced
            return seen.load_w, 0.0, True
        # steps are even: their index is arithmetic, no search
        span = p.edge_s[1] - p.edge_s[0]
        last = len(p.source_w) - 1
        k = min(max(int((now_s - p.edge_s[0]) / span), 0), last)
        into = min(max((now_s - p.edge_s[k]) / span, 0.0), 1.0)
        near = min(max(k + (1 if into >= 0.5 else -1), 0), last)  # the nearer half
        share = abs(into - 0.5)
        source_w = float(p.source_w[k] * (1.0 - share) + p.source_w[near] * share)
        stored_j = float(p.stored_j[k] + (p.stored_j[k + 1] - p.stored_j[k]) * into)
        room_w = BAND_FRAC * float(p.high_w[k])
        inside = bool(p.low_w[k] - room_w <= seen.load_w <= p.high_w[k] + room_w)
        return source_w, stored_j, inside


def asked_of(job: Job, ramp_w_per_s: float | None) -> SourceLimits:
    """Return what a plan has to hold: the study's limits on the source; a ramp of the controller's own comes first.

    A study that limits neither ramp, range nor spectrum leaves a plan without a wish: then the ramp is 1 MW/s.
    """
    found = job.source
    if ramp_w_per_s is not None:
        return replace(found, up_w_per_s=ramp_w_per_s, down_w_per_s=ramp_w_per_s)
    if found == SourceLimits():
        return replace(found, up_w_per_s=DEFAULT_RAMP, down_w_per_s=DEFAULT_RAMP)
    return found


def made(
    announced: Sequence[Phase],
    limits: SourceLimits,
    efficiency_frac: float,
    *,
    closed: bool = True,
    most_j: float | None = None,
    room_frac: float = 0.0,
) -> Plan:
    """Return the plan with the least battery for what is announced: least power, then least energy.

    A battery of `most_j` bounds the energy; where that cannot hold the ramp, the plan is made without this bound, and
    the run shows where the battery gives out.
    """
    start_s, stop_s = announced[0].start_s, announced[-1].stop_s
    dt_s = max(SHORTEST_S, (stop_s - start_s) / PLAN_STEPS)
    count = max(2, round((stop_s - start_s) / dt_s))
    edge_s = np.linspace(start_s, stop_s, count + 1)
    levels = levels_of(announced, edge_s)
    spare = 1.0 - SPARE_FRAC
    tight = replace(
        limits,
        up_w_per_s=None if limits.up_w_per_s is None else limits.up_w_per_s * spare,
        down_w_per_s=None if limits.down_w_per_s is None else limits.down_w_per_s * spare,
        range_w=None if limits.range_w is None else limits.range_w * spare,
        tones=tuple(replace(t, amplitude_w=t.amplitude_w * spare) for t in limits.tones),
    )
    try:
        found = best(levels, tight, efficiency_frac=efficiency_frac, closed=closed, most_j=most_j, room_frac=room_frac)
    except InfeasibleError:
        found = best(levels, tight, efficiency_frac=efficiency_frac, closed=closed, room_frac=room_frac)
    return Plan(
        at_s=0.5 * (edge_s[1:] + edge_s[:-1]),
        source_w=found.source_w,
        edge_s=edge_s,
        stored_j=found.stored_j - found.stored_j[0],
        low_w=levels.low_w,
        high_w=levels.high_w,
    )


def levels_of(announced: Sequence[Phase], edge_s: NDArray[np.float64]) -> Levels:
    """Return the announced load by even steps: mean by overlap, band over all stretches that a step touches."""
    n = len(edge_s) - 1
    mean, weight = np.zeros(n), np.zeros(n)
    high, low = np.full(n, -np.inf), np.full(n, np.inf)
    for p in announced:
        a = max(int(np.searchsorted(edge_s, p.start_s, side="right")) - 1, 0)
        b = min(int(np.searchsorted(edge_s, p.stop_s, side="left")), n)
        overlap = np.minimum(edge_s[a + 1 : b + 1], p.stop_s) - np.maximum(edge_s[a:b], p.start_s)
        mean[a:b] += p.mean_w * overlap
        weight[a:b] += overlap
        high[a:b], low[a:b] = np.maximum(high[a:b], p.high_w), np.minimum(low[a:b], p.low_w)
    mean = np.where(weight > 0.0, mean / np.where(weight > 0.0, weight, 1.0), announced[-1].mean_w)
    high, low = np.where(np.isfinite(high), high, mean), np.where(np.isfinite(low), low, mean)
    return Levels(high_w=np.maximum(high, mean), low_w=np.minimum(low, mean), mean_w=mean, dt_s=edge_s[1] - edge_s[0])


__all__ = ["LookAhead", "Plan", "Planned", "levels_of", "made"]
