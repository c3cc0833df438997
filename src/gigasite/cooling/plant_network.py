"""The campus's facility loop as a network: pipes sized, racks balanced, pumps set, and what breaks a limit.

Every hall has a loop of its own: pumps (some stand by), plate exchangers, mains, rows, and at every rack an exchanger
and a rear door behind one balancing valve. One header for everything starves its far racks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cooling.heat import Warmth, temperatures
from gigasite.cooling.hydraulics import Prepared, law, prepare, solve
from gigasite.cooling.network import PIPE, PUMP, VALVE, Flow, Network
from gigasite.design.pipe_routes import DROP_K, MAIN_K, OVER_M
from gigasite.design.piping import Piping, piping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.campus.schema import Campus
    from gigasite.design.pipe_routes import Terminals
    from gigasite.design.pipe_sizes import Sizes
    from gigasite.design.types import Design

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

VALVE_STEP = 0.04  # of a balancing valve's Kv between marks: 80 marks (8 turns) over a range of 1 to 25; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityLoop:
    """The loop at its design point.

    Parameters
    ----------
    network, flow, warm
        The balanced network and its steady state; links are pipes, then valves (racks, then exchangers), then pumps.
    piping
        Pipes and what they feed, in the order of the network.
    rack_link
        Link of each terminal's valve (n,).
    x_m, y_m
        Places of the nodes; what stands in a plant room has its corner (v,).
    speed_frac
        Of the pumps of each hall after balancing (h,).
    open_share_frac
        Flow over design flow of each terminal before balancing, all valves open (n,).
    """

    network: Network
    flow: Flow
    warm: Warmth
    piping: Piping
    rack_link: Ints
    x_m: Floats
    y_m: Floats
    pumps_per_hall: int
    speed_frac: Floats
    open_share_frac: Floats
    findings: tuple[Finding, ...] = ()

    @property
    def terminals(self) -> Terminals:
        """Return what it feeds (n,)."""
        return self.piping.terminals

    @property
    def design_m3_per_s(self) -> Floats:
        """Return the flow that each terminal's heat asks for (n,)."""
        return self.piping.design_m3_per_s

    @property
    def sizes(self) -> Sizes:
        """Return sizes of the catalogue."""
        return self.piping.sizes

    @property
    def size(self) -> Ints:
        """Return the row of `sizes` of each pipe (p,)."""
        return self.piping.size

    @property
    def kind(self) -> tuple[str, ...]:
        """Return main, row or drop, of each pipe (p,)."""
        return self.piping.kind

    @property
    def halls(self) -> tuple[int, ...]:
        """Return the halls that have a loop."""
        return self.piping.laid.halls

    @property
    def cp_j_per_kg_k(self) -> float:
        """Return the heat capacity of its water."""
        return self.piping.cp_j_per_kg_k

    @property
    def share_frac(self) -> Floats:
        """Return flow over design flow of each terminal (n,)."""
        return self.flow.flow_m3_per_s[self.rack_link] / self.design_m3_per_s

    @property
    def spread_frac(self) -> float:
        """Return how far the fullest and the poorest terminal are apart, over the mean."""
        share = self.share_frac
        return float((share.max() - share.min()) / share.mean())


