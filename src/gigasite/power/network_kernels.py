"""The network plant: machines with rotor circuits, exciters and governors, inverters and a grid on one campus bus.

Every source reaches the bus through its own impedance, the load takes constant power there. Such a star has its voltage
in closed form: with J the sum of y E (sources behind impedances) and of injected currents, Y the sum of y and of the
load's constant admittance and S = P + jQ the constant power, V (Y + conj(S) / |V|^2) = J, a quadratic in |V|^2.

Machines: GENROU (two circuits per axis, quadratic saturation, stator equations without speed as in ANDES) and SEXS.
Heun's method with a fixed step; events split the step in which they fall. Angles are measured against a frame that
turns with nominal frequency; per unit on each device's own base, the network on `BASE_W`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigasite._core.kernel import tight
from gigasite.power import governor_kernels as gov
from gigasite.power import inverter as c
from gigasite.power import sexs
from gigasite.power.columns import (
    DAMPING,
    DELTA,
    DW,
    E1D,
    E1Q,
    E2D,
    E2Q,
    EFD,
    G_EMF,
    G_ON,
    G_PER_2H,
    G_PER_DROOP,
    G_PER_T,
    G_PM,
    G_SIZE,
    G_Y_IM,
    G_Y_RE,
    GD1,
    GD2,
    GOV,
    GQ1,
    GQ2,
    GQD,
    GRID_POWER,
    GRID_ROW,
    INVERTER_ROW,
    L_B,
    L_FILTER,
    LOAD_ROW,
    PER_2H,
    PER_TD1,
    PER_TD2,
    PER_TQ1,
    PER_TQ2,
    REF,
    SAT_A,
    SAT_B,
    XD1_XL,
    XD_XD1,
    XQ1_XL,
    XQ_XQ1,
    Y_IM,
    Y_RE,
    ZT_IM,
    ZT_RE,
)
from gigasite.power.governor import R
from gigasite.power.inverters import grid_following, regf1, regfm_a1, regfm_b1

if TYPE_CHECKING:
    from numpy.typing import NDArray

# what the algebra gives: bus voltage, powers [pu of BASE_W]
A_VRE, A_VIM, A_SOURCE, A_GRID, A_BATTERY, A_TORQUE, A_CURRENT = range(7)
ALGEBRA = 7


class Net(NamedTuple):
    """The plant; arrays by group of machines."""

    machines: NDArray[np.float64]
    """(g, 29)."""
    size: NDArray[np.float64]
    """(g,) MVA base of the units that run, of `BASE_W`."""
    weight: NDArray[np.float64]
    """(g,) inertia H [s]."""
    units: NDArray[np.float64]
    """(g,) running units."""
    codes: NDArray[np.int64]
    governors: NDArray[np.float64]
    used: NDArray[np.int64]
    low: NDArray[np.float64]
    """(g + 3, 21) non-windup limits of all states."""
    high: NDArray[np.float64]
    grid: NDArray[np.float64]
    inverter: NDArray[np.float64]
    load: NDArray[np.float64]
    """Susceptance of the constant reactive part [pu], lag [s], trip voltage [pu], hold-up [s]."""
    restore_s: float
    omega: float
    """Nominal angular frequency [rad/s]."""


@tight
def sources(net: Net, x: NDArray[np.float64], work: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return J and Y [pu]; keep E (re, im), sin and cos of every machine in `work` (g + 3, 6)."""
    count = len(net.codes)
    j_re, j_im, y_re, y_im = 0.0, 0.0, 0.0, net.load[L_B]
    for g in range(count):
        p = net.machines[g]
        sin, cos = math.sin(x[g, DELTA]), math.cos(x[g, DELTA])
        psi_q = p[GQ1] * x[g, E1D] + (1.0 - p[GQ1]) * x[g, E2Q]
        psi_d = p[GD1] * x[g, E1Q] + (1.0 - p[GD1]) * x[g, E2D]
        e_re, e_im = psi_q * sin + psi_d * cos, psi_d * sin - psi_q * cos
        work[g, 0], work[g, 1], work[g, 2] = e_re, e_im, sin
        work[g, 3], work[g, 4], work[g, 5] = cos, psi_d, psi_q
        k = net.size[g]
        j_re += k * (p[Y_RE] * e_re - p[Y_IM] * e_im)
        j_im += k * (p[Y_RE] * e_im + p[Y_IM] * e_re)
        y_re += k * p[Y_RE]
        y_im += k * p[Y_IM]
    q, row = net.grid, count + GRID_ROW
    if q[G_ON] > 0.0:
        e_re, e_im = q[G_EMF] * math.cos(x[row, DELTA]), q[G_EMF] * math.sin(x[row, DELTA])
        work[row, 0], work[row, 1] = e_re, e_im
        j_re += q[G_Y_RE] * e_re - q[G_Y_IM] * e_im
        j_im += q[G_Y_RE] * e_im + q[G_Y_IM] * e_re
        y_re += q[G_Y_RE]
        y_im += q[G_Y_IM]
    v, row = net.inverter, count + INVERTER_ROW
    if v[c.ON] > 0.0:
        sin, cos = math.sin(x[row, DELTA]), math.cos(x[row, DELTA])
        work[row, 2], work[row, 3] = sin, cos
        k = v[c.SIZE]
        if v[c.CODE] == c.FOLLOWING:
            work[row, 0], work[row, 1] = (
                x[row, c.IP] * cos - x[row, c.IQ] * sin,
                x[row, c.IP] * sin + x[row, c.IQ] * cos,
            )
            j_re += k * work[row, 0]
            j_im += k * work[row, 1]
        else:
            e_d, e_q = regfm_a1.emf(v, x[row]), 0.0
            if v[c.CODE] == c.REGF1:
                e_d, e_q = x[row, c.F_UD], x[row, c.F_UQ]
            e_re, e_im = e_d * cos - e_q * sin, e_d * sin + e_q * cos
            work[row, 0], work[row, 1] = e_re, e_im
            j_re += k * (v[c.Y_RE] * e_re - v[c.Y_IM] * e_im)
            j_im += k * (v[c.Y_RE] * e_im + v[c.Y_IM] * e_re)
            y_re += k * v[c.Y_RE]
            y_im += k * v[c.Y_IM]
    return j_re, j_im, y_re, y_im


