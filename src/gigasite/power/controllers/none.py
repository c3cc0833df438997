"""No control: the battery rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gigasite._core.kernel import tight
from gigasite.power.controller import Now, controllers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.power.controller import Seen


@tight
def law(tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """Return 0 W."""
    return 0.0


@controllers.part("none")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The case without a battery, to compare with."""

    kind: ClassVar[str] = "none"

    def tune(self, _dt_s: float) -> tuple[float, ...]:
        """Return no settings."""
        return ()

    def start(self, _seen: Seen, /) -> tuple[float, ...]:
        """Keep nothing."""
        return ()

    def step(self, state: tuple[float, ...], /, seen: Seen) -> tuple[tuple[float, ...], float]:  # noqa: ARG002  # the Protocol's name
        """Return 0 W."""
        return state, 0.0
