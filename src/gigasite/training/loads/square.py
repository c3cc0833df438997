"""Square: a mean, a swing and a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.settings import setting
from gigasite.training.load_kind import loads
from gigasite.training.types import LoadTrace, Step

if TYPE_CHECKING:
    from pathlib import Path

MOST_EDGES = 20_000_000


@loads.part("square")
@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """High for a share of the period, then low; rest at the mean before it begins.

    Parameters
    ----------
    mean_w, swing_w
        The level before, and the height from low to high [W]: high = mean + swing (1 - duty), low = mean - swing duty.
    period_s, duty_frac
        Period [s], and share of it at the high level.
    start_s
        First rising edge [s].
    edge_s
        Standard deviation of an edge among the ranks [s].
    """

    mean_w: float = setting(100e6, 0.0, 1e11)
    swing_w: float = setting(80e6, 0.0, 1e11)
    period_s: float = setting(1.0, 0.01, 1e5)
    duty_frac: float = setting(0.5, 0.01, 0.99)
    start_s: float = setting(1.0, 0.0, 1e6)
    edge_s: float = setting(0.0, 0.0, 10.0)

    def trace(self, duration_s: float, _seed: int, _folder: Path, /) -> LoadTrace:
        """Return the load."""
        count = max(0, int(np.ceil((duration_s - self.start_s) / self.period_s)))
        if 2 * count > MOST_EDGES:
            raise InfeasibleError(f"{count:,} periods are too many: a shorter run or a longer period")
        high_w = self.mean_w + self.swing_w * (1.0 - self.duty_frac)
        low_w = self.mean_w - self.swing_w * self.duty_frac
        if low_w < 0.0:
            raise InfeasibleError(f"the square falls to {low_w / 1e6:.4g} MW: less swing, or more mean")
        rise = self.start_s + self.period_s * np.arange(count)
        at_s = np.column_stack([rise, rise + self.duty_frac * self.period_s]).ravel()
        phases = [(0.0, self.start_s, "idle")] if self.start_s > 0 else []
        return LoadTrace(
            kind="edges",
            at_s=at_s,
            power_w=np.tile([high_w, low_w], count),
            before_w=self.mean_w,
            edge_s=self.edge_s,
            duration_s=duration_s,
            resolution_s=self.edge_s,
            source="square",
            gpus=1,
            phases=(*phases, (self.start_s, duration_s, "compute")) if duration_s > self.start_s else tuple(phases),
            step=Step(
                step_s=self.period_s,
                compute_s=self.period_s * self.duty_frac,
                communication_s=self.period_s * (1.0 - self.duty_frac),
                flop=0.0,
                tokens_per_s=0.0,
                frequency_hz=1.0 / self.period_s,
            ),
        )
