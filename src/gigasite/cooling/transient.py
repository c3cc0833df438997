"""What happens when something stops: from the first second to the junction that throttles, rack by rack.

Each rack: GPUs with their cold plates, the coolant between them and its exchanger, a rear door. Each hall: pipes in
which the water takes its time, a tank of cold water if there is one, and a plant that cools or does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from gigasite._core.errors import InfeasibleError, QuantityError
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.fluids import fluid
from gigasite.cooling.event import Moment, events
from gigasite.cooling.network import PIPE
from gigasite.cooling.year import plant_capacity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.cooling.plant_network import FacilityLoop
    from gigasite.design.types import Design
    from gigasite.training.types import LoadTrace

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LEAST_S, MOST_S, MOST_STEPS = 0.02, 5.0, 2_000_000
CLOSE = 1e-6  # largest energy residual of a step, over the heat put in


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A run through an event; (t,) are steps, (n,) the loop's terminals, (h,) halls.

    Parameters
    ----------
    time_s
        End of each step, from the start of the run (t,).
    hottest_degc
        Hottest junction (t,).
    supply_degc, return_degc
        Facility water of each hall (t, h).
    flow_frac
        Facility water over its design flow (t, h).
    heat_w, rejected_w
        Put in by racks, taken out by the plant (t,).
    throttle_s
        From the event to the first step in which a rack's GPUs throttle, NaN where they never do (n,).
    shut_s
        The same until they switch themselves off (n,).
    residual_frac
        Largest energy residual of a step.
    """

    event: str
    at_s: float
    ups: bool
    time_s: Floats
    hottest_degc: Floats
    supply_degc: Floats
    return_degc: Floats
    flow_frac: Floats
    heat_w: Floats
    rejected_w: Floats
    throttle_s: Floats
    shut_s: Floats
    residual_frac: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is run.

    Parameters
    ----------
    event
        Name of a part of `cooling/events`.
    at_s, for_s
        When it begins, and how long power is away where it comes back.
    duration_s, dt_s
        Length of the run and of a step.
    ups
        Whether facility pumps run on batteries; None: as the campus says.
    """

    event: str
    at_s: float = 60.0
    for_s: float = 10.0
    duration_s: float = 600.0
    dt_s: float = 1.0
    ups: bool | None = None


def trip(campus: Campus, design: Design, loop: FacilityLoop, load: LoadTrace | None, ask: Ask) -> Trip:
    """Run the campus through an event.

    Parameters
    ----------
    load
        IT load; None: typical power all the time.

    Raises
    ------
    UnknownPartError
        There is no such event.
    QuantityError
        The event is after the end of the run, or steps are too short, too long or too many.
    InfeasibleError
        No rack has GPUs on liquid.
    """
    from gigasite.cooling.transient_kernels import run  # noqa: PLC0415  # numba is loaded where it runs

    _check(ask)
    time_s: Floats = ask.dt_s * np.arange(1.0, round(ask.duration_s / ask.dt_s) + 1)
    halls = len(loop.halls)
    c = campus.cooling
    moment = Moment(
        time_s=time_s - ask.at_s, for_s=ask.for_s, halls=halls, restart_s=c.restart_s,
        pumps_run_s=c.ups_s if (c.pump_ups if ask.ups is None else ask.ups) else 0.0,
        coast_s=c.coast_s, start_s=c.pump_start_s, actuator_s=c.actuator_s, valve_s=c.valve_s,
    )  # fmt: skip
    water, coolant, ready = events[ask.event]().run(moment)
    r = _racks(campus, design, loop, ask.dt_s)
    heat = _shares(load, design, time_s, ask.dt_s)
    state = _rest(r, float(heat[0]))
    hot, rejected, residual = np.full(len(time_s), -273.15), np.zeros(len(time_s)), np.zeros(len(time_s))
    supply, back = np.zeros((len(time_s), halls)), np.zeros((len(time_s), halls))
    put, throttle, shut = np.zeros(len(time_s)), np.full(len(r.hall), -1.0), np.full(len(r.hall), -1.0)
    heat_of = np.bincount(r.hall, r.liquid + r.air, minlength=halls).astype(np.float64)
    capacity: Floats = plant_capacity(campus, design) * heat_of / float(heat_of.sum())
    tank_s = c.buffer_s if c.buffer_s > ask.dt_s else 0.0
    run(
        ask.dt_s, c.supply_degc, c.throttle_degc, c.throttled_frac, c.shut_k, heat,
        water, coolant, ready, r.hall, r.liquid, r.air, r.c_plate,
        r.c_tcs, r.c_air, r.g, r.k, r.ua, r.door, r.cw, r.liquid_share, r.first_s, r.first_r, state.cells, state.plate,
        state.tcs_r, state.tcs_s, state.room, np.zeros(halls), tank_s, capacity, hot, supply, back, rejected, residual,
        put, throttle, shut,
    )  # fmt: skip
    worst = float(residual.max())
    after = np.where(throttle >= 0.0, throttle - ask.at_s, np.nan)
    return Trip(
        event=ask.event, at_s=ask.at_s, ups=moment.pumps_run_s > 0, time_s=time_s, hottest_degc=hot,
        supply_degc=supply, return_degc=back, flow_frac=water, heat_w=put, rejected_w=rejected, throttle_s=after,
        shut_s=np.where(shut >= 0.0, shut - ask.at_s, np.nan), residual_frac=worst,
        findings=worst_first(_findings(campus, ask, after, worst)),
    )  # fmt: skip


def _check(ask: Ask) -> None:
    """Refuse runs that cannot be."""
    if not LEAST_S <= ask.dt_s <= MOST_S:
        raise QuantityError(f"--step must be {LEAST_S:g} to {MOST_S:g} s, not {ask.dt_s:g}")
    if not ask.dt_s <= ask.duration_s <= MOST_STEPS * ask.dt_s:
        raise QuantityError(f"--duration must be one step to {MOST_STEPS:,} steps, not {ask.duration_s:g} s")
    if not 0.0 <= ask.at_s < ask.duration_s:
        raise QuantityError(f"--at must be within the run of {ask.duration_s:g} s, not {ask.at_s:g}")
    if not 0.0 <= ask.for_s <= 86400.0:
        raise QuantityError(f"--for must be 0 to 86,400 s, not {ask.for_s:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Racks:
    """Columns of the kernel, (n,) each."""

    hall: Ints
    liquid: Floats
    air: Floats
    c_plate: Floats
    c_tcs: Floats
    c_air: Floats
    g: Floats
    k: Floats
    ua: Floats
    door: Floats
    cw: Floats
    liquid_share: Floats
    first_s: Ints
    first_r: Ints


def _racks(campus: Campus, design: Design, loop: FacilityLoop, dt_s: float) -> _Racks:
    t, c = loop.terminals, campus.cooling
    cw = loop.flow.flow_m3_per_s[loop.rack_link] * loop.network.density_kg_per_m3 * loop.cp_j_per_kg_k
    gpus = _gpus(design, loop)
    pg25 = fluid("pg25")
    at = np.array(c.supply_degc + campus.catalogue.cdus[c.cdu].approach_k + c.rise_k / 2)
    loops = np.maximum(t.liquid_w / _liquid_per_rack(design), 0.02)
    share = t.liquid_w / np.maximum(t.heat_w, 1.0)
    k = t.liquid_w / c.rise_k
    approach = campus.catalogue.cdus[c.cdu].approach_k
    first_s, first_r = _lines(loop, dt_s)
    return _Racks(
        hall=np.searchsorted(np.array(loop.halls), t.hall).astype(np.int64), liquid=t.liquid_w, air=t.air_w,
        c_plate=np.maximum(gpus * c.plate_capacity_j_per_k, 100.0),
        c_tcs=loops * c.tcs_m3 * float(pg25.density(at)) * float(pg25.heat_capacity(at)),
        c_air=np.full(len(t.rack), c.air_capacity_j_per_k), g=np.maximum(t.liquid_w / c.plate_rise_k, 1.0), k=k,
        # the exchanger that has the catalogue's approach where both sides rise alike: NTU = rise / approach
        ua=k * c.rise_k / approach,
        door=c.door_frac * cw * (1 - share), cw=cw, liquid_share=share, first_s=first_s, first_r=first_r,
    )  # fmt: skip


def _gpus(design: Design, loop: FacilityLoop) -> Floats:
    """Return GPUs behind each terminal: its rack's, or its share of the row's where CDUs stand in the row."""
    racks, t = design.racks, loop.terminals
    own = racks["gpus"].to_numpy().astype(np.float64)[t.rack]
    cdu = (racks["kind"] == "cdu").to_numpy()[t.rack]
    if not cdu.any():
        return np.where(t.liquid_w > 0, own, 0.0)
    key, all_key = (
        t.hall * 100_000 + t.row,
        racks["hall"].to_numpy().astype(np.int64) * 100_000 + racks["row"].to_numpy(),
    )
    most = int(max(key.max(), all_key.max())) + 1
    by_row = np.bincount(all_key, racks["gpus"].to_numpy().astype(np.float64), minlength=most)
    units = np.bincount(key[cdu], minlength=most)
    return np.where(cdu, by_row[key] / np.maximum(units[key], 1), 0.0)


def _liquid_per_rack(design: Design) -> float:
    """Return heat on liquid of the fullest rack [W]: the one that `tcs` of the campus is meant for."""
    most = float(design.racks["liquid_w"].to_numpy().max(initial=0.0))
    if most <= 0.0:
        raise InfeasibleError("no rack has GPUs on liquid: there is no cold plate whose loss could be run")
    return most


def _lines(loop: FacilityLoop, dt_s: float) -> tuple[Ints, Ints]:
    """Return first cells of each terminal's supply and return line, one entry more at the end of each.

    A terminal's line is its share of every pipe on its way: volume over flow, added up; shares add up to the pipes.
    """
    net, q = loop.network, loop.flow.flow_m3_per_s
    pipe = np.flatnonzero(net.kind == PIPE)
    transit = np.pi / 4 * net.diameter_m[pipe] ** 2 * net.length_m[pipe] / np.maximum(np.abs(q[pipe]), 1e-12)
    s, e = net.start[pipe], net.end[pipe]
    s, e = np.where(q[pipe] >= 0, s, e), np.where(q[pipe] >= 0, e, s)
    n = len(net.node_ids)
    # time from the plant to a node on the supply; from a node to the plant on the return
    since, until = _age(n, s, e, transit), _age(n, e, s, transit)
    valve = loop.rack_link
    cells_s = np.maximum(np.round(since[net.start[valve]] / dt_s), 1).astype(np.int64)
    cells_r = np.maximum(np.round(until[net.end[valve]] / dt_s), 1).astype(np.int64)
    first_s = np.r_[0, np.cumsum(cells_s)]
    return first_s, first_s[-1] + np.r_[0, np.cumsum(cells_r)]


def _age(n: int, up: Ints, down: Ints, transit: Floats) -> Floats:
    """Return the age at each node that exactly one pipe leads to: its upper node's age and the transit."""
    count = np.bincount(down, minlength=n)
    ok = count[down] == 1
    rows = np.r_[np.arange(n), down[ok]]
    columns = np.r_[np.arange(n), up[ok]]
    matrix = coo_array((np.r_[np.ones(n), -np.ones(int(ok.sum()))], (rows, columns)), shape=(n, n)).tocsc()
    right = np.zeros(n)
    right[down[ok]] = transit[ok]
    out: Floats = splu(matrix).solve(right)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Temperatures over the set point [K]."""

    cells: Floats
    plate: Floats
    tcs_r: Floats
    tcs_s: Floats
    room: Floats


def _rest(r: _Racks, share: float) -> _State:
    """Return the steady state at `share` of the design load, the plant making the set point."""
    from gigasite.cooling.transient_kernels import effectiveness  # noqa: PLC0415

    cold = r.cw * r.liquid_share
    e = np.array([effectiveness(*x) for x in zip(r.ua, r.k, cold, strict=True)])
    p, a = r.liquid * share, r.air * share
    tcs_r = np.where(e > 0, p / np.maximum(e, 1e-9), 0.0)
    tcs_s = tcs_r - np.where(r.k > 0, p / np.maximum(r.k, 1e-9), 0.0)
    room = np.where(r.door > 0, a / np.maximum(r.door, 1e-9), 0.0)
    cells = np.zeros(int(r.first_r[-1]))
    cells[r.first_r[0] :] = np.repeat((p + a) / r.cw, np.diff(r.first_r))
    return _State(cells=cells, plate=tcs_s + p / r.g, tcs_r=tcs_r, tcs_s=tcs_s, room=room)


def _shares(load: LoadTrace | None, design: Design, time_s: Floats, dt_s: float) -> Floats:
    """Return load over typical load in each step."""
    if load is None:
        return np.ones(len(time_s))
    # from where the job computes on: nobody asks how long an idle campus lasts
    begin = next((p[0] for p in load.phases if p[2] in {"compute", "communication"}), 0.0)
    steps = max(1, min(len(time_s), int((load.duration_s - begin) / dt_s)))
    means = load.means(begin, dt_s, steps)
    # a trace that is shorter than the run goes on as its mean
    whole = np.r_[means, np.full(len(time_s) - steps, float(means.mean()))]
    out: Floats = whole / design.power.it_typical_w
    out[0] = float(means.mean()) / design.power.it_typical_w
    return out


def _findings(campus: Campus, ask: Ask, after: Floats, worst: float) -> list[Finding]:
    out = []
    hit = np.isfinite(after)
    if (after < 0).any():
        out.append(
            Finding(
                severity=Severity.error, chapter="cooling", where=campus.name,
                what=f"GPUs throttle before anything fails, in {int((after < 0).sum())} racks",
                limit=f"{campus.cooling.throttle_degc:.0f} degC", found="at design flow",
                remedy="a colder supply, better plates, or more flow",
            )
        )  # fmt: skip
    elif hit.any():
        out.append(
            Finding(
                severity=Severity.warning, chapter="cooling", where=campus.name,
                what=f"{int(hit.sum()):,} of {len(after):,} loops throttle after '{ask.event}'",
                limit=f"{campus.cooling.throttle_degc:.0f} degC", found=f"first after {np.nanmin(after):.0f} s",
                remedy="pumps on batteries, a buffer tank, or a job that stops in time",
            )
        )  # fmt: skip
    if worst > CLOSE:
        out.append(
            Finding(
                severity=Severity.error, chapter="cooling", where="transient", what="does not keep energy",
                limit=f"{CLOSE:g}", found=f"{worst:.2g}", remedy="a shorter --step",
            )
        )  # fmt: skip
    return out
