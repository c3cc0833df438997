"""IEEEG1: steam turbine with up to four stages and a valve of limited speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held, lag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T1, T2, T3, UO, UC, T4, K1, T5, K3, T6, K5, T7, K7 = range(3, 16)
LEAD, VALVE, STAGE4, STAGE5, STAGE6, STAGE7 = range(6)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """K1 x4 + K3 x5 + K5 x6 + K7 x7, the K divided by their sum; a stage without a time constant passes its inlet."""
    up, out = x[VALVE], 0.0
    for k in range(4):
        if p[(T4, T5, T6, T7)[k]] > 0.0:
            up = x[STAGE4 + k]
        out += p[(K1, K3, K5, K7)[k]] * up
    share: float = out / (p[K1] + p[K3] + p[K5] + p[K7])
    return share


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """U = -K (1 + T2 s)/(1 + T1 s) dw; valve' = (ref + u - valve)/T3 within UC..UO; then four lags."""
    u = -dw / p[R]
    dx[LEAD] = lag(u, x[LEAD], p[T1])
    if p[T1] > 0.0:
        u = x[LEAD] + p[T2] / p[T1] * (u - x[LEAD])
    speed = min(max((ref + u - x[VALVE]) / p[T3], p[UC]), p[UO])
    dx[VALVE] = held(speed, x[VALVE], p[VMIN], p[VMAX])
    up = x[VALVE]
    for k in range(4):
        t_s = p[(T4, T5, T6, T7)[k]]
        dx[STAGE4 + k] = lag(up, x[STAGE4 + k], t_s)
        if t_s > 0.0:
            up = x[STAGE4 + k]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    x[LEAD] = 0.0
    x[VALVE:6] = torque_pu
    return torque_pu


governors.part("ieeeg1")(
    Governor(
        title="steam turbine with stages and a valve of limited speed (IEEE 1973; ANDES 2.0.0, one shaft)",
        # ANDES 2.0.0, but for PMAX (5 there)
        defaults={
            "K": 20.0,
            "PMAX": 1.0,
            "PMIN": 0.0,
            "T1": 1.0,
            "T2": 1.0,
            "T3": 0.1,
            "UO": 0.1,
            "UC": -0.1,
            "T4": 0.4,
            "K1": 0.5,
            "T5": 8.0,
            "K3": 0.5,
            "T6": 0.5,
            "K5": 0.0,
            "T7": 0.05,
            "K7": 0.0,
        },
        positive=("K", "T3", "UO"),
        states=6,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={VALVE: ("PMIN", "PMAX")},
        head=("K", "PMAX", "PMIN"),
        gain=True,
    )
)
