"""The synthetic job: start, steps, checkpoints, a failure of one rank, restart, stop.

Levels per GPU, at the rack's inlet: computing, the whole server draws its typical power; waiting
(communication, checkpoint), only the GPUs fall, from `compute_tdp` to `wait_tdp`; idle, the server
draws its idle power. What stands in racks beside servers draws its power always. Switches,
cooling and losses are not in this trace: they hardly swing and are added where the plant is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity
from gigasite._core.streams import stream
from gigasite.training.step import step as step_of
from gigasite.training.types import LoadTrace, Step

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

IDLE_S = 20.0  # before the start, after the stop; estimate
START_RANKS = 16  # groups of ranks that come up one after the other; estimate
START_S = 60.0  # from the first to the last group; estimate (1-15 min are seen)
STEP_JITTER_FRAC = 0.01  # standard deviation of the step time; estimate
FAULT_FALL_S = 0.5  # all ranks are idle this long after one failed; estimate (0.1-1 s)
FAULT_AT_FRAC = 0.6  # of the running time: past the middle, so that both halves show
SHORTEST_STEP_S = 0.02  # faster steps are one mean level: inertia and meters see the mean
SHORTEST_S = 120.0  # a start, two checkpoints, a fault, a restart and a stop need room
MOST_STEPS = 2_000_000

# A short trace shows every kind of phase once or twice; these shares of its length are the most
# that a start, a restart, a checkpoint interval and a checkpoint take.
START_SHARE, RESTART_SHARE, EVERY_SHARE, STALL_SHARE = 0.1, 0.15, 0.2, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Power of the whole IT load by phase [W]."""

    compute_w: float
    wait_w: float
    idle_w: float


def levels(campus: Campus, design: Design, gpus: int) -> Levels:
    """Return the levels of `gpus` running GPUs; the servers of the others are off."""
    server = campus.catalogue.servers[campus.compute.server]
    gpu = campus.catalogue.gpus[server.gpu]
    t = campus.training
    share = gpus / campus.compute.gpus
    compute = design.power.it_typical_w * share
    fall = (t.compute_tdp_frac - t.wait_tdp_frac) * gpu.tdp_w * gpus
    idle = min(design.power.it_idle_w * share, compute)
    return Levels(compute_w=compute, wait_w=max(compute - fall, idle), idle_w=idle)


def load_trace(campus: Campus, design: Design, *, duration_s: float = 600.0, gpus: int | None = None) -> LoadTrace:
    """Return the load of a job that starts, trains, loses a rank, restarts and stops.

    Parameters
    ----------
    campus, design
        The campus and its design.
    duration_s
        Length of the trace [s], at least 120.
    gpus
        GPUs that run; default: all.

    Returns
    -------
    LoadTrace
        `kind="edges"`; render it at 1-10 ms.

    Raises
    ------
    InfeasibleError
        The trace is too short, holds more than two million steps, or wants GPUs that are not
        there.
    """
    count = campus.compute.gpus if gpus is None else gpus
    one = step_of(campus, count)
    _check(duration_s, one)
    level = levels(campus, design, count)
    job = _Job(campus=campus, step=one, level=level, duration_s=duration_s)
    job.run()
    return LoadTrace(
        kind="edges",
        at_s=np.array(job.at_s),
        power_w=np.array(job.power_w),
        before_w=level.idle_w,
        edge_s=campus.training.edge_jitter_s,
        duration_s=duration_s,
        resolution_s=campus.training.edge_jitter_s,
        source="synthetic",
        gpus=count,
        phases=tuple(job.phases),
        step=one,
        findings=tuple(_findings(campus, one, level)),
    )


def _check(duration_s: float, one: Step) -> None:
    if not (math.isfinite(duration_s) and duration_s >= SHORTEST_S):
        raise InfeasibleError(
            f"a job of {duration_s:g} s does not fit: it needs {SHORTEST_S:g} s or more to start, "
            "save, fail, restart and stop"
        )
    steps = duration_s / one.step_s
    if one.step_s >= SHORTEST_STEP_S and steps > MOST_STEPS:
        raise InfeasibleError(
            f"a job of {duration_s:g} s has {steps:,.0f} steps; at most {MOST_STEPS:,} are drawn: "
            "ask for a shorter duration"
        )


