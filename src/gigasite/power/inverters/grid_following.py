"""Grid-following: a current that keeps to the angle of a phase-locked loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power import inverter as c
from gigasite.power.inverter import Inverter, inverters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST_PU = 0.5  # below this voltage the current is no longer raised to hold power; estimate


@tight
def rates(
    v: NDArray[np.float64],
    omega: float,
    x: NDArray[np.float64],
    bus: tuple[float, float],
    turn: tuple[float, float],
    dx: NDArray[np.float64],
) -> None:
    """Turn the PLL by the voltage across; power / voltage behind a lag; `turn` is sine and cosine of the angle."""
    voltage = math.sqrt(bus[0] * bus[0] + bus[1] * bus[1])
    across = bus[1] * turn[1] - bus[0] * turn[0]
    dx[c.PLL] = v[c.KI_PLL] / omega * across
    dx[c.DELTA] = v[c.KP_PLL] * across + omega * x[c.PLL]
    dx[c.VF] = (voltage - x[c.VF]) / v[c.TV]
    level = max(x[c.VF], LEAST_PU)
    most = v[c.IMAX]
    dx[c.IP] = (min(max(v[c.PSET] / level, -most), most) - x[c.IP]) / v[c.LAG]
    dx[c.IQ] = (-v[c.QSET] / level - x[c.IQ]) / v[c.LAG]


inverters.part("grid-following")(
    Inverter(
        title="current source with a phase-locked loop and a power lag (after WECC REGC_C, simplified)",
        code=c.FOLLOWING,
        # PLL gains [rad/s, rad/s2] of the order of REGC_C examples, current limit and filter: estimate. The lag is the
        # battery's response time.
        defaults={"Kpll": 20.0, "Kipll": 200.0, "imax": 1.1, "Tv": 0.02, "lag": 0.02},
        columns={"Kpll": c.KP_PLL, "Kipll": c.KI_PLL, "imax": c.IMAX, "Tv": c.TV, "lag": c.LAG},
        positive=("Kpll", "imax", "Tv", "lag"),
    )
)
