"""State-of-charge return: near the ends of the window the battery may only go back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gigasite._core.errors import QuantityError
from gigasite._core.settings import setting
from gigasite.field.battery.policy import policies
from gigasite.field.battery.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.power.controller import Seen


@policies.part("soc-return")
@dataclass(frozen=True, slots=True, kw_only=True)
class SocReturn:
    """Let the power fade linearly to nothing towards each end of the window.

    Without it a battery that is full or empty stops from one cycle to the next, and the source takes a step.

    Parameters
    ----------
    band_frac
        Width at each end, of the usable energy, in which the power fades.
    """

    band_frac: float = setting(0.05, 1e-3, 0.5)
    kind: ClassVar[str] = "soc-return"

    def __post_init__(self) -> None:
        """Refuse bands that meet."""
        if not 0.0 < self.band_frac <= 0.5:
            raise QuantityError("the bands at both ends meet")

    def requests(self, seen: Seen, /) -> Sequence[Request]:
        """Bound charge near full and discharge near empty."""
        give = min(max(seen.soc_frac / self.band_frac, 0.0), 1.0)
        take = min(max((1.0 - seen.soc_frac) / self.band_frac, 0.0), 1.0)
        low_w = -math.inf if take >= 1.0 else -take * seen.rating_w
        high_w = math.inf if give >= 1.0 else give * seen.rating_w
        if take >= 1.0 and give >= 1.0:
            return ()
        return (Request(who=self.kind, priority=3, low_w=low_w, high_w=high_w),)
