"""Coolants against CoolProp, moist air against psychrolib, over the whole working range."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from gigasite._core.errors import UnknownPartError
from gigasite._core.fluids import HIGH_DEGC, LOW_DEGC, fluid
from gigasite.cooling.humid import wet_bulb

NAMES = {"water": "water", "pg25": "INCOMP::MPG[0.25]", "eg25": "INCOMP::MEG[0.25]"}


@pytest.mark.parametrize("name", NAMES)
def test_properties_are_coolprops(name: str) -> None:
    from CoolProp.CoolProp import PropsSI  # 3 s of import, here alone

    t = np.linspace(LOW_DEGC, HIGH_DEGC, 121)
    mine = fluid(name)
    for got, key in (
        (mine.density(t), "D"),
        (mine.heat_capacity(t), "C"),
        (mine.viscosity(t), "V"),
        (mine.conductivity(t), "L"),
    ):
        want = PropsSI(key, "T", t + 273.15, "P", 4e5, NAMES[name])
        assert np.abs(got / want - 1).max() < 5e-3, key


def test_an_unknown_coolant_is_named() -> None:
    with pytest.raises(UnknownPartError, match="pg25"):
        fluid("pg52")


def test_wet_bulb_is_psychrolibs(air: ModuleType) -> None:
    """Within 0.05 K; around 0 degC the formulas over ice and water overlap and psychrolib's answer jumps itself."""
    rng = np.random.default_rng(1)
    dry, humidity = rng.uniform(-20, 50, 400), rng.uniform(0.08, 1.0, 400)
    pressure = rng.uniform(70e3, 105e3, 400)
    got = wet_bulb(dry, humidity, pressure)
    want = np.array([air.GetTWetBulbFromRelHum(t, h, p) for t, h, p in zip(dry, humidity, pressure, strict=True)])
    away = np.abs(want) > 0.6
    assert np.abs(got - want)[away].max() < 0.05
    assert np.abs(got - want).max() < 0.6
