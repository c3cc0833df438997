"""Serve a fleet until somebody ends the process, or for a while."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.field.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gigasite.field.emulator.fleet import Endpoint, Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What became of a fleet that was served.

    Parameters
    ----------
    seconds_s, requests, refused_writes
        Time on the fleet's clock, requests answered, and writes that were answered with an exception.
    most_frac
        Largest power of any unit, of its rating.
    low_frac, high_frac
        Lowest and highest state of charge at the end.
    """

    seconds_s: float
    requests: int
    refused_writes: int
    most_frac: float
    low_frac: float
    high_frac: float


def serve(fleet: Fleet, told: Callable[[Sequence[Endpoint]], None], for_s: float | None = None) -> Served:
    """Listen, tell where, and run until SIGINT or SIGTERM, or for `for_s`.

    Raises
    ------
    FieldError
        A port cannot be opened.
    """
    return run(_serve(fleet, told, for_s))


async def _serve(fleet: Fleet, told: Callable[[Sequence[Endpoint]], None], for_s: float | None) -> Served:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    try:
        async with fleet:
            told(fleet.endpoints)
            waits = {loop.create_task(end.wait()), loop.create_task(fleet.ended())}
            done, rest = await asyncio.wait(waits, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
            for each in rest:
                each.cancel()
            for each in done:
                each.result()  # a fault that cannot begin ends it with its reason
            return served(fleet)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def served(fleet: Fleet) -> Served:
    """Return what became of a fleet so far."""
    u = fleet.units
    return Served(
        seconds_s=fleet.time_s,
        requests=sum(s.requests for s in fleet.servers),
        refused_writes=sum(1 for w in u.written if w.code),
        most_frac=float(u.most_frac.max()),
        low_frac=float(u.soc_frac.min()),
        high_frac=float(u.soc_frac.max()),
    )
