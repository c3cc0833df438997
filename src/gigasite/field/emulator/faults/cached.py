"""Cached answers: what two requests tell of one unit is not of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.settings import setting
from gigasite._core.streams import stream
from gigasite.field.emulator.fault import faults

if TYPE_CHECKING:
    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet
    from gigasite.field.emulator.units import Asked

MOST_RANGES = 1000
"""In the cache; then it begins anew."""


@faults.part("cached")
@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """A gateway answers out of its cache; each range of registers is renewed at times of its own.

    Parameters
    ----------
    every_s
        How long a range stays in the cache.
    """

    every_s: float = setting(0.2, 0.001, 3600.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        dice = stream(fleet.settings.seed, "fault-cached")
        kept: dict[Asked, tuple[float, bytes]] = {}

        def turn(asked: Asked, answer: bytes) -> bytes:
            due_s, old = kept.get(asked, (0.0, b""))
            if fleet.time_s + 1e-9 < due_s:
                return old
            if len(kept) >= MOST_RANGES:
                kept.clear()
            # the first time is drawn: else all ranges would be renewed together
            kept[asked] = (fleet.time_s + self.every_s * (1.0 if old else dice.random()), answer)
            return answer

        return fleet.turn(turn, units)
