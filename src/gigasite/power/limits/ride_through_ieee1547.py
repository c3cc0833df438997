"""IEEE 1547-2018 category III: trip stages and ride-through windows of distributed resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gigasite._core.settings import of_kind
from gigasite.power.limit import limits
from gigasite.power.ride_through import RideThrough, Stage, hertz, per_unit

FREQUENCY_TRIPS = (
    Stage(62.0, 0.16, above=True),
    Stage(61.2, 300.0, above=True),
    Stage(58.5, 300.0),
    Stage(56.5, 0.16),
)
FREQUENCY_WINDOWS = (
    Stage(61.8, 0.0, above=True),
    Stage(61.2, 299.0, above=True),
    Stage(58.8, 299.0),
    Stage(57.0, 0.0),
)
VOLTAGE_TRIPS = (
    Stage(1.20, 0.16, above=True),
    Stage(1.10, 13.0, above=True),
    Stage(0.88, 21.0),
    Stage(0.50, 2.0),
)
VOLTAGE_WINDOWS = (Stage(0.88, 20.0), Stage(0.70, 10.0), Stage(0.50, 1.0))


@limits.part("ride-through-ieee1547")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ieee1547(RideThrough):
    """Category III defaults.

    References
    ----------
    IEEE 1547-2018 category III (60 Hz), secondary: trip defaults as in the public OpenDER parameter table, ride-through
    corners as in its run-time criteria (58.8 Hz where its code resets timers at 58.5). 61.8 and 58.8 Hz are corners of
    ride-through, not trip defaults, as some public code has it. No window is given there above 1.10 pu. Windows are
    added up over 10 min.
    """

    frequency_trips: tuple[Stage, ...] = of_kind(FREQUENCY_TRIPS, hertz)
    frequency_windows: tuple[Stage, ...] = of_kind(FREQUENCY_WINDOWS, hertz)
    voltage_trips: tuple[Stage, ...] = of_kind(VOLTAGE_TRIPS, per_unit)
    voltage_windows: tuple[Stage, ...] = of_kind(VOLTAGE_WINDOWS, per_unit)
    kind: ClassVar[str] = "ride-through-ieee1547"