def facility_loop(campus: Campus, design: Design) -> FacilityLoop:
    """Lay, size and balance the loop.

    Raises
    ------
    InfeasibleError
        The design has no heat that water could carry.
    SolverError
        The network has no steady state.
    """
    from gigasite.cooling.loop_findings import findings  # noqa: PLC0415  # it judges what is made here

    pipes = piping(campus, design.halls, design.racks, design.cooling.air_w)
    t, laid, q = pipes.terminals, pipes.laid, pipes.design_m3_per_s
    parts = _Parts(campus, pipes)
    prepared = prepare(parts.network(pipes.density_kg_per_m3, pipes.viscosity_pa_s))
    open_share = solve(prepared).flow_m3_per_s[parts.rack_link] / q
    balanced, speed = _balance(campus, parts, prepared, q)
    flow = solve(balanced)
    heat = np.zeros(len(balanced.link_ids))
    heat[parts.rack_link] = t.heat_w
    inlet = np.full(len(balanced.node_ids), np.nan)
    inlet[laid.plant_supply] = campus.cooling.supply_degc
    x_m, y_m = np.array(laid.routes.x_m), np.array(laid.routes.y_m)
    plants = np.tile(laid.plant_supply, 2)  # suction and discharge stand there too
    made = FacilityLoop(
        network=balanced, flow=flow, warm=temperatures(balanced, flow, heat, inlet, pipes.cp_j_per_kg_k),
        piping=pipes, rack_link=parts.rack_link,
        x_m=np.r_[x_m, t.x_m, x_m[plants]], y_m=np.r_[y_m, t.y_m, y_m[plants]],
        pumps_per_hall=campus.cooling.pumps + campus.cooling.spare_pumps, speed_frac=speed, open_share_frac=open_share,
    )  # fmt: skip
    return replace(made, findings=findings(campus, made))


class _Parts:
    """The network's columns while they are put together.

    Nodes: the routes', one above each terminal's valve, each hall's suction (vessel) and discharge.
    """

    def __init__(self, campus: Campus, pipes: Piping) -> None:
        laid, q, c = pipes.laid, pipes.design_m3_per_s, campus.cooling
        self.campus, self.piping, self.laid, self.q = campus, pipes, laid, q
        n, h, base = len(q), len(laid.halls), len(laid.routes.nodes)
        self.rack_node = base + np.arange(n)
        self.suction, self.discharge = base + n + np.arange(h), base + n + h + np.arange(h)
        self.hall = pipes.hall_of
        self.pipes = len(pipes.size)
        self.hall_q = pipes.flow_m3_per_s[self.pipes - h :]
        self.rack_link = self.pipes + np.arange(n)
        self.each = c.pumps + c.spare_pumps

    def network(self, density: float, viscosity: float) -> Network:
        """Return the network with all valves open, pumps at full speed, spare pumps standing."""
        laid, r, c = self.laid, self.laid.routes, self.campus.cooling
        n, h, e = len(self.q), len(laid.halls), self.each
        inner = self.piping.sizes.inner_m[self.piping.size]
        drop, wide = inner[len(r.start) : len(r.start) + n], inner[self.pipes - h :]
        velocity_pa = density / 2 * (self.q / (np.pi / 4 * drop**2)) ** 2
        plate_pa = density / 2 * (self.hall_q / (np.pi / 4 * wide**2)) ** 2
        pump_a, pump_b = np.repeat(self.suction, e), np.repeat(self.discharge, e)
        m, valves, pumps = self.pipes + n + h + h * e, n + h, h * e
        labels = [r.nodes[i].removesuffix("-supply") for i in laid.rack_supply.tolist()]
        duty = self.hall_q / c.pumps
        zero_p, zero_v, zero_u = np.zeros(self.pipes), np.zeros(valves), np.zeros(pumps)
        high = np.r_[np.full(len(r.nodes), OVER_M), np.zeros(n + 2 * h)]
        high[np.r_[laid.plant_supply, laid.plant_return]] = 0.0
        fixed = np.full(len(high), np.nan)
        fixed[self.suction] = c.vessel_pa
        return Network(
            name=f"{self.campus.name}: facility loop",
            density_kg_per_m3=density, viscosity_pa_s=viscosity,
            node_ids=(*r.nodes, *(f"{x}-valve" for x in labels), *(f"H{x}-suction" for x in laid.halls),
                      *(f"H{x}-discharge" for x in laid.halls)),
            link_ids=(*r.name, *(f"{x}-drop" for x in labels), *(f"H{x}-strainer" for x in laid.halls), *labels,
                      *(f"H{x}-plates" for x in laid.halls),
                      *(f"H{x}-pump{i + 1}" for x in laid.halls for i in range(e))),
            elevation_m=high, demand_m3_per_s=np.zeros(len(high)), fixed_pa=fixed,
            kind=np.r_[np.full(self.pipes, PIPE), np.full(valves, VALVE), np.full(pumps, PUMP)].astype(np.int8),
            start=np.r_[r.start, laid.rack_supply, laid.plant_return, self.rack_node, self.discharge, pump_a],
            end=np.r_[r.end, self.rack_node, self.suction, laid.rack_return, laid.plant_supply, pump_b],
            length_m=np.r_[self.piping.length_m, zero_v, zero_u],
            diameter_m=np.r_[inner, drop, wide, zero_u],
            roughness_m=np.r_[self.piping.sizes.roughness_m[self.piping.size], zero_v, zero_u],
            loss_k=np.r_[r.loss_k, np.full(n, DROP_K), np.full(h, MAIN_K), c.terminal_pa / velocity_pa,
                         c.exchanger_pa / plate_pa, zero_u],
            shutoff_pa=np.r_[zero_p, zero_v, np.full(pumps, 4 / 3 * c.loop_pa)],
            drop_pa_s2_per_m6=np.r_[zero_p, zero_v, np.repeat(c.loop_pa / 3 / duty**2, e)],
            speed_frac=np.ones(m),
            open_=np.r_[np.ones(m - pumps, bool), np.tile(np.arange(e) < c.pumps, h)],
        )  # fmt: skip


