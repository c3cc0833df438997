from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.campus import load
from gigasite.power import plant_of
from gigasite.power.plant import grid_on, running

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus


@pytest.fixture(scope="module")
def memphis(campuses: Path) -> Campus:
    return load(campuses / "memphis.yaml")


def test_a_strong_grid_carries_alone(memphis: Campus) -> None:
    plant = plant_of(memphis, grid_w=150e6, load_w=120e6)
    assert plant.machines == ()
    assert plant.grid is not None
    assert plant.grid.capacity_w == 150e6


def test_a_weak_grid_leaves_an_island_of_just_enough_units(memphis: Campus) -> None:
    plant = plant_of(memphis, grid_w=8e6, load_w=120e6)
    assert plant.grid is None
    have = sum(m.count * m.rating_w for m in plant.machines)
    largest = max(m.rating_w for m in plant.machines)
    spare = memphis.power.spare_gensets
    assert have - spare * largest >= 120e6
    assert have - (spare + 1) * largest < 120e6


def test_gensets_that_are_too_few_run_beside_the_grid(memphis: Campus) -> None:
    plant = plant_of(memphis, grid_w=100e6, load_w=300e6)
    assert plant.grid is not None
    assert sum(m.count * m.rating_w for m in plant.machines) >= 200e6


@pytest.mark.parametrize(("mode", "islanded"), [("yes", True), ("no", False)])
def test_the_file_may_decide(memphis: Campus, mode: str, *, islanded: bool) -> None:
    campus = replace(memphis, power=replace(memphis.power, island=mode))
    for grid_w in (8e6, 500e6):
        assert (plant_of(campus, grid_w=grid_w, load_w=50e6).grid is None) == islanded


def test_grid_of_a_day(memphis: Campus) -> None:
    assert grid_on(memphis, 0.0) == 8e6
    assert grid_on(memphis, 131.9) == 8e6
    assert grid_on(memphis, 132.0) == 50e6
    assert grid_on(memphis, None) == grid_on(memphis, memphis.schedule.target_day)
    later = replace(memphis, power=replace(memphis.power, grid=memphis.power.grid[1:]))
    assert grid_on(later, 5.0) == 0.0


def test_ratings_are_of_the_summer_day_and_droop_of_the_full_rating(memphis: Campus) -> None:
    turbines = running(memphis, 300e6)[-1]
    part = memphis.catalogue.gensets["smt-130"]
    assert turbines.rating_w < part.rating_w
    assert turbines.settings["VMAX"] == pytest.approx(turbines.rating_w / part.apparent_w)
    # a deviation of the droop moves the machine by its rating
    full = part.droop_frac / turbines.settings["R"] * part.apparent_w
    assert full == pytest.approx(part.rating_w)


def test_batteries_add_up(memphis: Campus) -> None:
    battery = plant_of(memphis, grid_w=8e6, load_w=50e6).battery
    assert battery is not None
    group = memphis.power.batteries[0]
    part = memphis.catalogue.batteries[group.model]
    assert battery.rating_w == pytest.approx(group.count * part.rating_w)
    assert battery.energy_j == pytest.approx(group.count * part.energy_j)
    assert battery.efficiency_frac**2 == pytest.approx(part.round_trip_frac)
    bare = replace(memphis, power=replace(memphis.power, batteries=()))
    assert plant_of(bare, grid_w=8e6, load_w=50e6).battery is None


def test_what_cannot_be_a_plant(memphis: Campus) -> None:
    with pytest.raises(InfeasibleError, match="needs a load"):
        plant_of(memphis)
    bare = replace(memphis, power=replace(memphis.power, gensets=(), island="yes"))
    with pytest.raises(InfeasibleError, match="needs gensets"):
        plant_of(bare, grid_w=0.0, load_w=1e6)
