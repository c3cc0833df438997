"""The aggregate plant moved step by step by somebody else: the battery is not in `kernels`, but live or emulated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.power import kernels
from gigasite.power.aggregate import at_rest, beside_grid_w, groups_of, merged, packed, turning
from gigasite.power.drive import COLLAPSE_PU, Drive, Run
from gigasite.power.governor import STATES
from gigasite.power.simulate import judge, swing_of, with_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.power.limit import Limit
    from gigasite.power.types import Plant, Swing
    from gigasite.training.types import LoadTrace


class Stepper:
    """Machines and grid under a net load that comes from outside; equations and steps as `aggregate.run`.

    Parameters
    ----------
    plant
        Machines and grid; its battery is left to whoever calls.
    load_w
        At the start, where the plant is at rest [W].
    dt_s
        Step [s].

    Raises
    ------
    InfeasibleError
        The machines do not carry the load of the start, or one has a governor without compiled equations.
    """

    def __init__(self, plant: Plant, load_w: float, dt_s: float) -> None:
        self.plant = with_losses(replace(plant, battery=None), load_w, "aggregate")
        self.dt_s = dt_s
        loss = self.plant.loss_w_per_w2 or 0.0
        need_w = load_w + loss * load_w**2
        machines = turning(self.plant, need_w)
        groups = merged(groups_of(machines, need_w), beside=plant.grid is not None) if machines else ()
        self._count = len(groups)
        self._groups = packed(groups, self.plant, dt_s, need_w)
        self._x, self._work = at_rest(groups), np.zeros((3, len(groups), STATES + 1))
        self.deviation_pu = 0.0
        self.mechanical_w = beside_grid_w(plant, load_w) if not groups else need_w
        self.collapsed = False
        """The speed left the range in which the models hold."""

    @property
    def frequency_hz(self) -> float:
        """Return the frequency of now [Hz]."""
        return self.plant.frequency_hz * (1.0 + self.deviation_pu)

    def source_w(self, net_w: float) -> float:
        """Return what grid and gensets give for a net load, losses of an island included [W]."""
        loss = self._groups.loss if self.plant.grid is None else 0.0
        return net_w + loss * net_w * net_w

    def step(self, net_w: float) -> None:
        """Move on by one step under load less battery [W]."""
        if self._count == 0 or self.collapsed:
            return
        electrical_w = net_w + self._groups.loss * net_w * net_w
        moved = kernels.advance(self._groups, self.deviation_pu, self._x, electrical_w, self._work)
        self.deviation_pu, self.mechanical_w = float(moved[0]), float(moved[1])
        self.collapsed = not abs(self.deviation_pu) <= COLLAPSE_PU


def recorded(
    plant: Plant,
    load: LoadTrace,
    limits: Sequence[Limit],
    columns: dict[str, np.ndarray],
    *,
    dt_s: float,
    controller: str,
    start_s: float = 0.0,
) -> Swing:
    """Return a run that was stepped from outside as a swing, judged against limits.

    Parameters
    ----------
    plant, load, limits
        As in `simulate`.
    columns
        (n,) `load_w`, `battery_w`, `soc_frac`, `deviation_pu`, `mechanical_w`, `source_w`.
    dt_s
        Step of the columns [s].
    controller
        Its name.
    start_s
        Of the first sample, in the load's time [s].
    """
    net_w = columns["load_w"] - columns["battery_w"]
    run = Run(
        deviation_pu=columns["deviation_pu"],
        battery_w=columns["battery_w"],
        soc_frac=columns["soc_frac"],
        mechanical_w=columns["mechanical_w"],
        source_w=columns["source_w"],
        grid_w=np.zeros(len(net_w)) if plant.grid is None else net_w - columns["mechanical_w"],
        load_w=columns["load_w"],
        wanted_w=float(np.abs(columns["battery_w"]).max(initial=0.0)),
        missing_j=0.0,
        loss_j=0.0,
    )
    drive = Drive(plant=plant, load_w=columns["load_w"], dt_s=dt_s, start_s=start_s)
    swing = replace(swing_of(drive, run, "aggregate"), controller=controller)
    return judge(swing, load, (limits, ()), (), plant)
