"""The aggregate plant: one common speed, a governor per group of machines, one battery; Heun's method.

Per unit on each group's alternator base; the load is constant within a step (its mid-step value), so that an edge on
a step's border costs no accuracy. Non-windup limits freeze the derivative and clip the state.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel

GAST, TGOV1 = 0, 1
NONE, DROOP, RAMP_LIMIT = 0, 1, 2
# columns of `settings`: what both governors call R, T1, T2, T3, AT, KT, VMAX, VMIN, Dt
R, T1, T2, T3, AT, KT, VMAX, VMIN, DT = range(9)
# columns of `battery`: rating, energy, one-way efficiency, lag, soc at the start
RATING, ENERGY, ETA, LAG, SOC0 = range(5)
# columns of `tune`: ramp limit [W/s], droop, centring time [s]
RAMP, DROOP_FRAC, CENTRING = range(3)


@kernel
def _limited(rate: float, x: float, low: float, high: float) -> float:
    if (x >= high and rate > 0.0) or (x <= low and rate < 0.0):
        return 0.0
    return rate


@kernel
def governor_rates(
    code: int, p: NDArray[np.float64], pref: float, dw: float, x: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Write dx/dt of one governor into `out` (3,)."""
    if code == GAST:
        u = min(pref - dw / p[R], p[AT] + p[KT] * (p[AT] - x[2]))
        out[0] = _limited((u - x[0]) / p[T1], x[0], p[VMIN], p[VMAX])
        out[1] = (x[0] - x[1]) / p[T2]
        out[2] = (x[1] - x[2]) / p[T3]
    else:
        u = pref - dw / p[R]
        out[0] = _limited((u - x[0]) / p[T1], x[0], p[VMIN], p[VMAX])
        out[1] = (x[0] - x[1]) / p[T3]
        out[2] = 0.0


