"""What an earlier day costs: modes of long-lead items and sizes of crews, on the front of cost against the first step.

In: a campus, its design and a bill of materials. Out: a `Tradeoff`. `ways` finds combinations of modes by links alone;
here each is planned with its crews, improved, sampled with common random numbers, and its crews are enlarged one after
another as long as that brings the day forward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.engine import Engine
from gigasite._core.finding import Finding, Severity
from gigasite.schedule import gauge as gauges
from gigasite.schedule import risk, risk_kernels, sampling
from gigasite.schedule.build import best
from gigasite.schedule.cost import OWN, crews_usd, gpu_days, items_usd
from gigasite.schedule.drivers import largest_gang
from gigasite.schedule.hazards import LEAD
from gigasite.schedule.network import SLOT_H, network
from gigasite.schedule.outlook import Percentiles, percentiles
from gigasite.schedule.readiness import staircases
from gigasite.schedule.ways import frontier, quickest, ways

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.network import Network

    Modes = dict[str, str]

SAMPLES = 200
STEP = 0.25  # by which a crew grows or shrinks in one try
MOST_STEPS = 3  # crews enlarged one after another per combination of modes
WORTH_DAYS = 0.1  # what less a larger crew brings is not looked into further

RESOLVED = 0.25  # days between two points of the front


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One way to build.

    `modes` names the items that have a choice ("" is the file's own), `crews` those that are not of the file's size.
    `equipment_usd` counts all long-lead items, `labour_usd` crews on site; `first`, `full` are sampled days.
    """

    modes: dict[str, str]
    crews: dict[str, int]
    equipment_usd: float
    labour_usd: float
    first: Percentiles
    full: Percentiles
    gpu_days: float
    """Before the target day, in the likely plan."""
    waited: dict[str, float]
    """Mean days that work of each crew, and "delivery" and "" (no crew), spend on the path to the first step."""
    longest: str
    """The activity with the most mean days on that path."""

    @property
    def cost_usd(self) -> float:
        """Return equipment and labour."""
        return self.equipment_usd + self.labour_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One activity of a driving path, in days; activities of one kind in a row are one link of `count`."""

    name: str
    start_day: float
    finish_day: float
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """The front, earliest first; `own` is the file's way, on the front or not.

    `usd_per_day[i]` is what each day from point i + 1 back to point i costs. `worth_usd_per_day` is what the GPUs of
    the first step earn in a day. `chain` is the path to the first step of the quickest modes, with crews without end
    and likely durations: no plan of this campus is earlier; `chain_day` is its day.
    """

    own: Point
    front: tuple[Point, ...]
    usd_per_day: tuple[float, ...]
    worth_usd_per_day: float
    target_day: float
    chain: tuple[Link, ...]
    chain_day: float
    findings: tuple[Finding, ...]


def tradeoff(
    campus: Campus,
    design: Design,
    bill: pl.DataFrame,
    *,
    target_day: float | None = None,
    samples: int = SAMPLES,
    engine: Engine | None = None,
) -> Tradeoff:
    """Trade cost against the first-step day.

    Parameters
    ----------
    campus, design
        The campus.
    bill
        Bill of materials as `design.types.BOM`, cables too where they should count.
    target_day
        Default: the campus's.
    samples
        Of each way to build.
    engine
        Where ways are planned.

    Raises
    ------
    InfeasibleError
        The links form a cycle, or a plan takes more than a century.
    """
    target = campus.schedule.target_day if target_day is None else target_day
    w = ways(campus, design, bill)
    chain, chain_day = relaxed(campus, design, quickest(w))
    ask = partial(_explored, campus, design, bill, target, samples)
    own = {item: OWN if (item, OWN) in w.lead else campus.schedule.modes.get(item, "order") for item in w.items}
    parts = (engine or Engine()).map(ask, [own, *(modes for _, modes in frontier(w))], "ways to build")
    points = [point for part in parts for point in part]
    kept = front(points)
    e = campus.economics
    return Tradeoff(
        own=points[0],
        front=kept,
        usd_per_day=tuple((a.cost_usd - b.cost_usd) / (b.first.p50 - a.first.p50) for a, b in pairwise(kept)),
        worth_usd_per_day=campus.schedule.first_step_gpus * 24.0 * e.gpu_hour * e.goodput_frac,
        target_day=target,
        chain=chain,
        chain_day=chain_day,
        findings=tuple(_findings(kept, target, chain, chain_day)),
    )


def front(points: list[Point]) -> tuple[Point, ...]:
    """Return the points that no other beats in both cost and median first-step day, earliest first.

    Of points closer than `RESOLVED` the cheapest stays: samples tell them no better apart.
    """
    out: list[Point] = []
    for p in sorted(points, key=lambda p: (p.first.p50, p.cost_usd)):
        if not math.isfinite(p.first.p50) or (out and p.cost_usd >= out[-1].cost_usd):
            continue
        if out and p.first.p50 - out[-1].first.p50 < RESOLVED:
            out.pop()
        out.append(p)
    return tuple(out)


def _explored(
    campus: Campus, design: Design, bill: pl.DataFrame, target: float, samples: int, modes: Modes
) -> list[Point]:
    """Return the way to build in these modes with the file's crews first, then with larger and with leaner ones."""

    def plan(crews: Mapping[str, int]) -> tuple[Point, Network]:
        return _point(campus, design, bill, target, samples, modes, dict(crews))

    first, net = plan({})
    out, at = [first], first
    sizes = dict(zip(net.crew_names, net.capacity.tolist(), strict=True))
    gangs = {name: largest_gang(net, c) for c, name in enumerate(net.crew_names)}
    for _ in range(MOST_STEPS):
        held = {c: d for c, d in at.waited.items() if c in sizes and d > WORTH_DAYS}
        if not held:
            break
        most = max(sorted(held), key=lambda c: held[c])
        larger = at.crews | {most: math.ceil(at.crews.get(most, sizes[most]) * (1.0 + STEP))}
        then, _ = plan(larger)
        if then.first.p50 > at.first.p50 - WORTH_DAYS:
            break
        out.append(then)
        at = then
    idle = [c for c in sizes if first.waited.get(c, 0.0) <= WORTH_DAYS]
    lean = {c: max(math.floor(sizes[c] * (1.0 - STEP)), gangs[c]) for c in idle}
    lean = {c: n for c, n in lean.items() if n < sizes[c]}
    return [*out, plan(lean)[0]] if lean else out


