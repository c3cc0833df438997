"""DEGOV: diesel or gas engine with an electric governor, an integrating actuator and a firing delay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K, T1, T2, T3, T4, T5, T6, TD, TE = range(3, 12)
BOX1, BOX2, ACT1, ACT2, THROTTLE, DELAY1, DELAY2, PELEC = range(8)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Throttle behind the delay; torque, hence no factor of speed."""
    out: float = x[THROTTLE] - 12.0 / p[TD] * x[DELAY2]
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """Write dx/dt.

    e = R (ref - Pe/(1 + TE s)) - dw; electric box (1 + T3 s)/(1 + T1 s + T1 T2 s^2);
    actuator K (1 + T4 s)/(1 + T5 s)/(1 + T6 s); its integral is the throttle within VMIN..VMAX; the firing delay
    exp(-s TD) is a second-order Pade fraction.
    """
    dx[PELEC] = (pe - x[PELEC]) / p[TE]
    e = p[R] * (ref - x[PELEC]) - dw
    # box in controllable form: T1 T2 b'' + T1 b' + b = e, out = b + T3 b'
    dx[BOX1] = x[BOX2]
    dx[BOX2] = (e - x[BOX1] - p[T1] * x[BOX2]) / (p[T1] * p[T2])
    box = x[BOX1] + p[T3] * x[BOX2]
    dx[ACT1] = (box - x[ACT1]) / p[T5]
    lead = x[ACT1] + p[T4] * dx[ACT1]
    dx[ACT2] = (lead - x[ACT2]) / p[T6]
    dx[THROTTLE] = held(p[K] * x[ACT2], x[THROTTLE], p[VMIN], p[VMAX])
    # delay: a'' + 6/T a' + 12/T^2 a = throttle; out = throttle - 12/T a'
    t_s = p[TD]
    dx[DELAY1] = x[DELAY2]
    dx[DELAY2] = x[THROTTLE] - 6.0 / t_s * x[DELAY2] - 12.0 / (t_s * t_s) * x[DELAY1]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    x[BOX1] = x[BOX2] = x[ACT1] = x[ACT2] = x[DELAY2] = 0.0
    x[THROTTLE] = torque_pu
    x[DELAY1] = torque_pu * p[TD] * p[TD] / 12.0
    x[PELEC] = pe
    return pe


governors.part("degov")(
    Governor(
        title="engine with an electric governor and a firing delay (PSS/E DEGOV, droop as in DEGOV1)",
        # Structure: PowerSystems.jl, DEGOV and DEGOV1. K 18-40 and TD 0.01-0.05 s are an estimate of the usual range,
        # the other time constants are estimates too.
        defaults={
            "R": 0.04,
            "VMAX": 1.0,
            "VMIN": 0.0,
            "K": 20.0,
            "T1": 0.01,
            "T2": 0.02,
            "T3": 0.2,
            "T4": 0.25,
            "T5": 0.01,
            "T6": 0.01,
            "TD": 0.03,
            "TE": 1.0,
        },
        positive=("R", "K", "T1", "T2", "T5", "T6", "TD", "TE"),
        states=8,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={THROTTLE: ("VMIN", "VMAX")},
    )
)
