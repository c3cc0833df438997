"""Samples of a plan's durations, for fans and forecasts: the same luck as the plan's own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.schedule import risk

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


def draws(case: risk.Case, count: int) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Yield clock hours of all activities (n,) and of the start of the job, of the seed's first `count` samples."""
    for number in range(count):
        hours, u = risk.sampled(case.net, case.campus.seed, number)
        yield hours, risk.job_hours(case.campus, u)
