"""Source limit: grid and gensets stay between a floor and a ceiling, as far as the battery can do that."""

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


@policies.part("source-limit")
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimit:
    """Bound the battery so that the source keeps a floor (no export, least load of gensets) and a ceiling (contract).

    Parameters
    ----------
    floor_w
        Least power of grid and gensets together [W]; None: none.
    ceiling_w
        Most of it [W]; None: none.
    """

    floor_w: float | None = setting(None, 0.0, 1e11)
    ceiling_w: float | None = setting(None, 0.0, 1e11)
    kind: ClassVar[str] = "source-limit"
    needs_load: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a floor above the ceiling, and neither."""
        if self.floor_w is None and self.ceiling_w is None:
            raise QuantityError("needs a floor, a ceiling or both")
        if self.floor_w is not None and self.ceiling_w is not None and self.floor_w > self.ceiling_w:
            raise QuantityError("the floor is above the ceiling")

    def requests(self, seen: Seen, /) -> Sequence[Request]:
        """Bound the battery: it may take no more, and give no more, than keeps the source in its band."""
        low_w = -math.inf if self.ceiling_w is None else seen.load_w - self.ceiling_w
        high_w = math.inf if self.floor_w is None else seen.load_w - self.floor_w
        return (Request(who=self.kind, priority=2, low_w=low_w, high_w=high_w),)
