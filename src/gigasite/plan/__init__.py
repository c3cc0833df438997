"""The whole story in one readable function: from a campus to its first training step.

In: a `Campus` (and, if there are any, a measured load, a weather file, observed cabling). Out: a `Plan` that
holds what every chapter says, and the ramp-up: how many GPUs can run on each day and what holds the rest
back. Open `story.py`.
"""

from gigasite.plan.names import load
from gigasite.plan.story import Inputs, plan
from gigasite.plan.types import Plan, RampStep

__all__ = ["Inputs", "Plan", "RampStep", "load", "plan"]
