"""One schedule of certain durations, and many of sampled ones: fixed logic, and crews that follow the list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from gigasite._core.engine import Engine
from gigasite._core.errors import InfeasibleError
from gigasite.schedule import crew_kernels, kernels, risk_kernels, sampling
from gigasite.schedule import gauge as gauges
from gigasite.schedule.gauge import START_OF_JOB
from gigasite.schedule.network import SLOT_H, Network, slots
from gigasite.schedule.readiness import day_when, needs, staircases
from gigasite.schedule.sampling import MOST_SLOTS
from gigasite.schedule.spread import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    _T = TypeVar("_T", bound=np.generic)


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
    stairs = staircases(case.campus, net, finish_day)
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
    stairs = staircases(case.campus, net, finish_day)
    need = needs(case.campus, case.design, case.campus.schedule.first_step_gpus)
    day, _ = day_when([stairs[result.first_by]], [need[result.first_by]])
    same = np.flatnonzero(np.abs(finish_day[group] - day) < 1e-9)
    return int(group[same[0]]) if len(same) else -1


def job_hours(campus: Campus, z: float | None = None) -> float:
    """Return clock hours from enough GPUs to the first step: likely, or at normal quantile `z`."""
    r = campus.catalogue.rates[START_OF_JOB]
    if z is None:
        return r.likely
    span = r.high - r.low
    place = (r.likely - r.low) / span if span else 0.0
    return float(r.low + span * unit("triangular", place, np.array([z]))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """What k samples say; days of crews that follow the list unless `fixed` is in the name.

    `first_step`, `full_size`, `fixed_first`, `fixed_full` (k,) [day]; `marks` (4, k) of `gauge.MARKS` [day]; `hits`
    (n,) counts how often each activity of the network drove the first step, `fixed_hits` so for links alone; `moments`
    (3, n) are sums of d, d^2 and d x (first step - `center`) [slots, days], of what each duration d exceeds its likely
    value by; `luck` (keys, k) is the normal quantile of each rate; `impact` (risks, k) is the mean factor, `wait`
    (risks, k) the mean delay [slots], over the places where a risk may strike.
    """

    first_step: Floats
    full_size: Floats
    fixed_first: Floats
    fixed_full: Floats
    marks: Floats
    hits: Ints
    fixed_hits: Ints
    moments: Floats
    luck: Floats
    impact: Floats
    wait: Floats
    center: float
    """What `moments` count days from."""


_PER_SAMPLE = ("first_step", "full_size", "fixed_first", "fixed_full", "marks", "luck", "impact", "wait")
_SUMS = ("hits", "fixed_hits", "moments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A network packed for sampling, with what makes its days; `center` is the likely first step. Picklable."""

    pack: sampling.Pack
    gauge: gauges.Gauge
    center: float


def ready(case: Case, center: float) -> Ready:
    """Pack a case for sampling."""
    pack = sampling.pack_network(case.net, case.order, case.campus, case.design)
    gauge = gauges.gauge(case.campus, case.design, case.net, case.order)
    return Ready(pack=pack, gauge=gauge, center=center if np.isfinite(center) else 0.0)


def run(made: Ready, count: int, engine: Engine | None = None) -> Samples:
    """Sample `count` times.

    Sample k depends on the seed, the names of activities and k alone: not on the number of samples or of workers.
    """
    blocks = [(first, min(sampling.BLOCK, count - first)) for first in range(0, count, sampling.BLOCK)]
    parts = (engine or Engine()).map(partial(block, made), blocks, "samples")
    joined = {name: np.concatenate([getattr(x, name) for x in parts], axis=-1) for name in _PER_SAMPLE}
    summed = {name: np.sum([getattr(x, name) for x in parts], axis=0) for name in _SUMS}
    return Samples(**joined, **summed, center=made.center)


def run_links(made: Ready, count: int) -> Floats:
    """Return first-step days of samples by links alone (k,), the same as `Samples.fixed_first`."""
    out = []
    for first in range(0, count, sampling.BLOCK):
        many = -(-min(sampling.BLOCK, count - first) // 4) * 4
        linked = sampling.fixed(made.pack, sampling.draw(made.pack, first, many).dur)
        job = gauges.job_days(made.gauge, first, many)
        out.append(gauges.read(made.gauge, partial(_rows, linked), job).first_step)
    return np.concatenate(out)[:count]


def _rows(finish: NDArray[np.float32], rows: Ints) -> Floats:
    return finish[rows].astype(np.float64)


def block(made: Ready, task: tuple[int, int]) -> Samples:
    """Return the samples `first` to `first + count` of a task (first, count)."""
    p, (first, count) = made.pack, task
    drawn = sampling.draw(p, first, -(-count // 4) * 4)
    dur = np.ascontiguousarray(drawn.dur[:, :count])
    job = gauges.job_days(made.gauge, first, count)
    linked = sampling.fixed(p, dur)
    start, cause = sampling.at_work(p, dur)
    days = gauges.read(made.gauge, lambda rows: (start[:, rows].T + dur[rows]).astype(np.float64), job)
    loose = gauges.read(made.gauge, partial(_rows, linked), job)
    above = dur - p.likely[:, None].astype(np.float32)
    # a first step that never comes moves with nothing
    late = np.where(np.isfinite(days.first_step), days.first_step, made.center) - made.center
    # no matrix product: its threads would quarrel with the workers'
    product = (above * late.astype(np.float32)).sum(axis=1)
    sums = np.stack([above.sum(axis=1), (above * above).sum(axis=1), product]).astype(np.float64)
    return Samples(
        first_step=days.first_step,
        full_size=days.full_size,
        fixed_first=loose.first_step,
        fixed_full=loose.full_size,
        marks=days.marks,
        hits=_counted(p, days.end, cause),
        fixed_hits=_counted_links(p, loose.end, dur, linked),
        moments=_unpacked(p, sums),
        luck=drawn.luck[:, :count].astype(np.float64),
        impact=_by_risk(p, drawn.factor[:, :count]),
        wait=_by_risk(p, drawn.delay[:, :count]),
        center=made.center,
    )


def _counted(p: sampling.Pack, end: NDArray[np.int32], cause: NDArray[np.int32]) -> Ints:
    hits = np.zeros(len(p.order), np.int64)
    crew_kernels.walk(end, cause, hits)
    return _unpacked(p, hits)


def _counted_links(
    p: sampling.Pack, end: NDArray[np.int32], dur: NDArray[np.float32], finish: NDArray[np.float32]
) -> Ints:
    hits = np.zeros(len(p.order), np.int64)
    risk_kernels.walk_links(end, p.pptr, p.pidx, p.plag.astype(np.float32), dur, finish, hits)
    return _unpacked(p, hits)


def _unpacked(p: sampling.Pack, values: NDArray[_T]) -> NDArray[_T]:
    """Return values (..., n) in the network's own order."""
    out = np.empty_like(values)
    out[..., p.order] = values
    return out


def _by_risk(p: sampling.Pack, values: NDArray[np.float32]) -> Floats:
    """Return the mean over the places of each risk."""
    if not p.hazards.names:
        return np.zeros((0, values.shape[1]))
    first = np.searchsorted(p.hazards.risk, np.arange(len(p.hazards.names)))  # instances lie by risk
    out: Floats = np.add.reduceat(values, first, axis=0) / np.bincount(p.hazards.risk)[:, None]
    return out
