"""Samples of a plan's durations, for fans and forecasts: the same luck as the plan's own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import gauge as gauges
from gigasite.schedule import sampling
from gigasite.schedule.network import SLOT_H

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gigasite.schedule import risk


def draws(case: risk.Case, count: int) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Yield clock hours of all activities (n,) and of the start of the job, of the seed's first `count` samples.

    `count` is a multiple of four.
    """
    pack = sampling.pack_network(case.net, case.order, case.campus, case.design)
    dur = sampling.draw(pack, 0, count).dur
    job = gauges.job_days(gauges.gauge(case.campus, case.design, case.net, case.order), 0, count)
    for k in range(count):
        hours = np.empty(len(pack.order))
        hours[pack.order] = dur[:, k] * SLOT_H
        yield hours, float(job[k]) * 24.0
