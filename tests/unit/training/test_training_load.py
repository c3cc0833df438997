from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.training import load_trace
from gigasite.training.load import levels

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

Lab = tuple["Campus", "Design"]


def test_levels_follow_server_and_gpu(lab: Lab) -> None:
    campus, design = lab
    n = campus.compute.gpus
    level = levels(campus, design, n)
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    assert level.compute_w == pytest.approx(design.power.it_typical_w)
    assert level.idle_w == pytest.approx(design.power.it_idle_w)
    fall = campus.training.compute_tdp_frac - campus.training.wait_tdp_frac
    assert level.compute_w - level.wait_w == pytest.approx(fall * gpu.tdp_w * n)
    half = levels(campus, design, n // 2)
    assert half.compute_w == pytest.approx(level.compute_w / 2)


def test_every_kind_of_phase_appears_in_time_order_without_gaps(lab: Lab) -> None:
    trace = load_trace(*lab)
    kinds = {p[2] for p in trace.phases}
    assert kinds == {
        "idle",
        "start",
        "compute",
        "communication",
        "checkpoint",
        "fault",
        "restart",
        "stop",
    }
    assert trace.phases[0][0] == 0.0
    assert trace.phases[-1][1] == trace.duration_s
    ends = np.array([p[1] for p in trace.phases[:-1]])
    starts = np.array([p[0] for p in trace.phases[1:]])
    np.testing.assert_allclose(starts, ends, atol=1e-9)
    assert (np.diff(trace.at_s) > 0).all()


def test_checkpoints_keep_their_interval_and_stall(lab: Lab) -> None:
    trace = load_trace(*lab)  # at most every fifth of 600 s, for at most 30 s
    saves = [p for p in trace.phases if p[2] == "checkpoint"]
    stall = lab[0].training.checkpoint.stall_s
    assert [p[1] - p[0] for p in saves] == pytest.approx([stall] * len(saves))
    assert len(saves) == 2
    assert saves[1][0] - saves[0][0] == pytest.approx(120.0, abs=1.5)


def test_power_lies_between_idle_and_compute_and_reaches_both(lab: Lab) -> None:
    campus, design = lab
    trace, level = load_trace(campus, design), levels(campus, design, campus.compute.gpus)
    power = trace.render(0.0, trace.duration_s, 0.01)
    assert power.min() == pytest.approx(level.idle_w)
    assert power.max() == pytest.approx(level.compute_w)
    stall = next(p for p in trace.phases if p[2] == "checkpoint")
    middle = (stall[0] + stall[1]) / 2
    assert trace.render(middle, middle + 0.1, 0.1)[0] == pytest.approx(level.wait_w)


def test_same_seed_same_bytes_other_seed_other_edges(lab: Lab) -> None:
    campus, design = lab
    one, two = load_trace(campus, design), load_trace(campus, design)
    assert one.at_s.tobytes() == two.at_s.tobytes()
    other = load_trace(replace(campus, seed=campus.seed + 1), design)
    assert not np.array_equal(one.at_s[:40], other.at_s[:40])


def test_steps_jitter_by_about_one_per_cent(lab: Lab) -> None:
    trace = load_trace(*lab, duration_s=3600.0)
    begins = [p[0] for p in trace.phases if p[2] == "compute"]
    each = np.diff(begins)
    each = each[each < 1.5 * np.median(each)]  # leaves out checkpoints and the restart
    assert trace.step is not None
    assert each.mean() == pytest.approx(trace.step.step_s, rel=0.002)
    assert each.std() / each.mean() == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("gpus", [1, 8, 64, 512])
def test_long_steps_are_cut_by_fault_and_stop(lab: Lab, gpus: int) -> None:
    trace = load_trace(*lab, gpus=gpus)  # steps of 1 s to 500 s
    assert trace.at_s.max() <= trace.duration_s
    assert (np.diff([p[0] for p in trace.phases]) >= 0).all()
    assert trace.gpus == gpus


def test_steps_too_short_to_draw_are_their_mean(lab: Lab) -> None:
    campus, design = lab
    fast = replace(campus, training=replace(campus.training, tokens_per_step=1e4))
    trace = load_trace(fast, design)
    level, share = levels(fast, design, fast.compute.gpus), fast.training.exposed_frac
    mean = level.compute_w * (1 - share) + level.wait_w * share
    assert trace.render(150.0, 150.1, 0.1)[0] == pytest.approx(mean)
    assert "mean power" in trace.findings[0].what


@pytest.mark.parametrize("duration_s", [0.0, -5.0, 119.0, float("nan"), float("inf"), 1e9])
def test_durations_that_do_not_fit_are_refused(lab: Lab, duration_s: float) -> None:
    with pytest.raises(InfeasibleError):
        load_trace(*lab, duration_s=duration_s)


def test_waiting_below_idle_is_told(lab: Lab) -> None:
    campus, design = lab
    odd = replace(campus, training=replace(campus.training, compute_tdp_frac=1.0, wait_tdp_frac=0))
    low = replace(design, power=replace(design.power, it_idle_w=0.9 * design.power.it_typical_w))
    found = load_trace(odd, low).findings
    assert "idling" in found[0].what
