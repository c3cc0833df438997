"""What every event of a cooling transient must keep; new ones are picked up by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.cooling.event import Moment, events

LAGS = {"coast_s": 3.0, "start_s": 5.0, "actuator_s": 45.0, "valve_s": 10.0}


@pytest.mark.parametrize("name", events.names())
@given(
    at=st.floats(0, 100), away=st.floats(0, 200), restart=st.floats(0, 600), pumps=st.sampled_from([0.0, 5.0, 300.0]),
    halls=st.integers(1, 4), dt=st.sampled_from([0.1, 1.0]),
)  # fmt: skip
def test_shares_lie_between_nothing_and_all(
    name: str, at: float, away: float, restart: float, pumps: float, halls: int, dt: float
) -> None:
    time_s = dt * np.arange(1.0, 400.0) - at
    moment = Moment(time_s=time_s, for_s=away, halls=halls, restart_s=restart, pumps_run_s=pumps, **LAGS)
    for share in events[name]().run(moment):
        assert share.shape == (len(time_s), halls)
        assert (share >= 0).all()
        assert (share <= 1).all()
        assert (share[time_s <= 0] == 1).all()  # nothing happens before it
    again = events[name]().run(moment)
    for one, two in zip(events[name]().run(moment), again, strict=True):
        assert (one == two).all()


@pytest.mark.parametrize("name", events.names())
def test_something_happens(name: str) -> None:
    moment = Moment(time_s=np.arange(-5.0, 60.0), for_s=30.0, halls=2, restart_s=20.0, pumps_run_s=0.0, **LAGS)
    assert min(float(share.min()) for share in events[name]().run(moment)) < 0.5
