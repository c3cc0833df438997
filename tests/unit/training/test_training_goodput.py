from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import InfeasibleError
from gigasite.training.goodput import (
    best_period,
    failure_rate_per_s,
    first_order_period,
    goodput,
    goodput_of,
    renewal_efficiency,
)

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


def test_campus_uses_its_own_numbers(lab: tuple[Campus, Design]) -> None:
    campus, _ = lab
    g = goodput_of(campus)
    nodes = campus.compute.gpus / 8
    rate = nodes * campus.training.failures_per_1000_node_days / 1000 / 86400
    assert g.mtbf_s == pytest.approx(1 / rate)
    assert 0.0 < g.ettr_frac < 1.0
    assert goodput_of(campus, 8).ettr_frac > g.ettr_frac


def test_a_job_that_never_saves_is_cut_at_zero_and_told() -> None:
    g = goodput(
        nodes=100_000,
        failures_per_1000_node_days=6.5,
        every_s=3600,
        stall_s=60,
        restart_s=600,
    )
    assert g.ettr_frac == 0.0
    assert "no progress" in g.findings[0].what


def test_no_failures_cost_only_checkpoints() -> None:
    g = goodput(nodes=10, failures_per_1000_node_days=0.0, every_s=90, stall_s=10, restart_s=600)
    assert g.ettr_frac == pytest.approx(0.9)
    assert g.mtbf_s == math.inf


def test_interval_of_zero_is_refused() -> None:
    with pytest.raises(InfeasibleError):
        goodput(nodes=1, failures_per_1000_node_days=1, every_s=0, stall_s=1, restart_s=1)


def test_alpha_above_one_worsens_only_large_jobs() -> None:
    def rate(nodes: int, alpha: float) -> float:
        return failure_rate_per_s(nodes=nodes, failures_per_1000_node_days=3.79, alpha=alpha)

    assert rate(2048, 1.15) == pytest.approx(rate(2048, 1.0))
    assert rate(12_500, 1.15) > rate(12_500, 1.0)
    assert rate(12_500, 1.0) == pytest.approx(rate(2048, 1.0) * 12_500 / 2048)


@given(save_s=st.floats(1, 600), mtbf_s=st.floats(3600, 1e6), off=st.floats(0.5, 2.0))
def test_no_period_beats_the_best(save_s: float, mtbf_s: float, off: float) -> None:
    best = best_period(checkpoint_s=save_s, recovery_s=60, down_s=10, mtbf_s=mtbf_s)

    def efficiency(period_s: float) -> float:
        return renewal_efficiency(period_s=period_s, checkpoint_s=save_s, recovery_s=60, down_s=10, mtbf_s=mtbf_s)

    assert best > save_s
    assert efficiency(save_s + (best - save_s) * off) <= efficiency(best) + 1e-9


def test_first_order_needs_room() -> None:
    with pytest.raises(InfeasibleError, match="no period"):
        first_order_period(checkpoint_s=10, recovery_s=600, down_s=60, mtbf_s=600)
