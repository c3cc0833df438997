"""Forbidden periods: the iteration periods at which the plant resonates with the job, and what it costs to shift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.power.announce import period_of
from gigasite.power.linear import Linear, Mode, linearise
from gigasite.power.stability import refuse_unstable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import BatteryPlant, Plant
    from gigasite.training.types import LoadTrace

LOWEST_HZ, HIGHEST_HZ, POINTS = 0.01, 20.0, 1200
HARMONICS_HZ = 25.0
"""Harmonics up to here are summed; jitter of the ranks leaves nothing above."""
LONGEST_S = 300.0
"""A longer period swings no further than this one: every edge is a step from rest, and has settled before the next."""
PERIODS = 400
GRID = 4000
SAMPLES = 512
MOST_SAMPLES = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The job's load while it trains: high for a share of the period, then low; edges spread by jitter."""

    period_s: float
    high_w: float
    low_w: float
    duty: float
    """Share of the period at `high_w`."""
    edge_s: float = 0.0
    """Standard deviation of the edges' moments."""

    def at(self, period_s: float) -> Wave:
        """Return the wave with another period: the same time at high power, the waiting stretched or cut.

        Raises
        ------
        InfeasibleError
            The period is shorter than the computing takes.
        """
        busy_s = self.duty * self.period_s
        if period_s < busy_s:
            raise InfeasibleError(f"a period of {period_s:.3g} s is shorter than its {busy_s:.3g} s of computing")
        return Wave(period_s=period_s, high_w=self.high_w, low_w=self.low_w, duty=busy_s / period_s, edge_s=self.edge_s)

    @property
    def mean_w(self) -> float:
        """Return the mean power [W]."""
        return self.low_w + (self.high_w - self.low_w) * self.duty

    def harmonics(self) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Return frequencies [Hz] and complex amplitudes [W] of the harmonics, the mean left out.

        A period above 300 s has those of 300 s.

        Harmonic n of a rectangle of height h and duty d is 2 h / (n pi) sin(n pi d), times exp(-(2 pi n sigma / T)^2
        / 2).
        """
        period_s = min(self.period_s, LONGEST_S)
        n = np.arange(1, max(1, math.floor(HARMONICS_HZ * period_s)) + 1)
        hz = n / period_s
        size = 2.0 * (self.high_w - self.low_w) / (n * np.pi) * np.sin(np.pi * n * self.duty)
        size *= np.exp(-0.5 * (2.0 * np.pi * hz * self.edge_s) ** 2)
        return hz, size * np.exp(-1j * np.pi * n * self.duty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resonance:
    """The plant's response and the job in it."""

    hz: NDArray[np.float64]
    """(m,) grid of frequencies."""
    gain_hz_per_w: NDArray[np.float64]
    peak_hz: float
    """Where the response is largest."""
    peak_gain_hz_per_w: float
    modes: tuple[Mode, ...]
    """Oscillating ones between 0.01 and 20 Hz, least damped first."""
    wave: Wave | None
    harmonics_hz: NDArray[np.float64]
    harmonics_w: NDArray[np.float64]
    swing_hz: float
    """Steady peak-to-peak of the frequency at the job's own period."""
    limit_hz: float
    periods_s: NDArray[np.float64]
    swings_hz: NDArray[np.float64]
    """Steady peak-to-peak at those periods."""
    forbidden_s: tuple[tuple[float, float], ...]
    """Intervals of periods that swing more than the limit."""
    shift_s: float | None
    """Nearest longer period that keeps the limit; None: there is none below ten times the own one."""
    goodput_frac: float
    """Training speed left after that shift."""
    findings: tuple[Finding, ...]


