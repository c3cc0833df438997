"""Generators, grid, batteries and controllers under the training load.

In: a `Plant`, a `LoadTrace`, a controller. Out: a `Swing` with frequency, source power, battery
power and state of charge, and findings against named limits. Open `simulate.py` for the study,
`aggregate.py` and `kernels.py` for the equations, `controllers/`, `governors/`, `limits/` to add a
part. The registries are `controller.controllers`, `governor.governors` and `limit.limits`: exported
here, their names would be hidden by the folders of the same name.
"""

from gigasite.power.controller import Seen
from gigasite.power.plant import plant_of
from gigasite.power.simulate import simulate, study
from gigasite.power.types import BatteryPlant, Grid, Line, Machines, Plant, Swing

__all__ = [
    "BatteryPlant",
    "Grid",
    "Line",
    "Machines",
    "Plant",
    "Seen",
    "Swing",
    "plant_of",
    "simulate",
    "study",
]
