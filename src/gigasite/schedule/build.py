"""The schedule in one function: network, likely plan, samples, drivers, milestones, findings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.engine import Engine
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.schedule import kernels, risk
from gigasite.schedule.drivers import drivers as find_drivers
from gigasite.schedule.network import SLOT_H, Network, network
from gigasite.schedule.progress.curves import fan
from gigasite.schedule.progress.work import work
from gigasite.schedule.readiness import NAMES, staircases
from gigasite.schedule.sequence import improved
from gigasite.schedule.slack import slack
from gigasite.schedule.types import ACTIVITIES, Milestone, Schedule, Spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]

BLOCK = 25  # samples per task: the same blocks whatever the number of workers
LARGE = 30_000  # activities above which samples are cut so that a plan stays within minutes


def conventional_modes(campus: Campus) -> dict[str, str]:
    """Return new orders for every long-lead item: what a builder without rentals, stock and friends would do."""
    return {lead.item: "order" for lead in campus.catalogue.lead_times.values()}


def schedule(
    campus: Campus,
    design: Design,
    *,
    modes: dict[str, str] | None = None,
    engine: Engine | None = None,
    drivers: bool = True,
) -> Schedule:
    """Plan the build.

    Parameters
    ----------
    campus, design
        The campus.
    modes
        Delivery modes by item; default: the campus's own. A mode given here also holds for gensets and batteries.
    engine
        Where the samples run.
    drivers
        Whether to look for what the first-step day hangs on.

    Returns
    -------
    Schedule
        Likely plan, percentiles of the first-step and the full-size day, what is ready when, drivers.
    """
    chosen: dict[str, str] = dict[str, str](campus.schedule.modes) if modes is None else modes
    net = network(campus, design, chosen)
    case, likely = _best(campus, design, net)
    count, asked = _count(campus, net)
    blocks = [(case, first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
    runs = (engine or Engine()).map(risk.samples, blocks, "schedule")
    days = np.concatenate([d for d, _ in runs])
    hits = np.sum([h for _, h in runs], axis=0) / count
    finish = ((likely.start + likely.dur) * (SLOT_H / 24.0)).astype(np.float64)
    first, full = _spread(likely.first_step, days[:, 0]), _spread(likely.full_size, days[:, 1])
    return Schedule(
        activities=_table(case, likely, hits),
        links=net.links.astype(np.int32),
        first_step=first,
        full_size=full,
        milestones=_milestones(likely, days, first, full),
        staircases=staircases(campus, design, net, finish),
        drivers=find_drivers(case, likely) if drivers else (),
        first_step_samples=days[:, 0],
        full_size_samples=days[:, 1],
        modes=chosen,
        baseline=work(case, likely),
        fan=fan(case, likely),
        findings=worst_first([*_findings(campus, likely, first, full, asked, count), *_small_crews(campus, net)]),
    )


def likely_plan(campus: Campus, design: Design) -> tuple[risk.Case, risk.Result]:
    """Return the network and the likely plan alone: no samples, no drivers."""
    return _best(campus, design, network(campus, design, dict[str, str](campus.schedule.modes)))


def _best(campus: Campus, design: Design, net: Network) -> tuple[risk.Case, risk.Result]:
    """Improve each list on likely durations; keep the one with the earliest first step, then full size."""
    grid, hours, job = _grid(net), net.hours[:, 1], risk.job_hours(campus)
    cases = [risk.Case(campus=campus, design=design, net=net, grid_slots=grid, order=o) for o in net.orders]
    tried = [improved(c, risk.solve(c, hours, job), hours, job) for c in cases]
    return min(tried, key=lambda t: (t[1].first_step, t[1].full_size))


def _grid(net: Network) -> int:
    """Return a length of the time grid that is long enough for nearly all samples; `risk.solve` makes it longer."""
    path = kernels.latest(_topo(net), net.ptr, net.idx, np.ceil(net.hours[:, 2] / SLOT_H).astype(np.int64))
    work = np.where(net.crew >= 0, net.hours[:, 2] * net.people, 0.0)
    load = np.bincount(np.maximum(net.crew, 0), weights=work, minlength=len(net.capacity)) / net.capacity
    return min(int(path.max() + 2 * load.max() / SLOT_H) + 1000, risk.MOST_SLOTS)


def _topo(net: Network) -> NDArray[np.int64]:
    return kernels.topological(net.ptr, net.idx, np.diff(net.pptr))


def _count(campus: Campus, net: Network) -> tuple[int, int]:
    """Return samples to run and samples asked for."""
    asked = campus.schedule.samples
    return (asked if len(net.names) < LARGE else min(asked, 100)), asked


def _spread(likely: float, days: Floats) -> Spread:
    # `lower` picks a sample, so that days which never come (inf) do not poison the interpolation
    p10, p50, p90 = (float(np.quantile(days, q, method="lower")) for q in (0.1, 0.5, 0.9))
    return Spread(likely=likely, p10=p10, p50=p50, p90=p90)


def _table(case: risk.Case, likely: risk.Result, hits: Floats) -> pl.DataFrame:
    net = case.net
    floats, driving = slack(case, likely)
    to_day = SLOT_H / 24.0
    crews = np.array([*net.crew_names, ""])
    table = pl.DataFrame(
        {
            "activity_id": np.arange(len(net.names), dtype=np.int32),
            "name": net.names,
            "trade": net.trades,
            "place": net.places,
            "zone": net.zones,
            "level": net.levels,
            "crew": crews[net.crew].tolist(),
            "people": net.people.astype(np.int32),
            "hours": net.hours[:, 1],
            "start_day": likely.start * to_day,
            "finish_day": (likely.start + likely.dur) * to_day,
            "float_days": floats * to_day,
            "driving": driving,
            "critical_frac": hits,
            "trust": net.trusts,
        },
        schema=ACTIVITIES.polars(),
    )
    return ACTIVITIES.check(table)


def _milestones(likely: risk.Result, days: Floats, first: Spread, full: Spread) -> tuple[Milestone, ...]:
    marks = enumerate(zip(risk.MARKS, likely.marks, strict=True))
    return (
        *(Milestone(name=name, day=_spread(day, days[:, 2 + i])) for i, (name, day) in marks),
        Milestone(name="first step", day=first),
        Milestone(name="full size", day=full),
    )


def _findings(
    campus: Campus, likely: risk.Result, first: Spread, full: Spread, asked: int, count: int
) -> list[Finding]:
    out = []
    target = campus.schedule.target_day
    if not math.isfinite(first.p50):
        out.append(
            _finding(
                Severity.error,
                "first step",
                "is never reached",
                "",
                NAMES[likely.first_by],
                f"{NAMES[likely.first_by]} never suffice for first_step_gpus: see the design's findings",
            )
        )
    elif first.p50 > target:
        out.append(
            _finding(
                Severity.warning,
                "first step",
                "is later than wanted",
                f"day {target:g}",
                f"day {first.p50:.0f} (P50)",
                "see the drivers: faster delivery modes or larger crews on the driving path",
            )
        )
    if not math.isfinite(full.p50):
        out.append(
            _finding(
                Severity.error,
                "full size",
                "is never reached",
                "",
                "",
                "power, cooling or network never suffice for all GPUs: see the design's findings",
            )
        )
    if asked > count:
        out.append(
            _finding(
                Severity.note,
                "risk",
                "fewer samples than asked were run on so large a campus",
                f"{asked} asked",
                f"{count} run",
                "none needed: the P90 of 100 samples is good to a few days",
            )
        )
    return out


def _small_crews(campus: Campus, net: Network) -> list[Finding]:
    """Say which crews of the file are too small for their largest task and were planned with more people."""
    out = []
    for name, asked in campus.schedule.crews.items():
        gang = int(net.gang[net.crew_names.index(name)])
        if asked < gang:
            out.append(
                _finding(
                    Severity.warning,
                    f"crew {name}",
                    "is too small for its largest task and is planned with the people which that takes",
                    f"{gang} people",
                    f"{asked} people",
                    f"set schedule.crews.{name} to {gang} or more",
                )
            )
    return out


def _finding(severity: Severity, where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity,
        chapter="schedule",
        where=where,
        what=what,
        limit=limit,
        found=found,
        remedy=remedy,
    )
