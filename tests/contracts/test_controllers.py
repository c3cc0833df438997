"""What every battery controller must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.settings import keys, read
from gigasite.power import kernels
from gigasite.power.controller import Seen, controllers

NAMES = controllers.names()
RATING_W, ENERGY_J = 50e6, 1e11
moments = st.lists(st.tuples(st.floats(0, 2e8), st.floats(55, 65), st.floats(0, 1)), min_size=1, max_size=40)


def make(name: str) -> Any:
    return read(controllers[name], {})


def see(load_w: float, frequency_hz: float, soc_frac: float) -> Seen:
    return Seen(
        load_w=load_w,
        frequency_hz=frequency_hz,
        nominal_hz=60.0,
        soc_frac=soc_frac,
        source_w=load_w,
        dt_s=0.02,
        rating_w=RATING_W,
        energy_j=ENERGY_J,
    )


def play(controller: Any, seen: list[Seen]) -> list[float]:
    state, out = controller.start(seen[0]), []
    for moment in seen:
        state, power_w = controller.step(state, moment)
        out.append(power_w)
    return out


@pytest.mark.parametrize("name", NAMES)
@given(story=moments)
def test_power_stays_within_rating_and_a_run_replays(name: str, story: list[tuple[float, float, float]]) -> None:
    controller, seen = make(name), [see(*m) for m in story]
    first = play(controller, seen)
    assert all(abs(p) <= RATING_W for p in first)
    assert play(controller, seen) == first
    assert play(make(name), seen) == first  # no state hides in the object


@pytest.mark.parametrize("name", NAMES)
@given(story=moments)
def test_empty_never_discharges_full_never_charges(name: str, story: list[tuple[float, float, float]]) -> None:
    empty = play(make(name), [see(w, f, 0.0) for w, f, _ in story])
    full = play(make(name), [see(w, f, 1.0) for w, f, _ in story])
    assert max(empty) <= 0.0
    assert min(full) >= 0.0


@pytest.mark.parametrize("name", NAMES)
def test_a_steady_load_needs_no_battery_in_the_end(name: str) -> None:
    controller = make(name)
    seen = replace(see(1e8, 60.0, 0.5), dt_s=1.0)
    state = controller.start(seen)
    state, _ = controller.step(state, replace(seen, load_w=1.2e8, frequency_hz=59.9))
    power_w = 1.0
    for _ in range(600):
        state, power_w = controller.step(state, replace(seen, load_w=1.2e8))
    assert power_w == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("name", [n for n in NAMES if n in kernels.LAWS])
@given(story=moments)
def test_compiled_law_is_the_same(name: str, story: list[tuple[float, float, float]]) -> None:
    controller, seen = make(name), [see(*m) for m in story]
    tune, state = np.zeros(8), np.zeros(8)
    given_, first = controller.tune(seen[0].dt_s), controller.start(seen[0])
    tune[: len(given_)], state[: len(first)] = given_, first
    for moment, power_w in zip(seen, play(controller, seen), strict=True):
        now = kernels.Now(
            moment.load_w, moment.deviation_pu, moment.soc_frac, moment.dt_s, moment.rating_w, moment.energy_j
        )
        wanted_w = kernels.law(kernels.LAWS[name], tune, state, now)
        found_w = kernels.possible(wanted_w, moment.rating_w, moment.soc_frac)
        assert found_w == pytest.approx(power_w, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_bounds(name: str) -> None:
    for key, f in keys(controllers[name]).items():
        if not isinstance(f.default, str | bool):
            assert f.metadata, key
