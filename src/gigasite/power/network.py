"""The network plant run over a load: power flow of the start, states of rest, then the kernels."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.power import columns as c
from gigasite.power import generator, kernels
from gigasite.power import inverter as inv
from gigasite.power import network_kernels as net_kernels
from gigasite.power import network_run_kernels as run_kernels
from gigasite.power.aggregate import Group, groups_of
from gigasite.power.drive import Drive, Run, battery_row, control_of
from gigasite.power.events import in_order, wrong_events
from gigasite.power.flow import Start, base_of, start
from gigasite.power.governor import SETTINGS, STATES
from gigasite.power.inverter import inverters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.types import BatteryPlant, Event, Grid, Machines

KINDS = {"trip-machines": 0, "open-intake": 1, "close-intake": 2, "trip-battery": 3}
LEAST_LAG_S = 0.005
"""Lag of grid-following inverters at least: two steps of 2 ms resolve it."""
FEWEST = 3
"""Samples of a run that ended early, to take any figure of."""
APPARENT = 1.1
"""Apparent power of inverters over their rating, where none is given; estimate."""


class Network:
    """The plant in the kernels, at rest under the first load."""

    def __init__(self, drive: Drive, controller: Any, events: Sequence[Event] = ()) -> None:
        plant, n = drive.plant, len(drive.load_w)
        self.plant, self._load_w = plant, drive.load_w
        self.begin = start(plant, float(drive.load_w[0]))
        groups = self._groups()
        count = len(groups)
        self.x = np.zeros((count + c.EXTRA_ROWS, c.WIDTH))
        self.net = self._net(groups)
        self._rest(groups)
        self._battery = battery_row(drive)
        # a battery alone carries the first load, whatever its schedule says
        self._battery[kernels.POWER0] = self.begin.battery.real * c.BASE_W
        self.carry = np.zeros(run_kernels.CARRY)
        self.carry[kernels.SOC] = self._battery[kernels.SOC0]
        self.carry[kernels.MEAN] = self.begin.battery.real * c.BASE_W
        self.carry[run_kernels.LOAD_ON] = 1.0
        self.carry[run_kernels.TRIPPED_S] = np.nan
        self.control, state = control_of(controller, drive, self)
        room = np.zeros((4, count + c.EXTRA_ROWS, c.WIDTH))
        self._memory = (self.x, self.carry, state, room)
        self._algebra = np.zeros((2, net_kernels.ALGEBRA))
        self._events = _events(drive, events)
        self._times = (drive.start_s, drive.dt_s)
        self.out = np.zeros((run_kernels.OUT + count, n))

    def meters(self) -> tuple[float, float, float]:
        """Return speed deviation [pu], state of charge and battery power [W] of now."""
        return float(self.carry[kernels.DW]), float(self.carry[kernels.SOC]), float(self.carry[kernels.MEAN])

    def run(self, first: int, last: int, command_w: float) -> int:
        """Take steps; return the steps done in all."""
        return int(
            run_kernels.run(
                (first, last),
                self._load_w,
                self.net,
                self._battery,
                self.control,
                self._memory,
                self._algebra,
                self._events,
                command_w,
                self._times,
                self.out,
            )
        )

    def _groups(self) -> tuple[Group, ...]:
        machines = self.plant.machines
        need_w = sum(p.real * m.count * m.apparent_w for m, p in zip(machines, self.begin.powers, strict=True))
        groups = groups_of(machines, need_w) if machines else ()
        for m, g in zip(machines, groups, strict=True):
            if g.code is None:
                raise InfeasibleError(f"{m.title}: governor {m.governor} is not compiled: use the aggregate level")
        return groups

    def _net(self, groups: tuple[Group, ...]) -> net_kernels.Net:
        plant, machines, count = self.plant, self.plant.machines, len(groups)
        low, high = (np.full((count + c.EXTRA_ROWS, c.WIDTH), sign * np.inf) for sign in (-1.0, 1.0))
        for g, one in enumerate(groups):
            low[g, c.GOV :], high[g, c.GOV :] = one.bounds
        used = [c.GOV + g.part.states for g in groups] + [3, inv.STATES, 1]
        rows = [generator.row_of(m) for m in machines]
        for g in range(count):
            low[g, c.EFD], high[g, c.EFD] = rows[g][c.EMIN], rows[g][c.EMAX]
        row = count + c.INVERTER_ROW
        grid = _grid_row(plant.grid, self.begin)
        battery = _inverter_row(plant.battery, self.begin)
        if battery[inv.CODE] in {inv.REGFM_A1, inv.REGFM_B1}:
            high[row, inv.V_OVER], low[row, inv.V_UNDER] = 0.0, 0.0
        consumer = plant.consumer
        load = np.array(
            [-self.begin.load.imag / abs(self.begin.bus) ** 2, consumer.filter_s, consumer.trip_pu, consumer.trip_s]
        )
        return net_kernels.Net(
            machines=np.array(rows).reshape(count, c.MACHINE),
            size=np.array([base_of(m) for m in machines]),
            weight=np.array([m.inertia_s for m in machines], dtype=np.float64),
            units=np.array([m.count for m in machines], dtype=np.float64),
            codes=np.array([g.code for g in groups], dtype=np.int64),
            governors=np.array([g.row for g in groups], dtype=np.float64).reshape(count, SETTINGS),
            used=np.array(used, dtype=np.int64),
            low=low,
            high=high,
            grid=grid,
            inverter=battery,
            load=load,
            restore_s=float(plant.restore_s),
            omega=2.0 * math.pi * plant.frequency_hz,
        )

    def _rest(self, groups: tuple[Group, ...]) -> None:
        """Fill the states of rest."""
        count = len(groups)
        for g, (m, group) in enumerate(zip(self.plant.machines, groups, strict=True)):
            power = self.begin.powers[g]
            own, vref, torque = generator.at_rest(m, self.begin.terminals[g], power)
            self.x[g, : c.GOV] = own
            self.net.machines[g, c.VREF] = vref
            self.x[g, c.GOV :] = _governor_at_rest(m, group, torque, power.real)
        grid = count + c.GRID_ROW
        if self.net.grid[c.G_ON] > 0.0:
            z = 1.0 / complex(self.net.grid[c.G_Y_RE], self.net.grid[c.G_Y_IM])
            self.x[grid, c.DELTA] = cmath.phase(self.begin.bus + z * (self.begin.grid / self.begin.bus).conjugate())
        self.x[count + c.LOAD_ROW, 0] = self.begin.load.real
        self._rest_inverter(self.x[count + c.INVERTER_ROW])

    def _rest_inverter(self, x: NDArray[np.float64]) -> None:
        v = self.net.inverter
        if v[inv.ON] <= 0.0:
            return
        power, level = self.begin.battery / v[inv.SIZE], abs(self.begin.bus)
        if v[inv.CODE] == inv.FOLLOWING:
            x[inv.IP], x[inv.IQ], x[inv.VF] = power.real / level, -power.imag / level, level
            return
        z = 1.0 / complex(v[inv.Y_RE], v[inv.Y_IM])
        if v[inv.CODE] == inv.REGF1:
            self._rest_inner(x, power, z)
            return
        emf = self.begin.bus + z * (power / self.begin.bus).conjugate()
        x[inv.DELTA] = cmath.phase(emf)
        x[inv.V_PF], x[inv.V_QF], x[inv.V_VF], x[inv.V_E] = power.real, power.imag, level, abs(emf)

    def _rest_inner(self, x: NDArray[np.float64], power: complex, z: complex) -> None:
        """Fill the states of an inverter with inner loops: its frame lies on the voltage of the bus."""
        level = abs(self.begin.bus)
        current = (power / level).conjugate()
        u = level + z * current
        x[inv.DELTA] = cmath.phase(self.begin.bus)
        x[[inv.F_P, inv.F_PSIG, inv.F_PLIM]] = power.real
        x[[inv.F_Q, inv.F_QSIG, inv.F_QLIM]] = power.imag
        x[inv.F_VD], x[inv.F_VQ] = current.real, current.imag
        x[inv.F_UD], x[inv.F_UQ] = u.real, u.imag


def _governor_at_rest(m: Machines, group: Group, torque: float, pe: float) -> NDArray[np.float64]:
    x = np.zeros(STATES + 1)
    x[STATES] = group.part.rest(group.row, torque, pe, x)
    low, high = group.bounds
    if any(not low[k] - 1e-9 <= x[k] <= high[k] + 1e-9 for k in range(group.part.states)):
        raise InfeasibleError(f"{m.title}: cannot start at {torque:.2f} pu of its alternator: the governor ends before")
    return x


def _grid_row(grid: Grid | None, begin: Start) -> NDArray[np.float64]:
    out = np.zeros(c.GRID)
    out[c.G_SIZE] = 1.0
    if grid is None:
        return out
    short = grid.fault_w / c.BASE_W
    if not short > 0.0:
        raise InfeasibleError("the grid needs a short-circuit power above 0")
    x = 1.0 / (short * math.hypot(1.0, grid.r_over_x))
    y = 1.0 / complex(grid.r_over_x * x, x)
    current = (begin.grid / begin.bus).conjugate()
    out[[c.G_ON, c.G_Y_RE, c.G_Y_IM]] = 1.0, y.real, y.imag
    emf = begin.bus + current / y
    out[c.G_EMF] = abs(emf)
    if grid.inertia_s is not None:
        size = grid.inertia_base_w / c.BASE_W
        out[c.G_SIZE], out[c.G_PER_2H] = size, 0.5 / grid.inertia_s
        out[c.G_PM] = (emf * current.conjugate()).real / size
        out[c.G_PER_DROOP], out[c.G_PER_T] = 1.0 / grid.droop_frac, 1.0 / max(grid.governor_s, 1e-3)
    return out


def _inverter_row(b: BatteryPlant | None, begin: Start) -> NDArray[np.float64]:
    if b is None or b.rating_w <= 0.0:
        none = np.zeros(inv.COLUMNS)
        none[inv.SIZE] = 1.0
        return none
    part = inverters[b.inverter]
    settings = dict(b.inverter_settings)
    if b.inverter == "grid-following":
        settings.setdefault("lag", max(b.response_s, LEAST_LAG_S))
    out: NDArray[np.float64] = part.row(settings)
    apparent_w = b.apparent_w or APPARENT * b.rating_w
    y = 1.0 / complex(0.0, b.x_pu)
    size = apparent_w / c.BASE_W
    # one rating at the bus for droop and power: settings of the models are on the inverters' rating
    power = begin.battery / size
    out[[inv.ON, inv.SIZE, inv.Y_RE, inv.Y_IM]] = 1.0, size, y.real, y.imag
    out[[inv.PMAX, inv.PMIN]] = b.rating_w / apparent_w, -b.rating_w / apparent_w
    out[[inv.PSET, inv.QSET, inv.VSET]] = power.real, power.imag, abs(begin.bus)
    out[inv.PSET0] = power.real
    return out


def _events(drive: Drive, events: Sequence[Event]) -> NDArray[np.float64]:
    """Return the events as the kernel takes them: time [s], kind, group, units; in order of time."""
    plant = drive.plant
    span = (drive.start_s, drive.start_s + len(drive.load_w) * drive.dt_s)
    wrong = wrong_events(events, plant, span)
    if wrong:
        raise InfeasibleError("; ".join(f"event {i + 1}: {key}: {message}" for i, key, message in wrong))
    titles = [m.title for m in plant.machines]
    rows = [[e.time_s, KINDS[e.kind], titles.index(e.where) if e.where else 0, e.count] for _, e in in_order(events)]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 4)


def run(drive: Drive, controller: Any, events: Sequence[Event] = ()) -> Run:
    """Run a controller of `controllers/` or any object with `start` and `step`."""
    engine = Network(drive, controller, events)
    done, wanted_w = drive.run(engine, controller, compiled=engine.control.code != kernels.COMMANDED)
    stopped = "" if done == len(drive.load_w) and _whole(engine.out[:, done - 1]) else _why(engine.out[:, done - 1])
    out = engine.out[:, : done if _whole(engine.out[:, done - 1]) else done - 1]
    if stopped and out.shape[1] < FEWEST:
        raise InfeasibleError(f"the plant is lost at once, at {drive.start_s + done * drive.dt_s:g} s: {stopped}")
    return Run(
        deviation_pu=out[run_kernels.OUT_DW],
        battery_w=out[run_kernels.OUT_BATTERY],
        soc_frac=out[run_kernels.OUT_SOC],
        mechanical_w=out[run_kernels.OUT_MECHANICAL],
        source_w=out[run_kernels.OUT_SOURCE],
        grid_w=out[run_kernels.OUT_GRID],
        load_w=out[run_kernels.OUT_LOAD],
        voltage_pu=out[run_kernels.OUT_VOLTAGE],
        speeds_pu=out[run_kernels.OUT :],
        wanted_w=max(wanted_w, float(engine.carry[kernels.MOST])),
        missing_j=float(engine.carry[kernels.MISSING]),
        loss_j=_lost_j(drive, engine, out),
        battery_trip_s=None if np.isnan(trip_s := float(engine.carry[run_kernels.TRIPPED_S])) else trip_s,
        stopped=stopped,
    )


def _whole(sample: NDArray[np.float64]) -> bool:
    """Return whether a sample is of a plant that still stands."""
    return bool(np.isfinite(sample).all() and sample[run_kernels.OUT_VOLTAGE] > 0.0)


def _lost_j(drive: Drive, engine: Network, out: NDArray[np.float64]) -> float:
    """Return what the battery lost [J]; of a run that ended, up to its last whole sample but one."""
    counted = float(engine.carry[kernels.BATTERY_LOSS])
    if np.isfinite(counted) or drive.plant.battery is None:
        return counted
    soc = out[run_kernels.OUT_SOC]
    given_j = float(out[run_kernels.OUT_BATTERY, :-1].sum()) * drive.dt_s
    return float(soc[0] - soc[-1]) * drive.plant.battery.energy_j - given_j


def _why(sample: NDArray[np.float64]) -> str:
    if not sample[run_kernels.OUT_VOLTAGE] > 0.0:
        return "the voltage collapses: no voltage carries this power"
    return "the speed left the range in which the models hold"
