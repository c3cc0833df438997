"""Whether a plant rests at all, and whether the step of the run is fine enough for its fastest part.

A plant that swings up by itself has no use for a load; a step that is too coarse makes one up. Both are refused before
the run, with the eigenvalue and the state that takes part most.
"""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import show
from gigasite.power import aggregate
from gigasite.power.controllers.droop import Droop
from gigasite.power.controllers.virtual_machine import VirtualMachine
from gigasite.power.governor import STATES
from gigasite.power.linear import AT_LIMIT, STABLE, STEP, Linear, linearise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.aggregate import Group
    from gigasite.power.drive import Drive
    from gigasite.power.linear import Mode
    from gigasite.power.types import Plant

NEAR = 0.01
"""Loads as near as this are one."""
GROWS = 0.01
"""Growth [1/s] that a step may add by itself: Heun's method lets undamped swings grow by (w dt)^4 / 8 a step."""


def check(drive: Drive, controller: Any, level: str) -> None:
    """Refuse a plant that swings up by itself under the first or the mean load, and a step too coarse for it.

    Parameters
    ----------
    drive, controller
        As they run: a grid-forming battery takes part, a commanded one does not.
    level
        network or aggregate.

    Raises
    ------
    InfeasibleError
        With the eigenvalue and the state that takes part most; or the first load has no state of rest.
    """
    first_w, mean_w = float(drive.load_w[0]), float(drive.load_w.mean())
    _judge(_around(drive.plant, controller, first_w, level), drive.dt_s)
    if abs(mean_w - first_w) <= NEAR * abs(first_w):
        return
    try:
        linear = _around(drive.plant, controller, mean_w, level)
    except InfeasibleError:
        return  # a mean load beyond what rests: the run shows what happens then
    _judge(linear, drive.dt_s)


def _around(plant: Plant, controller: Any, load_w: float, level: str) -> Linear | None:
    return linearise(plant, load_w) if level == "network" else _aggregate(plant, controller, load_w)


def _judge(linear: Linear | None, dt_s: float) -> None:
    if linear is None or not len(linear.a):
        return
    values = np.linalg.eigvals(linear.a)
    if (values.real > STABLE).any():
        refuse_unstable(linear)
    if any(_growth(complex(v), dt_s) > GROWS for v in values):
        _refuse_coarse(linear, dt_s)


def refuse_unstable(linear: Linear) -> None:
    """Raise when the plant swings up by itself, and say how."""
    grows = linear.unstable()
    if not grows:
        return
    m = grows[0]
    e = m.eigenvalue
    how = f"swings up at {m.frequency_hz:.3g} Hz" if m.frequency_hz > 0 else "runs away"
    raise InfeasibleError(
        f"the plant is unstable without any swing of the load: it {how} "
        f"(eigenvalue {e.real:+.3g} {e.imag:+.3g}j 1/s, mostly '{m.state}'): a slower or better damped governor, more "
        "inertia, or a grid-forming battery"
    )


def _growth(eigenvalue: complex, dt_s: float) -> float:
    """Return the rate at which Heun's method lets a mode grow [1/s].

    >>> _growth(-1.0 + 0j, 0.1) < 0.0 < _growth(-30.0 + 0j, 0.1)
    True
    """
    z = eigenvalue * dt_s
    size = abs(1.0 + z + 0.5 * z * z)
    return math.log(size) / dt_s if size > 0.0 else -math.inf


def _refuse_coarse(linear: Linear, dt_s: float) -> None:
    worst: Mode = max(linear.modes(), key=lambda m: _growth(m.eigenvalue, dt_s))
    fine_s = dt_s
    while _growth(worst.eigenvalue, fine_s) > GROWS:
        fine_s /= 2.0
    e = worst.eigenvalue
    shape = "" if cmath.isclose(e.imag, 0.0, abs_tol=1e-9) else f", swinging at {worst.frequency_hz:.3g} Hz"
    raise InfeasibleError(
        f"a step of {show(dt_s, 'ms')} is too coarse for '{worst.state}' (time constant "
        f"{show(1.0 / abs(e), 'ms')}{shape}): the run would swing up by itself. Take `step: {show(fine_s, 'ms')}` or "
        "less under `run`, or a longer time constant"
    )


def _aggregate(plant: Plant, controller: Any, load_w: float) -> Linear | None:
    """Return the aggregate plant around its rest; None where nothing turns."""
    need_w = load_w - (plant.battery.power_w if plant.battery else 0.0)
    need_w += (plant.loss_w_per_w2 or 0.0) * need_w**2
    turning = aggregate.turning(plant, need_w)
    if not turning:
        return None
    model = _Aggregate(plant, controller, aggregate.groups_of(turning, need_w), need_w)
    n = len(model.names)
    a = np.empty((n, n))
    for j in range(n):
        up, down = np.zeros(n), np.zeros(n)
        up[j], down[j] = STEP, -STEP
        a[:, j] = (model(up) - model(down)) / (2.0 * STEP)
    return Linear(a=a, b=np.zeros(n), c=np.zeros((3, n)), d=np.zeros(3), states=tuple(model.names))


class _Aggregate:
    """Rates of speed, governors and a droop battery for a deviation from rest; states at a limit are left out."""

    def __init__(self, plant: Plant, controller: Any, groups: Sequence[Group], need_w: float) -> None:
        self._plant, self._groups, self._need_w = plant, groups, need_w
        self._kernel = aggregate.packed(groups, plant, 1.0, need_w)
        self._x0 = aggregate.at_rest(groups)
        low, high = self._kernel.low, self._kernel.high
        self._free = [
            (g, k)
            for g, one in enumerate(groups)
            for k in [*range(one.part.states), *([STATES] if plant.restore_s > 0.0 else [])]
            if low[g, k] + AT_LIMIT < self._x0[g, k] < high[g, k] - AT_LIMIT
        ]
        titles = [m.title for m in aggregate.turning(plant, need_w)]
        self.names = ["speed", *(f"{titles[g]}: {_part(k)}" for g, k in self._free)]
        self._control = controller if isinstance(controller, Droop | VirtualMachine) else None
        if plant.battery is None or plant.battery.rating_w <= 0.0 or plant.battery.response_s <= 0.0:
            self._control = None
        if self._control is not None:
            self.names += ["battery: frequency filter", "battery: power"]

    def __call__(self, moved: NDArray[np.float64]) -> NDArray[np.float64]:
        dw, x = float(moved[0]), self._x0.copy()
        for i, value in zip(self._free, moved[1 : 1 + len(self._free)], strict=True):
            x[i] += value
        battery_w, rates = self._battery(dw, moved)
        electrical_w = self._need_w - battery_w
        torque_w, dx = aggregate.plain_rates(self._groups, self._kernel, x, dw, electrical_w)
        out = [(torque_w - electrical_w) * self._kernel.per_stored, *(dx[i] for i in self._free), *rates]
        return np.array(out)

    def _battery(self, dw: float, moved: NDArray[np.float64]) -> tuple[float, list[float]]:
        """Return battery power off its schedule [W] and the rates of its two states (the power per unit of rating)."""
        c, b = self._control, self._plant.battery
        if c is None or b is None:
            return 0.0, []
        seen, power = float(moved[-2]), float(moved[-1])
        slope = (dw - seen) / c.filter_s
        inertia = 2.0 * c.inertia_s * slope if isinstance(c, VirtualMachine) else 0.0
        asked = -(seen / c.droop_frac + inertia)
        return power * b.rating_w, [slope, (asked - power) / b.response_s]


def _part(column: int) -> str:
    return "set point" if column == STATES else f"governor {column + 1}"
