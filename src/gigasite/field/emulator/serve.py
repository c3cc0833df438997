"""Serve a fleet until somebody ends the process, or for a while."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gigasite.field.emulator.site import Site
from gigasite.field.realtime import PRIORITY, claim
from gigasite.field.runner import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gigasite.field.emulator.fleet import Endpoint, Fleet
    from gigasite.power.case import Bench


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
    trace: Mapping[str, NDArray[np.float64]] | None = None
    """What the site did, by column, with `time_s`; None without one."""


def serve(
    fleet: Fleet,
    told: Callable[[Sequence[Endpoint], int], None],
    for_s: float | None = None,
    *,
    bench: Bench | None = None,
    realtime: bool = False,
) -> Served:
    """Listen, tell where, and run until SIGINT or SIGTERM, or for `for_s`.

    Parameters
    ----------
    fleet
        Not listening yet; in lock-step where there is a bench.
    told
        Called with the units' endpoints and the meter's port (0: there is none) once all listen.
    for_s
        Time to run [s]; None: until a signal.
    bench
        Case of the swing bench whose plant and load the units carry, by the clock; with it there is a meter.
    realtime
        Ask for SCHED_FIFO, below the loop's own: emulated units should not be what is late.

    Raises
    ------
    FieldError
        A port cannot be opened.
    InfeasibleError
        The plant cannot carry the load.
    """
    if realtime:
        claim(PRIORITY - 10)
    return run(_serve(fleet, told, for_s, None if bench is None else Site(bench, fleet)))


async def _serve(
    fleet: Fleet, told: Callable[[Sequence[Endpoint], int], None], for_s: float | None, site: Site | None
) -> Served:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end.set)
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(fleet)
            if site is not None:
                await stack.enter_async_context(site)
                site.go()
            told(fleet.endpoints, 0 if site is None else site.port)
            ended = fleet.ended() if site is None else site.ended()
            waits = {loop.create_task(end.wait()), loop.create_task(ended)}
            done, rest = await asyncio.wait(waits, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
            for each in rest:
                each.cancel()
            for each in done:
                each.result()  # a fault that cannot begin ends it with its reason
            return replace(served(fleet), trace=None if site is None else site.trace())
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