def _point(
    campus: Campus,
    design: Design,
    bill: pl.DataFrame,
    target: float,
    samples: int,
    modes: Modes,
    crews: dict[str, int],
) -> tuple[Point, Network]:
    chosen = dict[str, str](campus.schedule.modes) | {item: m for item, m in modes.items() if m != OWN}
    other = replace(campus, schedule=replace(campus.schedule, crews=dict(campus.schedule.crews) | crews))
    net = network(other, design, chosen)
    case, likely = best(other, design, net)
    drawn = risk.run(risk.ready(case, likely.first_step), samples)
    finish = ((likely.start + likely.dur) * (SLOT_H / 24.0)).astype(np.float64)
    stairs = staircases(other, net, finish)
    made = Point(
        modes=modes,
        crews=crews,
        equipment_usd=sum(items_usd(other, bill, modes).values()),
        labour_usd=sum(crews_usd(other, net, likely).values()),
        first=percentiles(drawn.first_step),
        full=percentiles(drawn.full_size),
        gpu_days=gpu_days(other, design, stairs, target),
        waited=_waited(net, drawn, samples),
        longest=net.names[int(_path_days(net, drawn, samples).argmax())],
    )
    return made, net


def _path_days(net: Network, drawn: risk.Samples, samples: int) -> NDArray[np.float64]:
    """Return the days that each activity spends on the path to the first step, mean of the samples (n,)."""
    mean = net.hours[:, 1] / 24.0 + drawn.moments[0] / samples * (SLOT_H / 24.0)
    out: NDArray[np.float64] = mean * drawn.hits / samples
    return out


def _waited(net: Network, drawn: risk.Samples, samples: int) -> dict[str, float]:
    """Return the mean days on the path to the first step by crew; deliveries and what nobody works at by themselves."""
    mean = _path_days(net, drawn, samples)
    lead = np.array([name.startswith(LEAD) for name in net.key_names])[net.key]
    out = {"delivery": float(mean[lead].sum()), "": float(mean[(net.crew < 0) & ~lead].sum())}
    return out | {name: float(mean[net.crew == c].sum()) for c, name in enumerate(net.crew_names)}