def _balance(campus: Campus, parts: _Parts, prepared: Prepared, q: Floats) -> tuple[Network, Floats]:
    """Set every valve so that its rack gets its design flow, and each hall's pumps so that the poorest valve is open.

    Exact in one solve: with the racks' flows given, heads do not depend on the valves.
    """
    net, laid, c = prepared.network, parts.laid, campus.cooling
    shut = net.open_.copy()
    shut[parts.rack_link] = False
    demand = np.zeros(len(net.node_ids))
    np.add.at(demand, parts.rack_node, q)
    np.add.at(demand, laid.rack_return, -q)
    at = solve(replace(prepared, network=replace(net, open_=shut, demand_m3_per_s=demand)))
    static = net.density_kg_per_m3 * 9.80665 * net.elevation_m
    head = at.pressure_pa + static
    room = head[parts.rack_node] - head[laid.rack_return]
    least = np.full(len(laid.halls), np.inf)
    np.minimum.at(least, parts.hall, room)
    shutoff = 4 / 3 * c.loop_pa
    speed = np.sqrt(np.clip(1.0 - (least - c.terminal_pa) / shutoff, 0.04, 1.0))
    left = room - ((1 - speed**2) * shutoff)[parts.hall]
    area = np.pi / 4 * net.diameter_m[parts.rack_link] ** 2
    k_pa = net.density_kg_per_m3 / 2 * (q / area) ** 2
    k = np.maximum(left, c.terminal_pa) / k_pa
    kv = _marks(1.0 / np.sqrt(k))
    loss = net.loss_k.copy()
    loss[parts.rack_link] = 1.0 / kv**2
    pumps = np.flatnonzero(net.kind == PUMP)
    turning = net.speed_frac.copy()
    turning[pumps] = np.repeat(speed, parts.each)
    return replace(net, loss_k=loss, speed_frac=turning), speed


def _marks(x: Floats) -> Floats:
    """Round to the nearest mark to which a valve can be set."""
    out: Floats = np.exp(np.round(np.log(x) / VALVE_STEP) * VALVE_STEP)
    return out


def pump_share(loop: FacilityLoop, out: int) -> float:
    """Return the poorest terminal's flow over its design flow with `out` of each hall's running pumps stopped."""
    net = loop.network
    on = net.open_.copy()
    pumps = np.flatnonzero((net.kind == PUMP) & net.open_).reshape(len(loop.halls), -1)
    on[pumps[:, :out]] = False
    q = solve(replace(net, open_=on), loop.flow).flow_m3_per_s[loop.rack_link]
    return float((q / loop.design_m3_per_s).min())


def losses_pa(loop: FacilityLoop) -> Floats:
    """Return the head loss of each link at the design point [Pa] (m,)."""
    h, _ = law(prepare(loop.network), loop.flow.flow_m3_per_s, loop.network.speed_frac)
    return h
