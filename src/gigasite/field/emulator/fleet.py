"""A fleet of emulated units on real ports, in real time or moved by a simulation."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from gigasite._core.errors import FieldError
from gigasite.field.emulator.fault import Script
from gigasite.field.emulator.registers import SunspecFace
from gigasite.field.emulator.units import Units
from gigasite.field.modbus.server import Sending, Server
from gigasite.field.modbus.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from gigasite.field.emulator.fault import Event, Fault, Undo
    from gigasite.field.emulator.settings import FleetSettings
    from gigasite.field.emulator.units import Asked, Face, Turn

    Spoil = Callable[[int, int, bytes], Sequence[Sending]]

MOST_BEHIND_S = 1.0
"""A process that was stopped for longer does not catch up in one go: its clients could not follow."""


class Endpoint(NamedTuple):
    """Where a unit is reached."""

    host: str
    port: int
    unit: int


class Fleet:
    """Emulated units behind Modbus ports.

    Parameters
    ----------
    settings
        Of the fleet.
    events
        Faults, at their times.
    face
        Registers of the units; SunSpec by default.

    Examples
    --------
    In lock-step, time moves only when it is told to, however long clients take::

        async with Fleet(FleetSettings(units=3, lockstep=True)) as fleet:
            ...                       # clients read and write fleet.endpoints
            await fleet.advance(0.1)
            load_w -= fleet.total_w()
    """

    def __init__(
        self, settings: FleetSettings, events: Sequence[Event] = (), face: Callable[[Units], Face] = SunspecFace
    ) -> None:
        self.settings = settings
        self.units = Units(settings, face)
        context = server_context(settings.tls) if settings.tls else None
        ports = settings.units if settings.layout == "ports" else 1
        handles = [partial(self._one, i) for i in range(ports)] if settings.layout == "ports" else [self._by_id]
        self.servers = tuple(Server(h, most=settings.most_connections, context=context) for h in handles)
        self._clock: asyncio.Task[None] | None = None
        self._rest_s = 0.0
        self._script = Script(events)
        self._spoilers: dict[int, list[Spoil]] = {}
        self._acts: list[Callable[[], None]] = []

    # ---- what a simulation sees

    def total_w(self) -> float:
        """Return the power of all units, discharge positive [W]."""
        return float(self.units.power_w.sum())

    @property
    def power_w(self) -> NDArray[np.float64]:
        """Return the power of each unit [W]."""
        return self.units.power_w

    @property
    def soc_frac(self) -> NDArray[np.float64]:
        """Return the state of charge of each unit."""
        return self.units.soc_frac

    @property
    def time_s(self) -> float:
        """Return the fleet's own time since its start [s]."""
        return self.units.time_s

    @property
    def frequency_hz(self) -> float:
        """Return the frequency at the units' terminals [Hz]; droop follows it."""
        return self.units.frequency_hz

    @frequency_hz.setter
    def frequency_hz(self, value: float) -> None:
        self.units.frequency_hz = value

    async def advance(self, dt_s: float) -> None:
        """Move time on, in lock-step only; what is left of a tick is kept for the next call.

        Raises
        ------
        FieldError
            The fleet runs in real time.
        """
        if not self.settings.lockstep:
            raise FieldError("this fleet runs in real time; set lockstep to move it")
        await self._move(dt_s)

    # ---- what goes wrong

    @property
    def sunspec(self) -> SunspecFace:
        """Return the SunSpec registers of the units.

        Raises
        ------
        FieldError
            They have others.
        """
        if not isinstance(self.units.face, SunspecFace):
            raise FieldError("these units are not SunSpec: faults of values and of a second master need that")
        return self.units.face

    async def begin(self, fault: Fault, units: tuple[int, ...]) -> Undo:
        """Begin a fault now; what is returned ends it."""
        return await fault.begin(self, units)

    def spoil(self, units: tuple[int, ...], spoil: Spoil) -> Undo:
        """Let a fault have the answers of units; of several, the last begun has them."""
        return self.spoil_each(units, lambda _: spoil)

    def spoil_each(self, units: tuple[int, ...], make: Callable[[int], Spoil]) -> Undo:
        """As `spoil`, with a spoiler for each unit."""
        made = {i: make(i) for i in units}
        for i, each in made.items():
            self._spoilers.setdefault(i, []).append(each)
        self._arm()

        async def undo() -> None:
            for i, each in made.items():
                self._spoilers[i].remove(each)
            self._spoilers = {i: s for i, s in self._spoilers.items() if s}
            self._arm()

        return undo

    def paint(self, paint: Callable[[SunspecFace], None], units: tuple[int, ...]) -> Undo:
        """Let a fault change what registers show, after every step."""
        face = self.sunspec
        face.painters.append(paint)
        face.repaint()

        async def undo() -> None:
            face.painters.remove(paint)
            face.restore(units)

        return undo

    def turn(self, turn: Turn, units: tuple[int, ...]) -> Undo:
        """Let a fault have what the registers of units say, before it is an answer."""

        def own(asked: Asked, answer: bytes) -> bytes:
            return turn(asked, answer) if asked.unit in units else answer

        self.units.turns.append(own)

        async def undo() -> None:
            self.units.turns.remove(own)

        return undo

    def every_tick(self, act: Callable[[], None]) -> Undo:
        """Let a fault act after every tick."""
        self._acts.append(act)

        async def undo() -> None:
            self._acts.remove(act)

        return undo

    def _arm(self) -> None:
        """Give servers a spoiler only while they need one: without it answers are sent in one piece."""
        for k, server in enumerate(self.servers):
            if self.settings.layout == "ports":
                server.spoil = self._spoilers[k][-1] if k in self._spoilers else None
            else:
                server.spoil = self._by_id_spoil if self._spoilers else None

    def _by_id_spoil(self, unit: int, function: int, answer: bytes) -> Sequence[Sending]:
        spoilers = self._spoilers.get(unit - 1)
        return spoilers[-1](unit, function, answer) if spoilers else (Sending(pieces=(answer,)),)

    # ---- ports

    @property
    def endpoints(self) -> list[Endpoint]:
        """Return where each unit is reached, in their order."""
        if self.settings.layout == "ports":
            return [Endpoint(s.host, s.port, 1) for s in self.servers]
        only = self.servers[0]
        return [Endpoint(only.host, only.port, i + 1) for i in range(self.settings.units)]

    def server_of(self, unit: int) -> Server:
        """Return the port of a unit (from 0)."""
        return self.servers[unit if self.settings.layout == "ports" else 0]

    async def __aenter__(self) -> Self:
        """Listen, and let time run unless in lock-step."""
        try:
            for i, server in enumerate(self.servers):
                await server.listen(self.settings.host, self.settings.port + i if self.settings.port else 0)
        except FieldError:
            await self._close()
            raise
        await self._script.play(self)
        if not self.settings.lockstep:
            self._clock = asyncio.get_running_loop().create_task(self._run(), name="fleet")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all ports."""
        await self._close()

    async def _close(self) -> None:
        clock, self._clock = self._clock, None
        try:
            if clock is not None:
                clock.cancel()
                with suppress(asyncio.CancelledError):
                    await clock  # raises what ended it, such as a fault that these units cannot have
        finally:
            for server in self.servers:
                await server.close()

    async def ended(self) -> None:
        """Wait until time stops: it runs for ever unless a fault of the script cannot begin, which is raised."""
        assert self._clock is not None  # in lock-step nobody waits
        await asyncio.shield(self._clock)

    async def _run(self) -> None:
        """Follow the wall clock, a tick at a time."""
        loop = asyncio.get_running_loop()
        pause_s = max(self.settings.tick_s, 0.01)
        last_s = loop.time()
        while True:
            await asyncio.sleep(pause_s)
            now_s = loop.time()
            await self._move(min(now_s - last_s, MOST_BEHIND_S))
            last_s = now_s

    async def _move(self, dt_s: float) -> None:
        self._rest_s += dt_s
        tick_s = self.settings.tick_s
        while self._rest_s >= tick_s * (1.0 - 1e-9):
            self._rest_s -= tick_s
            self.units.tick()
            for act in self._acts:
                act()
            if self._script.next_s <= self.units.time_s + 1e-9:
                await self._script.play(self)

    def _one(self, number: int, unit: int, function: int, address: int, count: int, data: bytes) -> bytes | int | None:
        """Answer for a unit with its own port: as unit id 1, 0 or 255, as devices on TCP do."""
        return self.units.handle(number, function, address, count, data) if unit in {0, 1, 255} else None

    def _by_id(self, unit: int, function: int, address: int, count: int, data: bytes) -> bytes | int | None:
        if not 1 <= unit <= self.settings.units:
            return None
        return self.units.handle(unit - 1, function, address, count, data)
