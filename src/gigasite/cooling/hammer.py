"""Water hammer: Joukowsky's step, and a method-of-characteristics run of pipes in series with taps between them.

Wave speed after Korteweg: a = sqrt(K/rho) / sqrt(1 + K D / (E e)) (Wylie and Streeter, Fluid Transients in Systems,
1993, equations 1-12 and 3-8 to 3-13: characteristics with friction by the flow of the step before).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.finding import Finding, Severity
from gigasite.cooling.network import PIPE
from gigasite.cooling.plant_network import losses_pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cooling.plant_network import FacilityLoop

    Floats = NDArray[np.float64]

BULK_PA, STEEL_PA = 2.2e9, 207e9  # water at 30 degC; carbon steel
RATED_PA = 16e5  # PN16, usual for this piping
MOST_STEPS = 5_000_000  # more is slower than any echo, and no hammer
VAPOUR_PA = -95e3  # gauge pressure at which columns part


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Pipes in series from a pump to a valve, (k,) each; what taps draw between them keeps flowing.

    Parameters
    ----------
    flow_m3_per_s
        In each piece; no piece carries more than the one before.
    friction
        Darcy's factor, fittings included.
    """

    length_m: Floats
    inner_m: Floats
    wall_m: Floats
    flow_m3_per_s: Floats
    friction: Floats
    density_kg_per_m3: float
    start_pa: float
    """Gauge pressure at the pump."""

    @property
    def wave_m_per_s(self) -> Floats:
        """Return the speed of sound in each piece."""
        out: Floats = np.sqrt(
            BULK_PA / self.density_kg_per_m3 / (1 + BULK_PA * self.inner_m / (STEEL_PA * self.wall_m))
        )
        return out

    @property
    def echo_s(self) -> float:
        """Return the time to the pump and back: closing slower than that is no longer sudden."""
        return float(2 * (self.length_m / self.wave_m_per_s).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Surge:
    """Highest and lowest gauge pressure [Pa] and where [m from the pump], and the pressure at the valve by time."""

    highest_pa: float
    lowest_pa: float
    highest_at_m: float
    time_s: Floats
    valve_pa: Floats


def joukowsky_pa(density_kg_per_m3: float, wave_m_per_s: float, velocity_m_per_s: float) -> float:
    """Return the rise when a flow is stopped at once [Pa].

    >>> joukowsky_pa(1000.0, 1000.0, 2.5) / 1e5
    25.0
    """
    return density_kg_per_m3 * wave_m_per_s * velocity_m_per_s


def surge(line: Line, closing_s: float | None = None, coasting_s: float | None = None, dt_s: float = 2e-3) -> Surge:
    """Run the line: the valve's flow falls to nothing over `closing_s`, or the pump's pressure over `coasting_s`.

    Raises
    ------
    QuantityError
        Neither or both are given, or a time is below 0 or takes too many steps.
    """
    if (closing_s is None) == (coasting_s is None) or min(closing_s or 0.0, coasting_s or 0.0) < 0:
        raise QuantityError("give the time in which the valve closes or the pump coasts, 0 s or more")
    g = _Grid(line, dt_s)
    over = closing_s if closing_s is not None else (coasting_s or 0.0)
    if not over <= MOST_STEPS * dt_s:
        raise QuantityError(f"closing or coasting in {over:g} s makes no hammer: {MOST_STEPS * dt_s:,.0f} s at most")
    steps = int((over + 3 * line.echo_s) / dt_s) + 2
    high, low = g.p.copy(), g.p.copy()
    at_valve = np.zeros(steps)
    for n in range(steps):
        left = max(0.0, 1.0 - (n + 1) * dt_s / over) if over > 0 else 0.0
        g.step(valve=left if closing_s is not None else 1.0, pump=left if coasting_s is not None else 1.0)
        high, low = np.maximum(high, g.p), np.minimum(low, g.p)
        at_valve[n] = g.p[-1]
    top = int(high.argmax())
    return Surge(
        highest_pa=float(high[top]), lowest_pa=float(low.min()), highest_at_m=float(g.x[top]),
        time_s=dt_s * np.arange(1.0, steps + 1), valve_pa=at_valve,
    )  # fmt: skip


class _Grid:
    """Sections of all pieces, those of one piece after another; both sides of a joint have one each."""

    def __init__(self, line: Line, dt_s: float) -> None:
        a, area = line.wave_m_per_s, np.pi / 4 * line.inner_m**2
        # whole reaches: the speed of sound of a piece is moved a little (customary), never the length
        n = np.maximum(np.round(line.length_m / (a * dt_s)).astype(int), 1)
        self.first = np.r_[0, np.cumsum(n + 1)]
        piece = np.repeat(np.arange(len(n)), n + 1)
        b = line.density_kg_per_m3 * (line.length_m / (n * dt_s)) / area
        dx = line.length_m / n
        loss = line.friction * line.density_kg_per_m3 * dx / (2 * line.inner_m * area**2)
        self.b, self.r = b[piece], loss[piece]
        self.q = line.flow_m3_per_s[piece].astype(np.float64)
        within = np.concatenate([np.arange(k + 1) for k in n])
        begin = np.r_[0.0, np.cumsum(line.length_m)[:-1]]
        self.x = begin[piece] + within * dx[piece]
        drop = loss * line.flow_m3_per_s**2
        self.p = line.start_pa - np.r_[0.0, np.cumsum(drop * n)[:-1]][piece] - within * drop[piece]
        self.start_pa, self.end_q = line.start_pa, float(line.flow_m3_per_s[-1])
        self.tap = line.flow_m3_per_s[:-1] - line.flow_m3_per_s[1:]

    def step(self, valve: float, pump: float) -> None:
        """Take one step: sections inside, joints with their taps, pump and valve."""
        p, q, b, r = self.p, self.q, self.b, self.r
        up = p + b * q - r * q * np.abs(q)  # what arrives from upstream of each section's right neighbour
        down = p - b * q + r * q * np.abs(q)
        new_p, new_q = p.copy(), q.copy()
        new_p[1:-1] = 0.5 * (up[:-2] + down[2:])
        new_q[1:-1] = (up[:-2] - down[2:]) / (2 * b[1:-1])
        left, right = self.first[1:-1] - 1, self.first[1:-1]
        cp, cm, bl, br = up[left - 1], down[right + 1], b[left], b[right]
        joint = (cp / bl + cm / br - self.tap) / (1 / bl + 1 / br)
        new_p[left] = new_p[right] = joint
        new_q[left], new_q[right] = (cp - joint) / bl, (joint - cm) / br
        new_p[0] = self.start_pa * pump
        new_q[0] = (new_p[0] - down[1]) / b[0]
        new_q[-1] = self.end_q * valve
        new_p[-1] = up[-2] - b[-1] * new_q[-1]
        self.p, self.q = new_p, new_q


def worst_line(loop: FacilityLoop) -> Line:
    """Return the supply from the pumps to the farthest row: its mains one after the other, to the row's valve."""
    net, q = loop.network, loop.flow.flow_m3_per_s
    pipe = np.flatnonzero(net.kind == PIPE)
    kind = np.array(loop.kind)
    into = {int(net.end[i]): int(i) for i in pipe.tolist() if kind[i] != "drop" and q[i] > 0}
    far, best = [], -1.0
    for i in np.flatnonzero((kind == "row") & (q[pipe] > 0)).tolist():
        if not net.link_ids[i].endswith("-s1"):
            continue
        path, at = [i], int(net.start[i])
        while at in into:
            path.append(into[at])
            at = int(net.start[path[-1]])
        length = float(net.length_m[path].sum())
        if length > best:
            far, best = path[::-1], length
    use = np.array(far)
    size = loop.size[use]
    area = np.pi / 4 * net.diameter_m[use] ** 2
    head = losses_pa(loop)[use]
    factor = head * 2 * net.diameter_m[use] * area**2 / (net.density_kg_per_m3 * net.length_m[use] * q[use] ** 2)
    return Line(
        length_m=net.length_m[use], inner_m=net.diameter_m[use], wall_m=loop.sizes.wall_m[size],
        flow_m3_per_s=q[use], friction=factor, density_kg_per_m3=net.density_kg_per_m3,
        start_pa=float(loop.flow.pressure_pa[net.start[use[0]]]),
    )  # fmt: skip


def hammer_findings(sudden: Surge, slow: Surge, trip: Surge, line: Line) -> list[Finding]:
    """Say what valves and pumps may do to the line."""
    out = []
    if sudden.highest_pa > RATED_PA:
        enough = slow.highest_pa <= RATED_PA
        out.append(
            Finding(
                severity=Severity.note if enough else Severity.error, chapter="cooling", where="row valves",
                what="a valve slammed shut bursts its pipe" + ("" if enough else ", one that closes slowly too"),
                limit=f"{RATED_PA / 1e5:.0f} bar", found=f"{sudden.highest_pa / 1e5:.1f} bar",
                remedy=f"valves that take more than {line.echo_s:.1f} s to close",
            )
        )  # fmt: skip
    if trip.lowest_pa < VAPOUR_PA:
        out.append(
            Finding(
                severity=Severity.error, chapter="cooling", where="supply mains", what="columns part when pumps trip",
                limit=f"{VAPOUR_PA / 1e5:.2f} bar", found=f"{trip.lowest_pa / 1e5:.2f} bar",
                remedy="a higher cooling.vessel, or pumps that coast longer",
            )
        )  # fmt: skip
    return out
