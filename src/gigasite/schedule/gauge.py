"""First-step and full-size day of many samples at once: what `readiness` says of one plan, over blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.streams import word
from gigasite.schedule import risk_kernels
from gigasite.schedule.network import SLOT_H
from gigasite.schedule.readiness import needs
from gigasite.schedule.spread import normal, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.network import Network

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

START_OF_JOB = "job-start"
MARKS = ("first rack placed", "last rack placed", "first array ready", "last array ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What must add up: members by number of activity, what each brings, not before which day, whether a unit."""

    rows: Ints
    amount: Floats
    not_before: Floats
    unit: NDArray[np.bool_]
    spares: int
    first_need: float
    full_need: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What makes the days of one campus, by numbers of packed activities."""

    groups: tuple[Group, ...]
    """racks, network [GPUs], power, cooling [W]."""
    placed: Ints
    ready: Ints
    tested: Ints
    job_hours: tuple[float, float, float]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Of B samples: days, `marks` (4, B), and the activity that made the first step, -1 when a grid step did."""

    first_step: Floats
    full_size: Floats
    marks: Floats
    end: NDArray[np.int32]


def gauge(campus: Campus, design: Design, net: Network, order: Ints) -> Gauge:
    """Return the gauge of a campus whose activities are packed in `order`."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    first = needs(campus, design, campus.schedule.first_step_gpus)
    full = needs(campus, design, campus.compute.gpus)
    gpus, heat = net.amounts.gpus, net.amounts.heat_w
    made = {name: place[ids] for name, ids in net.made.items()}

    def group(number: int, rows: Ints, amount: Floats) -> Group:
        return Group(
            rows=rows,
            amount=amount,
            not_before=np.zeros(len(rows)),
            unit=np.zeros(len(rows), np.bool_),
            spares=0,
            first_need=first[number],
            full_need=full[number],
        )

    r = campus.catalogue.rates[START_OF_JOB]
    return Gauge(
        groups=(
            group(0, made["array ready"], gpus),
            group(1, made["array network"], gpus),
            _power(campus, net.amounts.genset_w, (made["intake"], made["genset"]), first[2], full[2]),
            group(3, made["plant"], heat),
        ),
        placed=made["rack placed"],
        ready=made["array ready"],
        tested=made["hall tested"],
        job_hours=(r.low, r.likely, r.high),
        seed=campus.seed,
    )


def _power(campus: Campus, units: Floats, rows: tuple[Ints, Ints], first: float, full: float) -> Group:
    (tie, gensets), grid = rows, campus.power.grid
    steps = np.diff([0.0, *(g.capacity_w for g in grid)])
    return Group(
        rows=np.concatenate([np.repeat(tie[:1], len(grid)), gensets]).astype(np.int64),
        amount=np.concatenate([steps, units]),
        not_before=np.array([*(g.day for g in grid), *([0.0] * len(units))]),
        unit=np.array([False] * len(grid) + [True] * len(units)),
        spares=campus.power.spare_gensets,
        first_need=first,
        full_need=full,
    )


def job_days(g: Gauge, first: int, many: int) -> Floats:
    """Return days from enough GPUs to the first step, per sample (B,)."""
    z = np.empty((1, many), np.float32)
    name = np.array([word(f"all of {START_OF_JOB}")], dtype=np.uint64)
    risk_kernels.lucks(np.uint64(g.seed), first, name, normal(), z)
    low, likely, high = g.job_hours
    span = high - low
    out: Floats = (low + span * unit("triangular", (likely - low) / max(span, 1e-9), z[0].astype(np.float64))) / 24.0
    return out


def read(g: Gauge, finish: Callable[[Ints], Floats], job: Floats) -> Days:
    """Return the days of a block.

    Parameters
    ----------
    g
        The gauge.
    finish
        Finishes (m, B) [slots] of the packed activities that it is asked for.
    job
        (B,) days that the start of the job takes.
    """
    many = len(job)
    when, full = np.zeros(many), np.zeros(many)
    end = np.full(many, -1, np.int32)
    to_day = SLOT_H / 24.0
    for group in g.groups:
        done = finish(group.rows) * to_day
        ready = np.maximum(done, group.not_before[:, None])
        day, member = _reached(group, ready, group.first_need)
        later = day > when
        sure = np.maximum(member, 0)
        # a grid step that comes after its tie is nobody's work
        made = (member >= 0) & (done[sure, np.arange(many)] == day)
        end = np.where(later, np.where(made, group.rows[sure], -1), end).astype(np.int32)
        when = np.maximum(when, day)
        full = np.maximum(full, _reached(group, ready, group.full_need)[0])
    placed, arrays = finish(g.placed) * to_day, finish(g.ready) * to_day
    tested = finish(g.tested).max(axis=0) * to_day
    return Days(
        first_step=when + job,
        full_size=np.maximum(full, tested) + job,
        marks=np.stack([placed.min(axis=0), placed.max(axis=0), arrays.min(axis=0), arrays.max(axis=0)]),
        end=end,
    )


def _reached(group: Group, ready: Floats, need: float) -> tuple[Floats, NDArray[np.int32]]:
    day, member = np.empty(ready.shape[1]), np.empty(ready.shape[1], np.int32)
    risk_kernels.reached(np.ascontiguousarray(ready), group.amount, group.unit, group.spares, need, day, member)
    return day, member
