"""Gas engine: droop, actuator, firing delay, and a turbocharger that limits the load step it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T1, T2, TBOOST, STEP, DT = range(3, 8)
VALVE, POWER, BOOST = range(3)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """x2 - Dt dw."""
    out: float = x[POWER] - p[DT] * dw
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """U = min(ref - dw/R, boost + STEP); T1 x1' = u - x1; T2 x2' = x1 - x2; Tboost boost' = x2 - boost.

    Air for the load that has been carried is there; beyond it, the engine burns at most STEP more until the
    turbocharger has followed.
    """
    u = min(ref - dw / p[R], max(x[BOOST], 0.0) + p[STEP])
    dx[VALVE] = held((u - x[VALVE]) / p[T1], x[VALVE], p[VMIN], p[VMAX])
    dx[POWER] = (x[VALVE] - x[POWER]) / p[T2]
    dx[BOOST] = (x[POWER] - x[BOOST]) / p[TBOOST]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    x[VALVE] = x[POWER] = x[BOOST] = torque_pu
    return torque_pu


governors.part("gas-engine")(
    Governor(
        title="turbocharged gas engine with a limited load step (own model after public step-acceptance notes)",
        # Lean-burn engines take about 10-30 % of rating in the first step (public design notes, estimate); lags of
        # actuator and firing are those of fast electric governors, that of the turbocharger is an estimate.
        defaults={
            "R": 0.04,
            "VMAX": 1.0,
            "VMIN": 0.0,
            "T1": 0.1,
            "T2": 0.05,
            "Tboost": 3.0,
            "step": 0.2,
            "Dt": 0.0,
        },
        positive=("R", "T1", "T2", "Tboost", "step"),
        states=3,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={VALVE: ("VMIN", "VMAX")},
    )
)
