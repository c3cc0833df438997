from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.training.step import step, step_seconds

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


def test_step_splits_into_compute_and_exposed_communication(lab: tuple[Campus, Design]) -> None:
    campus, _ = lab
    one = step(campus, campus.compute.gpus)
    assert one.compute_s + one.communication_s == pytest.approx(one.step_s)
    share = campus.training.exposed_frac
    assert one.communication_s == pytest.approx(share * one.step_s)
    assert one.frequency_hz == pytest.approx(1 / one.step_s)
    assert one.tokens_per_s * one.step_s == pytest.approx(campus.training.tokens_per_step)


def test_half_the_gpus_take_twice_the_time(lab: tuple[Campus, Design]) -> None:
    campus, _ = lab
    n = campus.compute.gpus
    assert step(campus, n // 2).step_s == pytest.approx(2 * step(campus, n).step_s)


@pytest.mark.parametrize("gpus", [0, -1, 10**9])
def test_gpus_that_are_not_there_are_refused(lab: tuple[Campus, Design], gpus: int) -> None:
    with pytest.raises(InfeasibleError, match="cannot run"):
        step(lab[0], gpus)


def test_seconds_are_flop_over_speed() -> None:
    assert step_seconds(flop=6e21, gpus=10, flop_per_s=1e15, mfu_frac=0.5) == pytest.approx(1.2e6)
