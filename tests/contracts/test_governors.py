"""What every governor must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.power import kernels
from gigasite.power.governor import SETTINGS, governors

NAMES = governors.names()
loads = st.floats(0.05, 0.95)


def long_run(name: str, pref: float, dw: float) -> tuple[float, float, float]:
    """Return the torque after a minute at a steady deviation, and the valve's extremes."""
    part = governors[name]()
    p, x, dt = dict(part.defaults), [pref] * part.states, 0.002
    low = high = pref
    for _ in range(30_000):
        rates = part.derivative(p, pref, dw, x)
        x = [v + dt * r for v, r in zip(x, rates, strict=True)]
        x[0] = min(max(x[0], p["VMIN"]), p["VMAX"])
        low, high = min(low, x[0]), max(high, x[0])
    return part.torque(p, dw, x), low, high


@pytest.mark.parametrize("name", NAMES)
@given(pref=loads)
def test_set_point_is_at_rest(name: str, pref: float) -> None:
    part = governors[name]()
    p, x = dict(part.defaults), [pref] * part.states
    assert part.derivative(p, pref, 0.0, x) == pytest.approx([0.0] * part.states, abs=1e-12)
    assert part.torque(p, 0.0, x) == pytest.approx(pref)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("pref", "dw"), [(0.5, 0.01), (0.5, -0.01), (0.7, 0.005)])
def test_droop_holds_in_the_long_run(name: str, pref: float, dw: float) -> None:
    torque, _, _ = long_run(name, pref, dw)
    assert torque == pytest.approx(pref - dw / governors[name]().defaults["R"], abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dw", [-0.2, 0.2])
def test_valve_keeps_its_limits(name: str, dw: float) -> None:
    p = governors[name]().defaults
    torque, low, high = long_run(name, 0.5, dw)
    assert low >= p["VMIN"]
    assert high <= p["VMAX"]
    assert p["VMIN"] - 0.3 <= torque <= p["VMAX"] + 0.3


@pytest.mark.parametrize("name", NAMES)
def test_settings_that_must_be_positive_are(name: str) -> None:
    part = governors[name]()
    assert {"R", "VMIN", "VMAX"} <= set(part.defaults)
    assert all(part.defaults[k] > 0 for k in part.positive)


@pytest.mark.parametrize("name", [n for n in NAMES if governors[n]().code is not None])
@given(
    pref=loads,
    dw=st.floats(-0.1, 0.1),
    x=st.lists(st.floats(-0.05, 1.0), min_size=3, max_size=3),
    lead=st.floats(0.0, 0.5),
    damping=st.floats(0.0, 2.0),
)
def test_compiled_branch_is_the_same(
    name: str, pref: float, dw: float, x: list[float], lead: float, damping: float
) -> None:
    part = governors[name]()
    p = dict(part.defaults) | {"T2": lead + 0.01, "Dt": damping}
    row = np.array([p.get(k, 0.0) for k in SETTINGS])
    state, rates = np.array([*x, pref]), np.zeros(4)
    kernels.governor_rates(part.code, row, dw, state, rates)
    own = x[: part.states]
    assert rates[: part.states] == pytest.approx(part.derivative(p, pref, dw, own), rel=1e-12)
    torque = kernels.governor_torque(part.code, row, dw, state)
    assert torque == pytest.approx(part.torque(p, dw, own), rel=1e-12)
