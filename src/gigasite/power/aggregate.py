"""The aggregate plant run over a load: compiled where every part has a branch, else in Python.

Both ways are the same model (equations in `kernels.py`); the Python way takes any governor and any
controller, and is the oracle of the compiled one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import show
from gigasite.power import kernels
from gigasite.power.controller import Seen
from gigasite.power.governor import SETTINGS, Governor, governors, held

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.types import BatteryPlant, Plant

COLLAPSE_PU = 0.35  # beyond this no governor model means anything: the island is lost; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Raw result; arrays of shape (n,), n = steps done."""

    deviation_pu: NDArray[np.float64]
    battery_w: NDArray[np.float64]
    soc_frac: NDArray[np.float64]
    mechanical_w: NDArray[np.float64]
    wanted_w: float
    """Largest battery power that the controller wanted, before the rating."""
    missing_j: float
    """Energy that a battery gave or took too little because it was empty or full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of machines, ready to run."""

    part: Governor
    settings: dict[str, float]
    base_w: float
    inertia_s: float
    pref: float


def groups_of(plant: Plant, first_w: float) -> tuple[Group, ...]:
    """Return the island's groups, sharing the first load in proportion to rating.

    Raises
    ------
    InfeasibleError
        The machines do not carry the first load, or a setting cannot be (a time constant of 0).
    """
    if plant.grid is not None:
        return ()
    total = float(sum(m.count * m.rating_w for m in plant.machines))
    need = first_w + plant.loss_w_per_w2 * first_w**2
    if need > total:
        raise InfeasibleError(
            f"the running gensets ({show(total, 'MW')}) do not carry the first load "
            f"({show(need, 'MW')}): run more units"
        )
    out = []
    for m in plant.machines:
        part = governors[m.governor]()
        settings = dict(part.defaults) | m.settings
        bad = [k for k in part.positive if not settings[k] > 0.0]
        if bad or not m.inertia_s > 0.0:
            raise InfeasibleError(f"{m.title}: {', '.join(bad) or 'inertia'} must be above 0")
        base = m.count * m.apparent_w
        pref = need * (m.count * m.rating_w / total) / base
        out.append(Group(part=part, settings=settings, base_w=base, inertia_s=m.inertia_s, pref=pref))
    return tuple(out)


def run(plant: Plant, load_w: NDArray[np.float64], controller: Any, dt_s: float) -> Run:
    """Run a controller of `controllers/` or any object with `start` and `step`."""
    groups = groups_of(plant, float(load_w[0]))
    battery = battery_row(plant.battery)
    coded = hasattr(controller, "code") and all(g.part.code is not None for g in groups)
    way = _compiled if coded else _stepped
    out, done, wanted_w, missing_j = way(plant, groups, battery, load_w, (controller, dt_s))
    return Run(
        deviation_pu=out[0, :done],
        battery_w=out[1, :done],
        soc_frac=out[2, :done],
        mechanical_w=out[3, :done],
        wanted_w=wanted_w,
        missing_j=missing_j,
    )


def battery_row(b: BatteryPlant | None) -> NDArray[np.float64]:
    """Return the battery as the kernels want it; without one, of rating 0."""
    if b is None:
        return np.array([0.0, 1.0, 1.0, 1.0, 0.5])
    return np.array([b.rating_w, b.energy_j, b.efficiency_frac, b.response_s, b.soc_frac])


def _delay(plant: Plant, dt_s: float) -> int:
    return round(plant.battery.latency_s / dt_s) if plant.battery else 0


Out = tuple["NDArray[np.float64]", int, float, float]


def _compiled(
    plant: Plant,
    groups: Sequence[Group],
    battery: NDArray[np.float64],
    load_w: NDArray[np.float64],
    how: tuple[Any, float],
) -> Out:
    controller, dt_s = how
    rows = [[g.settings.get(k, 0.0) for k in SETTINGS] for g in groups]
    packed = kernels.Groups(
        codes=np.array([g.part.code for g in groups], dtype=np.int64),
        settings=np.array(rows, dtype=np.float64).reshape(len(rows), len(SETTINGS)),
        base_w=np.array([g.base_w for g in groups], dtype=np.float64),
        stored_j=float(sum(g.inertia_s * g.base_w for g in groups)) or 1.0,
        loss=float(plant.loss_w_per_w2),
        restore_s=float(plant.restore_s),
        dt_s=float(dt_s),
    )
    control = kernels.Control(
        code=int(controller.code),
        tune=np.array(controller.tune(), dtype=np.float64),
        delay=_delay(plant, dt_s),
        dw_stop=COLLAPSE_PU,
    )
    pref = np.array([g.pref for g in groups], dtype=np.float64)
    return kernels.run(load_w, packed, pref, battery, control)


