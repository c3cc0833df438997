"""GAST: gas turbine with a temperature limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.power.governor import governors, held
from gigasite.power.kernels import GAST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Typical values of CIM GovGAST but for T1, T2, KT and VMIN, which are those of the project's
# reference island (CIM: T1 0.5, T2 0.5, KT 3, VMIN 0).
DEFAULTS = {
    "R": 0.04,
    "T1": 0.4,
    "T2": 0.1,
    "T3": 3.0,
    "AT": 1.0,
    "KT": 2.0,
    "VMAX": 1.0,
    "VMIN": -0.05,
    "Dt": 0.0,
}


@governors.part("gast")
@dataclass(frozen=True, slots=True, kw_only=True)
class Gast:
    """Speed droop against a temperature branch, the lower one wins; valve, turbine, exhaust.

    u = min(Pref - dw/R, AT + KT (AT - x3)); T1 x1' = u - x1 (non-windup in VMIN..VMAX);
    T2 x2' = x1 - x2; T3 x3' = x2 - x3; torque = x2 - Dt dw.

    References
    ----------
    IEC 61970-302 (CIM) class GovGAST; the limiter's gate as in ANDES 2.0.0, GAST.
    """

    code: int | None = GAST
    states: int = 3
    positive: tuple[str, ...] = ("R", "T1", "T2", "T3")
    defaults: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)

    def derivative(self, p: Mapping[str, float], pref: float, dw: float, x: Sequence[float], /) -> tuple[float, ...]:
        """Return dx/dt."""
        u = min(pref - dw / p["R"], p["AT"] + p["KT"] * (p["AT"] - x[2]))
        valve = held((u - x[0]) / p["T1"], x[0], p["VMIN"], p["VMAX"])
        return valve, (x[0] - x[1]) / p["T2"], (x[1] - x[2]) / p["T3"]

    def torque(self, p: Mapping[str, float], dw: float, x: Sequence[float], /) -> float:
        """Return turbine torque [pu]."""
        return x[1] - p["Dt"] * dw
