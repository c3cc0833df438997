"""TGOV1: a valve and a lead-lag; here also for gas engines with a fast actuator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gigasite.power.governor import governors
from gigasite.power.kernels import TGOV1

# The project's reference island; an engine-specific model (DEGOV) is a later part.
DEFAULTS = {"R": 0.04, "T1": 0.1, "T2": 0.0, "T3": 0.3, "AT": 1.0, "KT": 0.0, "VMAX": 1.0, "VMIN": 0.0, "Dt": 0.0}


@governors.part("tgov1")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tgov1:
    """T1 x1' = Pref - dw/R - x1 (non-windup); T3 x2' = x1 - x2; torque = x2 + T2/T3 (x1 - x2) - Dt dw."""

    code: int = TGOV1
    defaults: Mapping[str, float] = field(default_factory=lambda: DEFAULTS)
