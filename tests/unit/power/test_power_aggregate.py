from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InfeasibleError, UnknownPartError
from gigasite.power import BatteryPlant, Machines, Plant, aggregate, kernels
from gigasite.power.controller import controllers
from gigasite.power.governors.gast import Gast

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.power import Seen
    from gigasite.training import LoadTrace


class Plain:
    """A controller without a compiled law: the same object, seen only by its step."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def start(self, seen: Seen, /) -> Any:
        return self.inner.start(seen)

    def step(self, state: Any, /, seen: Seen) -> tuple[Any, float]:
        out: tuple[Any, float] = self.inner.step(state, seen)
        return out


@pytest.fixture(scope="module")
def mixed(island: Plant, battery: BatteryPlant) -> Plant:
    engines = Machines(
        title="engine",
        count=10,
        rating_w=2.5e6,
        apparent_w=3.125e6,
        governor="tgov1",
        settings={"VMAX": 0.8, "T2": 0.05},
        inertia_s=1.2,
    )
    return replace(
        island,
        machines=(*island.machines, engines),
        battery=battery,
        loss_w_per_w2=3e-11,
        restore_s=20.0,
    )


@pytest.mark.parametrize("name", controllers.names())
def test_python_and_compiled_runs_agree(mixed: Plant, square: LoadTrace, name: str) -> None:
    load_w = square.render(0.0025, 10.0, 0.005)
    controller = controllers[name]()
    fast = aggregate.run(mixed, load_w, controller, 0.005)
    slow = aggregate.run(mixed, load_w, Plain(controller), 0.005)
    np.testing.assert_allclose(fast.deviation_pu, slow.deviation_pu, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(fast.battery_w, slow.battery_w, rtol=1e-9, atol=1e-2)
    np.testing.assert_allclose(fast.soc_frac, slow.soc_frac, rtol=1e-9)
    np.testing.assert_allclose(fast.mechanical_w, slow.mechanical_w, rtol=1e-9)


def test_a_governor_without_a_branch_runs_in_python(
    monkeypatch: pytest.MonkeyPatch, island: Plant, square: LoadTrace
) -> None:
    load_w = square.render(0.0025, 5.0, 0.005)
    fast = aggregate.run(island, load_w, controllers["none"](), 0.005)
    monkeypatch.setattr(aggregate, "governors", {"gast": lambda: Gast(code=None)})
    slow = aggregate.run(island, load_w, controllers["none"](), 0.005)
    np.testing.assert_allclose(fast.deviation_pu, slow.deviation_pu, rtol=1e-9, atol=1e-13)


def test_second_order_in_the_step(island: Plant, make_load: Callable[..., LoadTrace]) -> None:
    # a smooth step that keeps away from limits; the error of Heun falls by four per halving
    load = make_load([2.0], [110.0], 8.0, edge_s=0.15)

    def end(dt_s: float) -> float:
        load_w = load.render(dt_s / 2, 4.0, dt_s)
        run = aggregate.run(island, load_w, controllers["none"](), dt_s)
        return float(run.deviation_pu[round(3.0 / dt_s)])

    exact = end(0.02 / 64)
    errors = [abs(end(dt) - exact) for dt in (0.02, 0.01, 0.005)]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios == pytest.approx([4.0, 4.0], rel=0.15)


def test_split_groups_are_one_group(island: Plant, square: LoadTrace) -> None:
    load_w = square.render(0.0025, 10.0, 0.005)
    one = island.machines[0]
    split = replace(island, machines=(replace(one, count=3), replace(one, count=5)))
    whole = aggregate.run(island, load_w, controllers["none"](), 0.005)
    parts = aggregate.run(split, load_w, controllers["none"](), 0.005)
    np.testing.assert_allclose(parts.deviation_pu, whole.deviation_pu, atol=1e-12)


@settings(max_examples=30)
@given(
    wanted=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    eta=st.floats(0.8, 1.0),
    soc=st.floats(0.0, 1.0),
    dt_s=st.sampled_from([0.005, 1.0, 60.0]),
)
def test_battery_keeps_energy_rating_and_charge(wanted: list[float], eta: float, soc: float, dt_s: float) -> None:
    row = np.array([50e6, 1e10, eta, 0.02, soc])
    power, start, used_j = 0.0, soc, 0.0
    for w in wanted:
        power, mean_w, soc, missing_w = kernels.battery_step(row, w, power, soc, dt_s)
        used_j += (mean_w / eta if mean_w > 0 else mean_w * eta) * dt_s
        assert abs(mean_w) <= 50e6 * (1 + 1e-12)
        assert 0.0 <= soc <= 1.0
        assert missing_w >= 0.0
    assert (start - soc) * 1e10 == pytest.approx(used_j, abs=100.0)


@pytest.mark.parametrize(("wanted_w", "end"), [(-1e9, 1.0), (1e9, 0.0)])
def test_one_long_step_fills_or_empties_exactly(wanted_w: float, end: float) -> None:
    row = np.array([1e9, 1e10, 0.9, 1e-6, 0.4])
    _, mean_w, soc, missing_w = kernels.battery_step(row, wanted_w, 0.0, 0.4, 60.0)
    taken_w = -0.6 * 1e10 / 0.9 / 60 if end else 0.4 * 1e10 * 0.9 / 60
    assert soc == pytest.approx(end, abs=1e-12)
    assert mean_w == pytest.approx(taken_w)
    assert missing_w == pytest.approx(1e9 - abs(taken_w), rel=1e-6)


def test_an_island_that_cannot_carry_its_first_load(island: Plant) -> None:
    with pytest.raises(InfeasibleError, match="run more units"):
        aggregate.run(island, np.full(9, 201e6), controllers["none"](), 0.005)


@pytest.mark.parametrize("settings_", [{"T1": 0.0}, {"R": -0.04}, {"T3": float("nan")}])
def test_time_constants_of_zero_are_refused(island: Plant, settings_: dict[str, float]) -> None:
    bad = replace(island, machines=(replace(island.machines[0], settings=settings_),))
    with pytest.raises(InfeasibleError, match="must be above 0"):
        aggregate.run(bad, np.full(9, 1e8), controllers["none"](), 0.005)


def test_unknown_governor_is_named(island: Plant) -> None:
    bad = replace(island, machines=(replace(island.machines[0], governor="gats"),))
    with pytest.raises(UnknownPartError, match="did you mean 'gast'"):
        aggregate.run(bad, np.full(9, 1e8), controllers["none"](), 0.005)


def test_kernels_are_the_same_as_plain_python(square: LoadTrace) -> None:
    """Every kernel, compiled against its own source run by Python."""
    settings_ = np.array([list(Gast().defaults.values())])
    groups = kernels.Groups(
        codes=np.zeros(1, np.int64),
        settings=settings_,
        base_w=np.array([200e6]),
        stored_j=400e6,
        loss=1e-11,
        restore_s=10.0,
        dt_s=0.005,
    )
    row = np.array([50e6, 1e11, 0.95, 0.02, 0.5])
    load_w = square.render(0.9, 2.0, 0.005)
    for code in (kernels.NONE, kernels.DROOP, kernels.RAMP_LIMIT):
        control = kernels.Control(code, np.array([1e6, 0.02, 600.0, 0.02]), 4, 0.35)
        given_ = (load_w, groups, np.array([0.5]), row, control)
        fast, slow = kernels.run(*given_), kernels.run.py_func(*given_)  # type: ignore[attr-defined]  # numba's
        np.testing.assert_allclose(fast[0], slow[0], rtol=1e-9, atol=1e-9)
        assert fast[1:] == pytest.approx(slow[1:])
    pairs: list[tuple[Any, Callable[[], tuple[Any, ...]]]] = [
        (kernels.limited, lambda: (1.0, 1.0, 0.0, 1.0)),
        (kernels.governor_rates, lambda: (0, settings_[0], 0.01, np.full(4, 0.5), np.zeros(4))),
        (kernels.governor_torque, lambda: (1, settings_[0], 0.01, np.full(4, 0.5))),
        (kernels.rates, lambda: (groups, 0.01, np.full((1, 4), 0.5), 9e7, np.zeros((1, 4)))),
        (kernels.clip, lambda: (groups, np.full((1, 4), 1.5))),
        (kernels.advance, lambda: (groups, 0.0, np.full((1, 4), 0.5), 9e7, np.zeros((3, 1, 4)))),
        (kernels.within, lambda: (9e7, row, 0.5)),
        (
            kernels.law,
            lambda: (1, np.ones(4), row, np.zeros(2), kernels.Now(1e8, 0.01, 0.4, 0.005)),
        ),
        (kernels.battery_step, lambda: (row, 9e7, 0.0, 0.5, 0.005)),
    ]
    for compiled, fresh in pairs:
        a, b = fresh(), fresh()
        one, two = compiled(*a), compiled.py_func(*b)
        assert one == (two if two is None else pytest.approx(two, rel=1e-12))
        for x, y in zip(a, b, strict=True):
            if isinstance(x, np.ndarray):
                np.testing.assert_allclose(x, y, rtol=1e-12)
    kernels.warm()
