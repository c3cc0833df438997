"""A live run: settings to loop, with everything around it, and back to a plant at rest."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import FieldError, GigasiteError
from gigasite.field.battery.announce import announced_at, heard, is_announcement
from gigasite.field.battery.brain import Brain
from gigasite.field.battery.connect import connect, tls_of
from gigasite.field.battery.decide import running, seen_of
from gigasite.field.battery.health import Hold
from gigasite.field.battery.log import LogWriter
from gigasite.field.battery.loop import Loop
from gigasite.field.battery.orders import OrderDesk
from gigasite.field.battery.planner import Planner
from gigasite.field.battery.record import Inputs, decision_bytes, framed, inputs_bytes
from gigasite.field.battery.replay import header
from gigasite.field.battery.rig import read_all
from gigasite.field.battery.settings import INFORMED, core_of, digest
from gigasite.field.battery.states import WRITING, State
from gigasite.field.battery.status import Board, StatusServer, quantile
from gigasite.field.battery.supervisor import PATIENCE_CYCLES, PATIENCE_S, Supervisor
from gigasite.field.battery.voice import Voice
from gigasite.field.realtime import Notifier, Realtime, claim

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gigasite.field.battery.connect import Connected
    from gigasite.field.battery.decide import Core, Decision
    from gigasite.field.battery.settings import Setup

SOCKET = "orders.sock"
ORDERED = frozenset({"stopped by the operator", "no longer armed"})
"""Ends of a run that are no faults."""
SWITCH_S = 5e-4
"""After so long another thread gives the interpreter back to the loop; by default it is ten times that."""
WARM_S = 1.0
AGAIN_S = 5.0
"""A supervisor that lived shorter than this is not started again: the loop disarms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says."""

    refusal: str
    """Why the settings are not signed by a trusted key; "" when they are."""
    arm_s: float | None = None
    """Armed for so long; None: read-only, nothing is ever written."""
    for_s: float | None = None
    """The run ends after so long."""
    wait_s: float = 5.0
    say: Callable[[str], None] = print
    """Where changes of state are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to."""

    cycles: int
    missed: int
    late_p99_s: float
    late_p999_s: float
    cycle_p50_s: float
    cycle_p99_s: float
    cpu_s: float
    """Of the loop's process, over the cycles."""
    transactions: int
    realtime: Realtime | None
    state: str
    cause: str
    faults: tuple[str, ...]
    """Causes of every failsafe and latch."""
    absent: tuple[str, ...]
    log_lost: int


