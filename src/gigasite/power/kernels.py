"""The aggregate plant: one common speed, a governor per group of machines, one battery.

Heun's method with a fixed step. Per unit on each group's alternator base. Load and battery power are constant within a
step (their mean over it), so that an edge costs no accuracy. Non-windup limits freeze the derivative and clip the
state. Governors stand in `governors/`, laws of controllers in `controllers/`; `LAWS` names those that run compiled.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigasite._core.kernel import tight
from gigasite.power import governor_kernels as gov
from gigasite.power.controller import Now, possible
from gigasite.power.controllers import droop, load_follower, none, ramp_limit, virtual_machine
from gigasite.power.governor import STATES, R, held

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMMANDED = -1
"""Code of a controller that runs in Python: its commands come from outside."""
NONE, DROOP, RAMP_LIMIT, VIRTUAL_MACHINE, LOAD_FOLLOWER = range(5)
LAWS = {
    "none": NONE,
    "droop": DROOP,
    "ramp-limit": RAMP_LIMIT,
    "virtual-machine": VIRTUAL_MACHINE,
    "load-follower": LOAD_FOLLOWER,
}
# columns of `battery`: rating, energy, one-way efficiency, share of the lag's way in a step, its mean share, soc at
# start, power of the schedule around which the controller acts
RATING, ENERGY, ETA, WAY, MEAN_WAY, SOC0, POWER0 = range(7)
# what goes on from step to step
DW, INVERTER, SOC, MEAN, MISSING, MOST, BATTERY_LOSS = range(7)
CARRY = 7
# rows of the result
OUT_DW, OUT_BATTERY, OUT_SOC, OUT_MECHANICAL = range(4)


class Groups(NamedTuple):
    """The machines of an island; arrays by group."""

    codes: NDArray[np.int64]
    settings: NDArray[np.float64]
    used: NDArray[np.int64]
    """States in use."""
    low: NDArray[np.float64]
    """(g, 13) non-windup limits of states and set points."""
    high: NDArray[np.float64]
    base_w: NDArray[np.float64]
    pe_per_w: NDArray[np.float64]
    """Electrical power of a group [pu] per watt of all: groups share as at the start."""
    per_stored: float
    """1 / (2 x stored energy at rated speed) [1/J]."""
    loss: float
    """[1/W]."""
    restore_s: float
    dt_s: float


class Control(NamedTuple):
    """A controller with a compiled law."""

    code: int
    tune: NDArray[np.float64]
    delay: int
    """Steps by which its measured load is old."""
    dw_stop: float
    """Deviation at which the island is lost [pu]."""


@tight
def rates(
    groups: Groups,
    dw: float,
    x: NDArray[np.float64],
    electrical_w: float,
    dx: NDArray[np.float64],
) -> float:
    """Write all groups' rates into `dx` (g, 13) and return the turbines' power at rated speed [W].

    The last column is the set point.
    """
    torque_w = 0.0
    for g in range(len(groups.codes)):
        p = groups.settings[g]
        pe = electrical_w * groups.pe_per_w[g]
        torque_w += groups.base_w[g] * gov.rates(groups.codes[g], p, x[g, STATES], dw, pe, x[g], dx[g])
        dx[g, STATES] = 0.0
        if groups.restore_s > 0.0:
            rate = -dw / (p[R] * groups.restore_s)
            dx[g, STATES] = held(rate, x[g, STATES], groups.low[g, STATES], groups.high[g, STATES])
    return torque_w


@tight
def move(
    groups: Groups,
    dt_s: float,
    x: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write x moved by the mean of two rates, within its limits; all (g, 13)."""
    half_s = 0.5 * dt_s
    for g in range(x.shape[0]):
        for k in range(groups.used[g]):
            moved = x[g, k] + half_s * (first[g, k] + second[g, k])
            moved = max(moved, groups.low[g, k])
            moved = min(moved, groups.high[g, k])
            out[g, k] = moved
        moved = x[g, STATES] + half_s * (first[g, STATES] + second[g, STATES])
        out[g, STATES] = min(max(moved, groups.low[g, STATES]), groups.high[g, STATES])


@tight
def advance(
    groups: Groups,
    dw: float,
    x: NDArray[np.float64],
    electrical_w: float,
    work: NDArray[np.float64],
) -> tuple[float, float]:
    """Move governors (`x`, in place) and speed one Heun step.

    Torque against torque: at constant load the electrical torque equals its power in per unit, as the stator equations
    without speed have it. `work` is (3, g, 13).

    Returns
    -------
    tuple
        Next speed deviation [pu], and the turbines' power at the start of the step [W].
    """
    dt_s = groups.dt_s
    first, second, guess = work[0], work[1], work[2]
    torque_w = rates(groups, dw, x, electrical_w, first)
    dw_1 = (torque_w - electrical_w) * groups.per_stored
    move(groups, dt_s, x, first, first, guess)
    dw_2 = (rates(groups, dw + dt_s * dw_1, guess, electrical_w, second) - electrical_w) * groups.per_stored
    move(groups, dt_s, x, first, second, x)
    return dw + 0.5 * dt_s * (dw_1 + dw_2), torque_w