@tight
def bus(j_re: float, j_im: float, y_re: float, y_im: float, p: float) -> tuple[float, float]:
    """Return the voltage of the bus [pu] under a constant power p; NaN when there is none (collapse).

    (Y + p / w) V = J with w = |V|^2: |Y|^2 w^2 + (2 G p - |J|^2) w + p^2 = 0, the higher root.
    """
    yy = y_re * y_re + y_im * y_im
    half = 0.5 * (j_re * j_re + j_im * j_im) - y_re * p
    root = half * half - yy * p * p
    if root < 0.0 or half <= 0.0:
        return math.nan, math.nan
    w = (half + math.sqrt(root)) / yy
    d_re = y_re + p / w
    dd = d_re * d_re + y_im * y_im
    return (j_re * d_re + j_im * y_im) / dd, (j_im * d_re - j_re * y_im) / dd


@tight
def rates(
    net: Net,
    x: NDArray[np.float64],
    power: float,
    dx: NDArray[np.float64],
    algebra: NDArray[np.float64],
    work: NDArray[np.float64],
) -> None:
    """Write dx/dt of everything (g + 3, 21) and the algebra (7,) for a load of `power` [pu]."""
    count = len(net.codes)
    row = count + LOAD_ROW
    drawn = power
    if net.load[L_FILTER] > 0.0:
        drawn = x[row, 0]
        dx[row, 0] = (power - x[row, 0]) / net.load[L_FILTER]
    j_re, j_im, y_re, y_im = sources(net, x, work)
    v_re, v_im = bus(j_re, j_im, y_re, y_im, drawn)
    algebra[A_VRE], algebra[A_VIM] = v_re, v_im
    algebra[A_SOURCE] = algebra[A_TORQUE] = algebra[A_GRID] = algebra[A_BATTERY] = 0.0
    for g in range(count):
        machine_rates(net, g, x[g], v_re, v_im, dx[g], algebra, work[g])
    grid_rates(net, x[count + GRID_ROW], v_re, v_im, dx[count + GRID_ROW], algebra, work[count + GRID_ROW])
    inverter_rates(
        net, x[count + INVERTER_ROW], v_re, v_im, dx[count + INVERTER_ROW], algebra, work[count + INVERTER_ROW]
    )


