"""Steady flow in any network: Newton on flows and heads at once (the global gradient algorithm).

Unknowns are the flow of every link and the head H = p + rho g z of every free node. For a link from i to j its law is
H_i - H_j = h(q); at a free node what comes in leaves as demand. One Newton step eliminates the flows, which leaves a
sparse, symmetric system in the heads (Todini and Pilati 1988; EPANET 2 Users Manual, appendix D). The pattern of the
system is found once; links that are shut weigh nothing in it, so that shutting a valve is a restart from earlier flows.

Pumps cannot be run backwards: those that would be are shut and tried again when the head across them allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from gigasite._core.errors import SolverError
from gigasite._core.finding import worst_first
from gigasite.cooling.flow_findings import ROUNDING_M3_PER_S, flow_findings, too_far
from gigasite.cooling.friction import friction_factor
from gigasite.cooling.network import GRAVITY_M_PER_S2, PIPE, PUMP, Flow, Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_STEPS = 200
MOST_SWITCHES, TOGETHER = 200, 6
"""Rounds in which pumps may be shut or tried again: first all that want it, then one at a time (Murty's least-index
rule, which ends for monotone laws; all at once may go round in rings)."""
LEAST_SLOPE = 1.0
"""Slope of a link's law at rest [Pa s/m3]: keeps links without flow solvable; 1e-6 Pa at 1e-6 m3/s."""
CLOSE = 1e-10
"""Sum of the flows' last changes over the sum of flows at which the state is steady, beside what rounding moves."""
LITTLE = 1e-6
"""Sum of changes over the sum of flows below which a step is taken whole: Newton is at home there."""
MOST_TRIES = 20
REFINEMENTS, NOISE = 2, 1e-9
"""Flow that rounded heads let through the widest link, over the mean flow, from which on it is balanced away."""
MARGIN_PA = 1e-3
"""Head by which a pump that is shut must exceed its network before it is tried again."""
CLOSE_PA = 1e-9
"""The same for heads: largest error of a law over the largest head difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What stays the same while valves and speeds change: the sparse pattern, the constants of laws.

    Parameters
    ----------
    free
        Number of each free node, -1 at fixed ones (n,).
    slot
        Place of each link's four entries in the matrix, -1 for fixed ends (4, m).
    """

    network: Network
    free: Ints
    slot: Ints
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]
    diagonal: Ints
    linear: Floats
    """Laminar slope of pipes [Pa s/m3]."""
    square: Floats
    """rho / (2 A^2) of pipes and valves, times which a loss coefficient gives Pa s2/m6."""
    reynolds: Floats
    """Reynolds number at 1 m3/s."""


def prepare(network: Network) -> Prepared:
    """Return the pattern of a network's equations; use it again while only `open_` and `speed_frac` change."""
    free = np.full(len(network.node_ids), -1, np.int64)
    at = np.isnan(network.fixed_pa)
    free[at] = np.arange(int(at.sum()))
    a, b = free[network.start], free[network.end]
    rows = np.concatenate([a, b, a, b, np.arange(at.sum())])
    columns = np.concatenate([a, b, b, a, np.arange(at.sum())])
    ok = (rows >= 0) & (columns >= 0)
    n = int(at.sum())
    key = columns * n + rows
    each, place = np.unique(key[ok], return_inverse=True)
    slot = np.full(len(key), -1, np.int64)
    slot[ok] = place
    m = len(network.link_ids)
    wide = network.kind != PUMP
    area = np.where(wide, np.pi / 4.0 * np.where(wide, network.diameter_m, 1.0) ** 2, 1.0)
    d = np.where(network.kind == PIPE, network.diameter_m, 1.0)
    return Prepared(
        network=network,
        free=free,
        slot=slot[: 4 * m].reshape(4, m),
        indices=(each % n).astype(np.int32) if n else np.zeros(0, np.int32),
        indptr=np.searchsorted(each, np.arange(n + 1) * n).astype(np.int32),
        diagonal=slot[4 * m :],
        linear=np.where(network.kind == PIPE, 128.0 * network.viscosity_pa_s * network.length_m / (np.pi * d**4), 0.0),
        square=np.where(wide, network.density_kg_per_m3 / (2.0 * area**2), 0.0),
        reynolds=np.where(
            network.kind == PIPE, 4.0 * network.density_kg_per_m3 / (np.pi * d * network.viscosity_pa_s), 0.0
        ),
    )


