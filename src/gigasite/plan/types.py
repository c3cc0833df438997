"""The whole story as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.types import CablePlan, Comparison
    from gigasite.campus.schema import Campus
    from gigasite.cooling.types import Cooling
    from gigasite.design.types import Design, Money
    from gigasite.plan.plumbing import Plumbing
    from gigasite.plan.sizing import BatterySizing
    from gigasite.power.resonance import Resonance
    from gigasite.power.types import Swing
    from gigasite.schedule.types import Schedule
    from gigasite.training.types import LoadTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class RampStep:
    """From `day` on `gpus` can run; `held_by` is what keeps the rest back: racks, network, power, cooling, nothing."""

    day: float
    gpus: int
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that `gigasite plan` prints, draws and writes."""

    campus: Campus
    design: Design
    load: LoadTrace
    swing: Swing
    resonance: Resonance | None
    resonance_why: str
    """Why there is none: a stiff grid holds the frequency, or the plant cannot be linearised; "" where there is one."""
    sizing: BatterySizing
    cooling: Cooling
    plumbing: Plumbing
    cables: CablePlan
    observed: Comparison | None
    schedule: Schedule
    conventional: Schedule
    """The same campus with new orders for switchgear, transformers, gensets and the rest."""
    ramp_up: tuple[RampStep, ...]
    cost: Money
    findings: tuple[Finding, ...]
    seconds: dict[str, float]