@tight
def machine_rates(
    net: Net,
    g: int,
    x: NDArray[np.float64],
    v_re: float,
    v_im: float,
    dx: NDArray[np.float64],
    algebra: NDArray[np.float64],
    work: NDArray[np.float64],
) -> None:
    """Write the rates of one group: GENROU, SEXS, governor, secondary control."""
    p = net.machines[g]
    sin, cos, psi_d, psi_q = work[2], work[3], work[4], work[5]
    u_re, u_im = work[0] - v_re, work[1] - v_im
    i_re, i_im = u_re * p[Y_RE] - u_im * p[Y_IM], u_re * p[Y_IM] + u_im * p[Y_RE]
    i_d, i_q = i_re * sin - i_im * cos, i_re * cos + i_im * sin
    t_re = v_re + p[ZT_RE] * i_re - p[ZT_IM] * i_im
    t_im = v_im + p[ZT_RE] * i_im + p[ZT_IM] * i_re
    pe = t_re * i_re + t_im * i_im
    voltage = math.sqrt(t_re * t_re + t_im * t_im)
    flux = math.sqrt(psi_d * psi_d + psi_q * psi_q)
    over = flux - p[SAT_A]
    saturation = p[SAT_B] * over * over / flux if over > 0.0 else 0.0
    d_axis = p[GD1] * i_d + p[GD2] * (x[E1Q] - x[E2D])
    field = x[E1Q] + p[XD_XD1] * d_axis + saturation * psi_d
    q_axis = p[GQ2] * (x[E1D] - x[E2Q]) - p[GQ1] * i_q
    damper = x[E1D] + p[XQ_XQ1] * q_axis + saturation * psi_q * p[GQD]
    dx[E1Q] = (x[EFD] - field) * p[PER_TD1]
    dx[E1D] = -damper * p[PER_TQ1]
    dx[E2D] = (x[E1Q] - p[XD1_XL] * i_d - x[E2D]) * p[PER_TD2]
    dx[E2Q] = (x[E1D] + p[XQ1_XL] * i_q - x[E2Q]) * p[PER_TQ2]
    sexs.rates(p, voltage, x, dx)
    row, dw = net.governors[g], x[DW]
    torque = gov.rates(net.codes[g], row, x[REF], dw, pe, x[GOV:], dx[GOV:])
    dx[REF] = 0.0
    if net.restore_s > 0.0:
        dx[REF] = -dw / (row[R] * net.restore_s)
    dx[DELTA] = net.omega * dw
    dx[DW] = (torque - psi_d * i_q - psi_q * i_d - p[DAMPING] * dw) * p[PER_2H]
    algebra[A_SOURCE] += net.size[g] * pe
    algebra[A_TORQUE] += net.size[g] * torque