def relaxed(campus: Campus, design: Design, modes: Modes) -> tuple[tuple[Link, ...], float]:
    """Return the driving path and the first-step day by links alone, with likely durations, nothing going wrong.

    Parameters
    ----------
    campus, design
        The campus.
    modes
        By item, `OWN` for the file's.
    """
    chosen = dict[str, str](campus.schedule.modes) | {item: m for item, m in modes.items() if m != OWN}
    net = network(campus, design, chosen)
    p = sampling.pack_network(net, net.orders[0], campus, design)
    dur = p.likely.astype(np.float32)[:, None]
    finish = sampling.fixed(p, dur)
    job = np.array([risk.job_hours(campus) / 24.0])
    days = gauges.read(
        gauges.gauge(campus, design, net, net.orders[0]), lambda rows: finish[rows].astype(np.float64), job
    )
    hits = np.zeros(len(p.order), np.int64)
    risk_kernels.walk_links(days.end, p.pptr, p.pidx, p.plag.astype(np.float32), dur, finish, hits)
    return _chain(net, p.order, np.flatnonzero(hits), dur[:, 0], finish[:, 0]), float(days.first_step[0])


def _chain(
    net: Network,
    order: NDArray[np.int64],
    on: NDArray[np.int64],
    dur: NDArray[np.float32],
    finish: NDArray[np.float32],
) -> tuple[Link, ...]:
    to_day = SLOT_H / 24.0
    out: list[Link] = []
    last = ""
    for i in on.tolist():
        name, end = net.names[int(order[i])], float(finish[i]) * to_day
        item, title = net.key_names[net.key[int(order[i])]], name.partition(": ")[0]
        if out and item.startswith(LEAD) and item == last:  # steps of one delivery
            out[-1] = replace(out[-1], name=name, finish_day=end, count=out[-1].count + 1)
        elif out and out[-1].name.partition(": ")[0] == title:
            out[-1] = replace(out[-1], name=title, finish_day=end, count=out[-1].count + 1)
        else:
            out.append(Link(name=name, start_day=float(finish[i] - dur[i]) * to_day, finish_day=end))
        last = item
    return tuple(out)


def _findings(kept: tuple[Point, ...], target: float, chain: tuple[Link, ...], chain_day: float) -> list[Finding]:
    """Say what makes a target day impossible, or that no way keeps it in half of the samples."""
    limit = f"day {target:g}"
    if not math.isfinite(chain_day):
        what = "is never reached by any plan: what the file has never suffices"
        return [_finding(Severity.error, what, limit, "never", "see `gigasite schedule FILE`: what is short")]
    if chain_day > target:
        longest = max(chain, key=lambda c: c.finish_day - c.start_day, default=None)
        path = " -> ".join(f"{c.name} ({c.finish_day - c.start_day:.1f} d)" for c in chain)
        what = "cannot be reached by any plan, with the quickest modes and crews without end: the grid's days hold it"
        if longest is not None:
            what = f"cannot be reached by any plan, with the quickest modes and crews without end: {path}"
        cure = f"shorten {longest.name}, the longest of these, or set a later day" if longest else "set a later day"
        return [_finding(Severity.error, what, limit, f"day {chain_day:.1f} at the earliest", cure)]
    if not kept:
        return [_finding(Severity.error, "is never reached", limit, "never", "see `gigasite schedule FILE`")]
    if kept[0].first.p50 > target:
        worst = max(sorted(kept[0].waited), key=lambda c: kept[0].waited[c])
        named = {"": "work that no crew holds (permits, burn-in, tests)", "delivery": "deliveries"}
        held = named.get(worst, f"crew {worst}")
        what = f"is missed in half of the samples by every way to build; most days of the path go to {held}"
        what += f", of single activities to {kept[0].longest}"
        found = f"day {kept[0].first.p50:.1f} (P50 of the earliest)"
        return [_finding(Severity.error, what, limit, found, "see `gigasite schedule risk FILE`: what the day follows")]
    return []


def _finding(severity: Severity, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity, chapter="schedule", where="first step", what=what, limit=limit, found=found, remedy=remedy
    )
