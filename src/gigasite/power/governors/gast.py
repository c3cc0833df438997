"""GAST: gas turbine with temperature limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gigasite.power.governor import governors
from gigasite.power.kernels import GAST

# Typical values of CIM GovGAST but for T1, T2 and KT, which are those of the project's reference island.
DEFAULTS = {"R": 0.04, "T1": 0.4, "T2": 0.1, "T3": 3.0, "AT": 1.0, "KT": 2.0, "VMAX": 1.0, "VMIN": -0.05, "Dt": 0.0}


@governors.part("gast")
@dataclass(frozen=True, slots=True, kw_only=True)
class Gast:
    """Speed droop and temperature branch, the lower one wins; valve lag T1, turbine lag T2, exhaust lag T3.

    u = min(Pref - dw/R, AT + KT (AT - x3)); T1 x1' = u - x1 (non-windup); T2 x2' = x1 - x2; T3 x3' = x2 - x3;
    torque = x2 - Dt dw.
    """

    code: int = GAST
    defaults: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)