def _stepped(
    plant: Plant,
    groups: Sequence[Group],
    battery: NDArray[np.float64],
    load_w: NDArray[np.float64],
    how: tuple[Any, float],
) -> Out:
    controller, dt_s = how
    n, delay = len(load_w), _delay(plant, dt_s)
    out = np.zeros((4, n))
    island = _Island(plant=plant, groups=tuple(groups), dt_s=dt_s)
    x: _X = [[g.pref] * (g.part.states + 1) for g in groups]
    dw, inverter_w, mean_w, soc = 0.0, 0.0, 0.0, float(battery[kernels.SOC0])
    wanted, missing_j, state = 0.0, 0.0, None
    for i in range(n):
        out[0, i], out[2, i], out[3, i] = dw, soc, island.torque_w(dw, x)
        seen = Seen(
            load_w=float(load_w[max(i - delay, 0)]),
            frequency_hz=plant.frequency_hz * (1.0 + dw),
            nominal_hz=plant.frequency_hz,
            soc_frac=soc,
            source_w=float(load_w[max(i - 1, 0)]) - mean_w,
            dt_s=dt_s,
            rating_w=float(battery[kernels.RATING]),
            energy_j=float(battery[kernels.ENERGY]),
        )
        state = controller.start(seen) if i == 0 else state
        state, asked_w = controller.step(state, seen)
        wanted = max(wanted, abs(asked_w))
        inverter_w, mean_w, soc, lost_w = kernels.battery_step(battery, float(asked_w), inverter_w, soc, dt_s)
        missing_j += lost_w * dt_s
        out[1, i] = mean_w
        if groups:
            dw, x = island.advance(dw, x, float(load_w[i]) - mean_w)
            if abs(dw) > COLLAPSE_PU:
                return out, i + 1, wanted, missing_j
    return out, n, wanted, missing_j


_X = list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Island:
    """Heun's method with the parts' own equations; a group's last state is its set point."""

    plant: Plant
    groups: tuple[Group, ...]
    dt_s: float

    def torque_w(self, dw: float, x: _X) -> float:
        """Return the turbines' power at rated speed [W]."""
        pairs = zip(self.groups, x, strict=True)
        return math.fsum(g.base_w * g.part.torque(g.settings, dw, y) for g, y in pairs)

    def advance(self, dw: float, x: _X, net_w: float) -> tuple[float, _X]:
        """Return speed deviation and states one step later."""
        electrical_w = net_w + self.plant.loss_w_per_w2 * net_w * net_w
        dw_1, dx_1 = self._rates(dw, x, electrical_w)
        guess = self._moved(x, dx_1, dx_1)
        dw_2, dx_2 = self._rates(dw + self.dt_s * dw_1, guess, electrical_w)
        return dw + 0.5 * self.dt_s * (dw_1 + dw_2), self._moved(x, dx_1, dx_2)

    def _rates(self, dw: float, x: _X, electrical_w: float) -> tuple[float, _X]:
        dx = []
        for g, y in zip(self.groups, x, strict=True):
            p, pref = g.settings, y[-1]
            rate = -dw / (p["R"] * self.plant.restore_s) if self.plant.restore_s > 0.0 else 0.0
            own = g.part.derivative(p, pref, dw, y[:-1])
            dx.append([*own, held(rate, pref, p["VMIN"], p["VMAX"])])
        stored_j = sum(g.inertia_s * g.base_w for g in self.groups)
        return (self.torque_w(dw, x) - electrical_w) / (2.0 * stored_j), dx

    def _moved(self, x: _X, dx_1: _X, dx_2: _X) -> _X:
        out = []
        for g, y, a, b in zip(self.groups, x, dx_1, dx_2, strict=True):
            z = [v + 0.5 * self.dt_s * (r + s) for v, r, s in zip(y, a, b, strict=True)]
            for k in (0, -1):
                z[k] = min(max(z[k], g.settings["VMIN"]), g.settings["VMAX"])
            out.append(z)
        return out
