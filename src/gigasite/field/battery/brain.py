"""A run of decisions: inputs in, decision and record out. Live, in lock-step and in replay it is the same object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gigasite.field.battery.announce import informed, is_announcement
from gigasite.field.battery.assemble import assemble, site_of
from gigasite.field.battery.decide import begin, decide
from gigasite.field.battery.image import Image, missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.battery.assemble import Metered
    from gigasite.field.battery.decide import Core, Decision
    from gigasite.field.battery.device import Unit
    from gigasite.field.battery.record import Inputs


class Brain:
    """Holds what goes on from cycle to cycle; everything in it follows from the inputs alone."""

    def __init__(self, core: Core, units: Sequence[Unit]) -> None:
        self.core, self.units = core, tuple(units)
        self.memory = begin(core)
        self.readings = missing(len(self.units))
        self.image: Image | None = None
        self._base = core
        self._plans: dict[str, Any] = {}
        self._said, self._moved_s = "", 0.0

    def expect(self, order: str, controller: Any) -> None:
        """Keep what was planned on an announcement, in another process, until its order comes."""
        self._plans[order] = controller

    def cycle(self, inputs: Inputs) -> Decision:
        """Take one cycle."""
        for order in inputs.orders:
            if is_announcement(order):
                controller = self._plans.pop(order, None) or informed(self._base, order)
                self.core = replace(self.core, controller=controller)
                self.memory = replace(self.memory, replanned=True)
        self.readings = assemble(self.units, self.readings, inputs.answers, inputs.dt_s)
        self.image = Image(
            number=inputs.number,
            time_s=inputs.time_s,
            dt_s=inputs.dt_s,
            units=self.readings,
            site=site_of(self._believed(inputs), self.readings),
            missed=inputs.missed,
            orders=inputs.orders,
        )
        self.memory, decision = decide(self.core, self.memory, self.image)
        return decision

    def _believed(self, inputs: Inputs) -> Metered | None:
        """Return what the meter says; where it did not move at all for too long, as old as that."""
        m = inputs.metered
        if m is None:
            return None
        said = repr((m.load_w, m.source_w, m.frequency_hz))
        if said != self._said:
            self._said, self._moved_s = said, inputs.time_s
        still_s = inputs.time_s - self._moved_s
        return replace(m, age_s=max(m.age_s, still_s)) if still_s > self.core.meter_frozen_s else m
