"""What the limits of a study ask of the source's power, for the bound and for controllers that plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gigasite.power.bound_types import SourceLimits

if TYPE_CHECKING:
    from collections.abc import Iterable


def asked(limits: Iterable[Any]) -> SourceLimits:
    """Return what limits ask of the source: the slowest ramps, the narrowest range, all tones.

    Parameters
    ----------
    limits
        Parts of `limits`; those without `source_limits` bound the source in no linear way.
    """
    out = SourceLimits()
    for limit in limits:
        found: SourceLimits | None = limit.source_limits() if hasattr(limit, "source_limits") else None
        if found is not None:
            out = _both(out, found)
    return out


def _both(a: SourceLimits, b: SourceLimits) -> SourceLimits:
    narrow = b if a.range_w is None or (b.range_w is not None and b.range_w < a.range_w) else a
    return replace(
        a,
        up_w_per_s=_least(a.up_w_per_s, b.up_w_per_s),
        down_w_per_s=_least(a.down_w_per_s, b.down_w_per_s),
        ramp_window_s=max(a.ramp_window_s, b.ramp_window_s),
        range_w=narrow.range_w,
        range_window_s=narrow.range_window_s,
        tones=(*a.tones, *b.tones),
    )


def _least(a: float | None, b: float | None) -> float | None:
    given = [x for x in (a, b) if x is not None]
    return min(given) if given else None
