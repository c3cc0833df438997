"""TGOV1: a valve and a lead-lag; here also for gas engines with a fast actuator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T1, T2, T3, DT = range(3, 7)
VALVE, POWER = range(2)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """x2 + T2/T3 (x1 - x2) - Dt dw."""
    out: float = x[POWER] + p[T2] / p[T3] * (x[VALVE] - x[POWER]) - p[DT] * dw
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """T1 x1' = ref - dw/R - x1 (non-windup); T3 x2' = x1 - x2."""
    dx[VALVE] = held((ref - dw / p[R] - x[VALVE]) / p[T1], x[VALVE], p[VMIN], p[VMAX])
    dx[POWER] = (x[VALVE] - x[POWER]) / p[T3]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    x[VALVE] = x[POWER] = torque_pu
    return torque_pu


governors.part("tgov1")(
    Governor(
        title="one valve and a lead-lag (IEC 61970-302 GovSteam0 = PSS/E TGOV1; ANDES 2.0.0)",
        # those of the project's reference island
        defaults={"R": 0.04, "VMAX": 1.0, "VMIN": 0.0, "T1": 0.1, "T2": 0.0, "T3": 0.3, "Dt": 0.0},
        positive=("R", "T1", "T3"),
        states=2,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={VALVE: ("VMIN", "VMAX")},
    )
)
