"""Answers to an image: live and in replay the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.field.battery.image import Point, Site, Status, Units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.battery.device import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What the meter itself measures; NaN where it does not."""

    load_w: float = math.nan
    source_w: float = math.nan
    frequency_hz: float = math.nan
    age_s: float = math.inf


def assemble(units: Sequence[Unit], before: Units, answers: Sequence[tuple[bytes, ...] | None], dt_s: float) -> Units:
    """Return the readings after a cycle.

    Parameters
    ----------
    units, before
        What was found, and the readings of the cycle before.
    answers
        Of each unit; None: not all of its reads were answered. Its values then stay, older, and it no longer counts as
        answering.
    dt_s
        Since the cycle before.
    """
    values, quality = before.values.copy(), before.quality.copy()
    status, age_s = before.status & ~int(Status.ANSWERED), before.age_s + dt_s
    said = [(i, unit.decode(a)) for i, (unit, a) in enumerate(zip(units, answers, strict=True)) if a is not None]
    if said:
        # whole columns at once: a row at a time would cost as much as taking it apart
        at, rows = [i for i, _ in said], [row for _, row in said]
        values[at], quality[at] = [r.values for r in rows], [r.quality for r in rows]
        status[at], age_s[at] = [r.status for r in rows], 0.0
    return Units(values=values, quality=quality, status=status, age_s=age_s)


GONE_S = 5.0
"""Age of a unit's power above which it counts as none: by then its own timer has brought it to zero; estimate."""


def site_of(metered: Metered | None, units: Units) -> Site:
    """Return the site: what the meter measures, and what follows from it and the units.

    Load = source + battery. Without a meter the frequency is the median of the units', and load and source are not
    known (0): only controllers that need neither run so.
    """
    hz = units.of(Point.FREQUENCY_HZ)
    hz = hz[np.isfinite(hz) & units.says(Status.ANSWERED)]
    median_hz = float(np.median(hz)) if len(hz) else math.nan
    if metered is None:
        return Site(load_w=0.0, source_w=0.0, frequency_hz=median_hz, age_s=0.0 if len(hz) else math.inf)
    power_w, set_w = units.of(Point.POWER_W), units.of(Point.SET_W)
    # a unit whose measurement is broken still gives what it was set to: without it the load would seem to step
    told_w = np.where(units.says(Status.ENABLED) & units.good(Point.SET_W), set_w, 0.0)
    gives_w = np.where(np.isnan(power_w), told_w, power_w)
    battery_w = float(np.where(units.age_s <= GONE_S, gives_w, 0.0).sum())
    load_w, source_w = metered.load_w, metered.source_w
    if math.isnan(load_w):
        load_w = source_w + battery_w
    elif math.isnan(source_w):
        source_w = load_w - battery_w
    frequency_hz = median_hz if math.isnan(metered.frequency_hz) else metered.frequency_hz
    return Site(load_w=load_w, source_w=source_w, frequency_hz=frequency_hz, age_s=metered.age_s)
