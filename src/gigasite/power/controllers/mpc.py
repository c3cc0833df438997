"""Model-predictive control: again and again the least battery over the next seconds of what is announced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from scipy.optimize import linprog

from gigasite._core.errors import InfeasibleError, QuantityError
from gigasite._core.settings import setting
from gigasite.power.bound import SourceLimits
from gigasite.power.controller import controllers, within
from gigasite.power.controllers.look_ahead import DEFAULT_RAMP, UNLIMITED, asked_of, levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.bound import Levels
    from gigasite.power.controller import Seen
    from gigasite.power.types import Job

MW = 1e6
MOST_STEPS = 120
"""Of the horizon: the program is solved every interval."""
MOST_ANNOUNCED = 100_000
"""Intervals that an announcement may hold."""


class Memory(NamedTuple):
    """What the controller remembers."""

    source_w: float
    soc_frac: float
    """At the start."""
    left_s: float
    """Time until the next program is solved."""
    rate_w_per_s: float
    """Ramp of the source until then."""


@controllers.part("mpc")
@dataclass(frozen=True, slots=True, kw_only=True)
class Mpc:
    """Receding horizon on the announced phases.

    Every interval a linear program finds the source's ramp over the horizon that needs the least battery power, with
    the distance of the charge from its start priced by `centring_s`; the first interval of it is carried out. A load
    outside the announced band is taken as lasting: it replaces the announcement until the band holds again.

    Parameters
    ----------
    ramp_w_per_s
        Largest change of source power [W/s]; None: the tightest ramp limit of the study, else 1 MW/s.
    horizon_s, interval_s
        How far it looks and how often it decides [s].
    centring_s
        Energy away from the start counts as power over this time [s].
    """

    ramp_w_per_s: float | None = setting(None, 1.0, 1e11)
    horizon_s: float = setting(60.0, 1.0, 3600.0)
    interval_s: float = setting(1.0, 0.05, 60.0)
    centring_s: float = setting(120.0, 1.0, 30 * 86400.0)
    kind: ClassVar[str] = "mpc"

    def __post_init__(self) -> None:
        """Refuse a program that takes longer than the run."""
        if self.horizon_s > MOST_STEPS * self.interval_s:
            raise QuantityError(
                f"horizon over interval is {self.horizon_s / self.interval_s:.0f}, at most {MOST_STEPS}: a shorter "
                "horizon, or decide less often"
            )

    def informed(self, job: Job, /) -> Planner:
        """Return the controller with what is announced, by even steps of the interval.

        Raises
        ------
        InfeasibleError
            The announcement holds too many intervals.
        """
        start_s, stop_s = job.announced[0].start_s, job.announced[-1].stop_s
        count = max(2, round((stop_s - start_s) / self.interval_s))
        if count > MOST_ANNOUNCED:
            raise InfeasibleError(
                f"{stop_s - start_s:g} s announced are {count:,} intervals, at most {MOST_ANNOUNCED:,}: announce less, "
                "or decide less often"
            )
        levels = levels_of(job.announced, np.linspace(start_s, stop_s, count + 1))
        return Planner(settings=self, limits=asked_of(job, self.ramp_w_per_s), levels=levels, start_s=start_s)

    def start(self, seen: Seen, /) -> Memory:
        """Begin without an announcement: the plain ramp limit by the same program on the load of now."""
        return self._plain().start(seen)

    def step(self, state: Memory, /, seen: Seen) -> tuple[Memory, float]:
        """Take a step without an announcement."""
        return self._plain().step(state, seen)

    def _plain(self) -> Planner:
        ramp = self.ramp_w_per_s or DEFAULT_RAMP
        limits = SourceLimits(up_w_per_s=ramp, down_w_per_s=ramp)
        return Planner(settings=self, limits=limits, levels=None, start_s=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Model-predictive control with its announcement."""

    settings: Mpc
    limits: SourceLimits
    levels: Levels | None
    start_s: float
    kind: ClassVar[str] = "mpc"

    def start(self, seen: Seen, /) -> Memory:
        """Begin at the announced mean."""
        source_w = seen.load_w if self.levels is None else float(self.levels.mean_w[0])
        return Memory(source_w, seen.soc_frac, 0.0, 0.0)

    def resumed(self, seen: Seen, /) -> Memory:
        """Take up an announcement while the plant runs: from where source and charge stand now."""
        return Memory(seen.source_w, seen.soc_frac, 0.0, 0.0)

    def step(self, state: Memory, /, seen: Seen) -> tuple[Memory, float]:
        """Return the next state and the battery power [W], discharge positive."""
        if state.left_s < 0.5 * seen.dt_s:
            rate = self._decide(state, seen)
            state = state._replace(left_s=self.settings.interval_s, rate_w_per_s=rate)
        source_w = state.source_w + state.rate_w_per_s * seen.dt_s
        battery_w = within(seen.load_w - source_w, seen)
        left_s = state.left_s - seen.dt_s
        return state._replace(source_w=seen.load_w - battery_w, left_s=left_s), battery_w

    def _ahead(self, seen: Seen) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return high, low and mean of the load over the horizon [MW]."""
        count = max(2, round(self.settings.horizon_s / self.settings.interval_s))
        here = np.full(count, seen.load_w / MW)
        if self.levels is None:
            return here, here, here
        first = int((seen.time_s - self.start_s) / self.levels.dt_s + 0.5)
        at = np.clip(first + np.arange(count), 0, len(self.levels.mean_w) - 1)
        high, low, mean = (x[at] / MW for x in (self.levels.high_w, self.levels.low_w, self.levels.mean_w))
        room = 0.05 * high[0]
        if not low[0] - room <= seen.load_w / MW <= high[0] + room:
            return here, here, here
        return high, low, mean

    def _decide(self, state: Memory, seen: Seen) -> float:
        """Return the ramp of the source for the next interval [W/s]."""
        high, low, mean = self._ahead(seen)
        n, dt = len(high), self.settings.interval_s
        stored = (seen.soc_frac - state.soc_frac) * seen.energy_j / MW
        up, down = (self.limits.up_w_per_s or UNLIMITED) / MW, (self.limits.down_w_per_s or UNLIMITED) / MW
        top = max(float(high.max()), abs(state.source_w) / MW) + 1.0
        rows, right = _rows(n), _right(high, low, mean, (state.source_w / MW, stored, dt))
        cost = np.zeros(n + 2)
        cost[n], cost[n + 1] = 1.0, 1.0 / self.settings.centring_s
        ends = [(-min(down * dt, 2 * top), min(up * dt, 2 * top))] * n
        found = linprog(cost, A_ub=rows(dt), b_ub=right, bounds=[*ends, (0, None), (0, None)], method="highs")
        if found.status != 0:
            # never without an answer: towards the mean, as fast as allowed
            return float(np.clip((mean[0] - state.source_w / MW) / dt, -down, up)) * MW
        return float(found.x[0]) / dt * MW


def _rows(n: int) -> Any:
    """Return the matrix of the program as a function of the interval; columns: changes of g (n), P, E."""
    lower = np.tril(np.ones((n, n)))

    def made(dt: float) -> NDArray[np.float64]:
        one, none = np.ones((n, 1)), np.zeros((n, 1))
        stored = dt * np.cumsum(lower, axis=0)
        blocks = [
            [-lower, -one, none],
            [lower, -one, none],
            [stored, none, -one],
            [-stored, none, -one],
        ]
        return np.block(blocks)

    return made


def _right(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    mean: NDArray[np.float64],
    now: tuple[float, float, float],
) -> NDArray[np.float64]:
    """Return the right side for source, stored energy and interval of now [MW, MJ, s]."""
    source, stored, dt = now
    drift = stored + dt * np.cumsum(source - mean)
    return np.concatenate([source - high, low - source, -drift, drift])
