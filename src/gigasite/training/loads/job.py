"""Job: starts, iterations, checkpoints, stalls, faults, a stop; by power per GPU."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError, QuantityError
from gigasite._core.quantity import Quantity
from gigasite._core.settings import of_kind, setting
from gigasite._core.streams import stream
from gigasite.training.load_kind import loads
from gigasite.training.types import LoadTrace, Step

if TYPE_CHECKING:
    from pathlib import Path

MOST_STEPS = 10_000_000
FALL_S = 0.5
"""All ranks are idle this long after one failed or the job stopped; estimate (0.1-1 s)."""
_MOMENT = Quantity("duration")


def _moments(raw: Any) -> tuple[float, ...]:
    if not isinstance(raw, list):
        raise QuantityError(f"needs a list of moments such as [100 s], found {str(raw)[:40]!r}")
    return tuple(sorted(_MOMENT.parse(item) for item in raw))


@loads.part("job")
@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A synthetic training job.

    Parameters
    ----------
    gpus
        GPUs that run.
    high_w, low_w, idle_w
        Power per GPU, all-in: computing, waiting for the network or a checkpoint, idle [W].
    period_s, wait_frac, jitter_frac
        Iteration [s], share of it that waits, standard deviation of its length as a share of it.
    edge_s
        Standard deviation of the ranks' moments at an edge [s].
    begin_s, start_ramp_s, start_ranks
        When the job starts [s], how long until all ranks run [s], in how many steps; begin 0: it already runs.
    checkpoint_every_s, checkpoint_s
        Time between checkpoints and how long one takes [s]; 0: none.
    checkpoint_first_s
        First checkpoint after the begin [s]; 0: after one interval.
    stop_s
        When the job stops [s]; 0: it does not.
    faults, restart_s
        Moments at which a rank fails, and the time until it trains again [s].
    fault_mean_s
        Mean time between random faults [s]; 0: none.
    stalls, stall_s
        Moments at which the network stalls, and for how long [s].
    """

    gpus: int = setting(100_000, 1, 10_000_000)
    high_w: float = setting(1020.0, 1.0, 1e5)
    low_w: float = setting(420.0, 0.0, 1e5)
    idle_w: float = setting(250.0, 0.0, 1e5)
    period_s: float = setting(2.0, 0.02, 1e4)
    wait_frac: float = setting(0.15, 0.0, 0.95)
    jitter_frac: float = setting(0.03, 0.0, 0.3)
    edge_s: float = setting(0.02, 0.0, 5.0)
    begin_s: float = setting(0.0, 0.0, 1e7)
    start_ramp_s: float = setting(60.0, 0.0, 1e5)
    start_ranks: int = setting(16, 1, 1000)
    checkpoint_every_s: float = setting(0.0, 0.0, 1e6)
    checkpoint_s: float = setting(12.0, 0.0, 1e5)
    checkpoint_first_s: float = setting(0.0, 0.0, 1e6)
    stop_s: float = setting(0.0, 0.0, 1e7)
    faults: tuple[float, ...] = of_kind((), _moments)
    restart_s: float = setting(300.0, 1.0, 1e6)
    fault_mean_s: float = setting(0.0, 0.0, 1e9)
    stalls: tuple[float, ...] = of_kind((), _moments)
    stall_s: float = setting(10.0, 0.0, 1e5)

    def __post_init__(self) -> None:
        """Check levels."""
        if not self.high_w >= self.low_w:
            raise QuantityError("`low` must not be above `high`")

    def trace(self, duration_s: float, seed: int, _folder: Path, /) -> LoadTrace:
        """Return the load; the same seed gives the same bytes."""
        if duration_s / self.period_s > MOST_STEPS:
            raise InfeasibleError(f"{duration_s / self.period_s:,.0f} iterations; at most {MOST_STEPS:,} are drawn")
        writer = _Writer(self, duration_s, seed)
        writer.run()
        running = self.begin_s <= 0.0
        return LoadTrace(
            kind="edges",
            at_s=np.array(writer.at_s, dtype=np.float64),
            power_w=np.array(writer.power_w, dtype=np.float64),
            before_w=self.gpus * (self.high_w if running else self.idle_w),
            edge_s=self.edge_s,
            duration_s=duration_s,
            resolution_s=self.edge_s,
            source="job",
            gpus=self.gpus,
            phases=tuple(writer.phases),
            step=Step(
                step_s=self.period_s,
                compute_s=self.period_s * (1 - self.wait_frac),
                communication_s=self.period_s * self.wait_frac,
                flop=0.0,
                tokens_per_s=0.0,
                frequency_hz=1.0 / self.period_s,
            ),
        )


