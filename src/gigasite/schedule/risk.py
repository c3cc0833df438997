"""Durations that are not certain: sampled networks, scheduled with the same crews, and what drives the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from gigasite._core.errors import InfeasibleError
from gigasite._core.streams import stream
from gigasite.schedule import kernels
from gigasite.schedule.network import SLOT_H, Network, slots
from gigasite.schedule.readiness import day_when, needs, staircases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]

# Share of the variance that activities of one rate have in common (the same crew, the same product): Hulett's risk
# drivers put correlation between 0.3 and 0.7; estimate.
COMMON = 0.5
START_OF_JOB = "job-start"
MARKS = ("first rack placed", "last rack placed", "first array ready", "last array ready")
MOST_SLOTS = int(100 * 365.25 * 24 / SLOT_H)  # a plan of a century is a mistake of the input, and fills the memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One campus, its design and its network; what every sample needs. Picklable."""

    campus: Campus
    design: Design
    net: Network
    grid_slots: int
    order: NDArray[np.int64]
    """The list that the crews follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One schedule."""

    start: NDArray[np.int64]
    dur: NDArray[np.int64]
    first_step: float
    full_size: float
    ready: float
    """Day on which all that the first step waits for is ready: the first step less the start of the job."""
    first_by: int
    """Index into `readiness.NAMES` of what came last for the first step."""
    marks: tuple[float, ...]
    """Days of `MARKS`."""


def solve(case: Case, hours: Floats, job_hours: float) -> Result:
    """Schedule one set of durations (n,) in clock hours.

    Raises
    ------
    InfeasibleError
        The plan is longer than a century.
    """
    net = case.net
    dur = slots(hours)
    start = _start(case, dur)
    finish_day = ((start + dur) * (SLOT_H / 24.0)).astype(np.float64)
    racks, arrays = finish_day[net.made["rack placed"]], finish_day[net.made["array ready"]]
    stairs = staircases(case.campus, case.design, net, finish_day)
    first, by = day_when(stairs, needs(case.campus, case.design, case.campus.schedule.first_step_gpus))
    full, _ = day_when(stairs, needs(case.campus, case.design, case.campus.compute.gpus))
    tested = float(finish_day[net.made["hall tested"]].max())
    return Result(
        start=start,
        dur=dur,
        first_step=first + job_hours / 24.0,
        full_size=max(full, tested) + job_hours / 24.0,
        ready=first,
        first_by=by,
        marks=(float(racks.min()), float(racks.max()), float(arrays.min()), float(arrays.max())),
    )


def _start(case: Case, dur: NDArray[np.int64]) -> NDArray[np.int64]:
    """Generate the schedule on a time grid that holds all of it: `grid_slots`, or as often doubled as it takes."""
    net, grid = case.net, case.grid_slots
    while grid <= MOST_SLOTS:
        start = kernels.generate(
            case.order,
            net.pptr,
            net.pidx,
            dur,
            net.crew,
            net.people,
            net.kind,
            int(net.kind.max()) + 1,
            net.capacity,
            grid,
        )
        if int((start + dur).max()) <= grid:
            return start
        grid *= 2
    raise InfeasibleError("the plan takes more than a century: look at the lead times, rates and crews of this campus")


def triangular(u: Floats, three: Floats) -> Floats:
    """Return the inverse of the triangular distribution; `three` is (n, 3) low, likely, high."""
    low, mode, high = three[:, 0], three[:, 1], three[:, 2]
    span = np.maximum(high - low, 1e-12)
    split = (mode - low) / span
    left = low + np.sqrt(u * span * np.maximum(mode - low, 0.0))
    right = high - np.sqrt((1.0 - u) * span * np.maximum(high - mode, 0.0))
    out: Floats = np.where(u < split, left, right)
    return out


def sampled(net: Network, seed: int, task: int) -> tuple[Floats, float]:
    """Return clock hours of all activities and the quantile of the job start in sample `task`.

    Activities of one rate share half of their variance; lots of one delivery share all of it. The same `seed` and
    `task` give the same quantiles in every variant of modes, so that variants compare sample by sample.
    """
    rng = stream(seed, "schedule", task)
    common = rng.standard_normal(len(net.key_names) + 1)
    own = rng.standard_normal(len(net.key))
    share = np.where([name.startswith("lead ") for name in net.key_names], 1.0, COMMON)[net.key]
    z = np.sqrt(share) * common[net.key] + np.sqrt(1.0 - share) * own
    return triangular(ndtr(z), net.hours), float(ndtr(common[-1]))


def samples(task: tuple[Case, int, int]) -> tuple[Floats, NDArray[np.int64]]:
    """Run samples `first` to `last`.

    Returns
    -------
    days, hits
        (k, 6): first step, full size, `MARKS`; and how often each activity drove the first step (n,).
    """
    case, first, last = task
    days = np.empty((last - first, 2 + len(MARKS)))
    hits = np.zeros(len(case.net.names), np.int64)
    by_crew, crew_ptr = crew_lists(case.net)
    for number in range(first, last):
        hours, u = sampled(case.net, case.campus.seed, number)
        result = solve(case, hours, job_hours(case.campus, u))
        days[number - first] = result.first_step, result.full_size, *result.marks
        hits += path(case, result, by_crew, crew_ptr)
    return days, hits


def path(case: Case, result: Result, by_crew: NDArray[np.int64], crew_ptr: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which activities drive the first step."""
    end = binding(case, result)
    net = case.net
    if end < 0:
        return np.zeros(len(net.names), np.bool_)
    return kernels.driving(end, net.pptr, net.pidx, result.start, result.dur, net.crew, by_crew, crew_ptr)


def crew_lists(net: Network) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return activities grouped by crew, and where each crew's begin."""
    with_crew = np.flatnonzero(net.crew >= 0)
    by_crew = with_crew[np.argsort(net.crew[with_crew], kind="stable")]
    counts = np.bincount(net.crew[with_crew], minlength=len(net.crew_names))
    return by_crew.astype(np.int64), np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def binding(case: Case, result: Result) -> int:
    """Return the activity whose finish is the first-step day, -1 when it is a grid step that no activity makes."""
    net = case.net
    group = (
        net.made["array ready"],
        net.made["array network"],
        net.made["genset"],
        net.made["plant"],
    )[result.first_by]
    if result.first_by == 2:
        group = np.concatenate([group, net.made["intake"]])
    finish_day = ((result.start + result.dur) * (SLOT_H / 24.0)).astype(np.float64)
    stairs = staircases(case.campus, case.design, net, finish_day)
    need = needs(case.campus, case.design, case.campus.schedule.first_step_gpus)
    day, _ = day_when([stairs[result.first_by]], [need[result.first_by]])
    same = np.flatnonzero(np.abs(finish_day[group] - day) < 1e-9)
    return int(group[same[0]]) if len(same) else -1


def job_hours(campus: Campus, u: float | None = None) -> float:
    """Return clock hours from enough GPUs to the first step: likely, or at quantile `u`."""
    r = campus.catalogue.rates[START_OF_JOB]
    if u is None:
        return r.likely
    return float(triangular(np.array([u]), np.array([[r.low, r.likely, r.high]]))[0])
