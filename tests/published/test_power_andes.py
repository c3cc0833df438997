"""The aggregate island against ANDES 2.0.0 (GENROU machines, network, AVR): three runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite.power import Machines, Plant, simulate
from gigasite.power.controller import controllers
from gigasite.training import LoadTrace

if TYPE_CHECKING:
    from pathlib import Path

# Losses of transformers and stators at 100 MW are 0.21235 + 0.15290 MW; copper losses grow with
# the square of the power.
LOSS_W_PER_W2 = 0.36525e6 / (100e6) ** 2

RUNS = {
    # run: governor, edges [s], levels [MW], length [s], most deviation at any sample [mHz]
    "step20_gast": ("gast", [1.0], [120.0], 30.0, 1.0),
    "step20_tgov1": ("tgov1", [1.0], [120.0], 30.0, 1.0),
    "square1hz_gast": ("gast", list(1 + 0.5 * np.arange(120)), [140.0, 60.0] * 60, 60.1, 3.0),
}


@pytest.mark.parametrize("name", RUNS)
def test_frequency_and_turbine_power_at_every_sample(shared: Path, name: str) -> None:
    """Bars: 1 mHz for steps, 3 mHz for the square (5 mHz is what the project asks for)."""
    governor, at, levels, length_s, bar_mhz = RUNS[name]
    known = np.genfromtxt(shared / "power" / "andes" / f"ref_{name}_10ms.csv", delimiter=",", names=True)
    load = LoadTrace(
        kind="edges",
        at_s=np.array(at),
        power_w=1e6 * np.array(levels),
        before_w=100e6,
        edge_s=0.0,
        duration_s=length_s + 0.1,
        resolution_s=0.001,
        source="step",
        gpus=1,
        phases=(),
        step=None,
    )
    machines = Machines(
        title="25 MVA",
        count=8,
        rating_w=25e6,
        apparent_w=25e6,
        governor=governor,
        settings={},
        inertia_s=2.0,
    )
    plant = Plant(
        frequency_hz=60.0,
        machines=(machines,),
        grid=None,
        battery=None,
        loss_w_per_w2=LOSS_W_PER_W2,
    )
    swing = simulate(plant, load, controllers["none"](), level="aggregate")
    t = swing.dt_s * np.arange(len(swing.frequency_hz))
    frequency = np.interp(known["t_s"], t, swing.frequency_hz)
    assert 1e3 * np.abs(frequency - known["f_coi_hz"]).max() < bar_mhz
    turbine = np.interp(known["t_s"], t, swing.mechanical_w) / 1e6
    np.testing.assert_allclose(turbine, known["pm_total_mw"], atol=0.1)
