"""Faults of the line: what becomes of an answer on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.settings import setting
from gigasite._core.streams import stream
from gigasite.field.emulator.fault import faults
from gigasite.field.modbus.frames import exception
from gigasite.field.modbus.server import Sending

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet

    Spoil = Callable[[int, int, bytes], Sequence[Sending]]


def _whole(answer: bytes) -> Sending:
    return Sending(pieces=(answer,))


@faults.part("silent")
@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Requests are taken and never answered."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, _a: ())


@faults.part("slow")
@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Answers come late; beyond the client's time to live they are late answers.

    Parameters
    ----------
    by_s, jitter_s
        Delay, and width of what is drawn on top of it (answers may then overtake each other).
    """

    by_s: float = setting(1.0, 0.0, 60.0)
    jitter_s: float = setting(0.0, 0.0, 60.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        dice = stream(fleet.settings.seed, "fault-slow")

        def spoil(_unit: int, _function: int, answer: bytes) -> tuple[Sending, ...]:
            return (Sending(pieces=(answer,), after_s=self.by_s + self.jitter_s * dice.random()),)

        return fleet.spoil(units, spoil)


@faults.part("lossy")
@dataclass(frozen=True, slots=True, kw_only=True)
class Lossy:
    """Some answers are lost.

    Parameters
    ----------
    share_frac
        Of all answers.
    """

    share_frac: float = setting(0.1, 0.0, 1.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        dice = stream(fleet.settings.seed, "fault-lossy")
        return fleet.spoil(units, lambda _u, _f, a: () if dice.random() < self.share_frac else (_whole(a),))


@faults.part("duplicate")
@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Every answer comes twice."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (Sending(pieces=(a, a)),))


@faults.part("reorder")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder:
    """Answers of each unit come in pairs, the second one first."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        held: dict[int, bytes] = {}

        def make(number: int) -> Spoil:
            def spoil(_unit: int, _function: int, answer: bytes) -> tuple[Sending, ...]:
                first = held.pop(number, None)
                if first is not None:
                    return (Sending(pieces=(answer, first)),)
                held[number] = answer
                return ()

            return spoil

        return fleet.spoil_each(units, make)


@faults.part("wrong-transaction")
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongTransaction:
    """Answers bear a transaction id that nobody waits for."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (_whole(bytes((a[0] ^ 0x40,)) + a[1:]),))


@faults.part("wrong-unit")
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongUnit:
    """Answers bear another unit's id."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (_whole(a[:6] + bytes((a[6] ^ 0x80,)) + a[7:]),))


@faults.part("wrong-function")
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongFunction:
    """Answers are to another function than was asked."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (_whole(a[:7] + bytes((a[7] ^ 0x04,)) + a[8:]),))


@faults.part("wrong-length")
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongLength:
    """The last byte of each answer is missing, and its frame says so: the data no longer fit their own count."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (_whole(a[:4] + (len(a) - 7).to_bytes(2, "big") + a[6:-1]),))


@faults.part("exception")
@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptional:
    """Every request is refused.

    Parameters
    ----------
    code
        Of Modbus: 1 function, 2 address, 3 value, 4 failure, 5 acknowledge, 6 busy, 11 gateway target silent.
    """

    code: int = setting(4, 1, 255)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def spoil(_unit: int, function: int, answer: bytes) -> tuple[Sending, ...]:
            return (_whole(answer[:4] + b"\x00\x03" + answer[6:7] + exception(function, self.code)),)

        return fleet.spoil(units, spoil)


@faults.part("dribble")
@dataclass(frozen=True, slots=True, kw_only=True)
class Dribble:
    """Answers come byte by byte.

    Parameters
    ----------
    gap_s
        Between two bytes.
    """

    gap_s: float = setting(0.001, 0.0, 1.0)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def spoil(_unit: int, _function: int, answer: bytes) -> tuple[Sending, ...]:
            return (Sending(pieces=tuple(answer[i : i + 1] for i in range(len(answer))), gap_s=self.gap_s),)

        return fleet.spoil(units, spoil)


@faults.part("cut")
@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The connection is reset in the middle of each answer."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        return fleet.spoil(units, lambda _u, _f, a: (Sending(pieces=(a[: len(a) // 2],), close=True),))


@faults.part("noise")
@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Random bytes come in place of answers."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        dice = stream(fleet.settings.seed, "fault-noise")
        return fleet.spoil(units, lambda _u, _f, a: (_whole(dice.bytes(len(a))),))
