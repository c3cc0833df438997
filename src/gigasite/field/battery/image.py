"""What is known at one instant: columns over the units, and the site's meter, each value with age and quality."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Quality(IntEnum):
    """How far a value can be trusted; anything but `GOOD` is never acted upon."""

    GOOD = 0
    MISSING = 1
    """Never answered, or this answer was lost."""
    SENTINEL = 2
    """The device says that it has no such value."""
    SCALE = 3
    """Its scale factor is not implemented, or changed while running."""
    RANGE = 4
    """Not a number, or beyond what such a device can measure."""
    LAYOUT = 5
    """The registers are not those of the device that was found: another firmware, or another device at its address."""


class Status(IntFlag):
    """What a unit says of itself."""

    ANSWERED = 1
    """All reads of this cycle were answered."""
    REMOTE = 2
    """It takes orders from outside."""
    ALARM = 4
    STOPPED = 8
    """Tripped, off, or in standby by its own decision."""
    ENABLED = 16
    """The set point is enabled."""
    LINGERS = 32
    """It holds another reversion than the loop writes: without the loop its set point would stand too long."""


class Point(IntEnum):
    """Columns of `Units.values` and `Units.quality`."""

    POWER_W = 0
    """At the terminals, discharge positive."""
    SOC_FRAC = 1
    FREQUENCY_HZ = 2
    SET_W = 3
    """The set point that the device holds."""
    CHARGE_W = 4
    """What it can take now, >= 0."""
    DISCHARGE_W = 5
    """What it can give now, >= 0."""
    HEARTBEAT = 6
    """The device's own counter; NaN where it has none."""


POINTS = len(Point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Readings of n units."""

    values: Floats
    """(n, POINTS); NaN where the quality is not good."""
    quality: NDArray[np.uint8]
    """(n, POINTS) of `Quality`."""
    status: NDArray[np.int64]
    """(n,) of `Status`."""
    age_s: Floats
    """(n,) since the last complete answer; infinite before the first."""

    def of(self, point: Point) -> Floats:
        """Return one column (n,)."""
        return self.values[:, point]

    def good(self, *points: Point) -> NDArray[np.bool_]:
        """Return which units have good values of all these points (n,)."""
        out: NDArray[np.bool_] = np.all(self.quality[:, list(points)] == Quality.GOOD, axis=1)
        return out

    def says(self, flag: Status) -> NDArray[np.bool_]:
        """Return which units say this (n,)."""
        out: NDArray[np.bool_] = (self.status & int(flag)) != 0
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the site's meter says; a value that is not known is NaN."""

    load_w: float
    """The load behind the source and the battery."""
    source_w: float
    """Grid and gensets together."""
    frequency_hz: float
    age_s: float
    """Since the meter's last complete answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One instant, as the loop sees it: nothing changes while a decision is made."""

    number: int
    """Of the cycle, from 0."""
    time_s: float
    """On the loop's own steady clock, from the start of the run."""
    dt_s: float
    """Since the cycle before."""
    units: Units
    site: Site
    missed: int = 0
    """Cycles skipped just before this one because the loop was late."""
    orders: tuple[str, ...] = ()
    """What the operator said since the last cycle: arm, disarm, stop, clear."""


def missing(n: int) -> Units:
    """Return the readings of n units of which nothing is known yet."""
    return Units(
        values=np.full((n, POINTS), np.nan),
        quality=np.full((n, POINTS), Quality.MISSING, np.uint8),
        status=np.zeros(n, np.int64),
        age_s=np.full(n, np.inf),
    )
