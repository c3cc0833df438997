"""How much of the time is training: failures, restarts, checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput:
    """Expected share of time that trains, and what it hangs on."""

    mtbf_s: float
    best_interval_s: float
    ettr_frac: float


def goodput(
    *, nodes: int, failures_per_1000_node_days: float, every_s: float, stall_s: float, restart_s: float
) -> Goodput:
    """Return the expected effective training time ratio.

    E[ETTR] = (1 - n r (u0 + dt/2)) / (1 + w/dt), with n r the failures per second of the whole job, u0 the restart,
    dt the checkpoint interval and w its stall; clipped at 0.

    References
    ----------
    Kokolis et al., arXiv:2410.21680, section on ETTR; best interval: Young 1974, sqrt(2 w / (n r)).

    Examples
    --------
    >>> g = goodput(nodes=2048, failures_per_1000_node_days=3.79, every_s=472, stall_s=10, restart_s=300)
    >>> f"{g.ettr_frac:.3f}"
    '0.932'
    """
    rate = nodes * failures_per_1000_node_days / 1000.0 / 86400.0
    best = math.sqrt(2.0 * stall_s / rate) if rate > 0 else math.inf
    lost = rate * (restart_s + every_s / 2.0)
    ettr = max(0.0, 1.0 - lost) / (1.0 + stall_s / every_s)
    return Goodput(mtbf_s=1.0 / rate if rate else math.inf, best_interval_s=best, ettr_frac=ettr)


def renewal_efficiency(*, period_s: float, checkpoint_s: float, recovery_s: float, down_s: float, mtbf_s: float) -> float:
    """Return the exact share of useful time with exponential failures.

    (T - C) / ((mu + D) e^(R/mu) (e^(T/mu) - 1)), T the period with its checkpoint C.

    References
    ----------
    Aupy et al. 2013.
    """
    gain = period_s - checkpoint_s
    cost = (mtbf_s + down_s) * math.exp(recovery_s / mtbf_s) * math.expm1(period_s / mtbf_s)
    return gain / cost
