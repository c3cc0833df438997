"""Fixed: the operator's own set point in place of the controller's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gigasite._core.settings import setting
from gigasite.field.battery.policy import policies
from gigasite.field.battery.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.power.controller import Seen


@policies.part("fixed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Ask for one power, before the controller, within all limits: for acceptance tests of a plant.

    Parameters
    ----------
    power_w
        Discharge positive [W].
    """

    power_w: float = setting(0.0, -1e11, 1e11)
    kind: ClassVar[str] = "fixed"

    def requests(self, _seen: Seen, /) -> Sequence[Request]:
        """Ask for it."""
        return (Request(who=self.kind, priority=4, power_w=self.power_w),)
