"""A controller driving a plant over a trace: compiled where its law is, else step by step in Python.

The plant is an `Engine`: the aggregate and the network level each give one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gigasite.power import kernels
from gigasite.power.controller import Seen, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Plant

COLLAPSE_PU = 0.35  # beyond this no governor model means anything: the island is lost; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Raw result; arrays of shape (n,), n = steps done."""

    deviation_pu: NDArray[np.float64]
    battery_w: NDArray[np.float64]
    soc_frac: NDArray[np.float64]
    mechanical_w: NDArray[np.float64]
    source_w: NDArray[np.float64]
    """Electrical power of gensets and grid."""
    grid_w: NDArray[np.float64]
    load_w: NDArray[np.float64]
    """As served: without what tripped."""
    wanted_w: float
    """Largest battery power that the controller wanted, before the rating."""
    missing_j: float
    """Energy that a battery gave or took too little because it was empty or full."""
    loss_j: float
    """Lost in the battery."""
    voltage_pu: NDArray[np.float64] | None = None
    speeds_pu: NDArray[np.float64] | None = None
    """(g, n) speed deviation of each group."""
    battery_trip_s: float | None = None
    """When a grid-forming battery ran empty or full and opened its breaker; None: it did not."""
    stopped: str = ""
    """Why the run ended early."""


class Engine(Protocol):
    """A plant that can be moved on."""

    def run(self, first: int, last: int, command_w: float) -> int:
        """Take steps `first` to `last`; return the steps done in all (fewer than `last`: it collapsed)."""
        ...

    def meters(self) -> tuple[float, float, float]:
        """Return speed deviation [pu], state of charge and battery power [W] of now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What a controller sees of a run."""

    plant: Plant
    load_w: NDArray[np.float64]
    dt_s: float
    start_s: float
    asked_w: float = 0.0
    """Part of the battery's power at the start that the controller asks; the rest of it is its schedule."""

    @property
    def delay(self) -> int:
        """Return the steps by which the measured load is old."""
        return round(self.plant.battery.latency_s / self.dt_s) if self.plant.battery else 0

    def seen(self, i: int, engine: Engine, dt_s: float) -> Seen:
        """Return what the meters say before step `i`."""
        deviation, soc, battery_w = engine.meters()
        b = self.plant.battery
        return Seen(
            time_s=self.start_s + i * self.dt_s,
            load_w=float(self.load_w[max(i - self.delay, 0)]),
            frequency_hz=self.plant.frequency_hz * (1.0 + deviation),
            nominal_hz=self.plant.frequency_hz,
            soc_frac=soc,
            source_w=float(self.load_w[max(i - 1, 0)]) - battery_w,
            dt_s=dt_s,
            rating_w=b.rating_w if b else 0.0,
            energy_j=b.energy_j if b else 1.0,
        )

    def run(self, engine: Engine, controller: Any, *, compiled: bool) -> tuple[int, float]:
        """Run all steps; return the steps done and the largest power wanted [W] by a controller in Python."""
        n = len(self.load_w)
        if compiled:
            return engine.run(0, n, 0.0), 0.0
        every = max(1, round(getattr(controller, "every_s", 0.0) / self.dt_s))
        state: Any = controller.start(self.seen(0, engine, every * self.dt_s))
        most_w = 0.0
        for i in range(0, n, every):
            last = min(i + every, n)
            state, command_w = controller.step(state, self.seen(i, engine, (last - i) * self.dt_s))
            most_w = max(most_w, abs(command_w))
            done = engine.run(i, last, float(command_w))
            if done < last:
                return done, most_w
        return n, most_w


def control_of(controller: Any, drive: Drive, engine: Engine) -> tuple[kernels.Control, NDArray[np.float64]]:
    """Return the compiled law of a controller and its first state; `COMMANDED` where it has none."""
    code = kernels.LAWS.get(getattr(controller, "kind", ""), kernels.COMMANDED)
    tune, state = np.zeros(8), np.zeros(8)
    if code != kernels.COMMANDED:
        given, first = controller.tune(drive.dt_s), controller.start(drive.seen(0, engine, drive.dt_s))
        tune[: len(given)], state[: len(first)] = given, first
    return kernels.Control(code, tune, drive.delay, COLLAPSE_PU), state


def begun(drive: Drive, controller: Any) -> Drive:
    """Return the drive with a battery that gives what its controller asks first: a plan begins at rest, without a jump.

    Controllers with a compiled law ask for nothing at rest.
    """
    b = drive.plant.battery
    if b is None or b.rating_w <= 0.0 or getattr(controller, "kind", "") in kernels.LAWS:
        return drive
    every = max(1, round(getattr(controller, "every_s", 0.0) / drive.dt_s))
    first_w = float(drive.load_w[0])
    seen = Seen(
        time_s=drive.start_s,
        load_w=first_w,
        frequency_hz=drive.plant.frequency_hz,
        nominal_hz=drive.plant.frequency_hz,
        soc_frac=b.soc_frac,
        source_w=first_w - b.power_w,
        dt_s=every * drive.dt_s,
        rating_w=b.rating_w,
        energy_j=b.energy_j,
    )
    wanted_w = float(controller.step(controller.start(seen), seen)[1])
    asked_w = within(b.power_w + wanted_w, seen) - b.power_w
    plant = replace(drive.plant, battery=replace(b, power_w=b.power_w + asked_w))
    return replace(drive, plant=plant, asked_w=asked_w)


def battery_row(drive: Drive) -> NDArray[np.float64]:
    """Return the battery as the kernels want it; without one, of rating 0."""
    b, dt_s = drive.plant.battery, drive.dt_s
    if b is None:
        return np.array([0.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0])
    way = -np.expm1(-dt_s / b.response_s) if b.response_s > 0.0 else 1.0
    mean_way = way * b.response_s / dt_s
    return np.array([b.rating_w, b.energy_j, b.efficiency_frac, way, mean_way, b.soc_frac, b.power_w - drive.asked_w])