def wave_of(load: LoadTrace, extra_w: float = 0.0) -> Wave | None:
    """Return the periodic part of a load while it trains; None when it shows no period.

    Levels are those that the load holds for most of the longest stretch of training, or of a recording.
    """
    period_s = period_of(load)
    if period_s is None:
        return None
    busy = [p for p in load.phases if p[2] in {"compute", "communication"}]
    start_s, stop_s = (0.0, load.duration_s)
    if busy:
        longest = max(busy, key=lambda p: p[1] - p[0])
        # the synthetic job names single steps: then all of them from the first to the last
        start_s, stop_s = longest[:2] if longest[1] - longest[0] > 3.0 * period_s else (busy[0][0], busy[-1][1])
    dt_s = min(period_s / 64.0, 0.01) if load.kind == "edges" else max(period_s / 64.0, 1e-3)
    power = load.means(start_s, dt_s, max(2, min(int((stop_s - start_s) / dt_s), MOST_SAMPLES))) + extra_w
    low, high = (float(v) for v in np.percentile(power, (2.0, 98.0)))
    if not high > low:
        return None
    duty = float(np.clip((np.clip(power, low, high).mean() - low) / (high - low), 0.01, 0.99))
    return Wave(period_s=period_s, high_w=high, low_w=low, duty=duty, edge_s=load.edge_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The frequency's answer to the load, with the battery's where that is linear."""

    linear: Linear
    battery: BatteryPlant | None
    controller: Any
    """With `share`: part of the load's swing that it asks of the battery; others are left out."""

    def __call__(self, hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return frequency over load [Hz/W] at these frequencies, (m,)."""
        own = np.asarray(self.linear.response(hz)[0], dtype=np.complex128)
        b = self.battery
        if b is None or b.rating_w <= 0.0 or not hasattr(self.controller, "share"):
            return own
        turn = 2j * np.pi * hz
        taken = self.controller.share(hz) * np.exp(-turn * b.latency_s) / (1.0 + turn * b.response_s)
        return np.asarray(own * (1.0 - taken), dtype=np.complex128)

    @property
    def whole(self) -> bool:
        """Return whether all that acts is in it: an inverter's own law, a linear share of the load, or nothing."""
        kind = getattr(self.controller, "kind", "none")
        idle = self.battery is None or self.battery.rating_w <= 0.0
        return idle or kind == "none" or hasattr(self.controller, "share") or hasattr(self.controller, "inverter")


def steady_swing(answer: Answer | Linear, wave: Wave) -> float:
    """Return the steady peak-to-peak of the frequency under a periodic load [Hz], by the sum of its harmonics."""
    hz, amplitude = wave.harmonics()
    gain = answer(hz) if isinstance(answer, Answer) else answer.response(hz)[0]
    return _peak_to_peak(gain * amplitude)


def _peak_to_peak(harmonics: NDArray[np.complex128]) -> float:
    """Return the peak-to-peak of a wave of these harmonics (1, 2, ...)."""
    size = max(SAMPLES, 4 * len(harmonics))
    lines = np.zeros(size // 2 + 1, dtype=np.complex128)
    lines[1 : len(harmonics) + 1] = harmonics
    return float(np.ptp(np.fft.irfft(lines, size)) * size / 2.0)


def resonance(plant: Plant, load_w: float, wave: Wave | None, *, limit_hz: float, controller: Any = None) -> Resonance:
    """Return where the plant resonates and which iteration periods it forbids.

    Parameters
    ----------
    plant
        The plant; a grid-forming battery takes part.
    load_w
        Mean load around which it swings [W].
    wave
        The job while it trains; None: only the plant.
    limit_hz
        Largest steady peak-to-peak of the frequency [Hz].
    controller
        Of the battery: the load follower's share of the load is part of the response; what no linear response has (ramp
        limits, plans, learning) is left out, and a finding says so.

    Raises
    ------
    InfeasibleError
        The plant is unstable (with the eigenvalue), or has no state of rest.
    """
    linear = linearise(plant, load_w)
    refuse_unstable(linear)
    hz = np.geomspace(LOWEST_HZ, HIGHEST_HZ, POINTS)
    answer = Answer(linear=linear, battery=plant.battery, controller=controller)
    gain = np.abs(answer(hz))
    peak = int(np.argmax(gain))
    modes = tuple(
        sorted(
            (m for m in linear.modes() if m.eigenvalue.imag > 0 and LOWEST_HZ <= m.frequency_hz <= HIGHEST_HZ),
            key=lambda m: m.damping,
        )
    )
    own = _Periods(answer, wave, limit_hz)
    return Resonance(
        hz=hz,
        gain_hz_per_w=gain,
        peak_hz=float(hz[peak]),
        peak_gain_hz_per_w=float(gain[peak]),
        modes=modes,
        wave=wave,
        harmonics_hz=own.hz,
        harmonics_w=own.size,
        swing_hz=own.swing_hz,
        limit_hz=limit_hz,
        periods_s=own.periods_s,
        swings_hz=own.swings_hz,
        forbidden_s=own.forbidden,
        shift_s=own.shift_s,
        goodput_frac=own.goodput,
        findings=(*own.findings(), *_left_out(plant, answer)),
    )


def _left_out(plant: Plant, answer: Answer) -> tuple[Finding, ...]:
    """Say what the response does not hold."""
    out = []
    if plant.grid is not None and plant.grid.inertia_s is None:
        what = "the grid holds the frequency: nothing resonates, no period is forbidden"
        out.append(Finding(severity=Severity.note, chapter="power", where="grid", what=what))
    if not answer.whole:
        what = f"the response leaves out the battery's controller {answer.controller.kind}: `run` shows what it does"
        out.append(Finding(severity=Severity.note, chapter="power", where="battery", what=what))
    return tuple(out)


class _Periods:
    """The job's periods against the limit."""

    def __init__(self, answer: Answer, wave: Wave | None, limit_hz: float) -> None:
        self._wave, self._limit_hz, self._whole = wave, limit_hz, answer.whole
        self.hz, self.size = np.empty(0), np.empty(0)
        self.periods_s, self.swings_hz = np.empty(0), np.empty(0)
        self.swing_hz, self.goodput = 0.0, 1.0
        self.forbidden: tuple[tuple[float, float], ...] = ()
        self.shift_s: float | None = None
        if wave is None:
            return
        hz, amplitude = wave.harmonics()
        self.hz, self.size = hz, np.abs(amplitude)
        self.swing_hz = steady_swing(answer, wave)
        # hundreds of periods have their harmonics at as many places: G is taken once on a fine grid between them
        self._grid = np.geomspace(0.05 / min(wave.period_s, LONGEST_S), 2.0 * HARMONICS_HZ, GRID)
        self._gain = answer(self._grid)
        low = max(wave.duty * wave.period_s, 0.2 * wave.period_s)
        self.periods_s = np.geomspace(low, 10.0 * wave.period_s, PERIODS)
        self.swings_hz = np.array([self._at(float(p)) for p in self.periods_s])
        self.forbidden = _intervals(self.periods_s, self.swings_hz > limit_hz)
        if self.swing_hz <= limit_hz:
            self.shift_s = wave.period_s
            return
        longer = (self.periods_s > wave.period_s) & (self.swings_hz <= limit_hz)
        if longer.any():
            self.shift_s = self._edge(float(self.periods_s[longer][0]))
            self.goodput = wave.period_s / self.shift_s

    def _at(self, period_s: float) -> float:
        assert self._wave is not None
        hz, amplitude = self._wave.at(period_s).harmonics()
        gain = np.interp(hz, self._grid, self._gain.real) + 1j * np.interp(hz, self._grid, self._gain.imag)
        return _peak_to_peak(gain * amplitude)

    def _edge(self, good_s: float) -> float:
        """Return the end of the forbidden interval before `good_s`, on its good side."""
        assert self._wave is not None
        bad_s = self._wave.period_s
        for _ in range(40):
            middle = 0.5 * (bad_s + good_s)
            bad_s, good_s = (bad_s, middle) if self._at(middle) <= self._limit_hz else (middle, good_s)
        return good_s

    def findings(self) -> tuple[Finding, ...]:
        """Say that the job's own period is forbidden."""
        w = self._wave
        if w is None or self.swing_hz <= self._limit_hz:
            return ()
        cure = "no longer period helps: more inertia, a grid-forming battery or less swing of the load"
        if self.shift_s is not None:
            cure = (
                f"stretch the iteration to {self.shift_s:.3g} s (costs {1 - self.goodput:.1%} of the training speed), "
                "stagger jobs, or damp the plant"
            )
        return (
            Finding(
                severity=Severity.error if self._whole else Severity.warning,
                chapter="power",
                where="iteration period",
                what=f"a swing of {show(w.high_w - w.low_w, 'MW')} every {w.period_s:.3g} s excites the plant",
                limit=f"{self._limit_hz:.3g} Hz peak to peak",
                found=f"{self.swing_hz:.3g} Hz",
                remedy=cure,
            ),
        )


def _intervals(x: NDArray[np.float64], bad: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8)))
    return tuple((float(x[a]), float(x[b - 1])) for a, b in zip(edges[0::2], edges[1::2], strict=True))
