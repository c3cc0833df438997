"""What a governor is: named settings with defaults, and the code of its equations in `kernels.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gigasite._core.registry import Registry


class Governor(Protocol):
    """Turns speed deviation into torque. Its equations are two branches in `kernels.py`: rates and torque."""

    @property
    def code(self) -> int:
        """Branch in `kernels.governor_rates` and `kernels.governor_torque`."""
        ...

    @property
    def defaults(self) -> Mapping[str, float]:
        """Settings by their names in the standard models: R, T1, T2, T3, AT, KT, VMAX, VMIN, Dt."""
        ...


governors: Registry[type[Governor]] = Registry("gigasite.power.governors", "governor")
SETTINGS = ("R", "T1", "T2", "T3", "AT", "KT", "VMAX", "VMIN", "Dt")