def law(p: Prepared, q: Floats, speed_frac: Floats) -> tuple[Floats, Floats]:
    """Return head loss of each link [Pa] and its slope [Pa s/m3]; a pump's loss is below 0."""
    net = p.network
    size = np.abs(q)
    h = p.square * net.loss_k * q * size
    slope = 2.0 * p.square * net.loss_k * size
    pipe = net.kind == PIPE
    reynolds = p.reynolds * size
    slow = pipe & (reynolds < 2000.0)
    h += np.where(slow, p.linear * q, 0.0)
    slope += np.where(slow, p.linear, 0.0)
    fast = np.flatnonzero(pipe & ~slow)
    f, by_re = friction_factor(reynolds[fast], net.roughness_m[fast] / net.diameter_m[fast])
    c = p.square[fast] * net.length_m[fast] / net.diameter_m[fast]
    h[fast] += c * f * q[fast] * size[fast]
    slope[fast] += c * size[fast] * (2.0 * f + by_re * reynolds[fast])
    pump = net.kind == PUMP
    h = np.where(pump, -(speed_frac**2) * net.shutoff_pa + net.drop_pa_s2_per_m6 * q * size, h)
    slope = np.where(pump, 2.0 * net.drop_pa_s2_per_m6 * size, slope)
    return h, np.maximum(slope, LEAST_SLOPE)


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # what overflows is refused by name
def solve(network: Network | Prepared, warm: Flow | None = None) -> Flow:
    """Return the steady state.

    Parameters
    ----------
    network
        Network, or what `prepare` made of it (with `open_` and `speed_frac` replaced at will).
    warm
        An earlier state to start from.

    Raises
    ------
    SolverError
        No steady state was found: names the link or node where the error is largest.
    """
    p = network if isinstance(network, Prepared) else prepare(network)
    net = p.network
    on = net.open_.copy()
    q = _begin(net) if warm is None else np.where(net.open_, warm.flow_m3_per_s, 0.0)
    steps = 0
    for turn in range(MOST_SWITCHES):
        islands, reached = _islands(net, on)
        q = np.where(on & ~_starved(net, islands, reached)[islands[net.start]], q, 0.0)
        q, head, used, error_pa = _newton(p, q, on, islands, reached)
        steps += used
        change = _switched(net, q, head, on, _wanted(net, islands, reached), single=turn >= TOGETHER)
        if not change.any():
            break
        on ^= change
        q[change & on] = 1e-6
        q[change & ~on] = 0.0
    else:
        raise SolverError(f"pumps of {net.name} go on and off without end, first {net.link_ids[_first(change)]}")
    return _state(net, q, head, islands, reached, on, steps, error_pa)


def _first(mask: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(mask)[0])


def _begin(net: Network) -> Floats:
    """Return flows to start from: 1 m/s in pipes and valves, half of their largest flow in pumps."""
    area = np.pi / 4.0 * net.diameter_m**2
    drop = np.maximum(net.drop_pa_s2_per_m6, 1e-300)
    most = net.speed_frac * np.sqrt(np.maximum(net.shutoff_pa, 0.0) / drop)
    widest = float(area.max(initial=0.0)) or 1.0
    return np.where(net.kind == PUMP, np.minimum(0.5 * most, widest), area)