class _Run:
    """One run's watcher: feeds the supervisor, tells changes, ends what has to end."""

    def __init__(self, setup: Setup, options: Options, connected: Connected) -> None:
        self.setup, self.options, self.connected = setup, options, connected
        self.faults: list[str] = []
        self.board = Board(setup.names, [u.rating_w for u in connected.rig.units], metered=setup.file.meter is not None)
        self.notifier = Notifier()
        self.supervisor: Supervisor | None = None
        self.supervised_s = 0.0
        self._state: State | None = None
        self._cause = ""
        self._armed_once = False
        self._over = False
        self._stopping = False
        self.planner = Planner()

    def supervise(self) -> None:
        """Start a supervisor where the run may write."""
        if self.options.arm_s is not None:
            rig = self.connected.rig
            patience_s = max(PATIENCE_S, PATIENCE_CYCLES * self.setup.file.cycle_s)
            self.supervisor = Supervisor(
                self.setup.addresses,
                rig.units,
                patience_s,
                tls_of(self.setup),
                realtime=self.setup.file.realtime,
            )
            self.supervised_s = time.monotonic()

    async def hear(self, loop: Loop, order: str) -> str:
        """Take what comes through the socket: an order, or what a job announces."""
        if not is_announcement(order):
            return self.say(loop, order)
        try:
            return await self._announced(loop, order)
        except GigasiteError as error:
            return f"refused: {error}"
        except Exception as error:  # noqa: BLE001  # a foreign controller's plan; the loop goes on, and who asked hears why
            return f"refused: {type(error).__name__}: {str(error)[:200]}"

    async def _announced(self, loop: Loop, order: str) -> str:
        """Have a plan made for what a job announces; it is taken up in the cycle after it is ready."""
        core, image = loop.brain.core, loop.brain.image
        if not hasattr(self.setup.controller, INFORMED):
            return f"refused: {self.setup.file.controller.kind} plans on nothing that is announced"
        if image is None:
            return "refused: nothing was read yet"
        stretches, period_s = heard(order)
        usable = loop.brain.memory.health.hold == Hold.NONE
        soc_frac = seen_of(core, image, usable).soc_frac
        said = announced_at(stretches, loop.now_s(), image.site.load_w, soc_frac, period_s).order()
        loop.brain.expect(said, await self.planner.plan(replace(core, controller=self.setup.controller), said))
        loop.orders.say(said)
        self.options.say(f"the job announces {len(stretches)} stretches of load")
        return "taken"

    def say(self, loop: Loop, order: str) -> str:
        """Take an order of the operator."""
        why = self._refused(loop) if order == "arm" else ""
        if why:
            return f"refused: {why}"
        loop.orders.say(order)
        return "taken"

    def _refused(self, loop: Loop) -> str:
        """Return why the loop may not be armed; "" when it may."""
        if self.options.arm_s is None:
            return "this loop runs read-only; start it with --arm"
        if self.options.refusal:
            return self.options.refusal
        if self._stopping:
            return "this loop is ending"
        if self.supervisor is None:
            return "its supervisor died twice; start the loop again"
        if self.time_s(loop) >= self.options.arm_s:
            return "the time for which it was armed is over; start the loop again"
        return ""

    @staticmethod
    def time_s(loop: Loop) -> float:
        """Return the loop's clock, which goes on while cycles are missed."""
        return loop.brain.image.time_s if loop.brain.image is not None else 0.0

    def stop(self, loop: Loop) -> None:
        """Ramp down and end; said again, end at once (the supervisor then brings the units to zero)."""
        if self._stopping:
            loop.ends = True
        self._stopping = True
        loop.orders.say("stop")

    def after(self, loop: Loop, decision: Decision) -> None:
        """Look at the cycle that ended."""
        self.board.post(loop, decision)
        self._tell(decision)
        if self.supervisor is not None:
            self._watched(loop, self.supervisor)
        self.notifier.say("WATCHDOG=1")
        self._expire(loop, decision)
        if self._stopping and decision.state not in WRITING:
            loop.ends = True

    def _watched(self, loop: Loop, supervisor: Supervisor) -> None:
        """Feed the supervisor; start one that died again, once in a while, and do not run without."""
        if not supervisor.alive():
            supervisor.drop()
            self.supervisor = None
            if time.monotonic() - self.supervised_s < AGAIN_S:
                self.options.say("the supervisor died again at once: the loop disarms")
                loop.orders.say("disarm")
                return
            self.options.say("the supervisor died and is started again")
            try:
                self.supervise()
            except OSError as error:  # no memory, no process left
                self.options.say(f"the supervisor cannot be started again ({error}): the loop disarms")
                loop.orders.say("disarm")
        if self.supervisor is not None:
            self.supervisor.feed(running(loop.brain.memory))

    def _tell(self, decision: Decision) -> None:
        if (decision.state, decision.cause) == (self._state, self._cause):
            return
        self._state, self._cause = decision.state, decision.cause
        self.options.say(f"{decision.state.value}: {decision.cause}")
        if decision.state in {State.FAILSAFE, State.LATCHED} and decision.cause not in ORDERED:
            self.faults.append(decision.cause)

    def _expire(self, loop: Loop, decision: Decision) -> None:
        arm_s, time_s = self.options.arm_s, self.time_s(loop)
        over = arm_s is not None and time_s >= arm_s
        if over and not self._over:
            self._over = True
            loop.orders.say("disarm")  # in every state: an order to arm may wait in one that does not write
        if arm_s is not None and not over and not self._armed_once and decision.state is State.READY:
            self._armed_once = True
            loop.orders.say("arm")
        if self.options.for_s is not None and time_s >= self.options.for_s and not self._stopping:
            self.stop(loop)


async def live(setup: Setup, options: Options) -> Outcome:
    """Run a loop on real devices until it is stopped.

    Parameters
    ----------
    setup, options
        Settings, and what the command line says.

    Raises
    ------
    FieldError
        No unit of a row is found, another loop runs with these settings, a port is taken, or a register map changed
        while units were being found.
    """
    voice = Voice(options.say)
    try:
        return await _live(setup, replace(options, say=voice))
    finally:
        await asyncio.to_thread(voice.close)


