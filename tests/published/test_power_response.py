"""The response G(j omega) against an independent lumped model, against runs, and against theory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.power import BatteryPlant, Machines, Plant, simulate
from gigasite.power.controller import controllers
from gigasite.power.governor import governors
from gigasite.power.linear import linearise
from gigasite.power.resonance import Wave, resonance, steady_swing, wave_of
from gigasite.training.loads.job import Job
from gigasite.training.loads.square import Square


def island(governor: str = "gast", inertia_s: float = 2.0, battery: BatteryPlant | None = None) -> Plant:
    machines = Machines(
        title="gt",
        count=8,
        rating_w=25e6,
        apparent_w=25e6,
        governor=governor,
        settings={},
        inertia_s=inertia_s,
        transformer_x_pu=0.0667,
        transformer_r_pu=0.00417,
    )
    return Plant(frequency_hz=60.0, machines=(machines,), grid=None, battery=battery, loss_w_per_w2=0.0)


KNOWN = {  # Hz pk-pk per MW pk-pk of a lumped model (200 MVA, H 2 s): no network, hence a per cent apart
    "gast": {0.05: 0.0122, 0.1: 0.0127, 0.3: 0.0201, 0.5: 0.0546, 0.7: 0.0466, 1.0: 0.0172, 2.0: 0.0062, 5.0: 0.0024},
    "tgov1": {0.05: 0.0121, 0.1: 0.0125, 0.3: 0.0171, 0.5: 0.0338, 0.7: 0.0572, 1.0: 0.0197, 2.0: 0.0064, 5.0: 0.0024},
}


@pytest.mark.parametrize("governor", KNOWN)
def test_forced_response(governor: str) -> None:
    hz, known = np.array(list(KNOWN[governor])), np.array(list(KNOWN[governor].values()))
    found = 1e6 * np.abs(linearise(island(governor), 100e6).response(hz)[0])
    np.testing.assert_allclose(found, known, rtol=0.03)


@pytest.mark.parametrize("governor", [g for g in governors.names() if g != "ggov1"])
def test_slow_and_fast_ends_are_theory(governor: str) -> None:
    """Far above all governors only inertia answers: f0 / (2 H S omega)."""
    gain = np.abs(linearise(island(governor), 100e6).response(np.array([15.0]))[0][0])
    assert gain == pytest.approx(60 / (2 * 2.0 * 200e6 * 2 * np.pi * 15.0), rel=0.15)


def test_a_run_swings_as_the_response_says() -> None:
    plant = island("tgov1")
    wave = Wave(period_s=2.0, high_w=103e6, low_w=97e6, duty=0.8)
    load = Square(mean_w=101.8e6, swing_w=6e6, period_s=2.0, duty_frac=0.8, start_s=0.0).trace(80.0, 1, Path())
    swing = simulate(plant, load, controllers["none"](), figures=False)
    late = swing.frequency_hz[len(swing.frequency_hz) * 3 // 4 :]
    assert np.ptp(late) == pytest.approx(steady_swing(linearise(plant, wave.mean_w), wave), rel=0.01)


def test_grid_forming_batteries_damp() -> None:
    battery = BatteryPlant(
        rating_w=50e6,
        energy_j=3.6e11,
        efficiency_frac=0.96,
        response_s=0.02,
        latency_s=0.02,
        soc_frac=0.5,
        inverter="regfm-a1",
        inverter_settings={"mp": 0.02},
    )
    bare, helped = (np.abs(linearise(p, 100e6).response(np.geomspace(0.05, 5, 100))[0]).max() for p in
                    (island(), island(battery=battery)))  # fmt: skip
    assert helped < 0.3 * bare


def test_unstable_plants_are_refused_with_their_eigenvalue() -> None:
    """GGOV1 with the typical gains of a large grid is too fast for an island of little inertia."""
    with pytest.raises(InfeasibleError, match=r"unstable.*swings up at 0\.\d+ Hz \(eigenvalue \+0\.\d+ \+1\.\d+j 1/s"):
        resonance(island("ggov1"), 100e6, None, limit_hz=0.3)
    assert resonance(island("ggov1", inertia_s=8.0), 100e6, None, limit_hz=0.3).peak_hz < 1.0


def test_forbidden_periods_and_the_shift() -> None:
    wave, plant = Wave(period_s=2.0, high_w=103e6, low_w=97e6, duty=0.8), island("tgov1")
    found = resonance(plant, 100e6, wave, limit_hz=0.195)
    assert found.peak_hz == pytest.approx(0.65, abs=0.05)
    assert found.swing_hz > 0.195
    assert any(a <= 2.0 <= b for a, b in found.forbidden_s)
    assert found.shift_s is not None
    shifted = steady_swing(linearise(plant, 100e6), wave.at(found.shift_s))
    assert shifted == pytest.approx(0.195, abs=0.003)
    assert found.goodput_frac == pytest.approx(2.0 / found.shift_s)
    assert "stretch the iteration" in found.findings[0].remedy
    calm = resonance(plant, 100e6, wave, limit_hz=5.0)
    assert not calm.findings
    assert calm.shift_s == 2.0


def test_harmonics_of_a_rectangle() -> None:
    """Edge jitter sigma multiplies harmonic k by exp(-(2 pi k f sigma)^2 / 2): 50 ms: 5 Hz -71 %."""
    sharp = Wave(period_s=1.0, high_w=1.0, low_w=0.0, duty=0.5)
    hz, size = sharp.harmonics()
    assert (hz[0], abs(size[0])) == (1.0, pytest.approx(2 / np.pi))
    assert abs(size[1]) == pytest.approx(0.0, abs=1e-12)
    soft = Wave(period_s=1.0, high_w=1.0, low_w=0.0, duty=0.5, edge_s=0.05).harmonics()[1]
    assert abs(soft[4]) / abs(size[4]) == pytest.approx(1 - 0.71, abs=0.01)


def test_the_wave_of_a_job_is_found() -> None:
    load = Job(gpus=1000, high_w=1000.0, low_w=400.0, period_s=3.0, wait_frac=0.2).trace(300.0, 1, Path())
    wave = wave_of(load, 1e5)
    assert wave is not None
    assert (wave.high_w, wave.low_w) == (pytest.approx(1.1e6, rel=1e-3), pytest.approx(0.5e6, rel=1e-3))
    assert wave.duty == pytest.approx(0.8, abs=0.02)
