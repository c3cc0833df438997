"""What every governor must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import InfeasibleError
from gigasite.power import governor_kernels as compiled
from gigasite.power.governor import SETTINGS, STATES, Governor, governors

NAMES = governors.names()
loads = st.floats(0.2, 0.85)


def at_rest(part: Governor, torque: float) -> tuple[np.ndarray, np.ndarray, float]:
    row, x = part.row({}), np.zeros(STATES)
    return row, x, part.rest(row, torque, torque, x)


def long_run(name: str, torque: float, dw: float, seconds: float = 120.0) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the torque after a time at a steady deviation, and the extremes of all states."""
    part: Governor = governors[name]
    row, x, ref = at_rest(part, torque)
    low, high = part.bounds({})
    dx, least, most, dt = np.zeros(STATES), x.copy(), x.copy(), 0.002
    out = torque
    for _ in range(round(seconds / dt)):
        # electrical power follows the torque, as in a grid that takes it all
        out = part.rates(row, ref, dw, out, x, dx)
        x = np.clip(x + dt * dx, low[:STATES], high[:STATES])
        least, most = np.minimum(least, x), np.maximum(most, x)
    return part.torque(row, dw, x), least, most


@pytest.mark.parametrize("name", NAMES)
@given(torque=loads)
def test_rest_is_at_rest(name: str, torque: float) -> None:
    part: Governor = governors[name]
    row, x, ref = at_rest(part, torque)
    dx = np.zeros(STATES)
    assert part.rates(row, ref, 0.0, torque, x, dx) == pytest.approx(torque)
    assert part.torque(row, 0.0, x) == pytest.approx(torque)
    assert dx == pytest.approx(np.zeros(STATES), abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dw", [0.002, -0.002])
def test_droop_holds_in_the_long_run(name: str, dw: float) -> None:
    part: Governor = governors[name]
    torque, _, _ = long_run(name, 0.5, dw)
    assert torque == pytest.approx(0.5 - dw / part.row({})[0], abs=2e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dw", [-0.2, 0.2])
def test_limited_states_keep_their_limits(name: str, dw: float) -> None:
    part: Governor = governors[name]
    low, high = part.bounds({})
    torque, least, most = long_run(name, 0.5, dw, 30.0)
    assert (least >= low[:STATES] - 1e-12).all()
    assert (most <= high[:STATES] + 1e-12).all()
    assert part.limited
    assert -0.5 <= torque <= 1.5


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_checked_by_name_and_sign(name: str) -> None:
    part: Governor = governors[name]
    assert part.title
    assert set(part.head) <= set(part.defaults)
    assert set(part.positive) <= set(part.defaults)
    assert len(part.defaults) <= SETTINGS
    for key in part.positive:
        with pytest.raises(InfeasibleError, match="must be above 0"):
            part.row({key: 0.0})
    with pytest.raises(InfeasibleError, match="no setting gain"):
        part.row({"gain": 1.0})
    with pytest.raises(InfeasibleError, match="must be above"):
        part.row({part.head[1]: -1.0, part.head[2]: 0.0})


@pytest.mark.parametrize("name", [n for n in NAMES if n in compiled.CODES])
@given(
    torque=loads,
    dw=st.floats(-0.05, 0.05),
    pe=st.floats(0.1, 1.0),
    shift=st.lists(st.floats(-0.05, 0.05), min_size=STATES, max_size=STATES),
)
def test_compiled_is_the_same_as_plain_python(
    name: str, torque: float, dw: float, pe: float, shift: list[float]
) -> None:
    part: Governor = governors[name]
    row, x, ref = at_rest(part, torque)
    x = x + np.array(shift)
    fast, slow = np.zeros(STATES), np.zeros(STATES)
    one = compiled.rates(compiled.CODES[name], row, ref, dw, pe, x, fast)
    two = part.rates.py_func(row, ref, dw, pe, x, slow)  # type: ignore[attr-defined]  # numba's
    assert one == pytest.approx(two, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-9)
    assert compiled.torque(compiled.CODES[name], row, dw, x) == pytest.approx(two, rel=1e-9, abs=1e-12)


def test_all_shipped_governors_are_compiled() -> None:
    assert set(compiled.CODES) == set(NAMES)
