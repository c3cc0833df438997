"""From an empty factory to the first training step of a giant GPU cluster.

>>> import gigasite
>>> gigasite.load(gigasite.reference("lab")).compute.gpus
512
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Campus": "gigasite.campus",
    "Design": "gigasite.design",
    "Plan": "gigasite.plan",
    "design": "gigasite.design.build",
    "load": "gigasite.plan.names",
    "plan": "gigasite.plan.story",
    "reference": "gigasite.campus",
}

__all__ = ["Campus", "Design", "Plan", "design", "load", "plan", "reference"]  # made by __getattr__


def __getattr__(name: str) -> Any:
    """Import a name where it is first used: the command line must not pay for all rooms."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(name)
