"""REGF1: grid-forming droop with inner loops; voltage and current regulators behind the droop, as ANDES has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power import inverter as c
from gigasite.power.inverter import Inverter, inverters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@tight
def slip(v: NDArray[np.float64], omega: float, x: NDArray[np.float64]) -> float:
    """Return the deviation of its frequency [pu]: droop of what the limiter lets pass over what is metered."""
    asked = v[c.KP_LIMIT] * (x[c.F_PSIG] - x[c.F_P]) + x[c.F_PLIM] + v[c.PSET] - v[c.PSET0] - x[c.F_P]
    out: float = min(max(v[c.MP] * asked, -v[c.DW_MAX] / omega), v[c.DW_MAX] / omega)
    return out


@tight
def rates(
    v: NDArray[np.float64],
    omega: float,
    x: NDArray[np.float64],
    bus: tuple[float, float],
    turn: tuple[float, float],
    current: tuple[float, float],
    dx: NDArray[np.float64],
) -> None:
    """Meters, limiters, droop, voltage and current regulators; `bus` and `current` in the frame of the network."""
    vd, vq = bus[0] * turn[1] + bus[1] * turn[0], bus[1] * turn[1] - bus[0] * turn[0]
    i_d, i_q = current[0] * turn[1] + current[1] * turn[0], current[1] * turn[1] - current[0] * turn[0]
    power, reactive = vd * i_d + vq * i_q, vq * i_d - vd * i_q
    dx[c.DELTA] = omega * slip(v, omega, x)
    dx[c.F_P] = (power - x[c.F_P]) / v[c.TP]
    dx[c.F_Q] = (reactive - x[c.F_Q]) / v[c.TP]
    dx[c.F_PSIG] = limited((x[c.F_P] - x[c.F_PSIG]) / v[c.TPM], x[c.F_PSIG], v[c.PMIN], v[c.PMAX])
    dx[c.F_QSIG] = limited((x[c.F_Q] - x[c.F_QSIG]) / v[c.TPM], x[c.F_QSIG], v[c.PMIN], v[c.PMAX])
    dx[c.F_PLIM] = v[c.KI_LIMIT] * (x[c.F_PSIG] - x[c.F_P])
    dx[c.F_QLIM] = v[c.KIQ_LIMIT] * (x[c.F_QSIG] - x[c.F_Q])
    wanted_q = v[c.KPQ_LIMIT] * (x[c.F_QSIG] - x[c.F_Q]) + x[c.F_QLIM]
    error_d, error_q = v[c.VSET] + v[c.MQ] * (wanted_q - x[c.F_Q]) - vd, -vq
    dx[c.F_VD], dx[c.F_VQ] = v[c.KIV] * error_d, v[c.KIV] * error_q
    miss_d = v[c.KPV] * error_d + x[c.F_VD] - i_d
    miss_q = v[c.KPV] * error_q + x[c.F_VQ] - i_q
    dx[c.F_ID], dx[c.F_IQ] = v[c.KII] * miss_d, v[c.KII] * miss_q
    # the reference adds to what the bridge gives now what the current regulator asks: v + z i is that voltage
    dx[c.F_UD] = (v[c.KPI] * miss_d + x[c.F_ID]) / v[c.TE]
    dx[c.F_UQ] = (v[c.KPI] * miss_q + x[c.F_IQ]) / v[c.TE]


@tight
def limited(rate: float, value: float, low: float, high: float) -> float:
    """Return the rate of a lag that stops at its limits (without wind-up)."""
    if (value >= high and rate > 0.0) or (value <= low and rate < 0.0):
        return 0.0
    return rate


inverters.part("regf1")(
    Inverter(
        title="grid-forming droop with voltage and current loops (EPRI generic model; ANDES 2.0.0 REGF1)",
        code=c.REGF1,
        # those of ANDES 2.0.0
        defaults={
            "wdrp": 0.033,
            "Qdrp": 0.045,
            "Tr": 0.005,
            "Te": 0.005,
            "Tpm": 0.025,
            "KPi": 0.5,
            "KIi": 20.0,
            "KPv": 3.0,
            "KIv": 10.0,
            "KPplim": 5.0,
            "KIplim": 30.0,
            "KPqlim": 0.1,
            "KIqlim": 1.5,
            "dwmax": 75.0,
        },
        columns={
            "wdrp": c.MP,
            "Qdrp": c.MQ,
            "Tr": c.TP,
            "Te": c.TE,
            "Tpm": c.TPM,
            "KPi": c.KPI,
            "KIi": c.KII,
            "KPv": c.KPV,
            "KIv": c.KIV,
            "KPplim": c.KP_LIMIT,
            "KIplim": c.KI_LIMIT,
            "KPqlim": c.KPQ_LIMIT,
            "KIqlim": c.KIQ_LIMIT,
            "dwmax": c.DW_MAX,
        },
        positive=("wdrp", "Tr", "Te", "Tpm", "KPi", "KPv", "dwmax"),
    )
)
