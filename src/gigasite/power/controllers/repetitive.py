"""Repetitive control: learn the iteration's waveform, then play it ahead of the meter's latency."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from gigasite._core.settings import setting
from gigasite.power.controller import controllers, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.controller import Seen
    from gigasite.power.types import Job

BINS = 256
LOST = 1.5
"""Periods without a rising edge after which the rhythm is lost."""
FRESH = 0.5
"""Share of a period that must have passed before an edge counts as the next one."""
LEARNED = 2
"""Periods after which the learned waveform is trusted."""


class Memory(NamedTuple):
    """What the controller remembers."""

    slow_w: float
    soc_frac: float
    phase_s: float
    """Since the last rising edge."""
    periods: int
    """Seen in a row."""
    above: bool
    wave_w: NDArray[np.float64]
    """(256,) fast part of the load over the period."""


@controllers.part("repetitive")
@dataclass(frozen=True, slots=True, kw_only=True)
class Repetitive:
    """High-pass of the load, learned over the iterations and led by latency and lag.

    The fast part of the load is kept by phase of the iteration, with a forgetting gain; the battery is told what the
    waveform will be when the command takes effect. Each rising edge sets the phase anew, so that jitter does not add
    up. Before two periods are learned, or when the rhythm is lost (a checkpoint, a stop), it is the plain follower.

    Parameters
    ----------
    period_s
        Iteration period [s]; None: as the job announces, else it is the plain follower.
    lead_s
        Time by which the waveform is led [s]; None: latency and lag of the battery.
    gain_frac
        Share of the last waveform that each period learns.
    split_s
        Time constant of what is left to the source [s].
    centring_s
        Time constant of the return of the state of charge [s].

    References
    ----------
    Repetitive control of BESS for training loads: arXiv 2512.08076 (principle; its figures were not seen).
    """

    period_s: float | None = setting(None, 0.02, 1e4)
    lead_s: float | None = setting(None, 0.0, 10.0)
    gain_frac: float = setting(0.3, 0.01, 1.0)
    split_s: float = setting(20.0, 0.01, 86400.0)
    centring_s: float = setting(600.0, 1.0, 30 * 86400.0)
    kind: ClassVar[str] = "repetitive"

    def informed(self, job: Job, /) -> Repetitive:
        """Return the controller with the job's period and the battery's delays."""
        b = job.plant.battery
        delay_s = b.latency_s + b.response_s if b else 0.0
        return replace(
            self,
            period_s=self.period_s if self.period_s is not None else job.period_s,
            lead_s=self.lead_s if self.lead_s is not None else delay_s,
        )

    def start(self, seen: Seen, /) -> Memory:
        """Begin with nothing learned."""
        return Memory(seen.load_w, seen.soc_frac, 0.0, 0, above=True, wave_w=np.zeros(BINS))

    def step(self, state: Memory, /, seen: Seen) -> tuple[Memory, float]:
        """Return the next state and the battery power [W], discharge positive."""
        slow_w = state.slow_w + (seen.load_w - state.slow_w) * -math.expm1(-seen.dt_s / self.split_s)
        fast_w = seen.load_w - slow_w
        centre_w = seen.energy_j * (state.soc_frac - seen.soc_frac) / self.centring_s
        moved = state._replace(slow_w=slow_w)
        if self.period_s is None:
            return moved, within(fast_w - centre_w, seen)
        moved = self._learned(moved, fast_w, seen.dt_s, self.period_s)
        wanted_w = fast_w
        if moved.periods >= LEARNED:
            ahead = (moved.phase_s + (self.lead_s or 0.0)) / self.period_s
            wanted_w = float(moved.wave_w[int(ahead * BINS) % BINS])
        return moved, within(wanted_w - centre_w, seen)

    def _learned(self, state: Memory, fast_w: float, dt_s: float, period_s: float) -> Memory:
        """Return the memory one step later: phase, edge, waveform."""
        above = fast_w > 0.0
        phase_s, periods = state.phase_s + dt_s, state.periods
        if above and not state.above and phase_s > FRESH * period_s:
            phase_s, periods = 0.0, periods + 1
        elif phase_s > LOST * period_s:
            periods = 0
        first = int(state.phase_s / period_s * BINS)
        last = max(int(phase_s / period_s * BINS), first + 1) if phase_s > 0.0 else first + 1
        wave_w = state.wave_w
        if first < BINS and phase_s <= LOST * period_s:
            wave_w = wave_w.copy()
            part = slice(first, min(last, BINS))
            gain = 1.0 if periods == 0 else self.gain_frac
            wave_w[part] += gain * (fast_w - wave_w[part])
        return state._replace(phase_s=phase_s, periods=periods, above=above, wave_w=wave_w)
