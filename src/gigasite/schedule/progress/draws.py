"""One sample of a plan's durations, for fans and forecasts: the same luck as the plan's own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.schedule import risk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def draw(case: risk.Case, number: int) -> tuple[NDArray[np.float64], float]:
    """Return clock hours of all activities (n,) and of the start of the job in sample `number` of the campus's seed."""
    hours, u = risk.sampled(case.net, case.campus.seed, number)
    return hours, risk.job_hours(case.campus, u)
