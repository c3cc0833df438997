"""A small whole campus for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gigasite.campus import load
from gigasite.design import design
from gigasite.power import BatteryPlant, Machines, Plant
from gigasite.training import LoadTrace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


@pytest.fixture(scope="session")
def lab(campuses: Path) -> tuple[Campus, Design]:
    campus = load(campuses / "lab.yaml")
    return campus, design(campus)


@pytest.fixture(scope="session")
def island() -> Plant:
    """Eight gas turbines of 25 MVA: the project's reference island, without losses."""
    machines = Machines(
        title="25 MVA",
        count=8,
        rating_w=25e6,
        apparent_w=25e6,
        governor="gast",
        settings={},
        inertia_s=2.0,
    )
    return Plant(frequency_hz=60.0, machines=(machines,), grid=None, battery=None, loss_w_per_w2=0.0)


@pytest.fixture(scope="session")
def battery() -> BatteryPlant:
    return BatteryPlant(
        rating_w=50e6,
        energy_j=100 * 3.6e9,
        efficiency_frac=0.96,
        response_s=0.02,
        latency_s=0.02,
        soc_frac=0.5,
    )


def edges(at_s: Sequence[float], power_mw: Sequence[float], duration_s: float, **other: Any) -> LoadTrace:
    """Return a load of 100 MW with sharp edges to these levels."""
    given = {"before_w": 100e6, "edge_s": 0.0, "resolution_s": 0.001} | other
    return LoadTrace(
        kind="edges",
        at_s=np.array(at_s, dtype=float),
        power_w=1e6 * np.array(power_mw, dtype=float),
        duration_s=duration_s,
        source="test",
        gpus=1,
        phases=(),
        step=None,
        **given,
    )


@pytest.fixture(scope="session")
def make_load() -> Callable[..., LoadTrace]:
    return edges


@pytest.fixture(scope="session")
def square() -> LoadTrace:
    """A 1-Hz square of +-40 MW from 1 s on, for a minute."""
    return edges(1 + 0.5 * np.arange(118), [140, 60] * 59, 60.0)