@dataclass(slots=True)
class _Writer:
    """The trace while it is being written."""

    job: Job
    duration_s: float
    seed: int
    at_s: list[float] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    phases: list[tuple[float, float, str]] = field(default_factory=list)

    def run(self) -> None:
        job = self.job
        end = min(job.stop_s, self.duration_s) if job.stop_s > 0.0 else self.duration_s
        now = job.begin_s
        if now > 0.0:
            self.phases.append((0.0, min(now, self.duration_s), "idle"))
            now = self._start(now)
        for fault in [f for f in self._faults(end) if f < end]:
            if fault <= now:
                continue  # a fault while it restarts only repeats the restart
            self._train(now, fault)
            self._fall(fault, "fault")
            again = fault + max(job.restart_s, FALL_S)
            self.phases.append((fault + FALL_S, min(again, self.duration_s), "restart"))
            if again >= end:
                now = end
                break
            now = self._start(again)
        if now < end:
            self._train(now, end)
        if job.stop_s > 0.0 and end < self.duration_s:
            self._fall(end, "stop")
            self.phases.append((end + FALL_S, self.duration_s, "idle"))

    def _faults(self, end: float) -> list[float]:
        drawn: list[float] = []
        if self.job.fault_mean_s > 0.0:
            rng, now = stream(self.seed, "faults", 0), self.job.begin_s
            while now < end:
                now += float(rng.exponential(self.job.fault_mean_s))
                drawn.append(now)
        return sorted([*self.job.faults, *drawn])

    def _edge(self, at_s: float, per_gpu_w: float) -> None:
        self.at_s.append(at_s)
        self.power_w.append(self.job.gpus * per_gpu_w)

    def _fall(self, now: float, kind: str) -> None:
        self._edge(now + FALL_S / 2, self.job.idle_w)
        self.phases.append((now, min(now + FALL_S, self.duration_s), kind))

    def _start(self, now: float) -> float:
        job = self.job
        for i in range(job.start_ranks):
            share = (i + 1) / job.start_ranks
            self._edge(now + i * job.start_ramp_s / job.start_ranks, job.idle_w + (job.high_w - job.idle_w) * share)
        self.phases.append((now, min(now + job.start_ramp_s, self.duration_s), "start"))
        return now + job.start_ramp_s

    def _train(self, now: float, stop: float) -> None:
        job, begin = self.job, now
        rng = stream(self.seed, "iterations", len(self.at_s))
        first = job.checkpoint_first_s or job.checkpoint_every_s
        save = now + first if job.checkpoint_every_s > 0.0 else np.inf
        waits = [s for s in job.stalls if now <= s < stop]
        while now < stop:
            length = job.period_s * max(0.2, 1.0 + job.jitter_frac * float(rng.standard_normal()))
            done, end = min(now + length * (1 - job.wait_frac), stop), min(now + length, stop)
            self._edge(now, job.high_w)
            if done < end:
                self._edge(done, job.low_w)
            now = end
            pause, kind = 0.0, ""
            if now >= save:
                pause, kind, save = job.checkpoint_s, "checkpoint", save + job.checkpoint_every_s
            elif waits and now >= waits[0]:
                pause, kind = job.stall_s, "stall"
                waits.pop(0)
            if pause > 0.0 and now < stop:
                self.phases.append((begin, now, "compute"))
                self._edge(now, job.low_w)
                begin = min(now + pause, stop)
                self.phases.append((now, begin, kind))
                now = begin
        if begin < stop:
            self.phases.append((begin, stop, "compute"))
