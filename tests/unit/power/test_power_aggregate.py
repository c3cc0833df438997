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
from gigasite.power.drive import Drive, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.power import Seen
    from gigasite.training import LoadTrace


def run(plant: Plant, load_w: Any, controller: Any, dt_s: float) -> Run:
    return aggregate.run(Drive(plant=plant, load_w=load_w, dt_s=dt_s, start_s=0.0), controller)


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
    load_w = square.means(0.0, 0.005, 2000)
    controller = controllers[name]()
    fast = run(mixed, load_w, controller, 0.005)
    slow = run(mixed, load_w, Plain(controller), 0.005)
    np.testing.assert_allclose(fast.deviation_pu, slow.deviation_pu, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(fast.battery_w, slow.battery_w, rtol=1e-9, atol=1e-2)
    np.testing.assert_allclose(fast.soc_frac, slow.soc_frac, rtol=1e-9)
    np.testing.assert_allclose(fast.mechanical_w, slow.mechanical_w, rtol=1e-9)


def test_a_governor_without_a_branch_runs_in_python(
    monkeypatch: pytest.MonkeyPatch, island: Plant, square: LoadTrace
) -> None:
    load_w = square.means(0.0, 0.005, 1000)
    fast = run(island, load_w, controllers["none"](), 0.005)
    monkeypatch.setattr(aggregate, "CODES", {})
    slow = run(island, load_w, controllers["none"](), 0.005)
    np.testing.assert_allclose(fast.deviation_pu, slow.deviation_pu, rtol=1e-9, atol=1e-13)


def test_second_order_in_the_step(island: Plant, make_load: Callable[..., LoadTrace]) -> None:
    # a smooth step that keeps away from limits; the error of Heun falls by four per halving
    load = make_load([2.0], [110.0], 8.0, edge_s=0.15)

    def end(dt_s: float) -> float:
        load_w = load.render(dt_s / 2, 4.0, dt_s)
        made = run(island, load_w, controllers["none"](), dt_s)
        return float(made.deviation_pu[round(3.0 / dt_s)])

    exact = end(0.02 / 64)
    errors = [abs(end(dt) - exact) for dt in (0.02, 0.01, 0.005)]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios == pytest.approx([4.0, 4.0], rel=0.15)


def test_split_groups_are_one_group(island: Plant, square: LoadTrace) -> None:
    load_w = square.means(0.0, 0.005, 2000)
    one = island.machines[0]
    split = replace(island, machines=(replace(one, count=3), replace(one, count=5)))
    whole = run(island, load_w, controllers["none"](), 0.005)
    parts = run(split, load_w, controllers["none"](), 0.005)
    np.testing.assert_allclose(parts.deviation_pu, whole.deviation_pu, atol=1e-12)


def stored(soc: float) -> np.ndarray:
    carry = np.zeros(kernels.CARRY)
    carry[kernels.SOC] = soc
    return carry


def battery_row(eta: float, dt_s: float, energy_j: float = 1e10, lag_s: float = 0.02) -> np.ndarray:
    way = -np.expm1(-dt_s / lag_s)
    return np.array([50e6, energy_j, eta, way, way * lag_s / dt_s, 0.5])


@settings(max_examples=30)
@given(
    wanted=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60),
    eta=st.floats(0.8, 1.0),
    soc=st.floats(0.0, 1.0),
    dt_s=st.sampled_from([0.005, 1.0, 60.0]),
)
def test_battery_keeps_energy_rating_and_charge(wanted: list[float], eta: float, soc: float, dt_s: float) -> None:
    """What left the store is what came out and what was lost, to 1e-9 of the store."""
    row, carry = battery_row(eta, dt_s), stored(soc)
    out_j = 0.0
    for w in wanted:
        kernels.battery_step(row, w, carry, dt_s)
        out_j += carry[kernels.MEAN] * dt_s
        assert abs(carry[kernels.MEAN]) <= 50e6 * (1 + 1e-12)
        assert 0.0 <= carry[kernels.SOC] <= 1.0
        assert carry[kernels.MISSING] >= 0.0
        assert carry[kernels.BATTERY_LOSS] >= -1e-6
    assert (soc - carry[kernels.SOC]) * 1e10 == pytest.approx(out_j + carry[kernels.BATTERY_LOSS], abs=1e-9 * 1e10)


@pytest.mark.parametrize(("wanted_w", "end"), [(-1e9, 1.0), (1e9, 0.0)])
def test_one_long_step_fills_or_empties_exactly(wanted_w: float, end: float) -> None:
    row, carry = np.array([1e9, 1e10, 0.9, 1.0, 0.0, 0.5]), stored(0.4)
    kernels.battery_step(row, wanted_w, carry, 60.0)
    taken_w = -0.6 * 1e10 / 0.9 / 60 if end else 0.4 * 1e10 * 0.9 / 60
    assert carry[kernels.SOC] == pytest.approx(end, abs=1e-12)
    assert carry[kernels.MEAN] == pytest.approx(taken_w)
    assert carry[kernels.MISSING] / 60.0 == pytest.approx(1e9 - abs(taken_w), rel=1e-6)


def test_an_island_that_cannot_carry_its_first_load(island: Plant) -> None:
    with pytest.raises(InfeasibleError, match="run more units"):
        run(island, np.full(9, 201e6), controllers["none"](), 0.005)


@pytest.mark.parametrize("settings_", [{"T1": 0.0}, {"R": -0.04}, {"T3": float("nan")}])
def test_time_constants_of_zero_are_refused(island: Plant, settings_: dict[str, float]) -> None:
    bad = replace(island, machines=(replace(island.machines[0], settings=settings_),))
    with pytest.raises(InfeasibleError, match="must be above 0"):
        run(bad, np.full(9, 1e8), controllers["none"](), 0.005)


def test_unknown_governor_is_named(island: Plant) -> None:
    bad = replace(island, machines=(replace(island.machines[0], governor="gats"),))
    with pytest.raises(UnknownPartError, match="did you mean 'gast'"):
        run(bad, np.full(9, 1e8), controllers["none"](), 0.005)


@pytest.mark.parametrize("name", kernels.LAWS)
def test_kernels_are_the_same_as_plain_python(mixed: Plant, square: LoadTrace, name: str) -> None:
    """The whole run, compiled against its own source run by Python."""
    load_w = square.means(0.9, 0.005, 100)
    drive = Drive(plant=mixed, load_w=load_w, dt_s=0.005, start_s=0.0)
    need_w = float(load_w[0]) + mixed.loss_w_per_w2 * float(load_w[0]) ** 2
    groups = aggregate.groups_of(mixed.machines, need_w)
    results = []
    for how in (kernels.run, kernels.run.py_func):  # type: ignore[attr-defined]  # numba's
        engine = aggregate._Compiled(drive, groups, need_w, controllers[name]())  # the kernel's arguments
        how(
            (0, 100),
            load_w,
            engine._groups,
            engine._battery,
            engine._control,
            engine._memory,
            0.0,
            engine.out,
        )
        results.append(engine.out)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9, atol=1e-9)


def test_steady_state_stays_steady(mixed: Plant) -> None:
    made = run(mixed, np.full(20_000, 1e8), controllers["none"](), 0.005)
    assert np.abs(made.deviation_pu).max() < 1e-12
    assert np.ptp(made.mechanical_w) < 1e-3
