"""Dispatch to the compiled governors: one line per governor in each of two functions.

The equations stand in `governors/`; here they are only named, so that the plant's kernels can call them by number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import tight
from gigasite.power.governor import STATES, governors
from gigasite.power.governors import degov, gas_engine, gast, ggov1, hygov, ieeeg1, tgov1

if TYPE_CHECKING:
    from numpy.typing import NDArray

GAST, TGOV1, GGOV1, IEEEG1, HYGOV, DEGOV, GAS_ENGINE = range(7)
CODES = {
    "gast": GAST,
    "tgov1": TGOV1,
    "ggov1": GGOV1,
    "ieeeg1": IEEEG1,
    "hygov": HYGOV,
    "degov": DEGOV,
    "gas-engine": GAS_ENGINE,
}


@tight
def rates(
    code: int,
    p: NDArray[np.float64],
    ref: float,
    dw: float,
    pe: float,
    x: NDArray[np.float64],
    dx: NDArray[np.float64],
) -> float:
    """Write the governor's dx/dt and return its torque [pu]."""
    if code == GAST:
        return gast.rates(p, ref, dw, pe, x, dx)
    if code == TGOV1:
        return tgov1.rates(p, ref, dw, pe, x, dx)
    if code == GGOV1:
        return ggov1.rates(p, ref, dw, pe, x, dx)
    if code == IEEEG1:
        return ieeeg1.rates(p, ref, dw, pe, x, dx)
    if code == HYGOV:
        return hygov.rates(p, ref, dw, pe, x, dx)
    if code == DEGOV:
        return degov.rates(p, ref, dw, pe, x, dx)
    return gas_engine.rates(p, ref, dw, pe, x, dx)


@tight
def torque(code: int, p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Return turbine torque [pu]."""
    if code == GAST:
        return gast.torque(p, dw, x)
    if code == TGOV1:
        return tgov1.torque(p, dw, x)
    if code == GGOV1:
        return ggov1.torque(p, dw, x)
    if code == IEEEG1:
        return ieeeg1.torque(p, dw, x)
    if code == HYGOV:
        return hygov.torque(p, dw, x)
    if code == DEGOV:
        return degov.torque(p, dw, x)
    return gas_engine.torque(p, dw, x)


def warm() -> None:
    """Compile every kernel."""
    for name, code in CODES.items():
        part = governors[name]
        p, x, dx = part.row({}), np.zeros(STATES), np.zeros(STATES)
        ref = part.rest(p, 0.5, 0.5, x)
        part.rates(p, ref, 0.0, 0.5, x, dx)
        part.torque(p, 0.0, x)
        rates(code, p, ref, 0.0, 0.5, x, dx)
        torque(code, p, 0.0, x)