@tight
def law(code: int, tune: NDArray[np.float64], state: NDArray[np.float64], now: Now) -> float:
    """Return the battery power that a controller wants [W], before the battery's limits; moves `state` in place."""
    if code == DROOP:
        return droop.law(tune, state, now)
    if code == RAMP_LIMIT:
        return ramp_limit.law(tune, state, now)
    if code == VIRTUAL_MACHINE:
        return virtual_machine.law(tune, state, now)
    if code == LOAD_FOLLOWER:
        return load_follower.law(tune, state, now)
    return none.law(tune, state, now)


@tight
def battery_step(battery: NDArray[np.float64], wanted_w: float, carry: NDArray[np.float64], dt_s: float) -> None:
    """Move the battery one step: rating, first-order lag (exact for a steady set point), losses, empty and full."""
    if battery[RATING] <= 0.0:
        return
    target_w = min(max(wanted_w, -battery[RATING]), battery[RATING])
    now_w = carry[INVERTER]
    next_w = now_w + (target_w - now_w) * battery[WAY]
    free_w = target_w + (now_w - target_w) * battery[MEAN_WAY]
    # never more than what is left, never more than what fits, over this step
    most_out_w = carry[SOC] * battery[ENERGY] * battery[ETA] / dt_s
    most_in_w = (1.0 - carry[SOC]) * battery[ENERGY] / battery[ETA] / dt_s
    mean_w = min(max(free_w, -most_in_w), most_out_w)
    if mean_w != free_w:
        next_w = mean_w
    taken_w = mean_w / battery[ETA] if mean_w > 0.0 else mean_w * battery[ETA]
    carry[SOC] = min(max(carry[SOC] - taken_w * dt_s / battery[ENERGY], 0.0), 1.0)
    carry[BATTERY_LOSS] += (taken_w - mean_w) * dt_s
    carry[MISSING] += abs(free_w - mean_w) * dt_s
    carry[INVERTER], carry[MEAN] = next_w, mean_w


@tight
def wanted(
    control: Control,
    state: NDArray[np.float64],
    now: Now,
    command_w: float,
    scheduled_w: float,
    carry: NDArray[np.float64],
) -> float:
    """Return the set point of the battery [W]: its schedule and what the law, or a controller outside, adds to it.

    Notes the largest one asked for.
    """
    asked_w = scheduled_w + (command_w if control.code == COMMANDED else law(control.code, control.tune, state, now))
    carry[MOST] = max(carry[MOST], abs(asked_w))
    within_w = min(max(asked_w, -now.rating_w), now.rating_w)
    given_w = possible(asked_w, now.rating_w, now.soc)
    carry[MISSING] += abs(within_w - given_w) * now.dt_s
    return given_w


@tight
def run(
    span: tuple[int, int],
    load_w: NDArray[np.float64],
    groups: Groups,
    battery: NDArray[np.float64],
    control: Control,
    memory: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    command_w: float,
    out: NDArray[np.float64],
) -> int:
    """Run steps `span[0]` to `span[1]` of a trace.

    Parameters
    ----------
    span
        First step and the one behind the last.
    load_w
        (n,) mean load of each step of the whole trace [W].
    groups
        Machines of an island; none: the frequency is fixed.
    battery, control
        See the columns above.
    memory
        What goes on from call to call, moved in place: states of the governors (g, 13), carry (7,), state of the
        controller, and room to work in (3, g, 13).
    command_w
        Battery power wanted in all these steps, for a controller that runs outside [W].
    out
        (4, n): speed deviation [pu], battery power [W], state of charge, mechanical power [W].

    Returns
    -------
    int
        Steps done in all; less than `span[1]` when the speed left +-`dw_stop`.
    """
    x, carry, state, work = memory
    count, dt_s = len(groups.codes), groups.dt_s
    for i in range(span[0], span[1]):
        dw = carry[DW]
        out[OUT_DW, i], out[OUT_SOC, i] = dw, carry[SOC]
        now = Now(load_w[max(i - control.delay, 0)], dw, carry[SOC], dt_s, battery[RATING], battery[ENERGY])
        battery_step(battery, wanted(control, state, now, command_w, battery[POWER0], carry), carry, dt_s)
        out[OUT_BATTERY, i] = carry[MEAN]
        if count > 0:
            net_w = load_w[i] - carry[MEAN]
            electrical_w = net_w + groups.loss * net_w * net_w
            carry[DW], out[OUT_MECHANICAL, i] = advance(groups, dw, x, electrical_w, work)
            if abs(carry[DW]) > control.dw_stop or not math.isfinite(carry[DW]):
                return i + 1
    return span[1]


def warm() -> None:
    """Compile every kernel."""
    from gigasite.power.governor import governors  # noqa: PLC0415  # fills the registry, which imports the parts

    part, one = governors["gast"], np.ones(1)
    low, high = part.bounds({})
    row = part.row({})[None, :]
    groups = Groups(
        np.zeros(1, np.int64), row, np.full(1, 3), low[None, :], high[None, :], one, one, 0.25, 0.0, 30.0, 0.005
    )
    battery = np.array([1.0, 1e6, 0.95, 0.2, 0.9, 0.5, 0.0])
    tune, carry = np.array([0.02, 600.0, 0.2, 1.0, 0.02]), np.zeros(CARRY)
    carry[SOC] = 0.5
    memory = (np.full((1, STATES + 1), 0.5), carry, np.zeros(2), np.zeros((3, 1, STATES + 1)))
    run((0, 2), np.full(2, 0.5), groups, battery, Control(DROOP, tune, 0, 0.5), memory, 0.0, np.zeros((4, 2)))