def _islands(net: Network, on: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the island of each node by open links, and which islands a fixed node belongs to."""
    n = len(net.node_ids)
    at = np.flatnonzero(on)
    graph = coo_array((np.ones(len(at), np.int8), (net.start[at], net.end[at])), shape=(n, n))
    count, label = connected_components(graph, directed=False)
    reached = np.zeros(count, bool)
    reached[label[~np.isnan(net.fixed_pa)]] = True
    return label.astype(np.int64), reached


def _starved(net: Network, islands: Ints, reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return islands that nothing can feed: no fixed node, and demands that do not cancel out (k,)."""
    total = np.bincount(islands, net.demand_m3_per_s, minlength=len(reached))
    size = np.bincount(islands, np.abs(net.demand_m3_per_s), minlength=len(reached))
    out: NDArray[np.bool_] = ~reached & (np.abs(total) > 1e-12 * size)
    return out


def _newton(
    p: Prepared, q: Floats, on: NDArray[np.bool_], islands: Ints, reached: NDArray[np.bool_]
) -> tuple[Floats, Floats, int, float]:
    """Return flows, heads, steps and the largest error of a law, pumps as they are."""
    net = p.network
    starved = _starved(net, islands, reached)
    live = on & ~starved[islands[net.start]]
    demand = np.where(starved[islands], 0.0, net.demand_m3_per_s)
    fixed = np.where(np.isnan(net.fixed_pa), 0.0, net.fixed_pa + _static(net))
    pinned = _pins(p, islands, reached)
    h, slope = law(p, q, net.speed_frac)
    for step in range(1, MOST_STEPS + 1):
        if not np.isfinite(h).all():
            raise SolverError(too_far(net, q, "pressures leave what numbers can hold"))
        yields, old = float((live / slope).sum()), h
        head, new_q = _step(p, q, h, slope, live, demand, fixed, pinned)
        move, lift = new_q - q, head[net.start] - head[net.end]
        change = float(np.abs(move).sum())
        h, slope = law(p, new_q, net.speed_frac)
        span = max(float(np.abs(head).max()), float(np.abs(h[live]).max(initial=0.0)), 1e-6)
        # heads are rounded: what that alone moves in flows is no change
        rounding = 16.0 * np.finfo(float).eps * span * yields
        # the first step makes nodes balance; from then on steps only go round, and must not go too far
        if step > 1 and change > LITTLE * float(np.abs(q).sum()) + rounding:
            share = _share(p, (q, move), (float((move * (old - lift)).sum()), float((move * (h - lift)).sum())), lift)
            if share < 1.0:
                q = q + share * move
                h, slope = law(p, q, net.speed_frac)
                continue
        q = new_q
        error = np.where(live, lift - h, 0.0)
        worst = float(np.abs(error).max(initial=0.0))
        if change <= CLOSE * np.abs(q).sum() + rounding and worst <= CLOSE_PA * span:
            return q, head, step, worst
    error = np.where(live, lift - h, 0.0)
    at = int(np.abs(error).argmax())
    text = (
        f"after {MOST_STEPS} steps the law of {net.link_ids[at]} from {net.node_ids[net.start[at]]} to "
        f"{net.node_ids[net.end[at]]} is off by {abs(error[at]):.3g} Pa"
    )
    raise SolverError(too_far(net, q, text))


def _share(p: Prepared, way: tuple[Floats, Floats], ends: tuple[float, float], lift: Floats) -> float:
    """Return how much of a step to take: flows that balance settle where the work along the step ends.

    Laws rise with flow, so that what is minimised (Cherry and Millar's content) is convex along the step; its slope is
    `ends` at both. Regula falsi (Illinois) until the slope has fallen by half.

    Parameters
    ----------
    way
        Flows now, and the whole step.
    """
    q, move = way
    (low, at_low), (high, at_high) = (0.0, ends[0]), (1.0, ends[1])
    enough = 0.5 * abs(at_low)
    if at_low >= 0.0 or at_high <= enough:
        return 1.0
    for _ in range(MOST_TRIES):
        share = high - at_high * (high - low) / (at_high - at_low)
        h, _slope = law(p, q + share * move, p.network.speed_frac)
        slope = float((move * (h - lift)).sum())
        if abs(slope) <= enough:
            break
        if slope < 0.0:
            low, at_low, at_high = share, slope, 0.5 * at_high
        else:
            high, at_high, at_low = share, slope, 0.5 * at_low
    return share


def _static(net: Network) -> Floats:
    return net.density_kg_per_m3 * GRAVITY_M_PER_S2 * net.elevation_m


def _pins(p: Prepared, islands: Ints, reached: NDArray[np.bool_]) -> Ints:
    """Return one free node of each island without fixed node: its head is set to 0, only differences count."""
    lone = np.flatnonzero(~reached[islands])
    _, first = np.unique(islands[lone], return_index=True)
    return p.free[lone[first]]


def _step(
    p: Prepared, q: Floats, h: Floats, slope: Floats, live: NDArray[np.bool_], demand: Floats, fixed: Floats,
    pinned: Ints,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Return heads and flows of one full Newton step.

    Raises
    ------
    SolverError
        Slopes are so far apart that the system is singular in floating point.
    """
    net, n = p.network, len(p.diagonal)
    y = np.where(live, 1.0 / slope, 0.0)
    rest = np.where(live, q - y * h, 0.0)
    values = np.concatenate([y, y, -y, -y])
    slot = p.slot.ravel()
    ok = slot >= 0
    data: Floats = np.bincount(slot[ok], values[ok], minlength=len(p.indices)).astype(np.float64)
    data[p.diagonal[pinned]] *= 2.0  # of its own size: 1 would vanish beside wide links
    # nodes that no open link touches hold their head
    data[p.diagonal] += (data[p.diagonal] == 0.0) * 1.0
    a, b = net.start, net.end
    # what the links carry at the fixed heads, and what they must carry at free ones
    right = np.zeros(len(net.node_ids))
    np.add.at(right, a, y * fixed[b] - rest)
    np.add.at(right, b, rest + y * fixed[a])
    right -= demand
    head = fixed.copy()
    at = p.free >= 0
    if n:
        matrix = csc_array((data, p.indices, p.indptr), shape=(n, n))
        # pipes branch like trees: panels of one column, which dense matrices would not like, take a third of the time
        options = {"SymmetricMode": True}
        try:
            factors = splu(
                matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, relax=1, panel_size=1, options=options
            )
        except RuntimeError as error:
            raise SolverError(too_far(net, q, "links are too unlike for 15 digits")) from error
        head[at] = factors.solve(right[at])
    q = np.where(live, rest + y * (head[a] - head[b]), 0.0)
    # rounded heads let noise through wide links, which narrow ones beside them would have to carry: balance it away
    for _ in range(REFINEMENTS if n else 0):
        if not np.finfo(float).eps * float(np.abs(head).max()) * float(y.max()) > NOISE * float(np.abs(q).mean()):
            break
        more = np.zeros(len(head))
        more[at] = factors.solve(_balance(net, q, demand)[at])
        head, q = head + more, np.where(live, q + y * (more[a] - more[b]), 0.0)
    return head, q


def _balance(net: Network, q: Floats, demand: Floats) -> Floats:
    """Return what comes into each node beyond what leaves it."""
    ends = len(net.node_ids)
    out: Floats = np.bincount(net.end, q, minlength=ends) - np.bincount(net.start, q, minlength=ends) - demand
    return out


def _wanted(net: Network, islands: Ints, reached: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return links whose flow would help (m,): heads tell where both ends are reached, else the lone island's demand.

    A part that only shut pumps join to the rest has no head of its own; a pump into it is wanted where it draws water.
    """
    total = np.bincount(islands, net.demand_m3_per_s, minlength=len(reached))
    a, b = islands[net.start], islands[net.end]
    out: NDArray[np.bool_] = (reached[a] | (total[a] < 0)) & (reached[b] | (total[b] > 0)) | (a == b)
    return out


def _switched(
    net: Network, q: Floats, head: Floats, on: NDArray[np.bool_], wanted: NDArray[np.bool_], *, single: bool
) -> NDArray[np.bool_]:
    """Return pumps to shut because they run backwards, and pumps to try again because their head suffices."""
    pump = (net.kind == PUMP) & net.open_
    back: NDArray[np.bool_] = pump & on & (q < -ROUNDING_M3_PER_S)
    able = head[net.start] + net.speed_frac**2 * net.shutoff_pa > head[net.end] + MARGIN_PA
    again = pump & ~on & able & wanted
    if not single:
        return back if back.any() else again
    out = np.zeros(len(q), bool)
    out[np.flatnonzero(back | again)[:1]] = True
    return out


def _state(
    net: Network, q: Floats, head: Floats, islands: Ints, reached: NDArray[np.bool_], on: NDArray[np.bool_],
    steps: int, error_pa: float,
) -> Flow:  # fmt: skip
    starved = _starved(net, islands, reached)[islands]
    balance = _balance(net, q, np.where(starved, 0.0, net.demand_m3_per_s))
    free = np.isnan(net.fixed_pa)
    pressure = np.where(reached[islands], head - _static(net), np.nan)
    return Flow(
        flow_m3_per_s=q,
        pressure_pa=pressure,
        iterations=steps,
        residual_m3_per_s=float(np.abs(balance[free]).max(initial=0.0)),
        residual_pa=error_pa,
        findings=worst_first(flow_findings(net, q, pressure, islands, reached, starved, on)),
    )
