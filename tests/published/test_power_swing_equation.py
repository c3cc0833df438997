"""Textbook answers of the swing equation and of governor droop."""

from __future__ import annotations

import numpy as np
import pytest

from gigasite.power import BatteryPlant, Grid, Machines, Plant, simulate
from gigasite.power.controller import controllers
from gigasite.training import LoadTrace


def load_of(level_mw: float, at_s: float, duration_s: float) -> LoadTrace:
    return LoadTrace(
        kind="edges",
        at_s=np.array([at_s]),
        power_w=np.array([1e6 * level_mw]),
        before_w=100e6,
        edge_s=0.0,
        duration_s=duration_s,
        resolution_s=0.001,
        source="test",
        gpus=1,
        phases=(),
        step=None,
    )


def plant_of(governor: str, **settings: float) -> Plant:
    machines = Machines(
        title="25 MVA",
        count=8,
        rating_w=25e6,
        apparent_w=25e6,
        governor=governor,
        settings=settings,
        inertia_s=2.0,
    )
    return Plant(frequency_hz=60.0, machines=(machines,), grid=None, battery=None, loss_w_per_w2=0.0)


@pytest.mark.parametrize("governor", ["gast", "tgov1"])
@pytest.mark.parametrize("step_mw", [-40.0, 20.0])
def test_first_slope(governor: str, step_mw: float) -> None:
    """First rate of change of frequency = dP f0 / (2 H S) (Kundur, eq. 3.209)."""
    swing = simulate(
        plant_of(governor), load_of(100 + step_mw, 0.1, 1.0), controllers["none"](), dt_s=1e-3, level="aggregate"
    )
    slope = (swing.frequency_hz[102] - swing.frequency_hz[100]) / 2e-3
    assert slope == pytest.approx(-step_mw * 60 / (2 * 2.0 * 200), rel=0.02)


@pytest.mark.parametrize("governor", ["gast", "tgov1"])
def test_droop_sets_the_end_frequency(governor: str) -> None:
    """Without secondary control df = -R f0 dP / S; with it the frequency returns."""
    load = load_of(120, 1.0, 60.0)
    plain = plant_of(governor, R=0.05)
    swing = simulate(plain, load, controllers["none"](), level="aggregate")
    assert swing.frequency_hz[-1] - 60 == pytest.approx(-0.05 * 60 * 20 / 200, rel=1e-3)
    restored = Plant(
        frequency_hz=60.0, machines=plain.machines, grid=None, battery=None, restore_s=5.0, loss_w_per_w2=0.0
    )
    swing = simulate(restored, load, controllers["none"](), level="aggregate")
    assert swing.frequency_hz[-1] == pytest.approx(60.0, abs=2e-3)


def test_battery_of_a_square_load() -> None:
    """A source held at the mean of a square of +-A and period T takes A T/2 of energy from store.

    40 MW and 1 s: 20 MJ = 5.56 kWh, the clairvoyant bound without losses.
    """
    load = LoadTrace(
        kind="edges",
        at_s=1.0 + 0.5 * np.arange(38),
        power_w=np.tile([140e6, 60e6], 19),
        before_w=100e6,
        edge_s=0.0,
        duration_s=20.0,
        resolution_s=0.001,
        source="test",
        gpus=1,
        phases=(),
        step=None,
    )
    battery = BatteryPlant(
        rating_w=50e6,
        energy_j=3.6e11,
        efficiency_frac=1.0,
        response_s=1e-6,
        latency_s=0.0,
        soc_frac=0.5,
    )
    plant = Plant(frequency_hz=60.0, machines=(), grid=Grid(capacity_w=200e6), battery=battery)
    hold = controllers["ramp-limit"](ramp_w_per_s=1.0, centring_s=1e9)
    swing = simulate(plant, load, hold, level="aggregate")
    assert swing.battery_used_j == pytest.approx(20e6, rel=0.02)
    assert swing.battery_peak_w == pytest.approx(40e6, rel=1e-3)
    assert np.ptp(swing.source_w) < 1e5  # neither latency nor lag: nothing is left
