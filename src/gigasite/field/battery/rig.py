"""The hands of the loop: reads all units at once, writes all set points at once, and never waits past a deadline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import FieldError
from gigasite.field.battery.device import within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gigasite.field.battery.assemble import Metered
    from gigasite.field.battery.decide import Decision
    from gigasite.field.battery.device import Link, Unit, Write
    from gigasite.field.battery.meter import Meter

    Answer = tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Units that were found, the way to each, and the meter."""

    names: tuple[str, ...]
    units: tuple[Unit, ...]
    links: tuple[Link, ...]
    meter: Meter | None = None
    meter_link: Link | None = None


class _Gather:
    """Waits for many futures with one deadline and without a task for each."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = 0
        self._done: asyncio.Future[None] = self._loop.create_future()

    def add(self, future: asyncio.Future[Any]) -> asyncio.Future[Any]:
        self._left += 1
        future.add_done_callback(self._one)
        return future

    def add_all(self, futures: list[asyncio.Future[Any]]) -> list[asyncio.Future[Any]]:
        for future in futures:
            self.add(future)
        return futures

    def _one(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            future.exception()  # looked at here: nobody else may, and asyncio would complain
        self._left -= 1
        if self._left == 0 and not self._done.done():
            self._done.set_result(None)

    async def wait(self, seconds: float) -> None:
        if self._left == 0:
            return
        timer = self._loop.call_later(max(seconds, 0.0), self._late)
        try:
            await self._done
        finally:
            timer.cancel()

    def _late(self) -> None:
        if not self._done.done():
            self._done.set_result(None)


def _take(future: asyncio.Future[Any]) -> Any:
    """Return what a future has; None when it failed or has nothing yet (it is then given up)."""
    if not future.done():
        future.cancel()
        return None
    if future.cancelled() or future.exception() is not None:
        return None
    return future.result()


async def read_all(rig: Rig, seconds: float) -> tuple[tuple[Answer, ...], Metered | None]:
    """Read every unit and the meter; what is not there after `seconds` counts as not answered."""
    gather = _Gather()
    asked = [gather.add_all(link.read_all(unit.reads)) for unit, link in zip(rig.units, rig.links, strict=True)]
    metered: list[asyncio.Future[bytes]] = []
    if rig.meter is not None and rig.meter_link is not None:
        metered = gather.add_all(rig.meter_link.read_all(rig.meter.reads))
    await gather.wait(seconds)
    answers = tuple(_whole(futures) for futures in asked)
    if rig.meter is None:
        return answers, None
    answer = _whole(metered)
    return answers, rig.meter.decode(answer) if answer is not None else None


def _whole(futures: Sequence[asyncio.Future[bytes]]) -> Answer:
    parts = [_take(f) for f in futures]
    return None if any(p is None for p in parts) else tuple(parts)


async def write_all(rig: Rig, decision: Decision, beats: Mapping[int, int], seconds: float) -> NDArray[np.bool_]:
    """Write the set points, and the heartbeats `beats` by unit; return which units acknowledged their set points.

    Raises
    ------
    FieldError
        A make of units wants to write outside of what it may: nothing is written at all then.
    """
    due = [
        unit.setpoint(power_w, enable=enable) if write else ()
        for unit, power_w, enable, write in zip(
            rig.units, decision.set_w.tolist(), decision.enable.tolist(), decision.write.tolist(), strict=True
        )
    ]
    for unit, name, writes in zip(rig.units, rig.names, due, strict=True):
        if not all(within(unit, w) for w in writes):
            raise FieldError(f"{name} register {writes[0].address}: a set point outside of the registers for it")
    gather = _Gather()
    asked = [
        _sent(gather, link, writes, in_turn=enable)
        for link, writes, enable in zip(rig.links, due, decision.enable.tolist(), strict=True)
    ]
    for i, count in beats.items():
        pulse = rig.units[i].beat(count) if decision.write[i] else None
        if pulse is not None:
            gather.add(rig.links[i].write(*pulse))
    await gather.wait(seconds)
    done = [[_done(f) for f in futures] for futures in asked]
    return np.array([bool(each) and all(each) for each in done])


def _sent(gather: _Gather, link: Link, writes: Sequence[Write], *, in_turn: bool) -> list[asyncio.Future[Any]]:
    """Send the writes of one unit: at once, or each only when the one before was acknowledged.

    What enables a set point comes last, and must not go out when the set point itself was refused or lost: the unit
    would run at the one that it holds, whoever left it there.
    """
    if not in_turn or len(writes) < 2:
        return [gather.add(link.write(*w)) for w in writes]
    whole: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def go_on(k: int, before: asyncio.Future[None] | None) -> None:
        if whole.done():  # given up
            return
        if before is not None and (before.cancelled() or before.exception() is not None):
            whole.cancel()
        elif k == len(writes):
            whole.set_result(None)
        else:
            write = link.write(*writes[k])
            write.add_done_callback(lambda f: go_on(k + 1, f))
            whole.add_done_callback(lambda _: write.cancel())  # given up: it must not leave a queue later

    go_on(0, None)
    return [gather.add(whole)]


def _done(future: asyncio.Future[Any]) -> bool:
    """Return whether a write was acknowledged; one that still waits is given up: no set point outlives its cycle."""
    if not future.done():
        future.cancel()
        return False
    return not future.cancelled() and future.exception() is None
