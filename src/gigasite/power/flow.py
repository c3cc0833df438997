"""The power flow before the first step of a network run: voltages, powers and losses at rest."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import root

from gigasite._core.errors import InfeasibleError
from gigasite.power import columns as c
from gigasite.power import generator
from gigasite.power.aggregate import beside_grid_w

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Machines, Plant

BUS_PU = 1.0
"""Voltage at the start where a grid or an inverter holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The power flow before the first step; per unit of `BASE_W` but for machines (their own base)."""

    bus: complex
    terminals: tuple[complex, ...]
    powers: tuple[complex, ...]
    """P + jQ at the terminals of each group."""
    grid: complex
    """P + jQ that the intake gives to the bus."""
    battery: complex
    load: complex


def start(plant: Plant, first_w: float) -> Start:
    """Solve the power flow of the start.

    With a grid, the bus is at 1 pu and the intake takes what is left; on an island the machines hold their terminals
    and those without a set power share what is left by rating; without both, the battery forms the grid.

    Raises
    ------
    InfeasibleError
        No voltage carries the load, or nothing can balance it.
    """
    load = first_w / c.BASE_W * complex(1.0, math.tan(math.acos(plant.consumer.power_factor)))
    b = plant.battery
    given = complex(b.power_w, b.reactive_var) / c.BASE_W if b else 0j
    if plant.grid is not None:
        steady_w = beside_grid_w(plant, first_w)
        total_w = sum(m.count * m.rating_w for m in plant.machines) or 1.0
        powers = [
            (m.power_w if m.power_w is not None else steady_w * m.count * m.rating_w / total_w)
            / (m.count * m.apparent_w)
            for m in plant.machines
        ]
        found = [_terminal(m, p, BUS_PU) for m, p in zip(plant.machines, powers, strict=True)]
        at_bus = sum((base_of(m) * (v * i.conjugate()) for m, (t, i, v) in zip(plant.machines, found, strict=True)), 0j)
        terminals = tuple(t for t, _, _ in found)
        own = tuple(t * i.conjugate() for t, i, _ in found)
        return Start(bus=BUS_PU, terminals=terminals, powers=own, grid=load - at_bus - given, battery=given, load=load)
    if not plant.machines:
        if b is None:
            raise InfeasibleError("the plant has neither grid, machines nor battery: nothing carries the load")
        return Start(bus=BUS_PU, terminals=(), powers=(), grid=0j, battery=load, load=load)
    return _island(plant, load, given)


def base_of(m: Machines) -> float:
    """Return the base of a group [of `BASE_W`]."""
    return m.count * m.apparent_w / c.BASE_W


def _terminal(m: Machines, power: float, bus: float) -> tuple[complex, complex, float]:
    """Return terminal voltage, current [pu of the machines] and bus voltage, for power at the terminal."""
    y = 1.0 / complex(m.transformer_r_pu, m.transformer_x_pu)
    ratio = (m.voltage_pu**2 * y.real - power) / (m.voltage_pu * bus * abs(y))
    if not -1.0 <= ratio <= 1.0:
        raise InfeasibleError(f"{m.title}: its transformer cannot carry {power:.2f} pu")
    angle = cmath.phase(y) + math.acos(ratio)
    terminal = cmath.rect(m.voltage_pu, angle)
    return terminal, (terminal - bus) * y, bus


def _island(plant: Plant, load: complex, given: complex) -> Start:
    free = [m for m in plant.machines if m.power_w is None]
    if not free:
        raise InfeasibleError("all machines have a set power: leave that of one group open, to balance the load")
    whole = sum(base_of(m) * m.rating_w / m.apparent_w for m in free)

    def powers(share: float) -> list[float]:
        return [
            share * m.rating_w / m.apparent_w if m.power_w is None else m.power_w / (m.count * m.apparent_w)
            for m in plant.machines
        ]

    def mismatch(z: NDArray[np.float64]) -> list[float]:
        bus, share = float(z[0]), float(z[1])
        found = [_terminal(m, p, bus) for m, p in zip(plant.machines, powers(share), strict=True)]
        total = sum((base_of(m) * bus * i.conjugate() for m, (_, i, _) in zip(plant.machines, found, strict=True)), 0j)
        left = total + given - load
        return [left.real, left.imag]

    set_w = sum(m.power_w for m in plant.machines if m.power_w is not None) / c.BASE_W
    first = (load.real - given.real - set_w) / whole
    level = float(np.mean([m.voltage_pu for m in plant.machines]))
    solved = root(mismatch, [level - 0.01, first], tol=1e-13)
    if max(abs(v) for v in mismatch(solved.x)) > 1e-9 * max(1.0, abs(load)):  # rounding of the solver
        raise InfeasibleError("no voltage carries the first load: more units, or a larger transformer")
    bus, share = float(solved.x[0]), float(solved.x[1])
    found = [_terminal(m, p, bus) for m, p in zip(plant.machines, powers(share), strict=True)]
    return Start(
        bus=bus,
        terminals=tuple(t for t, _, _ in found),
        powers=tuple(t * i.conjugate() for t, i, _ in found),
        grid=0j,
        battery=given,
        load=load,
    )


def loss_w_per_w2(plant: Plant, first_w: float) -> float:
    """Return the losses of the start over the square of the load [1/W]: the aggregate level takes them as such.

    Of an island they are those of transformers and stators, of a grid with inertia those of its lines. Copper losses
    grow with the square of the current, and so nearly of the power.
    """
    grid = plant.grid
    if not first_w > 0.0 or (grid.inertia_s is None if grid else not plant.machines):
        return 0.0
    begin = start(plant, first_w)
    if grid is not None:
        resistance_pu = grid.r_over_x / (grid.fault_w / c.BASE_W * math.hypot(1.0, grid.r_over_x))
        return resistance_pu * abs(begin.grid) ** 2 * c.BASE_W / first_w**2
    lost_w = 0.0
    for m, terminal, power in zip(plant.machines, begin.terminals, begin.powers, strict=True):
        resistance_pu = m.transformer_r_pu + generator.settings_of(m)[0]["ra"]
        lost_w += m.count * m.apparent_w * resistance_pu * abs(power / terminal) ** 2
    given_w = first_w - (plant.battery.power_w if plant.battery else 0.0)
    return lost_w / given_w**2 if abs(given_w) > 0.0 else 0.0