def _findings(campus: Campus, one: Step, level: Levels) -> list[Finding]:
    out = []
    if one.step_s < SHORTEST_STEP_S:
        out.append(
            Finding(
                severity=Severity.note,
                chapter="training",
                where="step",
                what="steps this short are drawn as their mean power",
                limit=f"{SHORTEST_STEP_S * 1e3:.0f} ms",
                found=f"{one.step_s * 1e3:.3g} ms",
                remedy="more tokens per step, or fewer GPUs, give a step worth drawing",
            )
        )
    t = campus.training
    if level.wait_w <= level.idle_w and t.exposed_frac > 0.0:
        out.append(
            Finding(
                severity=Severity.warning,
                chapter="training",
                where="levels",
                what="waiting would take less power than idling; idle power is taken",
                limit=f"{level.idle_w / 1e6:.4g} MW idle",
                found=f"compute_tdp {t.compute_tdp_frac:g}, wait_tdp {t.wait_tdp_frac:g}",
                remedy="check the server's idle power against the GPU's wait level",
            )
        )
    return out


@dataclass(slots=True, kw_only=True)
class _Job:
    """The trace while it is being written."""

    campus: Campus
    step: Step
    level: Levels
    duration_s: float
    at_s: list[float] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    phases: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def drawn(self) -> bool:
        """Say whether single steps are drawn: jitter longer than a step leaves only its mean."""
        return self.step.step_s >= max(SHORTEST_STEP_S, self.campus.training.edge_jitter_s)

    def run(self) -> None:
        """Write the whole job."""
        stop_s = self.duration_s - IDLE_S
        self.phases.append((0.0, IDLE_S, "idle"))
        now = self._start(IDLE_S)
        fault_s = IDLE_S + FAULT_AT_FRAC * (stop_s - IDLE_S)
        now = self._train(now, fault_s)
        self._fall(now, "fault")
        restart_s = min(self.campus.training.restart_s, RESTART_SHARE * self.duration_s)
        again = now + max(restart_s, FAULT_FALL_S)
        self.phases.append((now + FAULT_FALL_S, again, "restart"))
        now = self._train(self._start(again), stop_s)
        self._fall(now, "stop")
        self.phases.append((now + FAULT_FALL_S, self.duration_s, "idle"))

    def _edge(self, at_s: float, power_w: float) -> None:
        self.at_s.append(at_s)
        self.power_w.append(power_w)

    def _fall(self, now: float, kind: str) -> None:
        """All ranks go idle; the ranks' jitter spreads the edge in the middle of the phase."""
        self._edge(now + FAULT_FALL_S / 2, self.level.idle_w)
        self.phases.append((now, now + FAULT_FALL_S, kind))

    def _start(self, now: float) -> float:
        rise = self.level.compute_w - self.level.idle_w
        span = min(START_S, START_SHARE * self.duration_s)
        for i in range(START_RANKS):
            self._edge(now + i * span / START_RANKS, self.level.idle_w + rise * (i + 1) / START_RANKS)
        self.phases.append((now, now + span, "start"))
        return now + span

    def _train(self, now: float, stop: float) -> float:
        """Append steps and checkpoints until `stop`, which cuts the last step; return `stop`."""
        if self.step.step_s < SHORTEST_STEP_S:
            return self._mean(now, stop)
        rng = stream(self.campus.seed, "training", len(self.at_s))
        every, stall = self._checkpoints()
        next_save = now + every
        while now < stop:
            length = self.step.step_s * max(0.5, 1.0 + STEP_JITTER_FRAC * rng.standard_normal())
            now = self._step(now, length, stop)
            if now >= next_save and stall > 0 and now + stall < stop:
                self._edge(now, self.level.wait_w)
                self.phases.append((now, now + stall, "checkpoint"))
                now += stall
                next_save += every
        return stop

    def _mean(self, now: float, stop: float) -> float:
        share = self.campus.training.exposed_frac
        self._edge(now, self.level.compute_w * (1 - share) + self.level.wait_w * share)
        self.phases.append((now, stop, "compute"))
        return stop

    def _step(self, now: float, length: float, stop: float) -> float:
        wait = length * self.campus.training.exposed_frac
        done, end = min(now + length - wait, stop), min(now + length, stop)
        self._edge(now, self.level.compute_w)
        self.phases.append((now, done, "compute"))
        if end > done:
            self._edge(done, self.level.wait_w)
            self.phases.append((done, end, "communication"))
        return end

    def _checkpoints(self) -> tuple[float, float]:
        """Return interval and stall; a short trace still shows two checkpoints."""
        c = self.campus.training.checkpoint
        return (
            min(c.every_s, EVERY_SHARE * self.duration_s),
            min(c.stall_s, STALL_SHARE * self.duration_s),
        )
