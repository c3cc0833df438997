"""Who wants what of the battery, and the arbiter: the higher priority narrows what the lower ones may have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A wish for the site's battery power; discharge positive [W]."""

    who: str
    priority: int
    """0 is the highest (safety); larger numbers give way."""
    power_w: float | None = None
    """None: only bounds it."""
    low_w: float = -math.inf
    high_w: float = math.inf
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the arbiter grants."""

    power_w: float
    low_w: float
    high_w: float
    by: str
    """Whose wish it is, and who bounded it."""


def arbitrate(requests: Sequence[Request]) -> Granted:
    """Return the site's power.

    Intervals are cut in the order of priority. One that would leave nothing is reduced to the point of the present
    interval that lies nearest to it: a lower priority never widens or overrides a higher one. The power is the wish of
    the highest priority that has one, within the interval; without a wish it is 0, or the nearest to it. A request
    that is not a number counts as none.

    >>> limit = Request(who="feeder", priority=0, high_w=5e6)
    >>> wish = Request(who="controller", priority=5, power_w=8e6)
    >>> arbitrate([wish, limit])
    Granted(power_w=5000000.0, low_w=-inf, high_w=5000000.0, by='controller, bounded by feeder')
    """
    low_w, high_w = -math.inf, math.inf
    bounds: dict[str, float] = {}
    wish: Request | None = None
    for r in sorted(requests, key=lambda r: (r.priority, r.who)):
        if math.isnan(r.low_w) or math.isnan(r.high_w) or r.low_w > r.high_w:
            continue
        if r.low_w > low_w:
            low_w = min(r.low_w, high_w)
            bounds["low"] = r.low_w
        if r.high_w < high_w:
            high_w = max(r.high_w, low_w)
            bounds["high"] = r.high_w
        if r.low_w > -math.inf or r.high_w < math.inf:
            bounds[r.who] = 0.0
        if wish is None and r.power_w is not None and math.isfinite(r.power_w):
            wish = r
    wanted_w = 0.0 if wish is None or wish.power_w is None else wish.power_w
    power_w = min(max(wanted_w, low_w), high_w)
    who = wish.who if wish is not None else "nobody"
    cut = [k for k in bounds if k not in {"low", "high"}] if power_w != wanted_w else []
    by = f"{who}, bounded by {', '.join(cut)}" if cut else who
    return Granted(power_w=power_w, low_w=low_w, high_w=high_w, by=by)
