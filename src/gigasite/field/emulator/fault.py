"""What a fault is: something that begins on some units and can be undone; and the script that says when."""

from __future__ import annotations

import heapq
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.errors import QuantityError
from gigasite._core.registry import Registry
from gigasite._core.settings import mistakes, read
from gigasite._core.streams import stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gigasite._core.settings import Choice
    from gigasite.field.emulator.fleet import Fleet

    Undo = Callable[[], Awaitable[None]]


class Fault(Protocol):
    """A frozen dataclass of settings; one kind of thing that goes wrong at the device's side."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """Begin on units (from 0); return what ends it.

        Raises
        ------
        FieldError
            These units cannot have it.
        """
        ...


class Picky(Protocol):
    """A fault that not every fleet can have; others do not have this method."""

    def fits(self, fleet: Fleet, /) -> None:
        """Refuse a fleet.

        Raises
        ------
        GigasiteError
            Saying what it lacks.
        """
        ...


faults: Registry[type[Any]] = Registry("gigasite.field.emulator.faults", "fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a script.

    Parameters
    ----------
    at_s, for_s
        On the fleet's own clock; it lasts `for_s`, to the end where that is None.
    units
        From 0.
    """

    at_s: float
    for_s: float | None
    units: tuple[int, ...]
    fault: Fault


async def nothing() -> None:
    """End a fault that is over at once."""


def fault_of(choice: Choice) -> Fault:
    """Return a fault by its kind and raw settings.

    Raises
    ------
    UnknownPartError, QuantityError
        No such kind, or settings that it does not know.
    """
    made: Fault = read(faults[choice.kind], choice.settings)
    return made


def fault_mistakes(choice: Choice) -> list[tuple[str, str]]:
    """Return (key, message) of every mistake in a fault's settings; as `settings.mistakes`."""
    return mistakes(faults[choice.kind], choice.settings) if choice.kind in faults else []


def pick(text: str, count: int, seed: int = 1) -> tuple[int, ...]:
    """Return the units that a script means, from 0: `all`, `3`, `1-10`, `1-3, 7`, or a drawn share as `10 %`.

    Raises
    ------
    QuantityError
        It means no units, or some that are not there.

    Examples
    --------
    >>> pick("1-3, 7", 10), len(pick("10 %", 168))
    ((0, 1, 2, 6), 17)
    """
    text = text.strip()
    if text == "all":
        return tuple(range(count))
    if share := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", text):
        many = math.ceil(count * float(share[1]) / 100.0 - 1e-9)
        if not 0 < many <= count:
            raise QuantityError(f"'{text}' of {count} units is none, or more than all")
        return tuple(sorted(int(i) for i in stream(seed, "fault-units").permutation(count)[:many]))
    out: set[int] = set()
    for piece in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6}))?\s*", piece)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= count:
            raise QuantityError(f"'{text[:40]}' names no units of 1 to {count}; write all, 3, 1-10, or 10 %")
        out |= set(range(first - 1, last))
    return tuple(sorted(out))


class Script:
    """Events in their order, begun and ended as the fleet's clock passes them."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._heap: list[tuple[float, int, Event | Undo]] = [(e.at_s, i, e) for i, e in enumerate(events)]
        heapq.heapify(self._heap)
        self._count = len(self._heap)

    @property
    def next_s(self) -> float:
        """Return when the next thing happens; inf: nothing more."""
        return self._heap[0][0] if self._heap else math.inf

    async def play(self, fleet: Fleet) -> None:
        """Do everything that is due."""
        while self._heap and self._heap[0][0] <= fleet.time_s + 1e-9:
            at_s, _, due = heapq.heappop(self._heap)
            if isinstance(due, Event):
                undo = await due.fault.begin(fleet, due.units)
                if due.for_s is not None:
                    self._count += 1
                    heapq.heappush(self._heap, (at_s + due.for_s, self._count, undo))
            else:
                await due()
