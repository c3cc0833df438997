"""The network plant run over a trace: events, recording, state of charge, protection of the load."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import tight
from gigasite.power import inverter as c
from gigasite.power import kernels as base
from gigasite.power.columns import (
    BASE_W,
    DELTA,
    DW,
    G_ON,
    G_PER_2H,
    G_SIZE,
    GRID_ROW,
    INVERTER_ROW,
    L_HOLD,
    L_TRIP,
)
from gigasite.power.controller import Now
from gigasite.power.inverters import regf1
from gigasite.power.network_kernels import (
    A_GRID,
    A_SOURCE,
    A_TORQUE,
    A_VIM,
    A_VRE,
    Net,
    advance,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

# what goes on from step to step, behind the columns of `kernels.py`
LOW_S, LOAD_ON, DONE_EVENTS, TRIPPED_S = range(base.CARRY, base.CARRY + 4)
CARRY = base.CARRY + 4
GUARD = 2.0
"""Steps of power that a battery keeps back: what is under way when it stops must still come from somewhere."""
# rows of the result
OUT_DW, OUT_BATTERY, OUT_SOC, OUT_MECHANICAL, OUT_SOURCE, OUT_GRID, OUT_VOLTAGE, OUT_LOAD = range(8)
OUT = 8
TRIP_MACHINES, OPEN_INTAKE, CLOSE_INTAKE, TRIP_BATTERY = range(4)


@tight
def speed(net: Net, x: NDArray[np.float64]) -> float:
    """Return the speed deviation of the centre of inertia; of the inverter where nothing turns."""
    count = len(net.codes)
    total, whole = 0.0, 0.0
    for g in range(count):
        total += net.weight[g] * net.size[g] * x[g, DW]
        whole += net.weight[g] * net.size[g]
    q = net.grid
    if q[G_ON] > 0.0:
        if q[G_PER_2H] <= 0.0 and whole <= 0.0:
            return 0.0
        if q[G_PER_2H] > 0.0:
            h = 0.5 / q[G_PER_2H] * q[G_SIZE]
            total += h * x[count + GRID_ROW, DW]
            whole += h
    if whole > 0.0:
        return total / whole
    v = net.inverter
    own: float = x[count + INVERTER_ROW, c.V_DW]
    if v[c.CODE] == c.REGF1:
        own = regf1.slip(v, net.omega, x[count + INVERTER_ROW])
    elif v[c.CODE] != c.REGFM_B1:
        own = v[c.MP] * (v[c.PSET] - x[count + INVERTER_ROW, c.V_PF])
    return own


@tight
def happen(net: Net, x: NDArray[np.float64], kind: int, where: int, units: float, algebra: NDArray[np.float64]) -> None:
    """Apply an event."""
    if kind == TRIP_MACHINES:
        left = max(net.units[where] - units, 0.0)
        net.size[where] *= left / net.units[where] if net.units[where] > 0.0 else 0.0
        net.units[where] = left
    elif kind == OPEN_INTAKE:
        net.grid[G_ON] = 0.0
    elif kind == CLOSE_INTAKE:
        # closed in phase, as a synchroniser does
        row = len(net.codes) + GRID_ROW
        x[row, DELTA] = math.atan2(algebra[A_VIM], algebra[A_VRE])
        net.grid[G_ON] = 1.0
    else:
        net.inverter[c.ON] = 0.0


@tight
def watch(net: Net, voltage: float, dt_s: float, carry: NDArray[np.float64]) -> None:
    """Drop the load whose supplies have seen too low a voltage for longer than they hold up."""
    carry[LOW_S] = carry[LOW_S] + dt_s if voltage < net.load[L_TRIP] else 0.0
    if carry[LOW_S] > net.load[L_HOLD]:
        carry[LOAD_ON] = 0.0


@tight
def charge(net: Net, battery: NDArray[np.float64], mean_w: float, carry: NDArray[np.float64], dt_s: float) -> None:
    """Move the state of charge; an empty battery no longer discharges, a full one no longer charges."""
    v = net.inverter
    taken_w = mean_w / battery[base.ETA] if mean_w > 0.0 else mean_w * battery[base.ETA]
    carry[base.SOC] -= taken_w * dt_s / battery[base.ENERGY]
    carry[base.BATTERY_LOSS] += (taken_w - mean_w) * dt_s
    rating = battery[base.RATING] / (v[c.SIZE] * BASE_W)
    ends = usable(battery, carry, dt_s)
    v[c.PMAX] = rating if ends > 0.0 else 0.0
    v[c.PMIN] = -rating if ends < 1.0 else 0.0


@tight
def usable(battery: NDArray[np.float64], carry: NDArray[np.float64], dt_s: float) -> float:
    """Return the state of charge as far as it can be used: 0 when nearly empty, 1 when nearly full."""
    kept_j = GUARD * max(battery[base.RATING], abs(carry[base.MEAN])) * dt_s
    if carry[base.SOC] * battery[base.ENERGY] * battery[base.ETA] <= kept_j:
        return 0.0
    if (1.0 - carry[base.SOC]) * battery[base.ENERGY] <= kept_j * battery[base.ETA]:
        return 1.0
    soc: float = carry[base.SOC]
    return soc


@tight
def block(net: Net, x: NDArray[np.float64], soc: float, carry: NDArray[np.float64], now_s: float) -> None:
    """Stop a battery that is empty (0) and still gives, or full (1) and still takes.

    A grid-following bridge blocks that direction at once. A grid-forming one is a voltage: it cannot choose its power,
    so its breaker opens, and stays open.
    """
    v = net.inverter
    row = len(net.codes) + INVERTER_ROW
    if v[c.CODE] == c.FOLLOWING:
        if soc <= 0.0:
            x[row, c.IP] = min(x[row, c.IP], 0.0)
        elif soc >= 1.0:
            x[row, c.IP] = max(x[row, c.IP], 0.0)
    elif v[c.ON] > 0.0 and ((soc <= 0.0 and carry[base.MEAN] > 0.0) or (soc >= 1.0 and carry[base.MEAN] < 0.0)):
        v[c.ON] = 0.0
        carry[TRIPPED_S] = now_s


@tight
def record(
    net: Net,
    x: NDArray[np.float64],
    algebra: NDArray[np.float64],
    carry: NDArray[np.float64],
    i: int,
    out: NDArray[np.float64],
) -> None:
    """Write one column of the result; the power of the load stands there before."""
    voltage = math.sqrt(algebra[A_VRE] ** 2 + algebra[A_VIM] ** 2)
    out[OUT_DW, i], out[OUT_SOC, i] = carry[base.DW], carry[base.SOC]
    out[OUT_MECHANICAL, i] = algebra[A_TORQUE] * BASE_W
    out[OUT_SOURCE, i] = algebra[A_SOURCE] * BASE_W
    out[OUT_GRID, i] = algebra[A_GRID] * BASE_W
    out[OUT_VOLTAGE, i] = voltage
    out[OUT_BATTERY, i] = carry[base.MEAN]
    for g in range(len(net.codes)):
        out[OUT + g, i] = x[g, DW]


@tight
def run(
    span: tuple[int, int],
    load_w: NDArray[np.float64],
    net: Net,
    battery: NDArray[np.float64],
    control: base.Control,
    memory: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    algebra: NDArray[np.float64],
    events: NDArray[np.float64],
    command_w: float,
    times: tuple[float, float],
    out: NDArray[np.float64],
) -> int:
    """Run steps `span[0]` to `span[1]` of a trace; as `kernels.run`, with voltage.

    `memory` is states (g + 3, 21), carry (11,), state of the controller and room (4, g + 3, 21); `algebra` (2, 7);
    `events` (m, 4) time [s], kind, group, units in order of time; `times` start and step [s]; `out` (8 + g, n).
    """
    x, carry, state, room = memory
    start_s, dt_s = times
    for i in range(span[0], span[1]):
        if battery[base.RATING] > 0.0:
            soc = usable(battery, carry, dt_s)
            # droop and inertia are the inverter's own here: what is left of these laws centres the charge
            own = control.code in (base.DROOP, base.VIRTUAL_MACHINE)
            seen_dw = 0.0 if own else carry[base.DW]
            now = Now(load_w[max(i - control.delay, 0)], seen_dw, soc, dt_s, battery[0], battery[1])
            asked_w = base.wanted(control, state, now, command_w, battery[base.POWER0], carry)
            net.inverter[c.PSET] = asked_w / (net.inverter[c.SIZE] * BASE_W)
            block(net, x, soc, carry, start_s + i * dt_s)
        power = load_w[i] * carry[LOAD_ON] / BASE_W
        mean, begin_s, left_s = 0.0, start_s + i * dt_s, dt_s
        while carry[DONE_EVENTS] < len(events):
            event = events[int(carry[DONE_EVENTS])]
            if event[0] >= begin_s + left_s:
                break
            part_s = max(event[0] - begin_s, 0.0)
            if part_s > 0.0:
                mean += part_s * advance(net, x, power, part_s, algebra, room)
            happen(net, x, int(event[1]), int(event[2]), event[3], algebra[0])
            begin_s, left_s = begin_s + part_s, left_s - part_s
            carry[DONE_EVENTS] += 1.0
        before_dw = carry[base.DW]
        mean += left_s * advance(net, x, power, left_s, algebra, room)
        carry[base.MEAN] = mean / dt_s * BASE_W
        out[OUT_LOAD, i] = power * BASE_W
        record(net, x, algebra[0], carry, i, out)
        if battery[base.RATING] > 0.0:
            charge(net, battery, carry[base.MEAN], carry, dt_s)
        carry[base.DW] = speed(net, x)
        watch(net, out[OUT_VOLTAGE, i], dt_s, carry)
        if not abs(carry[base.DW]) <= control.dw_stop or not out[OUT_VOLTAGE, i] > 0.0:
            carry[base.DW] = before_dw
            return i + 1
    return span[1]


def warm() -> None:
    """Compile every kernel, by a run of two steps of each kind of plant."""
    from gigasite.power import network  # noqa: PLC0415  # it imports this module
    from gigasite.power.controllers.none import Rest  # noqa: PLC0415
    from gigasite.power.drive import Drive  # noqa: PLC0415
    from gigasite.power.types import Machines, Plant  # noqa: PLC0415

    unit = Machines(title="unit", count=1, rating_w=1e6, apparent_w=1e6, governor="gast", settings={}, inertia_s=2.0)
    plant = Plant(frequency_hz=60.0, machines=(unit,), grid=None, battery=None)
    network.run(Drive(plant=plant, load_w=np.full(2, 5e5), dt_s=0.002, start_s=0.0), Rest())
