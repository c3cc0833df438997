"""Torn values: the device updates its registers while it answers, so that one answer holds words of two moments."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError
from gigasite._core.registry import unknown
from gigasite._core.settings import setting
from gigasite._core.streams import stream
from gigasite.field.emulator.fault import faults
from gigasite.field.modbus.frames import READ_HOLDING, READ_INPUT

if TYPE_CHECKING:
    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet
    from gigasite.field.emulator.units import Asked

MOST_RANGES = 1000
"""Of which the past is kept: a client that asks for everything in turn must not fill the memory."""


class _Past:
    """What the registers said at every tick of the last while, for the ranges that clients ask for."""

    def __init__(self, fleet: Fleet, age_s: float) -> None:
        self._face, self._ticks = fleet.units.face, max(1, math.ceil(age_s / fleet.settings.tick_s - 1e-9))
        self._kept: dict[Asked, deque[bytes]] = {}

    def before(self, asked: Asked) -> bytes | None:
        """Return what a range said then, or the longest ago that is known; None the first time that it is asked for."""
        kept = self._kept.get(asked)
        if kept is None and len(self._kept) < MOST_RANGES:
            self._kept[asked] = deque(maxlen=self._ticks)
        return kept[0] if kept else None

    def note(self) -> None:
        """Remember this tick."""
        for asked, kept in self._kept.items():
            answer = self._face.read(asked.unit, asked.address, asked.size, asked.function)
            if isinstance(answer, bytes):
                kept.append(answer)


@faults.part("torn")
@dataclass(frozen=True, slots=True, kw_only=True)
class Torn:
    """An answer begins with registers of a moment ago and ends with those of now; the border lies within a value.

    Parameters
    ----------
    point
        The value of several registers that is torn: such as 704.WSet, or as a register map names it; "": any, drawn.
    age_s
        How long ago the earlier moment is.
    share_frac
        Of the answers that hold such a value.
    """

    point: str = ""
    age_s: float = setting(0.2, 0.001, 60.0)
    share_frac: float = setting(1.0, 0.0, 1.0)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        known = [name for f in (READ_HOLDING, READ_INPUT) for name in fleet.units.face.long(f)]
        if not known:
            raise FieldError("these units have no value of several registers: nothing can be torn")
        if self.point and self.point not in known:
            raise unknown("value of several registers", self.point, known)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        self.fits(fleet)
        dice, past = stream(fleet.settings.seed, "fault-torn"), _Past(fleet, self.age_s)
        places = {f: fleet.units.face.long(f) for f in (READ_HOLDING, READ_INPUT)}

        def turn(asked: Asked, answer: bytes) -> bytes:
            before, end = past.before(asked), asked.address + asked.size
            held = [
                (at, size)
                for name, (at, size) in places.get(asked.function, {}).items()
                if asked.address <= at and at + size <= end and self.point in {"", name}
            ]
            if before is None or not held or dice.random() >= self.share_frac:
                return answer
            at, size = held[int(dice.integers(len(held)))]
            border = 2 * (at - asked.address + int(dice.integers(1, size)))
            return before[:border] + answer[border:]

        end_turn, end_notes = fleet.turn(turn, units), fleet.every_tick(past.note)

        async def undo() -> None:
            await end_turn()
            await end_notes()

        return undo
