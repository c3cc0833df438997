"""Power limit: the battery as a whole stays below a power, in each direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gigasite._core.settings import setting
from gigasite.field.battery.policy import policies
from gigasite.field.battery.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.power.controller import Seen


@policies.part("power-limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimit:
    """Bound charge and discharge, as a feeder or a transformer does.

    Parameters
    ----------
    charge_w, discharge_w
        Most power of all units together [W].
    """

    charge_w: float = setting(1e11, 0.0, 1e11)
    discharge_w: float = setting(1e11, 0.0, 1e11)
    kind: ClassVar[str] = "power-limit"

    def requests(self, _seen: Seen, /) -> Sequence[Request]:
        """Bound the battery."""
        return (Request(who=self.kind, priority=1, low_w=-self.charge_w, high_w=self.discharge_w),)
