"""The compiled loop of a thermal transient: every rack with its own share of the pipes, hall by hall.

Backward Euler within a rack, upwind cells in the pipes, so that what leaves one part enters the next: energy is kept
to rounding, whatever the step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SLOW = 0.5  # power of GPUs that throttle, over what they would take; estimate
SHUT_K = 5.0  # above the throttling temperature they switch themselves off; estimate


@tight
def effectiveness(ua: float, hot: float, cold: float) -> float:
    """Return W/K that a counter-flow exchanger moves per kelvin between its inlets; 0 without flow on a side.

    Kays and London: eps = (1 - exp(-N (1 - r))) / (1 - r exp(-N (1 - r))), times the smaller capacity flow.
    """
    low, high = min(hot, cold), max(hot, cold)
    if low <= 1e-9:
        return 0.0
    r, n = low / high, ua / low
    if r > 1.0 - 1e-6:
        return low * n / (1.0 + n)
    e = np.exp(-n * (1.0 - r))
    return low * (1.0 - e) / (1.0 - r * e)


@tight
def film(share: float) -> float:
    """Return a conductance over its value at design flow: half of the resistance is the film, which goes as flow^0.8."""
    if share <= 1e-6:
        return 0.0
    return 2.0 / (1.0 + share**-0.8)


@kernel
def run(
    dt: float, set_degc: float, throttle: float, heat: Floats, water: Floats, coolant: Floats, ready: Floats,
    hall: Ints, liquid: Floats, air: Floats, c_plate: Floats, c_tcs: Floats, c_air: Floats, g: Floats, k: Floats,
    ua: Floats, door: Floats, cw: Floats, liquid_share: Floats, first_s: Ints, first_r: Ints, cells: Floats,
    plate: Floats, tcs_r: Floats, tcs_s: Floats, room: Floats, tank: Floats, tank_s: float, capacity: Floats,
    hot: Floats, supply: Floats, back: Floats, rejected: Floats, residual: Floats, put_w: Floats, throttle_s: Floats,
    shut_s: Floats,
) -> None:  # fmt: skip
    """Step through time; results are written into the last eight arrays.

    Parameters
    ----------
    heat
        Load over design load (t,). `water`, `coolant`: flow over design flow of each hall's facility loop and of its
        racks' own loops (t, h). `ready`: share of the plant that cools (t, h).
    first_s, first_r
        First cell of each rack's supply and return line; one more entry at the end (n + 1,).
    cells
        Temperatures in lines; all temperatures are differences to the set point.
    """
    halls, racks = capacity.shape[0], hall.shape[0]
    total, mixed = np.zeros(halls), np.zeros(halls)
    for i in range(racks):
        total[hall[i]] += cw[i]
    before = _energy(dt, cw, first_s, first_r, cells, plate, tcs_r, tcs_s, room, c_plate, c_tcs, c_air, tank, tank_s,
                     total)  # fmt: skip
    for t in range(heat.shape[0]):
        mixed[:] = 0.0
        for i in range(racks):
            mixed[hall[i]] += cw[i] * cells[first_r[i + 1] - 1]
        moved = 0.0
        for h in range(halls):
            flow = water[t, h] * total[h]
            back[t, h] = set_degc + mixed[h] / total[h]
            want = max(flow * mixed[h] / total[h], 0.0)
            out = min(want, capacity[h] * ready[t, h])
            made = mixed[h] / total[h] - (out / flow if flow > 0.0 else 0.0)
            moved += out
            rejected[t] += out
            if tank_s > 0.0:
                old = tank[h]
                tank[h] += min(water[t, h] * dt / tank_s, 1.0) * (made - old)
                made = old if water[t, h] * dt < tank_s else made
            supply[t, h] = set_degc + made
        put = 0.0
        for i in range(racks):
            h = hall[i]
            w, c = water[t, h], coolant[t, h]
            inlet = cells[first_s[i + 1] - 1]
            p, a = liquid[i] * heat[t], air[i] * heat[t]
            if shut_s[i] >= 0.0:
                p, a = 0.0, 0.0
            elif throttle_s[i] >= 0.0:
                p, a = SLOW * p, SLOW * a
            put += p + a
            # one rack's loop: plate, return half and supply half of the coolant, all at the end of the step
            gi, ki = g[i] * film(c), k[i] * c
            e = effectiveness(ua[i] * min(film(w), film(c)), ki, cw[i] * liquid_share[i] * w)
            x, y = c_plate[i] / dt, 0.5 * c_tcs[i] / dt
            pg, rk = x + gi, y + ki
            # Tp = p0 + p1 Ts, Tr = r0 + r1 Ts
            p0, p1 = (x * plate[i] + p) / pg, gi / pg
            r0, r1 = (y * tcs_r[i] + gi * p0) / rk, (ki + gi * (p1 - 1.0)) / rk
            new = (y * tcs_s[i] + (ki - e) * r0 + e * inlet) / (y + ki - (ki - e) * r1)
            tcs_s[i] = new
            tcs_r[i] = r0 + r1 * new
            plate[i] = p0 + p1 * new
            q = e * (tcs_r[i] - inlet)
            d = door[i] * film(w)
            room[i] = (c_air[i] / dt * room[i] + a + d * inlet) / (c_air[i] / dt + d)
            q += d * (room[i] - inlet)
            if throttle_s[i] < 0.0 and plate[i] + set_degc >= throttle:
                throttle_s[i] = (t + 1) * dt
            if shut_s[i] < 0.0 and plate[i] + set_degc >= throttle + SHUT_K:
                shut_s[i] = (t + 1) * dt
            hot[t] = max(hot[t], plate[i] + set_degc)
            # lines, from the far end: what leaves is what was there
            for j in range(first_r[i + 1] - 1, first_r[i], -1):
                cells[j] += w * (cells[j - 1] - cells[j])
            gain = q / cw[i]
            cells[first_r[i]] += w * (inlet - cells[first_r[i]]) + gain
            for j in range(first_s[i + 1] - 1, first_s[i], -1):
                cells[j] += w * (cells[j - 1] - cells[j])
            cells[first_s[i]] += w * (supply[t, h] - set_degc - cells[first_s[i]])
        after = _energy(dt, cw, first_s, first_r, cells, plate, tcs_r, tcs_s, room, c_plate, c_tcs, c_air, tank,
                        tank_s, total)  # fmt: skip
        put_w[t] = put
        residual[t] = abs(after - before - dt * (put - moved)) / max(dt * put, 1.0)
        before = after


@kernel
def _energy(
    dt: float, cw: Floats, first_s: Ints, first_r: Ints, cells: Floats, plate: Floats, tcs_r: Floats, tcs_s: Floats,
    room: Floats, c_plate: Floats, c_tcs: Floats, c_air: Floats, tank: Floats, tank_s: float, total: Floats,
) -> float:  # fmt: skip
    """Return the heat in store above the set point [J]."""
    out = 0.0
    for i in range(cw.shape[0]):
        line = 0.0
        for j in range(first_s[i], first_s[i + 1]):
            line += cells[j]
        for j in range(first_r[i], first_r[i + 1]):
            line += cells[j]
        out += cw[i] * dt * line + c_plate[i] * plate[i] + 0.5 * c_tcs[i] * (tcs_r[i] + tcs_s[i]) + c_air[i] * room[i]
    for h in range(total.shape[0]):
        out += total[h] * tank_s * tank[h]
    return out


def warm() -> None:
    """Compile with the types of real runs."""
    one, at = np.ones(1), np.array([0, 1], np.int64)
    two = np.array([1, 2], np.int64)
    run(1.0, 30.0, 87.0, one, np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros(1, np.int64), one, one, one,
        one, one, one, one, one, one, one, one, at, two, np.zeros(2), np.zeros(1), np.zeros(1), np.zeros(1),
        np.zeros(1), np.zeros(1), 1.0, one, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros(1),
        np.zeros(1), -np.ones(1), -np.ones(1))  # fmt: skip
