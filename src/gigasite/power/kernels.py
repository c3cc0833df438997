"""The aggregate plant: one common speed, a governor per group of machines, one battery.

Heun's method with a fixed step. Per unit on each group's alternator base. Load and battery power
are constant within a step (their mean over it), so that an edge on a step's border costs no
accuracy. Non-windup limits freeze the derivative and clip the state. Every law here is written a
second time in plain Python, in its part's file (`governors/`, `controllers/`); a test holds
the two together.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAST, TGOV1 = 0, 1
NONE, DROOP, RAMP_LIMIT = 0, 1, 2
# columns of `settings`: both governors have R, T1, T2, T3, AT, KT, VMAX, VMIN, Dt
R, T1, T2, T3, AT, KT, VMAX, VMIN, DT = range(9)
# columns of a group's state: three of the governor, then its set point
PREF = 3
# columns of `battery`: rating, energy, one-way efficiency, lag, state of charge at the start
RATING, ENERGY, ETA, LAG, SOC0 = range(5)
# columns of `tune`: ramp limit [W/s], droop, centring time [s], frequency filter [s]
RAMP, DROOP_FRAC, CENTRING, FILTER = range(4)
# columns of a controller's state: held source power [W] or filtered deviation, wanted soc
HELD, SOC_WANTED = range(2)


class Groups(NamedTuple):
    """The machines of an island; arrays by group."""

    codes: NDArray[np.int64]
    settings: NDArray[np.float64]
    base_w: NDArray[np.float64]
    stored_j: float
    """Sum of H x apparent power."""
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


class Now(NamedTuple):
    """What a compiled law sees."""

    load_w: float
    dw: float
    soc: float
    dt_s: float


@kernel
def limited(rate: float, x: float, low: float, high: float) -> float:
    """Return the rate, or 0 where it would leave the limits."""
    if (x >= high and rate > 0.0) or (x <= low and rate < 0.0):
        return 0.0
    return rate


@kernel
def governor_rates(
    code: int,
    p: NDArray[np.float64],
    dw: float,
    x: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write dx/dt of one governor into the first three of `out`."""
    u = x[PREF] - dw / p[R]
    if code == GAST:
        u = min(u, p[AT] + p[KT] * (p[AT] - x[2]))
        out[1] = (x[0] - x[1]) / p[T2]
        out[2] = (x[1] - x[2]) / p[T3]
    else:
        out[1] = (x[0] - x[1]) / p[T3]
        out[2] = 0.0
    out[0] = limited((u - x[0]) / p[T1], x[0], p[VMIN], p[VMAX])


