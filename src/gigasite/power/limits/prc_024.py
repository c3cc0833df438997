"""NERC PRC-024: frequencies at which generators' protection may not trip before some time, by interconnection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gigasite._core.settings import of_kind
from gigasite.power.limit import limits
from gigasite.power.ride_through import RideThrough, Stage, hertz

CURVE_STAGES = 8
"""Stages in which the Eastern curves are taken; between two of them the longer time holds."""


def _curve(near: Stage, far: Stage) -> tuple[Stage, ...]:
    """Return stages along a curve that is straight in level and logarithm of time, from its slow to its fast end."""
    out = []
    for k in range(CURVE_STAGES):
        share = k / (CURVE_STAGES - 1)
        level = near.level + share * (far.level - near.level)
        time_s = near.time_s * (far.time_s / near.time_s) ** share
        out.append(Stage(round(level, 6), round(time_s, 3), near.above))
    return tuple(out)


# ends of the curves: time 1800 s at 59.5 Hz to 2 s at 57.8 Hz, 600 s at 60.5 Hz to 2 s at 62.2 Hz
EASTERN = (
    *_curve(Stage(60.5, 600.0, above=True), Stage(62.2, 2.0, above=True)),
    *_curve(Stage(59.5, 1800.0), Stage(57.8, 2.0)),
)
WECC = (
    Stage(61.7, 0.0, above=True),
    Stage(61.6, 30.0, above=True),
    Stage(60.6, 180.0, above=True),
    Stage(59.4, 180.0),
    Stage(58.4, 30.0),
    Stage(57.8, 7.5),
    Stage(57.3, 0.75),
    Stage(57.0, 0.0),
)


@limits.part("prc-024-eastern")
@dataclass(frozen=True, slots=True, kw_only=True)
class Eastern(RideThrough):
    """Eastern interconnection: beyond these times generators may trip.

    References
    ----------
    NERC PRC-024 as in the public repository Grid-Codes (secondary). Its curves are given by their ends; the straight
    line between them in level and logarithm of time is an estimate.
    """

    frequency_trips: tuple[Stage, ...] = of_kind(EASTERN, hertz)
    kind: ClassVar[str] = "prc-024-eastern"


@limits.part("prc-024-wecc")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wecc(RideThrough):
    """Western interconnection: beyond these times generators may trip.

    References
    ----------
    NERC PRC-024 as in the public repository Grid-Codes (secondary).
    """

    frequency_trips: tuple[Stage, ...] = of_kind(WECC, hertz)
    kind: ClassVar[str] = "prc-024-wecc"