@kernel
def governor_torque(code: int, p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Return turbine torque [pu]."""
    if code == GAST:
        return x[1] - p[DT] * dw
    return x[1] + p[T2] / p[T3] * (x[0] - x[1]) - p[DT] * dw


@kernel
def rates(
    codes: NDArray[np.int64], settings: NDArray[np.float64], base_w: NDArray[np.float64], pref: NDArray[np.float64],
    stored_j: float, dw: float, x: NDArray[np.float64], electrical_w: float, dx: NDArray[np.float64],
) -> float:
    """Write all governors' rates into `dx` (g, 3) and return d(dw)/dt; `stored_j` = sum of H S."""
    torque_w = 0.0
    for g in range(len(codes)):
        governor_rates(codes[g], settings[g], pref[g], dw, x[g], dx[g])
        torque_w += base_w[g] * governor_torque(codes[g], settings[g], dw, x[g])
    return (torque_w - electrical_w) / (2.0 * stored_j)


@kernel
def law(
    code: int, tune: NDArray[np.float64], battery: NDArray[np.float64], held_w: float, load_w: float, dw: float,
    soc: float, dt_s: float,
) -> tuple[float, float]:
    """Return (held source power, wanted battery power) of a built-in controller; see `controllers/`."""
    centre_w = battery[ENERGY] * (battery[SOC0] - soc) / tune[CENTRING]
    if code == DROOP:
        return held_w, -dw / tune[DROOP_FRAC] * battery[RATING] - centre_w
    if code == RAMP_LIMIT:
        room_w = tune[RAMP] * dt_s
        held_w += min(max(load_w + centre_w - held_w, -room_w), room_w)
        return held_w, load_w - held_w
    return held_w, 0.0


@kernel
def battery_step(battery: NDArray[np.float64], wanted_w: float, now_w: float, soc: float, dt_s: float) -> tuple[float, float]:
    """Return (power, state of charge) one step later: rating, first-order lag (exact), losses, empty and full."""
    if battery[RATING] <= 0.0:
        return 0.0, soc
    target_w = min(max(wanted_w, -battery[RATING]), battery[RATING])
    next_w = target_w + (now_w - target_w) * np.exp(-dt_s / max(battery[LAG], 1e-9))
    # never more than what is left, never more than what fits, over this step
    most_out_w = soc * battery[ENERGY] * battery[ETA] / dt_s
    most_in_w = (1.0 - soc) * battery[ENERGY] / battery[ETA] / dt_s
    next_w = min(max(next_w, -most_in_w), most_out_w)
    taken_j = (next_w / battery[ETA] if next_w > 0.0 else next_w * battery[ETA]) * dt_s
    return next_w, min(max(soc - taken_j / battery[ENERGY], 0.0), 1.0)


@kernel
def advance(
    codes: NDArray[np.int64], settings: NDArray[np.float64], base_w: NDArray[np.float64], pref: NDArray[np.float64],
    stored_j: float, dw: float, x: NDArray[np.float64], electrical_w: float, dt_s: float,
    work: NDArray[np.float64],
) -> float:
    """Move governors (`x`, in place) and speed one Heun step; return the next speed deviation. `work` is (3, g, 3)."""
    dw_1 = rates(codes, settings, base_w, pref, stored_j, dw, x, electrical_w, work[0])
    for g in range(len(codes)):
        for k in range(3):
            work[2, g, k] = x[g, k] + dt_s * work[0, g, k]
        work[2, g, 0] = min(max(work[2, g, 0], settings[g, VMIN]), settings[g, VMAX])
    dw_2 = rates(codes, settings, base_w, pref, stored_j, dw + dt_s * dw_1, work[2], electrical_w, work[1])
    for g in range(len(codes)):
        for k in range(3):
            x[g, k] += 0.5 * dt_s * (work[0, g, k] + work[1, g, k])
        x[g, 0] = min(max(x[g, 0], settings[g, VMIN]), settings[g, VMAX])
    return dw + 0.5 * dt_s * (dw_1 + dw_2)


@kernel
def restore(pref: NDArray[np.float64], settings: NDArray[np.float64], dw: float, restore_s: float, dt_s: float) -> None:
    """Move all set points so that the speed returns with time constant `restore_s` (0: set points stay)."""
    if restore_s > 0.0:
        for g in range(len(pref)):
            moved = pref[g] - dw / settings[g, R] * dt_s / restore_s
            pref[g] = min(max(moved, settings[g, VMIN]), settings[g, VMAX])


@kernel
def run(
    load_w: NDArray[np.float64], codes: NDArray[np.int64], settings: NDArray[np.float64],
    base_w: NDArray[np.float64], pref: NDArray[np.float64], stored_j: float, loss: float,
    battery: NDArray[np.float64], law_code: int, tune: NDArray[np.float64], delay: int, dt_s: float,
    restore_s: float, dw_stop: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]:
    """Run a whole trace with a built-in controller.

    Returns speed deviation [pu], battery power [W], state of charge, mechanical power [W], each (n,), and the number
    of steps done: fewer than n when the speed left +-`dw_stop`.
    """
    n, groups = len(load_w), len(codes)
    dw_out, b_out, soc_out, m_out = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    x, work = np.zeros((groups, 3)), np.zeros((3, groups, 3))
    pref = pref.copy()
    for g in range(groups):
        x[g, :] = pref[g]
    dw, b_w, soc, held_w = 0.0, 0.0, battery[SOC0], load_w[0]
    for i in range(n):
        dw_out[i], soc_out[i] = dw, soc
        for g in range(groups):
            m_out[i] += base_w[g] * governor_torque(codes[g], settings[g], dw, x[g])
        held_w, wanted_w = law(law_code, tune, battery, held_w, load_w[max(i - delay, 0)], dw, soc, dt_s)
        b_w, soc = battery_step(battery, wanted_w, b_w, soc, dt_s)
        b_out[i] = b_w
        if groups > 0:
            net_w = load_w[i] - b_w
            dw = advance(codes, settings, base_w, pref, stored_j, dw, x, net_w + loss * net_w * net_w, dt_s, work)
            restore(pref, settings, dw, restore_s, dt_s)
        if abs(dw) > dw_stop:
            return dw_out, b_out, soc_out, m_out, i + 1
    return dw_out, b_out, soc_out, m_out, n


def warm() -> None:
    """Compile every kernel."""
    settings = np.array([[0.04, 0.4, 0.1, 3.0, 1.0, 2.0, 1.0, -0.05, 0.0]])
    one = np.ones(1)
    battery, tune = np.array([1.0, 1e6, 0.95, 0.02, 0.5]), np.array([1.0, 0.02, 600.0])
    run(np.ones(2), np.zeros(1, np.int64), settings, one, 0.5 * one, 2.0, 0.0, battery, 1, tune, 0, 0.005, 30.0, 0.5)
    x, work = np.full((1, 3), 0.5), np.zeros((3, 1, 3))
    advance(np.zeros(1, np.int64), settings, one, 0.5 * one, 2.0, 0.0, x, 0.5, 0.005, work)
