"""REGFM_A1: grid-forming droop; a voltage behind an impedance whose frequency falls with power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power import inverter as c
from gigasite.power.inverter import Inverter, inverters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@tight
def emf(v: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """Return the internal voltage [pu]: droop with reactive power, then a PI regulator of the terminal voltage."""
    error = v[c.VSET] - v[c.MQ] * (x[c.V_QF] - v[c.QSET]) - x[c.V_VF]
    out: float = min(max(v[c.KPV] * error + x[c.V_E], 0.0), v[c.EMAX])
    return out


@tight
def filters(
    v: NDArray[np.float64],
    x: NDArray[np.float64],
    power: float,
    reactive: float,
    voltage: float,
    dx: NDArray[np.float64],
) -> float:
    """Write the rates of meters, regulator and overload limiters; return the limiters' share of frequency [pu]."""
    dx[c.V_PF] = (power - x[c.V_PF]) / v[c.TP]
    dx[c.V_QF] = (reactive - x[c.V_QF]) / v[c.TQ]
    dx[c.V_VF] = (voltage - x[c.V_VF]) / v[c.TV]
    dx[c.V_E] = v[c.KIV] * (v[c.VSET] - v[c.MQ] * (x[c.V_QF] - v[c.QSET]) - x[c.V_VF])
    over, under = v[c.PMAX] - x[c.V_PF], v[c.PMIN] - x[c.V_PF]
    dx[c.V_OVER] = v[c.KI_LIMIT] * over
    dx[c.V_UNDER] = v[c.KI_LIMIT] * under
    out: float = min(v[c.KP_LIMIT] * over + x[c.V_OVER], 0.0) + max(v[c.KP_LIMIT] * under + x[c.V_UNDER], 0.0)
    return out


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
    """Dw = mp (Pset - P) + limiters; the angle is its integral."""
    limit = filters(v, x, power, reactive, voltage, dx)
    dx[c.DELTA] = omega * (v[c.MP] * (v[c.PSET] - x[c.V_PF]) + limit)


inverters.part("regfm-a1")(
    Inverter(
        title="grid-forming droop (WECC REGFM_A1, 2023)",
        code=c.REGFM_A1,
        # Filters 0.01-0.05 s; limiters KPp 0.01, KIp 0.1, regulator and voltage droop: estimate after public examples
        defaults={
            "mp": 0.02,
            "mq": 0.05,
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
            "mp": c.MP,
            "mq": c.MQ,
            "Tpf": c.TP,
            "Tqf": c.TQ,
            "Tvf": c.TV,
            "kpv": c.KPV,
            "kiv": c.KIV,
            "KPp": c.KP_LIMIT,
            "KIp": c.KI_LIMIT,
            "Emax": c.EMAX,
        },
        positive=("mp", "Tpf", "Tqf", "Tvf", "Emax"),
    )
)