@kernel
def governor_torque(code: int, p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Return turbine torque [pu]."""
    torque: float = x[1]
    if code == TGOV1:
        torque += p[T2] / p[T3] * (x[0] - x[1])
    torque -= p[DT] * dw
    return torque


@kernel
def rates(
    groups: Groups,
    dw: float,
    x: NDArray[np.float64],
    electrical_w: float,
    dx: NDArray[np.float64],
) -> float:
    """Write all groups' rates into `dx` (g, 4) and return d(dw)/dt.

    Torque against torque: at constant load the electrical torque equals its power in per unit, as
    the stator equations without speed have it.
    """
    torque_w = 0.0
    for g in range(len(groups.codes)):
        p = groups.settings[g]
        governor_rates(groups.codes[g], p, dw, x[g], dx[g])
        dx[g, PREF] = 0.0
        if groups.restore_s > 0.0:
            rate = -dw / (p[R] * groups.restore_s)
            dx[g, PREF] = limited(rate, x[g, PREF], p[VMIN], p[VMAX])
        torque_w += groups.base_w[g] * governor_torque(groups.codes[g], p, dw, x[g])
    return (torque_w - electrical_w) / (2.0 * groups.stored_j)


@kernel
def clip(groups: Groups, x: NDArray[np.float64]) -> None:
    """Keep valves and set points within their limits."""
    for g in range(len(groups.codes)):
        low, high = groups.settings[g, VMIN], groups.settings[g, VMAX]
        x[g, 0] = min(max(x[g, 0], low), high)
        x[g, PREF] = min(max(x[g, PREF], low), high)


@kernel
def advance(
    groups: Groups,
    dw: float,
    x: NDArray[np.float64],
    electrical_w: float,
    work: NDArray[np.float64],
) -> float:
    """Move governors (`x`, in place) and speed one Heun step; return the next speed deviation.

    `work` is (3, g, 4).
    """
    dt_s = groups.dt_s
    dw_1 = rates(groups, dw, x, electrical_w, work[0])
    for g in range(x.shape[0]):
        for k in range(x.shape[1]):
            work[2, g, k] = x[g, k] + dt_s * work[0, g, k]
    clip(groups, work[2])
    dw_2 = rates(groups, dw + dt_s * dw_1, work[2], electrical_w, work[1])
    for g in range(x.shape[0]):
        for k in range(x.shape[1]):
            x[g, k] += 0.5 * dt_s * (work[0, g, k] + work[1, g, k])
    clip(groups, x)
    return dw + 0.5 * dt_s * (dw_1 + dw_2)


@kernel
def within(wanted_w: float, battery: NDArray[np.float64], soc: float) -> float:
    """Return what a battery of this rating and state of charge can give of it."""
    high = battery[RATING] if soc > 0.0 else 0.0
    low = -battery[RATING] if soc < 1.0 else 0.0
    return min(max(wanted_w, low), high)


@kernel
def law(
    code: int,
    tune: NDArray[np.float64],
    battery: NDArray[np.float64],
    state: NDArray[np.float64],
    now: Now,
) -> float:
    """Return the battery power that a controller wants, before the battery's limits.

    Moves `state` (2,) in place; see `controllers/` for the laws.
    """
    centre_w = battery[ENERGY] * (state[SOC_WANTED] - now.soc) / tune[CENTRING]
    if code == DROOP:
        state[HELD] += (now.dw - state[HELD]) * -math.expm1(-now.dt_s / tune[FILTER])
        droop_w: float = -state[HELD] / tune[DROOP_FRAC] * battery[RATING] - centre_w
        return droop_w
    if code == RAMP_LIMIT:
        room_w = tune[RAMP] * now.dt_s
        move_w = min(max(now.load_w + centre_w - state[HELD], -room_w), room_w)
        wanted_w: float = now.load_w - (state[HELD] + move_w)
        state[HELD] = now.load_w - within(wanted_w, battery, now.soc)
        return wanted_w
    return 0.0


@kernel
def battery_step(
    battery: NDArray[np.float64], wanted_w: float, now_w: float, soc: float, dt_s: float
) -> tuple[float, float, float, float]:
    """Move the battery one step.

    Rating, first-order lag (exact for a steady set point), losses, empty and full.

    Returns
    -------
    tuple
        Power at the end of the step [W], mean power over it [W], next state of charge, and power
        that was missing because the battery is empty or full [W].
    """
    if battery[RATING] <= 0.0:
        return 0.0, 0.0, soc, 0.0
    target_w = min(max(wanted_w, -battery[RATING]), battery[RATING])
    steps = dt_s / max(battery[LAG], 1e-9)
    decay = -math.expm1(-steps)
    next_w = now_w + (target_w - now_w) * decay
    free_w = target_w + (now_w - target_w) * decay / steps
    # never more than what is left, never more than what fits, over this step
    most_out_w = soc * battery[ENERGY] * battery[ETA] / dt_s
    most_in_w = (1.0 - soc) * battery[ENERGY] / battery[ETA] / dt_s
    mean_w = min(max(free_w, -most_in_w), most_out_w)
    if mean_w != free_w:
        next_w = mean_w
    taken_j = (mean_w / battery[ETA] if mean_w > 0.0 else mean_w * battery[ETA]) * dt_s
    soc = min(max(soc - taken_j / battery[ENERGY], 0.0), 1.0)
    return next_w, mean_w, soc, abs(free_w - mean_w)


@kernel
def run(
    load_w: NDArray[np.float64],
    groups: Groups,
    pref: NDArray[np.float64],
    battery: NDArray[np.float64],
    control: Control,
) -> tuple[NDArray[np.float64], int, float, float]:
    """Run a whole trace.

    Parameters
    ----------
    load_w
        (n,) mean load of each step [W].
    groups
        Machines of an island; none: the frequency is fixed.
    pref
        (g,) set points at the start [pu].
    battery, control
        See the columns above.

    Returns
    -------
    tuple
        (4, n): speed deviation [pu], battery power [W], state of charge, mechanical power [W]; the
        number of steps done (fewer than n when the speed left +-`dw_stop`); largest battery power
        wanted [W]; energy missing because the battery was empty or full [J].
    """
    n, count = len(load_w), len(groups.codes)
    out = np.zeros((4, n))
    x, work = np.zeros((count, 4)), np.zeros((3, count, 4))
    for g in range(count):
        x[g, :] = pref[g]
    dw, inverter_w, soc, most_w, missing_j = 0.0, 0.0, battery[SOC0], 0.0, 0.0
    state = np.array([0.0, soc])
    if control.code == RAMP_LIMIT:
        state[HELD] = load_w[0]
    for i in range(n):
        out[0, i], out[2, i] = dw, soc
        for g in range(count):
            p = groups.settings[g]
            out[3, i] += groups.base_w[g] * governor_torque(groups.codes[g], p, dw, x[g])
        now = Now(load_w[max(i - control.delay, 0)], dw, soc, groups.dt_s)
        wanted_w = law(control.code, control.tune, battery, state, now)
        most_w = max(most_w, abs(wanted_w))
        wanted_w = within(wanted_w, battery, soc)
        inverter_w, mean_w, soc, lost_w = battery_step(battery, wanted_w, inverter_w, soc, groups.dt_s)
        missing_j += lost_w * groups.dt_s
        out[1, i] = mean_w
        if count > 0:
            net_w = load_w[i] - mean_w
            dw = advance(groups, dw, x, net_w + groups.loss * net_w * net_w, work)
            if abs(dw) > control.dw_stop:
                return out, i + 1, most_w, missing_j
    return out, n, most_w, missing_j


def warm() -> None:
    """Compile every kernel."""
    p = np.array([[0.04, 0.4, 0.1, 3.0, 1.0, 2.0, 1.0, -0.05, 0.0]])
    one = np.ones(1)
    battery, tune = np.array([1.0, 1e6, 0.95, 0.02, 0.5]), np.array([1.0, 0.02, 600.0, 0.02])
    groups = Groups(np.zeros(1, np.int64), p, one, 2.0, 0.0, 30.0, 0.005)
    run(np.ones(2), groups, 0.5 * one, battery, Control(DROOP, tune, 0, 0.5))
    x, work = np.full((1, 4), 0.5), np.zeros((3, 1, 4))
    advance(groups, 0.0, x, 0.5, work)
    rates(groups, 0.0, x, 0.5, work[0])
    clip(groups, x)
    limited(0.0, 0.5, 0.0, 1.0)
    governor_rates(0, p[0], 0.0, x[0], work[0, 0])
    governor_torque(0, p[0], 0.0, x[0])
    law(DROOP, tune, battery, np.zeros(2), Now(1.0, 0.0, 0.5, 0.005))
    within(1.0, battery, 0.5)
    battery_step(battery, 1.0, 0.0, 0.5, 0.005)
