"""What an inverter of the battery is at the network level: named settings and its equations as a kernel.

To add one, put a file into `inverters/` with its part and its `rates`, and name it in `network_kernels.py`. Per unit on
the inverters' own base. There are two families: those that give a current (grid-following) and those that are a voltage
behind an impedance (grid-forming).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FOLLOWING, REGFM_A1, REGFM_B1, REGF1 = range(4)
# columns of the settings
# fmt: off
(ON, CODE, SIZE, Y_RE, Y_IM, LAG, KP_PLL, KI_PLL, IMAX, MP, MQ, TP, TQ, TV, KPV, KIV,
 VSET, QSET, PMAX, PMIN, KP_LIMIT, KI_LIMIT, PER_2H, D1, D2, TD2, PSET, EMAX,
 PSET0, TE, TPM, KPI, KII, KPQ_LIMIT, KIQ_LIMIT, DW_MAX) = range(36)
# fmt: on
COLUMNS = 36
# states; the angle (of the PLL, of the voltage) is always first
DELTA = 0
PLL, IP, IQ, VF = range(1, 5)
V_DW, V_PF, V_QF, V_VF, V_E, V_OVER, V_UNDER, V_SLOW = range(1, 9)
F_P, F_Q, F_PSIG, F_QSIG, F_PLIM, F_QLIM, F_VD, F_VQ, F_ID, F_IQ, F_UD, F_UQ = range(1, 13)
STATES = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    """One law of inverters.

    Parameters
    ----------
    title
        What it stands for.
    code
        Its branch in `network_kernels.py`.
    defaults
        Settings by their names in the standard models.
    columns
        Column of each setting.
    positive
        Settings that must be above zero.
    """

    title: str
    code: int
    defaults: Mapping[str, float]
    columns: Mapping[str, int]
    positive: tuple[str, ...]

    def row(self, given: Mapping[str, float]) -> NDArray[np.float64]:
        """Return the settings as the kernels take them.

        Raises
        ------
        InfeasibleError
            An unknown setting, or one that must be above zero.
        """
        unknown = sorted(set(given) - set(self.defaults))
        if unknown:
            raise InfeasibleError(f"inverter: no setting {', '.join(unknown)}; known: {', '.join(self.defaults)}")
        values = dict(self.defaults) | dict(given)
        bad = [k for k in self.positive if not values[k] > 0.0] + [k for k, v in values.items() if not np.isfinite(v)]
        if bad:
            raise InfeasibleError(f"inverter: {', '.join(bad)} must be above 0")
        out = np.zeros(COLUMNS)
        # what another family divides by must not be zero
        out[[TV, TP, TQ, TD2, LAG, MP, TE, TPM]] = 1.0
        out[CODE] = self.code
        for name, value in values.items():
            out[self.columns[name]] = 0.5 / value if self.columns[name] == PER_2H else value
        return out


inverters: Registry[Any] = Registry("gigasite.power.inverters", "inverter")
