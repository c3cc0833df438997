"""Known answers of checkpoint theory: Young 1974, Daly 2006, Aupy et al. 2013, Kokolis 2024."""

from __future__ import annotations

import pytest

from gigasite.training.goodput import (
    best_period,
    daly_period,
    first_order_period,
    goodput,
    renewal_efficiency,
    young_period,
)

JOB = {"checkpoint_s": 600.0, "recovery_s": 600.0, "down_s": 60.0, "mtbf_s": 60150.0}


def test_periods_for_c_600_r_600_d_60_mu_60150() -> None:
    """Young 9,096 s; Daly 9,142 s; first order 8,449 s; exact optimum 8,701 s."""
    assert young_period(checkpoint_s=600, mtbf_s=60150) == pytest.approx(9096, abs=0.5)
    assert daly_period(**JOB) == pytest.approx(9142, abs=0.5)
    assert first_order_period(**JOB) == pytest.approx(8449, abs=0.5)
    best = best_period(**JOB)
    assert best == pytest.approx(8701, abs=2.0)
    for other in (9096, 9142, 8449):
        assert renewal_efficiency(period_s=other, **JOB) < renewal_efficiency(period_s=best, **JOB)


@pytest.mark.parametrize(
    ("nodes", "rate", "mtbf_h", "interval_s", "ettr"),
    [
        (2048, 3.79, 3.09, 472, (0.932, 0.768)),
        (4096, 3.79, 1.55, 334, (0.889, 0.672)),
        (12500, 3.79, 0.51, 191, (0.744, 0.426)),
        (12500, 1.00, 1.92, 372, (0.905, 0.705)),
    ],
)
def test_effective_training_time_by_size(
    nodes: int, rate: float, mtbf_h: float, interval_s: float, ettr: tuple[float, float]
) -> None:
    """Formula of arXiv:2410.21680 at restart 5 min and w = 10 s or 300 s (worked by hand)."""
    for stall, wanted in zip((10.0, 300.0), ettr, strict=True):
        best = goodput(
            nodes=nodes,
            failures_per_1000_node_days=rate,
            every_s=1,
            stall_s=stall,
            restart_s=300,
        )
        found = goodput(
            nodes=nodes,
            failures_per_1000_node_days=rate,
            every_s=best.best_interval_s,
            stall_s=stall,
            restart_s=300,
        )
        assert found.ettr_frac == pytest.approx(wanted, abs=0.0006)
        assert found.mtbf_s / 3600 == pytest.approx(mtbf_h, abs=0.006)
        if stall == 10.0:
            assert best.best_interval_s == pytest.approx(interval_s, abs=0.6)
