"""The aggregate plant run over a load: compiled where every governor is, else in Python.

Both ways are the same model (equations in `kernels.py` and `governors/`); the Python way takes any governor, and is the
oracle of the compiled one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import lfilter

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import show
from gigasite.power import kernels
from gigasite.power.controller import Now
from gigasite.power.drive import COLLAPSE_PU, Drive, Run, battery_row, control_of
from gigasite.power.governor import SETTINGS, STATES, Governor, governors
from gigasite.power.governor_kernels import CODES
from gigasite.power.types import Machines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.types import Grid, Plant

UNLIMITED = 1e3
"""Per unit: more than any grid moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of machines, ready to run."""

    part: Governor
    code: int | None
    row: NDArray[np.float64]
    bounds: NDArray[np.float64]
    base_w: float
    inertia_s: float
    torque: float
    """At the start [pu]."""


def groups_of(machines: Sequence[Machines], need_w: float) -> tuple[Group, ...]:
    """Return the groups that carry `need_w` together, in proportion to rating but for those with a set power.

    Raises
    ------
    InfeasibleError
        The machines do not carry it, or a setting cannot be (a time constant of 0).
    """
    total = float(sum(m.count * m.rating_w for m in machines))
    if need_w > total * (1 + 1e-9):
        raise InfeasibleError(
            f"the running gensets ({show(total, 'MW')}) do not carry the first load "
            f"({show(need_w, 'MW')}): run more units"
        )
    free_w = float(sum(m.count * m.rating_w for m in machines if m.power_w is None))
    rest_w = need_w - sum(m.power_w for m in machines if m.power_w is not None)
    out = []
    for m in machines:
        part: Governor = governors[m.governor]
        if not m.inertia_s > 0.0:
            raise InfeasibleError(f"{m.title}: inertia must be above 0")
        power_w = m.power_w if m.power_w is not None else rest_w * m.count * m.rating_w / free_w
        base_w = m.count * m.apparent_w
        out.append(
            Group(
                part=part,
                code=CODES.get(m.governor),
                row=part.row(m.settings, m.title),
                bounds=part.bounds(m.settings),
                base_w=base_w,
                inertia_s=m.inertia_s,
                torque=power_w / base_w,
            )
        )
    return tuple(out)


def merged(groups: Sequence[Group], *, beside: bool) -> tuple[Group, ...]:
    """Return the groups with those that are alike as one: the same governor at the same load moves alike.

    `beside` a grid the last group is the grid itself, and stays alone.
    """
    out: dict[Any, Group] = {}
    for k, g in enumerate(groups):
        alone = beside and k == len(groups) - 1
        key = k if alone else (g.part.title, g.row.tobytes(), g.bounds.tobytes(), g.inertia_s, round(g.torque, 12))
        same = out.get(key)
        out[key] = g if same is None else replace(same, base_w=same.base_w + g.base_w)
    return tuple(out.values())


def packed(groups: Sequence[Group], plant: Plant, dt_s: float, need_w: float) -> kernels.Groups:
    """Return the groups as the kernels take them."""
    count = len(groups)
    wide = STATES + 1
    stored_j = float(sum(g.inertia_s * g.base_w for g in groups)) or 1.0
    base_w = np.array([g.base_w for g in groups], dtype=np.float64)
    torque = np.array([g.torque for g in groups], dtype=np.float64)
    return kernels.Groups(
        codes=np.array([-1 if g.code is None else g.code for g in groups], dtype=np.int64),
        settings=np.array([g.row for g in groups], dtype=np.float64).reshape(count, SETTINGS),
        used=np.array([g.part.states for g in groups], dtype=np.int64),
        low=np.array([g.bounds[0] for g in groups], dtype=np.float64).reshape(count, wide),
        high=np.array([g.bounds[1] for g in groups], dtype=np.float64).reshape(count, wide),
        base_w=base_w,
        pe_per_w=torque / max(need_w, 1.0),
        per_stored=0.5 / stored_j,
        loss=float(plant.loss_w_per_w2 or 0.0),
        restore_s=float(plant.restore_s),
        dt_s=float(dt_s),
    )


def at_rest(groups: Sequence[Group]) -> NDArray[np.float64]:
    """Return the governors' states of rest with the set points in the last column: (g, 13)."""
    x = np.zeros((len(groups), STATES + 1))
    for g, row in zip(groups, x, strict=True):
        row[STATES] = g.part.rest(g.row, g.torque, g.torque, row)
        low, high = g.bounds
        beyond = [k for k in range(g.part.states) if not low[k] - 1e-9 <= row[k] <= high[k] + 1e-9]
        if beyond:
            raise InfeasibleError(
                f"a machine cannot start at {g.torque:.2f} pu of its alternator: its governor's range ends before"
            )
    return x


