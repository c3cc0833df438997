"""The days that people ask for, from the finishes of all activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.readiness import day_when, needs, staircases

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule import risk


def marks(case: risk.Case, finish_day: NDArray[np.float64], job_hours: float) -> dict[str, float]:
    """Return the milestones' days; infinite for what never comes.

    Parameters
    ----------
    case
        The network: what counts as ready.
    finish_day
        Of each activity.
    job_hours
        Clock hours of the start of the job.
    """
    net, campus, design = case.net, case.campus, case.design
    stairs = staircases(campus, net, finish_day)
    first, _ = day_when(stairs, needs(campus, design, campus.schedule.first_step_gpus))
    full, _ = day_when(stairs, needs(campus, design, campus.compute.gpus))
    job = job_hours / 24.0
    racks, arrays = finish_day[net.made["rack placed"]], finish_day[net.made["array ready"]]
    return {
        "first rack placed": float(racks.min()),
        "last rack placed": float(racks.max()),
        "first array ready": float(arrays.min()),
        "last array ready": float(arrays.max()),
        "first step": first + job,
        "full size": max(full, float(finish_day[net.made["hall tested"]].max())) + job,
        "last activity": float(np.delete(finish_day, net.absent).max()),
    }
