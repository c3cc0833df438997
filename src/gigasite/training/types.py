"""The load that a job lays on the plant, as a value that renders itself at any time step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding

KINDS = "start, compute, communication, checkpoint, stall, fault, restart, stop, idle, measured"

PHASES = Schema(
    "phases",
    (
        Column("start_s", "Float64", ""),
        Column("stop_s", "Float64", ""),
        Column("kind", "String", KINDS),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One optimiser step of the job."""

    step_s: float
    compute_s: float
    communication_s: float
    flop: float
    tokens_per_s: float
    frequency_hz: float
    """Of the power swing = 1 / step time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTrace:
    """Electrical power of the IT load over time, at the racks' inlets.

    A synthetic trace is levels between edges; every edge is spread by the jitter of the ranks (a
    normal distribution of standard deviation `edge_s`). A measured trace is samples with straight
    lines between them. Either renders any window at any step, so that a long job is never held in
    memory whole.

    Parameters
    ----------
    kind
        `edges` or `samples`.
    at_s
        (n,) times of edges or samples [s], ascending.
    power_w
        (n,) level from that edge on, or the sample [W].
    before_w
        Level before the first edge [W].
    edge_s
        Standard deviation of an edge [s]; 0 for samples.
    duration_s
        Length [s].
    resolution_s
        Shortest change that the source can show [s]; for a 1-s averaging meter 1.0. Limits that
        need finer detail cannot be judged on it.
    source
        `synthetic` or the file's name.
    gpus
        GPUs that make this load.
    phases
        Intervals in time order: start [s], stop [s], kind.
    """

    kind: Literal["edges", "samples"]
    at_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    before_w: float
    edge_s: float
    duration_s: float
    resolution_s: float
    source: str
    gpus: int
    phases: tuple[tuple[float, float, str], ...]
    step: Step | None
    findings: tuple[Finding, ...] = ()

    def render(self, start_s: float, stop_s: float, dt_s: float) -> NDArray[np.float64]:
        """Return power [W] at `start_s + k dt_s` for all k with a time before `stop_s`."""
        from gigasite.training.render import render  # noqa: PLC0415  # the maths has its own file

        return render(self, start_s, stop_s, dt_s)

    def means(self, start_s: float, dt_s: float, count: int) -> NDArray[np.float64]:
        """Return the exact mean power [W] of `count` steps of `dt_s` from `start_s` on."""
        from gigasite.training.render import means  # noqa: PLC0415  # the maths has its own file

        return means(self, start_s, dt_s, count)

    def chunks(self, chunk_s: float, dt_s: float) -> Iterator[NDArray[np.float64]]:
        """Yield the whole trace in pieces of about `chunk_s` that join without a seam."""
        count = max(1, round(chunk_s / dt_s))
        total = int(self.duration_s / dt_s + 1e-6)  # 0.3 / 0.1 is 2.9999999999999996
        for first in range(0, total, count):
            last = min(first + count, total)
            yield self.render(first * dt_s, (last - 0.5) * dt_s, dt_s)
