"""What the sizing program takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A cap on the amplitude of every frequency in a band."""

    low_hz: float
    high_hz: float
    amplitude_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimits:
    """What the source (grid and gensets) has to keep; None is not limited."""

    up_w_per_s: float | None = None
    down_w_per_s: float | None = None
    ramp_window_s: float = 0.0
    """Over which the limit measures a ramp: it lets ramp x window pass at once, which a steady ramp does not use."""
    range_w: float | None = None
    """Largest difference between highest and lowest power within a window."""
    range_window_s: float = 60.0
    capacity_w: float | None = None
    floor_w: float | None = None
    tones: tuple[Tone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A load by steps, each with two levels between which it swings: (n,) arrays."""

    high_w: NDArray[np.float64]
    low_w: NDArray[np.float64]
    mean_w: NDArray[np.float64]
    dt_s: float

    @property
    def duty(self) -> NDArray[np.float64]:
        """Return the share of each step at the high level."""
        span = self.high_w - self.low_w
        return np.where(span > 0.0, (self.mean_w - self.low_w) / np.where(span > 0.0, span, 1.0), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least battery and what the source does with it."""

    power_w: float
    energy_j: float
    dt_s: float
    source_w: NDArray[np.float64]
    """(n,) mean of each step."""
    stored_j: NDArray[np.float64]
    """(n + 1,) above the emptiest moment."""
    binding: tuple[str, ...]
    """Limits without which a smaller battery (less power, or less energy) would do."""
    blur_w: float
    """How far below this the power may truly be: ramp x step where steps are coarser than the load's, or ramp x window
    of a limit that measures ramps over a window and so lets that much pass at once."""
