"""What the first-step day hangs on: one input at a time at its low and its high value, all others likely."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import risk
from gigasite.schedule.gauge import START_OF_JOB
from gigasite.schedule.network import SLOT_H
from gigasite.schedule.sequence import improved
from gigasite.schedule.types import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gigasite.schedule.network import Network

MOST = 12
CREW_SWING = 0.25  # a crew's people are known to a quarter (shortage, sickness, a second contractor); estimate


def drivers(case: risk.Case, likely: risk.Result) -> tuple[Driver, ...]:
    """Return the inputs that move the first step of the likely plan most, widest first.

    Parameters
    ----------
    case
        The network and the list that crews follow; with each input moved, planners would make a new one from it.
    likely
        Its schedule of likely durations.

    Returns
    -------
    tuple
        Rates and lead times between their low and high values, crews within a quarter, the start of the job.
    """
    moved = [*_durations(case), *_crews(case), _job(case)]
    out = [
        Driver(name=name, low_days=low - likely.first_step, high_days=high - likely.first_step, trust=trust)
        for name, trust, low, high in moved
        if math.isfinite(low) and math.isfinite(high)
    ]
    out = [d for d in out if _range(d) > SLOT_H / 24.0]
    out.sort(key=lambda d: (-_range(d), d.name))
    return tuple(out[:MOST])


def _range(d: Driver) -> float:
    """Return the widest distance between the days at low, likely and high value."""
    return max(d.low_days, d.high_days, 0.0) - min(d.low_days, d.high_days, 0.0)


def _first_step(case: risk.Case, hours: NDArray[np.float64], job_hours: float) -> float:
    """Return the first-step day with a list made for these hours: an old list would show its own anomalies."""
    return improved(case, risk.solve(case, hours, job_hours), hours, job_hours)[1].first_step


def _durations(case: risk.Case) -> Iterator[tuple[str, str, float, float]]:
    net, job = case.net, risk.job_hours(case.campus)
    for k, name in enumerate(net.key_names):
        mine = net.key == k
        low, high = (_first_step(case, np.where(mine, net.hours[:, end], net.hours[:, 1]), job) for end in (0, 2))
        yield name, net.trusts[int(np.flatnonzero(mine)[0])], low, high


def _crews(case: risk.Case) -> Iterator[tuple[str, str, float, float]]:
    net, job = case.net, risk.job_hours(case.campus)
    for c, name in enumerate(net.crew_names):
        if not (net.crew == c).any():
            continue
        ends = []
        for factor in (1.0 - CREW_SWING, 1.0 + CREW_SWING):
            capacity = net.capacity.copy()
            capacity[c] = max(round(capacity[c] * factor), largest_gang(net, c))
            other = replace(case, net=_resized(net, c, capacity))
            ends.append(_first_step(other, net.hours[:, 1], job))
        yield f"crew {name}", "estimate", ends[0], ends[1]


def largest_gang(net: Network, c: int) -> int:
    """Return the most people that one work of a crew takes."""
    mine = net.crew == c
    mine[net.absent] = False
    return int(net.people[mine].max(initial=1))


def _resized(net: Network, c: int, capacity: NDArray[np.int64]) -> Network:
    """Return the network with another size of a crew; as many people as before are there on days of absences."""
    away = net.absent[net.crew[net.absent] == c]
    people = net.people.copy()
    people[away] = np.maximum(people[away] + capacity[c] - net.capacity[c], 0)
    return replace(net, capacity=capacity, people=people)


def _job(case: risk.Case) -> tuple[str, str, float, float]:
    origin = case.campus.catalogue.origins.get(f"rates.{START_OF_JOB}.likely")
    low, high = (
        risk.solve(case, case.net.hours[:, 1], risk.job_hours(case.campus, z)).first_step for z in (-math.inf, math.inf)
    )
    return START_OF_JOB, origin.trust if origin else "estimate", low, high
