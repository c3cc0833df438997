"""TGOV1: a valve and a lead-lag; here also for gas engines with a fast actuator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.power.governor import governors, held
from gigasite.power.kernels import TGOV1

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The project's reference island; an engine-specific model (DEGOV) is a later part.
DEFAULTS = {
    "R": 0.04,
    "T1": 0.1,
    "T2": 0.0,
    "T3": 0.3,
    "VMAX": 1.0,
    "VMIN": 0.0,
    "Dt": 0.0,
}


@governors.part("tgov1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tgov1:
    """One valve and a lead-lag.

    T1 x1' = Pref - dw/R - x1 (non-windup in VMIN..VMAX); T3 x2' = x1 - x2;
    torque = x2 + T2/T3 (x1 - x2) - Dt dw.

    References
    ----------
    IEC 61970-302 (CIM) class GovSteam0 = PSS/E TGOV1; ANDES 2.0.0, TGOV1.
    """

    code: int | None = TGOV1
    states: int = 2
    positive: tuple[str, ...] = ("R", "T1", "T3")
    defaults: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)

    def derivative(self, p: Mapping[str, float], pref: float, dw: float, x: Sequence[float], /) -> tuple[float, ...]:
        """Return dx/dt."""
        valve = held((pref - dw / p["R"] - x[0]) / p["T1"], x[0], p["VMIN"], p["VMAX"])
        return valve, (x[0] - x[1]) / p["T3"]

    def torque(self, p: Mapping[str, float], dw: float, x: Sequence[float], /) -> float:
        """Return turbine torque [pu]."""
        return x[1] + p["T2"] / p["T3"] * (x[0] - x[1]) - p["Dt"] * dw
