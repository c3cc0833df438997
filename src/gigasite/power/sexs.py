"""SEXS: simplified excitation system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.columns import EFD, EMAX, EMIN, GAIN, LEAD, LEAD_SHARE, PER_TB, PER_TE, VREF
from gigasite.power.governor import held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# those of the project's reference island
DEFAULTS = {"TATB": 0.1, "TB": 10.0, "K": 100.0, "TE": 0.05, "EMIN": 0.0, "EMAX": 5.0}
POSITIVE = ("TB", "K", "TE")


@tight
def rates(p: NDArray[np.float64], voltage: float, x: NDArray[np.float64], dx: NDArray[np.float64]) -> None:
    """Lead-lag (1 + TA s)/(1 + TB s) of Vref - V, then K/(1 + TE s) within EMIN..EMAX (non-windup).

    References
    ----------
    PSS/E SEXS; ANDES 2.0.0.
    """
    error = p[VREF] - voltage
    dx[LEAD] = (error - x[LEAD]) * p[PER_TB]
    lead = x[LEAD] + p[LEAD_SHARE] * (error - x[LEAD])
    dx[EFD] = held((p[GAIN] * lead - x[EFD]) * p[PER_TE], x[EFD], p[EMIN], p[EMAX])
