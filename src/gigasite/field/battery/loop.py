"""The live loop: a fixed cycle with deadlines, read -> decide -> write -> log."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.field.battery.assemble import Metered
from gigasite.field.battery.record import Inputs, decision_bytes, framed, inputs_bytes
from gigasite.field.battery.rig import read_all, write_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigasite.field.battery.brain import Brain
    from gigasite.field.battery.decide import Decision
    from gigasite.field.battery.log import LogWriter
    from gigasite.field.battery.rig import Rig

READ_SHARE = 0.5
"""Of a cycle: answers that come later count as not given."""
WRITE_SHARE = 0.35
OLD = 2.0
"""Deadlines after which what was read is too old to write by: the process was stopped between reading and writing."""
BEAT_S = 1.0
"""Each unit gets its heartbeat once a second, as SunSpec 715 has it."""
COARSE_S = 0.003
OLD_CYCLES = 256
"""Cycles between two collections of all garbage, in place of the newest alone."""
KEPT = 100_000
"""Cycles whose times are kept."""


@dataclass(slots=True)
class Times:
    """What the cycles took [s]; the last `KEPT` of them."""

    late_s: list[float] = field(default_factory=list)
    """Begun after their time."""
    spent_s: list[float] = field(default_factory=list)
    """From the first read to the last acknowledgement."""
    missed: int = 0
    """Cycles that were skipped because the one before took too long."""

    def note(self, late_s: float, spent_s: float) -> None:
        """Take down one cycle."""
        if len(self.late_s) >= KEPT:
            del self.late_s[: KEPT // 2], self.spent_s[: KEPT // 2]
        self.late_s.append(late_s)
        self.spent_s.append(spent_s)


@dataclass(slots=True)
class Orders:
    """What the operator says, until the next cycle takes it."""

    waiting: list[str] = field(default_factory=list)

    def say(self, order: str) -> None:
        """Say arm, disarm, stop or clear; said twice within a cycle it is said once."""
        if order not in self.waiting:
            self.waiting.append(order)

    def take(self) -> tuple[str, ...]:
        """Return what was said since the last time."""
        said, self.waiting = tuple(self.waiting), []
        return said


class Loop:
    """One loop over one rig.

    Parameters
    ----------
    brain, rig
        What decides, and the way to the devices.
    cycle_s
        The period [s].
    deadline_s
        Time in which a cycle must be done, if another than the period: where a simulation moves the clock [s].
    log
        Where every cycle is written down; None: nowhere.
    watch
        Called after every cycle with the decision: supervisor's heartbeat, metrics.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        brain: Brain,
        rig: Rig,
        cycle_s: float,
        *,
        deadline_s: float | None = None,
        log: LogWriter | None = None,
        watch: Callable[[Loop, Decision], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.brain, self.rig, self.cycle_s, self.log = brain, rig, cycle_s, log
        self.deadline_s = cycle_s if deadline_s is None else deadline_s
        self.orders, self.times = Orders(), Times()
        self.decision: Decision | None = None
        self.number = 0
        self.ends = False
        self._watch, self._clock, self._begun_s = watch, clock, clock()
        self._acked: NDArray[np.bool_] = np.zeros(len(rig.units), np.bool_)
        self._metered = Metered() if rig.meter is not None else None
        self._phase = np.arange(len(rig.units)) / max(len(rig.units), 1)
        self._beats = np.zeros(len(rig.units), np.int64)

    def now_s(self) -> float:
        """Return the time of now on the loop's clock [s]."""
        return self._clock() - self._begun_s

    async def cycle(self, time_s: float, dt_s: float, missed: int) -> Decision:
        """Take one cycle of length `dt_s` at `time_s` of the loop's clock, `missed` of them after the one before."""
        begun_s = self._clock()
        answers, metered = await read_all(self.rig, READ_SHARE * self.deadline_s)
        if self._metered is not None:
            self._metered = metered or replace(self._metered, age_s=self._metered.age_s + dt_s)
        inputs = Inputs(
            number=self.number,
            time_s=time_s,
            dt_s=dt_s,
            missed=missed,
            metered=self._metered,
            orders=self.orders.take(),
            acked=self._acked,
            answers=answers,
        )
        decision = self.brain.cycle(inputs)
        self.decision = decision
        if self.log is not None:
            self.log.put(framed(inputs_bytes(inputs), decision_bytes(decision)))
        if self._clock() - begun_s > OLD * self.deadline_s:  # stopped in the middle: units may be anywhere by now
            self._acked = np.zeros(len(self.rig.units), np.bool_)
        else:
            self._acked = await write_all(self.rig, decision, self._due(time_s), WRITE_SHARE * self.deadline_s)
        self.number += 1
        if self._watch is not None:
            self._watch(self, decision)
        return decision

    def _due(self, time_s: float) -> dict[int, int]:
        """Return the heartbeats of this cycle by unit: each unit's once a second, spread over that second's cycles.

        All in one cycle would make that one half as long again as the others.
        """
        beats = np.floor(time_s / BEAT_S + self._phase + 1e-9).astype(np.int64)
        due = np.flatnonzero(beats != self._beats)
        self._beats = beats
        return dict(zip(due.tolist(), beats[due].tolist(), strict=True))

    async def run(self, cycles: int | None = None) -> None:
        """Run until `ends` is set, or for so many cycles.

        Cycles begin on a fixed grid. One that takes longer than its period makes the loop skip those that it covered:
        they are counted, and never caught up with.
        """
        begun = self._begun_s = self._clock()
        slot, last_s, first = 0, -self.cycle_s, self.number
        while not self.ends and (cycles is None or self.number - first < cycles):
            due_s = begun + slot * self.cycle_s
            await _until(due_s, self._clock)
            now_s = self._clock()
            missed = int((now_s - due_s) / self.cycle_s)
            slot += missed
            self.times.missed += missed
            due_s += missed * self.cycle_s
            time_s = slot * self.cycle_s
            await self.cycle(time_s, time_s - last_s, missed)
            self.times.note(now_s - due_s, self._clock() - now_s)
            last_s, slot = time_s, slot + 1
            if not gc.isenabled():  # between cycles, where it makes nothing late
                gc.collect(0 if slot % OLD_CYCLES else 2)


async def _until(due_s: float, clock: Callable[[], float]) -> None:
    """Sleep until a time: on the event loop, whose timers are good to a millisecond, then in the system for the rest.

    For that last millisecond nothing else runs; the cycle before is over by then, and turning in circles would cost a
    tenth of a core.
    """
    left_s = due_s - clock()
    if left_s > COARSE_S:
        await asyncio.sleep(left_s - 0.5 * COARSE_S)
    left_s = due_s - clock()
    if left_s > 0.0:
        time.sleep(left_s)  # noqa: ASYNC251  # on purpose, see above
