"""What a limit is: raw series in, lines to draw and findings out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.types import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What a limit may judge; arrays of shape (n,)."""

    dt_s: float
    resolution_s: float
    """Shortest change that the load's source can show."""
    nominal_hz: float
    frequency_hz: NDArray[np.float64]
    source_w: NDArray[np.float64]
    islanded: bool


class Limit(Protocol):
    """One limit with its settings."""

    def judge(self, series: Series, /) -> tuple[list[Line], list[Finding]]:
        """Return lines for the picture and what is broken, or that it cannot be judged."""
        ...


limits: Registry[type[Any]] = Registry("gigasite.power.limits", "limit")