@tight
def grid_rates(
    net: Net,
    x: NDArray[np.float64],
    v_re: float,
    v_im: float,
    dx: NDArray[np.float64],
    algebra: NDArray[np.float64],
    work: NDArray[np.float64],
) -> None:
    """Write the rates of the grid's equivalent: nothing moves when it is stiff."""
    q = net.grid
    pe = 0.0
    if q[G_ON] > 0.0:
        u_re, u_im = work[0] - v_re, work[1] - v_im
        i_re, i_im = u_re * q[G_Y_RE] - u_im * q[G_Y_IM], u_re * q[G_Y_IM] + u_im * q[G_Y_RE]
        pe = work[0] * i_re + work[1] * i_im
        at_bus = v_re * i_re + v_im * i_im
        algebra[A_GRID] = at_bus
        algebra[A_SOURCE] += at_bus
    if q[G_PER_2H] > 0.0:
        dx[DELTA] = net.omega * x[DW]
        dx[DW] = (q[G_PM] + x[GRID_POWER] - pe / q[G_SIZE]) * q[G_PER_2H]
        dx[GRID_POWER] = (-x[DW] * q[G_PER_DROOP] - x[GRID_POWER]) * q[G_PER_T]


@tight
def inverter_rates(
    net: Net,
    x: NDArray[np.float64],
    v_re: float,
    v_im: float,
    dx: NDArray[np.float64],
    algebra: NDArray[np.float64],
    work: NDArray[np.float64],
) -> None:
    """Write the rates of the battery's inverters."""
    v = net.inverter
    if v[c.ON] <= 0.0:
        return
    i_re, i_im = work[0], work[1]
    if v[c.CODE] == c.FOLLOWING:
        grid_following.rates(v, net.omega, x, (v_re, v_im), (work[2], work[3]), dx)
    else:
        u_re, u_im = work[0] - v_re, work[1] - v_im
        i_re, i_im = u_re * v[c.Y_RE] - u_im * v[c.Y_IM], u_re * v[c.Y_IM] + u_im * v[c.Y_RE]
    power, reactive = v_re * i_re + v_im * i_im, v_im * i_re - v_re * i_im
    voltage = math.sqrt(v_re * v_re + v_im * v_im)
    if v[c.CODE] == c.REGFM_A1:
        regfm_a1.rates(v, net.omega, x, power, reactive, voltage, dx)
    elif v[c.CODE] == c.REGFM_B1:
        regfm_b1.rates(v, net.omega, x, power, reactive, voltage, dx)
    elif v[c.CODE] == c.REGF1:
        regf1.rates(v, net.omega, x, (v_re, v_im), (work[2], work[3]), (i_re, i_im), dx)
    algebra[A_CURRENT] = math.sqrt(i_re * i_re + i_im * i_im)
    algebra[A_BATTERY] = v[c.SIZE] * power


@tight
def moved(
    net: Net,
    x: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    dt_s: float,
    out: NDArray[np.float64],
) -> None:
    """Write x moved by the mean of two rates, within its limits."""
    half_s = 0.5 * dt_s
    for g in range(x.shape[0]):
        for k in range(net.used[g]):
            value = x[g, k] + half_s * (first[g, k] + second[g, k])
            value = max(value, net.low[g, k])
            value = min(value, net.high[g, k])
            out[g, k] = value
        value = x[g, REF] + half_s * (first[g, REF] + second[g, REF])
        out[g, REF] = min(max(value, net.low[g, REF]), net.high[g, REF])


@tight
def advance(
    net: Net,
    x: NDArray[np.float64],
    power: float,
    dt_s: float,
    algebra: NDArray[np.float64],
    room: NDArray[np.float64],
) -> float:
    """Move everything one Heun step; return the battery's mean power over it [pu of BASE_W].

    `algebra` (2, 7) is left with that of the start and of the guessed end; `room` is (4, g + 3, 21).
    """
    first, second, guess, work = room[0], room[1], room[2], room[3]
    rates(net, x, power, first, algebra[0], work)
    moved(net, x, first, first, dt_s, guess)
    rates(net, guess, power, second, algebra[1], work)
    moved(net, x, first, second, dt_s, x)
    mean: float = 0.5 * (algebra[0, A_BATTERY] + algebra[1, A_BATTERY])
    return mean