async def _live(setup: Setup, options: Options) -> Outcome:
    connected, core = await _found(setup, options)
    run = _Run(setup, options, connected)
    log: LogWriter | None = None
    loop = Loop(Brain(core, connected.rig.units), connected.rig, setup.file.cycle_s, watch=run.after)
    desk = OrderDesk(order_path(setup), partial(run.hear, loop))
    server: StatusServer | None = None
    realtime: Realtime | None = None
    before_s = sys.getswitchinterval()
    try:
        await desk.open()
        loop.log = log = _log(setup, connected, signed=not options.refusal)  # not for a loop that is turned away
        if setup.file.metrics_port:
            server = StatusServer(run.board, setup.file.metrics_port)
        run.supervise()
        if hasattr(setup.controller, INFORMED):
            run.planner.warm()
            kind = setup.file.controller.kind
            options.say(f"{kind} acts on what it sees until the job announces more (gigasite battery announce)")
        realtime = claim() if setup.file.realtime else None
        if realtime is not None:
            options.say(str(realtime))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, run.stop, loop)
        await warm(loop)
        run.notifier.say("READY=1")
        begun_s = time.process_time()
        gc.disable()  # the loop collects between its cycles
        sys.setswitchinterval(SWITCH_S)
        await loop.run()
        cpu_s = time.process_time() - begun_s
    finally:
        gc.enable()
        sys.setswitchinterval(before_s)
        await connected.close()  # first: a unit that takes one connection would turn the supervisor away
        if run.supervisor is not None and not await asyncio.to_thread(run.supervisor.close, running(loop.brain.memory)):
            options.say("the supervisor could not bring all units to zero: look at them")
        if server is not None:
            server.close()
        await desk.close()
        run.planner.close()
        if log is not None:
            log.close()
        run.notifier.close()
    return _outcome(loop, run, realtime, log, cpu_s)


async def _found(setup: Setup, options: Options) -> tuple[Connected, Core]:
    """Find all units, and tell what is not as it should be."""
    connected = await connect(setup, options.wait_s)
    try:
        _unchanged(setup)
        core = core_of(setup, connected.rig.units, signed=not options.refusal)
    except GigasiteError:
        await connected.close()
        raise
    for name, why in connected.absent.items():
        options.say(f"{name} does not answer yet: {why}")
    _told_of_reversion(connected, options.say)
    return connected, core


def _told_of_reversion(connected: Connected, say: Callable[[str], None]) -> None:
    names = [name for name, u in zip(connected.rig.names, connected.rig.units, strict=True) if not u.reverts]
    if names:
        say(
            f"{len(names)} units ({names[0]} ...) have no reversion time in their map (revert_s): should this loop and "
            "its supervisor both die, they keep their last set point, unless they give it up by themselves"
        )


def _unchanged(setup: Setup) -> None:
    """Refuse register maps other than those that the settings' signature was held against: units were found by them."""
    if digest(setup.file, setup.path.parent) != setup.digest:
        raise FieldError(f"{setup.path}: a register map changed while the units were being found; start the loop again")


async def warm(loop: Loop) -> None:
    """Take two cycles that decide nothing: what is compiled on first use must not make the first one late."""
    answers, metered = await read_all(loop.rig, WARM_S)
    scratch = Brain(loop.brain.core, loop.brain.units)
    for number in range(2):
        inputs = Inputs(
            number=number,
            time_s=number * loop.cycle_s,
            dt_s=loop.cycle_s,
            missed=0,
            metered=metered,
            orders=(),
            acked=np.zeros(len(answers), np.bool_),
            answers=answers,
        )
        framed(inputs_bytes(inputs), decision_bytes(scratch.cycle(inputs)))
    seen = seen_of(scratch.core, scratch.image, np.ones(len(answers), np.bool_)) if scratch.image else None
    if seen is not None and np.isfinite(seen.load_w) and np.isfinite(seen.frequency_hz):
        with suppress(Exception):  # what it does wrong is judged when it counts
            controller = loop.brain.core.controller
            controller.step(controller.start(seen), seen)


def _outcome(loop: Loop, run: _Run, realtime: Realtime | None, log: LogWriter | None, cpu_s: float) -> Outcome:
    machine = loop.brain.memory.machine
    return Outcome(
        cycles=loop.number,
        missed=loop.times.missed,
        late_p99_s=quantile(loop.times.late_s, 0.99),
        late_p999_s=quantile(loop.times.late_s, 0.999),
        cycle_p50_s=quantile(loop.times.spent_s, 0.5),
        cycle_p99_s=quantile(loop.times.spent_s, 0.99),
        cpu_s=cpu_s,
        transactions=sum(c.stats.sent for c in run.connected.clients),
        realtime=realtime,
        state=machine.state.value,
        cause=machine.cause,
        faults=tuple(run.faults),
        absent=tuple(run.connected.absent),
        log_lost=log.lost if log else 0,
    )


def order_path(setup: Setup) -> Path:
    """Return where a loop with these settings takes orders."""
    return _folder(setup) / SOCKET


def _folder(setup: Setup) -> Path:
    """Return where log and orders stand: the settings' folder for logs, else beside the settings."""
    log = setup.file.log
    return setup.path.parent / log.folder if log is not None else setup.path.parent / f".{setup.file.battery}"


def _log(setup: Setup, connected: Connected, *, signed: bool) -> LogWriter | None:
    if setup.file.log is None:
        return None
    head = header(setup, connected.rig.units, signed=signed, version=version("gigasite"))
    return LogWriter(_folder(setup), head, setup.file.log.roll_s)