class _Compiled:
    """The plant in the kernels."""

    def __init__(self, drive: Drive, groups: Sequence[Group], need_w: float, controller: Any) -> None:
        n = len(drive.load_w)
        self.out = np.zeros((4, n))
        self._load_w = drive.load_w
        self._groups = packed(groups, drive.plant, drive.dt_s, need_w)
        self._battery = battery_row(drive)
        self.carry = np.zeros(kernels.CARRY)
        self.carry[kernels.SOC] = self._battery[kernels.SOC0]
        power0_w = drive.plant.battery.power_w if drive.plant.battery else 0.0
        self.carry[kernels.INVERTER] = self.carry[kernels.MEAN] = power0_w
        self._control, state = control_of(controller, drive, self)
        work = np.zeros((3, len(groups), STATES + 1))
        self._memory = (at_rest(groups), self.carry, state, work)

    def meters(self) -> tuple[float, float, float]:
        return float(self.carry[kernels.DW]), float(self.carry[kernels.SOC]), float(self.carry[kernels.MEAN])

    def run(self, first: int, last: int, command_w: float) -> int:
        span = (first, last)
        args = (self._load_w, self._groups, self._battery, self._control, self._memory, command_w, self.out)
        return int(kernels.run(span, *args))


class _Plain(_Compiled):
    """The same in Python, with the parts' own functions; a group's last state is its set point."""

    def __init__(self, drive: Drive, groups: Sequence[Group], need_w: float, controller: Any) -> None:
        super().__init__(drive, groups, need_w, controller)
        self._parts = tuple(groups)

    def run(self, first: int, last: int, command_w: float) -> int:
        x, carry, state, _ = self._memory
        g, dt_s = self._groups, self._groups.dt_s
        for i in range(first, last):
            self.out[:3, i] = carry[kernels.DW], 0.0, carry[kernels.SOC]
            seen_w = self._load_w[max(i - self._control.delay, 0)]
            battery = self._battery
            now = Now(seen_w, carry[kernels.DW], carry[kernels.SOC], dt_s, battery[0], battery[1])
            wanted_w = kernels.wanted(self._control, state, now, command_w, battery[kernels.POWER0], carry)
            kernels.battery_step(battery, wanted_w, carry, dt_s)
            self.out[1, i] = carry[kernels.MEAN]
            net_w = self._load_w[i] - carry[kernels.MEAN]
            carry[kernels.DW], self.out[3, i] = self._advance(x, carry[kernels.DW], net_w + g.loss * net_w * net_w)
            if abs(carry[kernels.DW]) > COLLAPSE_PU:
                return i + 1
        return last

    def _advance(self, x: NDArray[np.float64], dw: float, electrical_w: float) -> tuple[float, float]:
        g, dt_s = self._groups, self._groups.dt_s
        torque_w, dx_1 = self._rates(x, dw, electrical_w)
        dw_1 = (torque_w - electrical_w) * g.per_stored
        torque_2_w, dx_2 = self._rates(np.clip(x + dt_s * dx_1, g.low, g.high), dw + dt_s * dw_1, electrical_w)
        x[:] = np.clip(x + 0.5 * dt_s * (dx_1 + dx_2), g.low, g.high)
        return dw + 0.5 * dt_s * (dw_1 + (torque_2_w - electrical_w) * g.per_stored), torque_w

    def _rates(self, x: NDArray[np.float64], dw: float, electrical_w: float) -> tuple[float, NDArray[np.float64]]:
        return plain_rates(self._parts, self._groups, x, dw, electrical_w)


def plain_rates(
    groups: Sequence[Group], packed_groups: kernels.Groups, x: NDArray[np.float64], dw: float, electrical_w: float
) -> tuple[float, NDArray[np.float64]]:
    """Return the turbines' power at rated speed [W] and the rates of all governors, as `kernels.rates` does."""
    g = packed_groups
    dx, parts = np.zeros_like(x), []
    for k, own in enumerate(groups):
        pe = electrical_w * g.pe_per_w[k]
        parts.append(own.base_w * own.part.rates(own.row, x[k, STATES], dw, pe, x[k], dx[k]))
        rate = -dw / (own.row[0] * g.restore_s) if g.restore_s > 0.0 else 0.0
        beyond = (x[k, STATES] >= g.high[k, STATES] and rate > 0) or (x[k, STATES] <= g.low[k, STATES] and rate < 0)
        dx[k, STATES] = 0.0 if beyond else rate
    return math.fsum(parts), dx


