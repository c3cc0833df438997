"""Generators, grid, batteries and controllers under the training load.

In: a `Plant`, a `LoadTrace`, a controller. Out: a `Swing` with frequency, source power, battery power and state of
charge, and findings against named limits. Open `simulate.py` for the study, `kernels.py` for the equations,
`controllers/`, `governors/`, `limits/` to add a part.
"""

from gigasite.power.plant import plant_of
from gigasite.power.simulate import simulate, study
from gigasite.power.types import BatteryPlant, Grid, Machines, Plant, Swing

__all__ = [
    "BatteryPlant", "Grid", "Machines", "Plant", "Swing", "plant_of", "simulate", "study",
]
