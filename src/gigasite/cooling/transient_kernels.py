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
        return float(low * n / (1.0 + n))
    e = np.exp(-n * (1.0 - r))
    return float(low * (1.0 - e) / (1.0 - r * e))


@tight
def film(share: float) -> float:
    """Return a conductance over its value at design flow; half of the resistance is the film, as flow^0.8."""
    if share <= 1e-6:
        return 0.0
    return float(2.0 / (1.0 + share**-0.8))


@kernel
def run(
    dt: float, set_degc: float, throttle: float, slow: float, shut_k: float, heat: Floats,
    water: Floats, coolant: Floats, ready: Floats,
    hall: Ints, liquid: Floats, air: Floats, c_plate: Floats, c_tcs: Floats, c_air: Floats, g: Floats, k: Floats,
    ua: Floats, door: Floats, cw: Floats, liquid_share: Floats, first_s: Ints, first_r: Ints, cells: Floats,
    plate: Floats, tcs_r: Floats, tcs_s: Floats, room: Floats, tank: Floats, tank_s: float, capacity: Floats,
    hot: Floats, supply: Floats, back: Floats, rejected: Floats, residual: Floats, put_w: Floats, throttle_s: Floats,
    shut_s: Floats,
) -> None:  # fmt: skip
    """Step through time; results are written into the last eight arrays.

    Parameters
    ----------
    slow, shut_k
        Power of GPUs that throttle over what they would take; kelvins above `throttle` at which they switch off.
    heat
        Load over design load (t,). `water`, `coolant`: flow over design flow of each hall's facility loop and of its
        racks' own loops (t, h). `ready`: share of the plant that cools (t, h).
    first_s, first_r
        First cell of each rack's supply and return line; one more entry at the end (n + 1,).
    cells
        Temperatures in lines; all temperatures are differences to the set point.
    """
    halls, racks = capacity.shape[0], hall.shape[0]
    total, mixed, film_w, film_c = np.zeros(halls), np.zeros(halls), np.zeros(halls), np.zeros(halls)
    for i in range(racks):
        total[hall[i]] += cw[i]
    before = _energy(dt, cw, first_s, first_r, cells, plate, tcs_r, tcs_s, room, c_plate, c_tcs, c_air, tank, tank_s,
                     total)  # fmt: skip
    for t in range(heat.shape[0]):
        moved = _plants(t, set_degc, water, ready, hall, cw, cells, first_r, total, mixed, tank, tank_s, dt, capacity,
                        supply, back)  # fmt: skip
        put = 0.0
        for h in range(halls):
            film_w[h], film_c[h] = film(water[t, h]), film(coolant[t, h])
        for i in range(racks):
            h = hall[i]
            w, c = water[t, h], coolant[t, h]
            inlet = cells[first_s[i + 1] - 1]
            share = heat[t] * (0.0 if shut_s[i] >= 0.0 else slow if throttle_s[i] >= 0.0 else 1.0)
            put += (liquid[i] + air[i]) * share
            e = effectiveness(ua[i] * min(film_w[h], film_c[h]), k[i] * c, cw[i] * liquid_share[i] * w)
            plate[i], tcs_r[i], tcs_s[i] = loop_step(
                liquid[i] * share, inlet, g[i] * film_c[h], k[i] * c, e, c_plate[i] / dt, 0.5 * c_tcs[i] / dt, plate[i],
                tcs_r[i], tcs_s[i],
            )  # fmt: skip
            d = door[i] * film_w[h]
            room[i] = (c_air[i] / dt * room[i] + air[i] * share + d * inlet) / (c_air[i] / dt + d)
            gain = (e * (tcs_r[i] - inlet) + d * (room[i] - inlet)) / cw[i]
            if throttle_s[i] < 0.0 and plate[i] + set_degc >= throttle:
                throttle_s[i] = (t + 1) * dt
            if shut_s[i] < 0.0 and plate[i] + set_degc >= throttle + shut_k:
                shut_s[i] = (t + 1) * dt
            hot[t] = max(hot[t], plate[i] + set_degc)
            _shift(cells, first_r[i], first_r[i + 1], w, inlet, gain)
            _shift(cells, first_s[i], first_s[i + 1], w, supply[t, h] - set_degc, 0.0)
        after = _energy(dt, cw, first_s, first_r, cells, plate, tcs_r, tcs_s, room, c_plate, c_tcs, c_air, tank,
                        tank_s, total)  # fmt: skip
        put_w[t], rejected[t] = put, moved
        residual[t] = abs(after - before - dt * (put - moved)) / max(dt * put, 1.0)
        before = after


@kernel
def _plants(
    t: int, set_degc: float, water: Floats, ready: Floats, hall: Ints, cw: Floats, cells: Floats, first_r: Ints,
    total: Floats, mixed: Floats, tank: Floats, tank_s: float, dt: float, capacity: Floats, supply: Floats,
    back: Floats,
) -> float:  # fmt: skip
    """Cool what comes back to each hall's plant; return the heat taken out of all [W]."""
    mixed[:] = 0.0
    for i in range(hall.shape[0]):
        mixed[hall[i]] += cw[i] * cells[first_r[i + 1] - 1]
    moved = 0.0
    for h in range(total.shape[0]):
        warm_k = mixed[h] / total[h]
        flow = water[t, h] * total[h]
        out = min(max(flow * warm_k, 0.0), capacity[h] * ready[t, h])
        made = warm_k - (out / flow if flow > 0.0 else 0.0)
        moved += out
        if tank_s > 0.0:
            old = tank[h]
            tank[h] += water[t, h] * dt / tank_s * (made - old)
            made = old
        supply[t, h], back[t, h] = set_degc + made, set_degc + warm_k
    return moved


@tight
def loop_step(
    p: float, inlet: float, g: float, k: float, e: float, x: float, y: float, plate: float, back: float, out: float
) -> tuple[float, float, float]:
    """Return plate, return half and supply half of a rack's coolant at the end of a step, all three at once.

    Parameters
    ----------
    p
        Heat into the plates [W]. `inlet`: facility water.
    g, k, e
        Plate to coolant, coolant flow, exchanger [W/K].
    x, y
        Heat capacities of plate and of each half over the step [W/K].
    """
    pg, rk = x + g, y + k
    # plate = p0 + p1 new, return = r0 + r1 new
    p0, p1 = (x * plate + p) / pg, g / pg
    r0, r1 = (y * back + g * p0) / rk, (k + g * (p1 - 1.0)) / rk
    new = (y * out + (k - e) * r0 + e * inlet) / (y + k - (k - e) * r1)
    return p0 + p1 * new, r0 + r1 * new, new


@kernel
def _shift(cells: Floats, first: int, last: int, w: float, entering: float, gain: float) -> None:
    """Move a line by `w` cells from the far end on: what leaves a cell is what was there."""
    for j in range(last - 1, first, -1):
        cells[j] += w * (cells[j - 1] - cells[j])
    cells[first] += w * (entering - cells[first]) + gain


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
    run(1.0, 30.0, 87.0, 0.5, 5.0, one,
        np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros(1, np.int64), one, one, one,
        one, one, one, one, one, one, one, one, at, two, np.zeros(2), np.zeros(1), np.zeros(1), np.zeros(1),
        np.zeros(1), np.zeros(1), 1.0, one, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), np.zeros(1),
        np.zeros(1), -np.ones(1), -np.ones(1))  # fmt: skip
