"""How much of the time is training: failures, restarts, checkpoints.

Two definitions are kept apart: `ettr_frac` is the share of wall time that trains, checkpoints
counted as loss (Kokolis et al.); `renewal_efficiency` is the same share with exponential failures,
exact for a given period (Aupy et al.).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.optimize import minimize_scalar

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus

REFERENCE_NODES = 2048  # 16,384 GPUs: the job whose failures the Llama 3 paper counts
DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput:
    """Expected share of time that trains, and what it hangs on."""

    mtbf_s: float
    """Mean time between failures of the whole job."""
    best_interval_s: float
    """Young's interval between checkpoints."""
    ettr_frac: float
    findings: tuple[Finding, ...] = ()


def failure_rate_per_s(*, nodes: int, failures_per_1000_node_days: float, alpha: float = 1.0) -> float:
    """Return failures of the whole job per second.

    Parameters
    ----------
    nodes
        Servers of the job.
    failures_per_1000_node_days
        Measured on a job of 2,048 nodes.
    alpha
        Rate grows with nodes to this power; 1: failures are independent. Large jobs see more
        (1.15 is an estimate).

    Examples
    --------
    >>> rate = failure_rate_per_s(nodes=2048, failures_per_1000_node_days=3.79)
    >>> f"{1 / rate / 60:.0f} min"  # Llama 3: 419 failures in 54 days are one per 185.6 min
    '186 min'
    """
    one = failures_per_1000_node_days / 1000.0 / DAY_S
    return one * nodes * float((nodes / REFERENCE_NODES) ** (alpha - 1.0))


def goodput(
    *,
    nodes: int,
    failures_per_1000_node_days: float,
    every_s: float,
    stall_s: float,
    restart_s: float,
    alpha: float = 1.0,
) -> Goodput:
    """Return the expected effective training time ratio.

    E[ETTR] = (1 - r (u0 + dt/2)) / (1 + w/dt), with r the failures per second of the whole job,
    u0 the restart, dt the checkpoint interval and w its stall. Where a job fails before it has
    restarted and saved, the formula falls below 0: it is cut at 0 and a finding says so.

    Parameters
    ----------
    nodes, failures_per_1000_node_days, alpha
        See `failure_rate_per_s`.
    every_s
        Training between checkpoints [s], > 0.
    stall_s
        Time that training waits for one [s].
    restart_s
        From a failure to training again [s].

    Raises
    ------
    InfeasibleError
        The interval is not above zero.

    References
    ----------
    Kokolis et al., arXiv:2410.21680, section on ETTR; best interval: Young 1974, sqrt(2 w / r).

    Examples
    --------
    >>> g = goodput(
    ...     nodes=2048, failures_per_1000_node_days=3.79, every_s=472, stall_s=10, restart_s=300
    ... )
    >>> f"{g.ettr_frac:.3f}"
    '0.932'
    """
    if not every_s > 0.0:
        raise InfeasibleError(f"a checkpoint every {every_s:g} s cannot be: give a time above 0")
    rate = failure_rate_per_s(nodes=nodes, failures_per_1000_node_days=failures_per_1000_node_days, alpha=alpha)
    left = 1.0 - rate * (restart_s + every_s / 2.0)
    return Goodput(
        mtbf_s=1.0 / rate if rate else math.inf,
        best_interval_s=math.sqrt(2.0 * stall_s / rate) if rate else math.inf,
        ettr_frac=max(0.0, left) / (1.0 + stall_s / every_s),
        findings=() if left > 0.0 else (_never(1.0 / rate, restart_s + every_s / 2.0),),
    )


def goodput_of(campus: Campus, gpus: int | None = None, *, alpha: float = 1.0) -> Goodput:
    """Return the goodput of the campus's job on `gpus` GPUs (default: all)."""
    t = campus.training
    count = campus.compute.gpus if gpus is None else gpus
    server = campus.catalogue.servers[campus.compute.server]
    return goodput(
        nodes=-(-count // server.gpus),
        failures_per_1000_node_days=t.failures_per_1000_node_days,
        every_s=t.checkpoint.every_s,
        stall_s=t.checkpoint.stall_s,
        restart_s=t.restart_s,
        alpha=alpha,
    )


def _never(mtbf_s: float, needed_s: float) -> Finding:
    return Finding(
        severity=Severity.error,
        chapter="training",
        where="goodput",
        what="the job fails before it has restarted and saved: it makes no progress",
        limit=f"{mtbf_s:.0f} s between failures",
        found=f"{needed_s:.0f} s to restart and redo half an interval",
        remedy="checkpoint more often, restart faster, or keep spare nodes ready",
    )


def renewal_efficiency(
    *, period_s: float, checkpoint_s: float, recovery_s: float, down_s: float, mtbf_s: float
) -> float:
    """Return the exact share of useful time with exponential failures.

    (T - C) / ((mu + D) e^(R/mu) (e^(T/mu) - 1)).

    Parameters
    ----------
    period_s
        T, work and checkpoint together [s].
    checkpoint_s, recovery_s, down_s, mtbf_s
        C, R, D, mu [s].

    References
    ----------
    Aupy, Robert, Vivien, Zaidouni 2013.
    """
    gain = period_s - checkpoint_s
    cost = (mtbf_s + down_s) * math.exp(recovery_s / mtbf_s) * math.expm1(period_s / mtbf_s)
    return gain / cost


def young_period(*, checkpoint_s: float, mtbf_s: float) -> float:
    """Return Young's period, work and checkpoint [s]: sqrt(2 C mu) + C.

    >>> f"{young_period(checkpoint_s=600, mtbf_s=60150):.0f}"
    '9096'
    """
    return math.sqrt(2.0 * checkpoint_s * mtbf_s) + checkpoint_s


def daly_period(*, checkpoint_s: float, recovery_s: float, down_s: float, mtbf_s: float) -> float:
    """Return Daly's period, work and checkpoint [s]: sqrt(2 C (mu + D + R)) + C.

    >>> f"{daly_period(checkpoint_s=600, recovery_s=600, down_s=60, mtbf_s=60150):.0f}"
    '9142'
    """
    return math.sqrt(2.0 * checkpoint_s * (mtbf_s + down_s + recovery_s)) + checkpoint_s


def first_order_period(*, checkpoint_s: float, recovery_s: float, down_s: float, mtbf_s: float) -> float:
    """Return the first-order optimum of the period [s]: sqrt(2 C (mu - D - R)).

    Raises
    ------
    InfeasibleError
        Down time and recovery are not below the mean time between failures.
    """
    room = mtbf_s - down_s - recovery_s
    if room <= 0.0:
        raise InfeasibleError(
            f"recovery and down time ({recovery_s + down_s:g} s) reach the mean time between "
            f"failures ({mtbf_s:g} s): no period helps"
        )
    return math.sqrt(2.0 * checkpoint_s * room)


def best_period(*, checkpoint_s: float, recovery_s: float, down_s: float, mtbf_s: float) -> float:
    """Return the period that maximises `renewal_efficiency` [s], to about 1e-6 of it."""
    top = checkpoint_s + 20.0 * math.sqrt(2.0 * checkpoint_s * mtbf_s) + mtbf_s

    def loss(period_s: float) -> float:
        return -renewal_efficiency(
            period_s=period_s,
            checkpoint_s=checkpoint_s,
            recovery_s=recovery_s,
            down_s=down_s,
            mtbf_s=mtbf_s,
        )

    found = minimize_scalar(loss, bounds=(checkpoint_s, top), method="bounded", options={"xatol": 1e-6 * top})
    return float(found.x)
