"""The synthetic job: start, steps, checkpoints, a failure of one rank, restart, stop.

Levels per GPU, at the rack's inlet: computing, the whole server draws its typical power; waiting (communication,
checkpoint), only the GPUs fall, from `compute_tdp` to `wait_tdp`; idle, the server draws its idle power. What stands
in racks beside servers draws its power always. Switches are not in this trace: they hardly swing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
SHORTEST_STEP_S = 0.02  # faster steps are averaged into one level: meters and machines see the mean
MOST_EDGES = 4_000_000


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
    idle = design.power.it_idle_w * share
    return Levels(compute_w=compute, wait_w=max(compute - fall, idle), idle_w=min(idle, compute))


def load_trace(
    campus: Campus, design: Design, *, duration_s: float = 600.0, gpus: int | None = None
) -> LoadTrace:
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
    """
    count = gpus or campus.compute.gpus
    one, level = step_of(campus, count), levels(campus, design, count)
    job = _Job(campus=campus, step=one, level=level, duration_s=max(duration_s, 120.0))
    at, power, phases = job.run()
    findings = [] if one.step_s >= SHORTEST_STEP_S else [_too_fast(one)]
    return LoadTrace(
        kind="edges", at_s=np.array(at), power_w=np.array(power), before_w=level.idle_w,
        edge_s=campus.training.edge_jitter_s, duration_s=job.duration_s, resolution_s=campus.training.edge_jitter_s,
        source="synthetic", gpus=count, phases=tuple(phases), step=one, findings=tuple(findings),
    )


def _too_fast(one: Step) -> Finding:
    return Finding(
        severity=Severity.note, chapter="training", where="step",
        what="steps this short are drawn as their mean power", limit=f"{SHORTEST_STEP_S * 1e3:.0f} ms",
        found=f"{one.step_s * 1e3:.3g} ms", remedy="more tokens per step, or fewer GPUs, give a step worth drawing",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    campus: Campus
    step: Step
    level: Levels
    duration_s: float

    def run(self) -> tuple[list[float], list[float], list[tuple[float, float, str]]]:
        """Return edge times, levels from them on, and phases."""
        at: list[float] = []
        power: list[float] = []
        phases: list[tuple[float, float, str]] = [(0.0, IDLE_S, "idle")]
        stop_s = self.duration_s - IDLE_S
        now = self._start(IDLE_S, at, power, phases)
        fault_s = IDLE_S + 0.6 * (stop_s - IDLE_S)  # one failure, past the middle, so that both halves show
        now = self._train(now, fault_s, at, power, phases)
        phases.append((now, now + FAULT_FALL_S, "fault"))
        at.append(now + FAULT_FALL_S / 2)
        power.append(self.level.idle_w)
        restart_s = min(self.campus.training.restart_s, 0.15 * self.duration_s)
        phases.append((now + FAULT_FALL_S, now + restart_s, "restart"))
        now = self._start(now + restart_s, at, power, phases)
        now = self._train(now, stop_s, at, power, phases)
        at.append(now)
        power.append(self.level.idle_w)
        phases += [(now, now + FAULT_FALL_S, "stop"), (now + FAULT_FALL_S, self.duration_s, "idle")]
        return at, power, phases

    def _start(self, now: float, at: list[float], power: list[float], phases: list[tuple[float, float, str]]) -> float:
        rise = self.level.compute_w - self.level.idle_w
        span = min(START_S, 0.1 * self.duration_s)
        for i in range(START_RANKS):
            at.append(now + i * span / START_RANKS)
            power.append(self.level.idle_w + rise * (i + 1) / START_RANKS)
        phases.append((now, now + span, "start"))
        return now + span

    def _train(
        self, now: float, stop: float, at: list[float], power: list[float], phases: list[tuple[float, float, str]]
    ) -> float:
        """Append steps and checkpoints until `stop`; return the end of the last step."""
        if self.step.step_s < SHORTEST_STEP_S:
            share = self.campus.training.exposed_frac
            at.append(now)
            power.append(self.level.compute_w * (1 - share) + self.level.wait_w * share)
            phases.append((now, stop, "compute"))
            return stop
        rng = stream(self.campus.seed, "training", round(now * 1000))
        every, stall = self._checkpoints()
        next_save = now + every
        while now < stop and len(at) < MOST_EDGES:
            length = self.step.step_s * max(0.5, 1.0 + STEP_JITTER_FRAC * rng.standard_normal())
            wait = length * self.campus.training.exposed_frac
            self._step(now, length, wait, at, power, phases)
            now += length
            if now >= next_save and stall > 0 and now + stall < stop:
                at.append(now)
                power.append(self.level.wait_w)
                phases.append((now, now + stall, "checkpoint"))
                now += stall
                next_save += every
        return now

    def _step(
        self, now: float, length: float, wait: float, at: list[float], power: list[float],
        phases: list[tuple[float, float, str]],
    ) -> None:
        at.append(now)
        power.append(self.level.compute_w)
        phases.append((now, now + length - wait, "compute"))
        if wait > 0:
            at.append(now + length - wait)
            power.append(self.level.wait_w)
            phases.append((now + length - wait, now + length, "communication"))

    def _checkpoints(self) -> tuple[float, float]:
        """Return interval and stall; a short trace still shows two checkpoints."""
        c = self.campus.training.checkpoint
        return min(c.every_s, 0.2 * self.duration_s), min(c.stall_s, 0.05 * self.duration_s)
