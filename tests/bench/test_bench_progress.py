"""Network, first schedule and re-plan of whole campuses, in CPU seconds; recorded, not judged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule import kernels, risk
from gigasite.schedule.build import _grid, likely_plan
from gigasite.schedule.network import network
from gigasite.schedule.progress import progress, work
from gigasite.schedule.progress.actuals import nothing
from gigasite.schedule.progress.replan import replan

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("name", ["memphis", "next"])
def test_network_schedule_and_replan(campuses: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    kernels.warm()
    campus = load(campuses / f"{name}.yaml")
    made = design(campus)
    marks = [time.process_time()]
    net = network(campus, made, dict(campus.schedule.modes))
    marks.append(time.process_time())
    case = risk.Case(campus=campus, design=made, net=net, grid_slots=_grid(net), order=net.orders[0])
    risk.solve(case, net.hours[:, 1], risk.job_hours(campus))
    marks.append(time.process_time())
    case, likely = likely_plan(campus, made)
    base = work(case, likely)
    told = nothing(len(base.names))
    replan(base, told, 0.0)
    marks.append(time.process_time())
    replan(base, told, 30.0)
    marks.append(time.process_time())
    p = progress(case, base, told, 30.0)
    marks.append(time.process_time())
    took = np.diff(marks)
    with capsys.disabled():
        print(
            f"\n{name}: {len(net.names):,} activities, {len(net.links):,} links: network {took[0]:.2f} s, first schedule "
            f"{took[1]:.2f} s, re-plan {took[3]:.3f} s, whole progress {took[4]:.2f} s CPU"
        )
    assert p.variance.height == len(net.names)
