"""GAST: gas turbine with a temperature limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T1, T2, T3, AT, KT, DT = range(3, 9)
VALVE, POWER, EXHAUST = range(3)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """x2 - Dt dw."""
    out: float = x[POWER] - p[DT] * dw
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """U = min(ref - dw/R, AT + KT (AT - x3)); T1 x1' = u - x1; T2 x2' = x1 - x2; T3 x3' = x2 - x3."""
    u = min(ref - dw / p[R], p[AT] + p[KT] * (p[AT] - x[EXHAUST]))
    dx[VALVE] = held((u - x[VALVE]) / p[T1], x[VALVE], p[VMIN], p[VMAX])
    dx[POWER] = (x[VALVE] - x[POWER]) / p[T2]
    dx[EXHAUST] = (x[POWER] - x[EXHAUST]) / p[T3]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    x[VALVE] = x[POWER] = x[EXHAUST] = torque_pu
    return torque_pu


governors.part("gast")(
    Governor(
        title="gas turbine with a temperature limit (IEC 61970-302 GovGAST; gate of the limiter as in ANDES 2.0.0)",
        # Typical values of CIM GovGAST but for T1, T2, KT and VMIN, which are those of the project's reference island
        # (CIM: T1 0.5, T2 0.5, KT 3, VMIN 0).
        defaults={
            "R": 0.04,
            "VMAX": 1.0,
            "VMIN": -0.05,
            "T1": 0.4,
            "T2": 0.1,
            "T3": 3.0,
            "AT": 1.0,
            "KT": 2.0,
            "Dt": 0.0,
        },
        positive=("R", "T1", "T2", "T3"),
        states=3,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={VALVE: ("VMIN", "VMAX")},
    )
)
