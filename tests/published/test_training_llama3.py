"""Numbers of "The Llama 3 Herd of Models" (arXiv:2407.21783)."""

from __future__ import annotations

import pytest

from gigasite.training.goodput import failure_rate_per_s, goodput
from gigasite.training.step import flop_per_step, step_seconds


def test_flop_of_the_whole_run() -> None:
    """Section 3: 3.8e25 FLOP for 405e9 parameters and 15.6e12 tokens."""
    assert flop_per_step(405e9, 15.6e12) == pytest.approx(3.8e25, rel=0.005)


def test_step_time_of_table_4() -> None:
    """Table 4: 8,192 GPUs at 430 TFLOPs each and 16M tokens per batch take 11.6 s (derived)."""
    flop = flop_per_step(405e9, 16.78e6)
    assert flop == pytest.approx(4.08e19, rel=0.002)
    one = step_seconds(flop=flop, gpus=8192, flop_per_s=989e12, mfu_frac=430 / 989)
    assert one == pytest.approx(11.6, rel=0.005)


def test_time_between_failures_of_table_5() -> None:
    """Table 5: 419 unexpected interruptions in 54 days on 16,384 GPUs."""
    rate = failure_rate_per_s(nodes=2048, failures_per_1000_node_days=419 / 54 / 2.048)
    assert 1 / rate / 60 == pytest.approx(54 * 24 * 60 / 419)
    given = failure_rate_per_s(nodes=2048, failures_per_1000_node_days=3.79)
    assert given == pytest.approx(rate, rel=0.001)


@pytest.mark.parametrize(("stall_s", "restart_s", "ettr"), [(10, 600, 0.906), (10, 300, 0.932), (60, 300, 0.876)])
def test_effective_time_above_90_per_cent(stall_s: float, restart_s: float, ettr: float) -> None:
    """Section 3.3.4: more than 90 %; holds for fast checkpoints, fails for w = 60 s (derived)."""
    every = goodput(
        nodes=2048,
        failures_per_1000_node_days=3.79,
        every_s=1,
        stall_s=stall_s,
        restart_s=restart_s,
    ).best_interval_s
    found = goodput(
        nodes=2048,
        failures_per_1000_node_days=3.79,
        every_s=every,
        stall_s=stall_s,
        restart_s=restart_s,
    )
    assert found.ettr_frac == pytest.approx(ettr, abs=0.0006)
