"""The allocator: one power for the site, shared over the units by their headroom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each unit gets."""

    power_w: Floats
    """(n,) discharge positive; all of one sign."""
    shortfall_w: float
    """What the units cannot give of it, >= 0."""


def allocate(power_w: float, weight: Floats, most_w: Floats) -> Shares:
    """Share a power over units: in proportion to their weights, none above its most, the rest to the others.

    The shares are `min(level x weight, most)` with the one level at which they add up (water-filling), so that no unit
    charges while another discharges.

    Parameters
    ----------
    power_w
        For all units together, discharge positive.
    weight
        (n,) >= 0; a unit of weight 0 gets nothing.
    most_w
        (n,) >= 0: the most that each can do in this direction.

    Examples
    --------
    >>> allocate(-6.0, np.array([1.0, 1.0, 2.0]), np.array([1.0, 9.0, 9.0])).power_w.tolist()
    [-1.0, -1.6666666666666667, -3.3333333333333335]
    """
    cap = np.where(weight > 0.0, most_w, 0.0)
    need = abs(power_w)
    whole = float(cap.sum())
    sign = np.sign(power_w)
    if need >= whole:
        return Shares(power_w=sign * cap, shortfall_w=max(need - whole, 0.0))
    if need == 0.0:
        return Shares(power_w=np.zeros(len(weight)), shortfall_w=0.0)
    live = np.flatnonzero(cap > 0.0)
    full_at = cap[live] / weight[live]
    order = np.argsort(full_at, kind="stable")
    # before the k-th unit is full, the k fullest have their cap and the others share the rest by weight
    full_w = np.concatenate([[0.0], np.cumsum(cap[live][order])[:-1]])
    rest = np.cumsum(weight[live][order][::-1])[::-1]
    level = (need - full_w) / rest
    k = int(np.argmax(level <= full_at[order]))
    out = np.zeros(len(weight))
    out[live] = np.minimum(level[k] * weight[live], cap[live])
    return Shares(power_w=sign * out, shortfall_w=0.0)


def weights(direction: float, soc_frac: Floats, energy_j: Floats, window: tuple[float, float]) -> Floats:
    """Return the headroom of each unit in this direction [J]: what it can still give, or still take.

    Units that are fuller discharge more and charge less, so that states of charge come together.
    """
    low, high = window
    room = soc_frac - low if direction >= 0.0 else high - soc_frac
    return np.maximum(room, 0.0) * energy_j