def run(drive: Drive, controller: Any) -> Run:
    """Run a controller of `controllers/` or any object with `start` and `step`.

    A grid with inertia swings with the machines as one more of them; a stiff one holds the frequency.
    """
    plant, load_w = drive.plant, drive.load_w
    loss = plant.loss_w_per_w2 or 0.0
    first_w = float(load_w[0]) - (plant.battery.power_w if plant.battery else 0.0)
    need_w = first_w + loss * first_w**2
    machines = turning(plant, need_w)
    groups = merged(groups_of(machines, need_w), beside=plant.grid is not None) if machines else ()
    engine = (_Compiled if all(g.code is not None for g in groups) else _Plain)(drive, groups, need_w, controller)
    compiled = engine._control.code != kernels.COMMANDED  # noqa: SLF001  # the same module
    done, wanted_w = drive.run(engine, controller, compiled=compiled)
    out = engine.out[:, :done]
    net_w = load_w[:done] - out[kernels.OUT_BATTERY]
    source_w = net_w + (loss * net_w**2 if plant.grid is None else 0.0)  # a grid's lines lose it before the intake
    mechanical_w, grid_w = _shares(plant, groups, drive.dt_s, out, source_w)
    return Run(
        deviation_pu=out[kernels.OUT_DW],
        battery_w=out[kernels.OUT_BATTERY],
        soc_frac=out[kernels.OUT_SOC],
        mechanical_w=mechanical_w,
        source_w=source_w,
        grid_w=grid_w,
        load_w=load_w[:done],
        wanted_w=max(wanted_w, float(engine.carry[kernels.MOST])),
        missing_j=float(engine.carry[kernels.MISSING]),
        loss_j=float(engine.carry[kernels.BATTERY_LOSS]),
        stopped="" if done == len(load_w) else "the speed left the range in which the models hold",
    )


def turning(plant: Plant, need_w: float) -> tuple[Machines, ...]:
    """Return the machines that share one speed: those of an island, or those beside a grid with inertia, and it."""
    grid = plant.grid
    if grid is None:
        return plant.machines
    if grid.inertia_s is None:
        return ()
    steady_w = beside_grid_w(plant, need_w)
    whole_w = sum(m.count * m.rating_w for m in plant.machines) or 1.0
    beside = tuple(
        replace(m, power_w=steady_w * m.count * m.rating_w / whole_w) if m.power_w is None else m
        for m in plant.machines
    )
    return (*beside, _as_machine(grid))


def _as_machine(grid: Grid) -> Machines:
    """Return a grid as a machine whose governor has droop and one lag, without limits."""
    lag_s = max(grid.governor_s, 1e-3)
    # T2 = T3 leaves of TGOV1 its first lag alone
    settings = {"R": grid.droop_frac, "T1": lag_s, "T2": 1.0, "T3": 1.0, "VMAX": UNLIMITED, "VMIN": -UNLIMITED}
    return Machines(
        title="grid",
        count=1,
        rating_w=UNLIMITED * grid.inertia_base_w,
        apparent_w=grid.inertia_base_w,
        governor="tgov1",
        settings=settings,
        inertia_s=grid.inertia_s or 0.0,
    )


def _shares(
    plant: Plant,
    groups: Sequence[Group],
    dt_s: float,
    out: NDArray[np.float64],
    source_w: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return turbine power of the gensets and electrical power of the intake [W]."""
    turbine_w = out[kernels.OUT_MECHANICAL]
    if plant.grid is None:
        return turbine_w, np.zeros(len(source_w))
    if plant.grid.inertia_s is None:
        steady_w = np.full(len(source_w), beside_grid_w(plant, float(source_w.max())))
        return steady_w, source_w - steady_w
    grid, dw = groups[-1], out[kernels.OUT_DW]
    keep = math.exp(-dt_s / max(plant.grid.governor_s, 1e-3))
    more = lfilter([0.0, 1.0 - keep], [1.0, -keep], -dw / plant.grid.droop_frac)
    grid_turbine_w = grid.base_w * (grid.torque + more)
    gensets_w = turbine_w - grid_turbine_w
    stored_j = sum(g.inertia_s * g.base_w for g in groups[:-1])
    slope = np.gradient(dw, dt_s) if len(dw) > 1 else np.zeros(len(dw))
    return gensets_w, source_w - (gensets_w - 2.0 * stored_j * slope)


def beside_grid_w(plant: Plant, highest_w: float) -> float:
    """Return the steady power of gensets beside a grid [W].

    They carry what the grid's capacity lacks at the highest load, within minimum load and rating.
    """
    if plant.grid is None or not plant.machines:
        return 0.0
    low = sum(m.count * m.rating_w * m.min_load_frac for m in plant.machines)
    high = sum(m.count * m.rating_w for m in plant.machines)
    return float(min(max(highest_w - plant.grid.capacity_w, low), high))
