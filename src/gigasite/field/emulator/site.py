"""The site around the emulated units: load, gensets and grid, and the meter that a loop reads."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from struct import pack
from typing import TYPE_CHECKING, Self

import numpy as np

from gigasite.field.modbus.frames import ILLEGAL_ADDRESS, ILLEGAL_FUNCTION, READS
from gigasite.field.modbus.server import Server
from gigasite.power.stepper import Stepper, recorded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.field.emulator.fleet import Fleet
    from gigasite.power.case import Bench
    from gigasite.power.types import Swing

METER_MAP = """name,address,type,unit,role
load,0,f64,W,load_w
source,4,f64,W,source_w
frequency,8,f64,Hz,frequency_hz
"""
"""Register map of the emulated meter, for the `meter` of a loop's settings."""
REGISTERS = 12
COLUMNS = ("load_w", "battery_w", "soc_frac", "deviation_pu", "mechanical_w", "source_w")


class Site:
    """A swing bench whose battery is a fleet of emulated units.

    Load and battery power are the means over a step, as in the bench; a step is the fleet's tick.

    Parameters
    ----------
    bench
        Plant, load and limits; its battery gives way to the fleet.
    fleet
        In lock-step: the site moves it.

    Raises
    ------
    InfeasibleError
        The plant cannot carry the load.
    """

    def __init__(self, bench: Bench, fleet: Fleet) -> None:
        self.bench, self.fleet, self.dt_s = bench, fleet, fleet.settings.tick_s
        count = int(bench.duration_s / self.dt_s + 1e-6)
        self._load_w = np.asarray(bench.load.means(0.0, self.dt_s, count), dtype=np.float64) + bench.extra_w
        self.plant = Stepper(bench.plant, float(self._load_w[0]), self.dt_s)
        self._kept = np.zeros((len(COLUMNS), count))
        self.steps = 0
        self._server = Server(self.handle)
        self._clock: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return the steps of the load."""
        return len(self._load_w)

    @property
    def over(self) -> bool:
        """Say whether the load has ended, or the plant collapsed."""
        return self.steps >= len(self._load_w) or self.plant.collapsed

    @property
    def load_w(self) -> float:
        """Return the load of now, that of the end when it is over [W]."""
        return float(self._load_w[min(self.steps, len(self._load_w) - 1)])

    async def advance(self, dt_s: float) -> None:
        """Move load, units and plant on by whole steps."""
        for _ in range(round(dt_s / self.dt_s)):
            await self._step()

    async def _step(self) -> None:
        self.fleet.frequency_hz = self.plant.frequency_hz
        await self.fleet.advance(self.dt_s)
        load_w, battery_w = self.load_w, self.fleet.total_w()
        if not self.over:
            now = (
                load_w,
                battery_w,
                float(self.fleet.soc_frac.mean()),
                self.plant.deviation_pu,
                self.plant.mechanical_w,
                self.plant.source_w(load_w - battery_w),
            )
            self._kept[:, self.steps] = now
        self.plant.step(load_w - battery_w)
        self.steps += 1

    def trace(self) -> dict[str, NDArray[np.float64]]:
        """Return what happened so far, by column; the first is `time_s`."""
        n = min(self.steps, len(self._load_w))
        time_s = np.arange(n, dtype=np.float64) * self.dt_s
        return {"time_s": time_s} | {k: self._kept[i, :n].copy() for i, k in enumerate(COLUMNS)}

    def swing(self, name: str) -> Swing:
        """Return what happened so far, judged against the bench's limits."""
        b = self.bench
        return recorded(b.plant, b.load, b.limits, self.trace(), dt_s=self.dt_s, controller=name)

    # ---- the meter

    def handle(self, _unit: int, function: int, address: int, count: int, _data: bytes) -> bytes | int:
        """Answer as the meter: load, source and frequency as doubles from register 0."""
        if function not in READS:
            return ILLEGAL_FUNCTION
        if address + count > REGISTERS:
            return ILLEGAL_ADDRESS
        load_w = self.load_w
        source_w = self.plant.source_w(load_w - self.fleet.total_w())
        data = pack(">ddd", load_w, source_w, self.plant.frequency_hz)
        return data[2 * address : 2 * (address + count)]

    @property
    def port(self) -> int:
        """Return the meter's port."""
        return self._server.port

    async def __aenter__(self) -> Self:
        """Open the meter's port."""
        await self._server.listen(self.fleet.settings.host, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it, and stop the clock."""
        clock, self._clock = self._clock, None
        if clock is not None:
            clock.cancel()
            with suppress(asyncio.CancelledError):
                await clock
        await self._server.close()

    def go(self) -> None:
        """Let time run by the clock, until the site is closed; the load stays at its end when it is over."""
        self._clock = asyncio.get_running_loop().create_task(self._run(), name="site")

    async def ended(self) -> None:
        """Wait for the clock's end; it has none but an error."""
        if self._clock is not None:
            await asyncio.shield(self._clock)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        last_s, rest_s = loop.time(), 0.0
        while True:
            await asyncio.sleep(self.dt_s)
            now_s = loop.time()
            # a process that was stopped does not catch up in one go
            rest_s += min(now_s - last_s, 1.0)
            last_s = now_s
            steps = int(rest_s / self.dt_s)
            rest_s -= steps * self.dt_s
            await self.advance(steps * self.dt_s)
