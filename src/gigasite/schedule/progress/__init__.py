"""The build under way: what was done, what that does to the rest, what to clear next.

In: a campus's likely plan or a saved baseline, and rows of actuals (`actuals.py`). Out: a `Progress`. Open `track.py`
for the order of things, `replan.py` for how the rest is planned, `earned.py` for the figures.
"""

from gigasite.schedule.progress.actuals import Actuals, read_actuals
from gigasite.schedule.progress.track import Progress, progress
from gigasite.schedule.progress.work import Work, work

__all__ = ["Actuals", "Progress", "Work", "progress", "read_actuals", "work"]
