"""How many GPUs can really run on each day, and which of racks, network, power and cooling holds the rest back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.plan.types import RampStep
from gigasite.schedule import needs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.types import Schedule, Staircase

MOST_DAYS = 4000


def ramp_up(campus: Campus, design: Design, schedule: Schedule) -> tuple[RampStep, ...]:
    """Return one step a day, from day 0 until nothing more changes.

    GPUs of a day = the least of: GPUs whose racks are brought up; GPUs whose network is verified; power ready over
    power per GPU; cooling ready over heat per GPU. Power and heat per GPU are the design's peak shared by all GPUs, so
    half the GPUs need half of everything.
    """
    each = needs(campus, design, 1.0)
    ends = [float(s.day[np.isfinite(s.day)].max(initial=0.0)) for s in schedule.staircases]
    days = np.arange(min(int(np.ceil(max(ends))) + 1, MOST_DAYS) + 1, dtype=np.float64)
    able = np.stack([_at(s, days) / one for s, one in zip(schedule.staircases, each, strict=True)])
    able = np.floor(able * (1 + 1e-9) + 1e-9)
    least, by = able.min(axis=0), able.argmin(axis=0)
    names = [s.name for s in schedule.staircases]
    total = campus.compute.gpus
    out = []
    for day, gpus, k in zip(days.tolist(), least.tolist(), by.tolist(), strict=True):
        full = gpus >= total
        out.append(RampStep(day=day, gpus=min(int(gpus), total), held_by="nothing" if full else names[k]))
    return _trimmed(tuple(out))


def _at(stairs: Staircase, days: NDArray[np.float64]) -> NDArray[np.float64]:
    where = np.searchsorted(stairs.day, days, side="right") - 1
    return np.where(where >= 0, stairs.amount[np.maximum(where, 0)], 0.0)


def _trimmed(steps: tuple[RampStep, ...]) -> tuple[RampStep, ...]:
    """Drop the days after the last change."""
    last = next(
        (i for i in range(len(steps) - 1, 0, -1) if steps[i - 1] != _same_but_day(steps[i], steps[i - 1])),
        0,
    )
    return steps[: last + 2]


def _same_but_day(step: RampStep, other: RampStep) -> RampStep:
    return RampStep(day=other.day, gpus=step.gpus, held_by=step.held_by)
