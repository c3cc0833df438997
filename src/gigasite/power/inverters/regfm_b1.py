"""REGFM_B1: grid-forming virtual machine; a voltage behind an impedance with inertia."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power import inverter as c
from gigasite.power.inverter import Inverter, inverters
from gigasite.power.inverters.regfm_a1 import filters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@tight
def rates(
    v: NDArray[np.float64],
    omega: float,
    x: NDArray[np.float64],
    power: float,
    reactive: float,
    voltage: float,
    dx: NDArray[np.float64],
) -> None:
    """2 H dw' = Pset - P - dw/mp - D1 dw - D2 (dw - its slow part); the limiters act through the droop."""
    limit = filters(v, x, power, reactive, voltage, dx)
    dw = x[c.V_DW]
    pull = v[c.PSET] + (limit - dw) / v[c.MP] - power
    dx[c.V_SLOW] = (dw - x[c.V_SLOW]) / v[c.TD2]
    dx[c.V_DW] = (pull - v[c.D1] * dw - v[c.D2] * (dw - x[c.V_SLOW])) * v[c.PER_2H]
    dx[c.DELTA] = omega * dw


inverters.part("regfm-b1")(
    Inverter(
        title="grid-forming virtual machine (WECC REGFM_B1, 2023)",
        code=c.REGFM_B1,
        # inertia and damping: estimate
        defaults={
            "H": 5.0,
            "mp": 0.02,
            "mq": 0.05,
            "D1": 0.0,
            "D2": 50.0,
            "TD2": 0.1,
            "Tpf": 0.02,
            "Tqf": 0.02,
            "Tvf": 0.02,
            "kpv": 0.0,
            "kiv": 5.86,
            "KPp": 0.01,
            "KIp": 0.1,
            "Emax": 1.5,
        },
        columns={
            "H": c.PER_2H,
            "mp": c.MP,
            "mq": c.MQ,
            "D1": c.D1,
            "D2": c.D2,
            "TD2": c.TD2,
            "Tpf": c.TP,
            "Tqf": c.TQ,
            "Tvf": c.TV,
            "kpv": c.KPV,
            "kiv": c.KIV,
            "KPp": c.KP_LIMIT,
            "KIp": c.KI_LIMIT,
            "Emax": c.EMAX,
        },
        positive=("H", "mp", "TD2", "Tpf", "Tqf", "Tvf", "Emax"),
    )
)
