"""The build in time: activities from the design, crews, delivery modes, risk, what is ready when.

In: a `Campus` and its `Design`. Out: a `Schedule` with the first-step and the full-size day and the
staircases of racks, network, power and cooling. Open `build.py` for the order of things, `trades/` for the
activities, `kernels.py` for the schedule generation, `readiness.py` for what counts as ready.
"""

from gigasite.schedule.build import conventional_modes, schedule
from gigasite.schedule.readiness import day_when, needs
from gigasite.schedule.types import Schedule

__all__ = ["Schedule", "conventional_modes", "day_when", "needs", "schedule"]
