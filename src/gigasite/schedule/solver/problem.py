"""The scheduling problem itself: activities, modes, links with lags, resources. Knows neither campus nor file format.

Time is in whole slots. Everything is an array, so that a problem of 100,000 activities costs what its arrays cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.schedule import kernels
from gigasite.schedule.graph import rows, shortest_cycle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

FINISH_START, START_START = 0, 1
MOST_UNITS = 2**60  # of a resource: one lane of a machine word
MOST_SLOTS = 2**31 - 1  # times are kept as 32-bit numbers while searching


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A multi-mode resource-constrained project scheduling problem: finish all activities as early as possible.

    Parameters
    ----------
    name
        Of the project.
    names
        Of the n activities.
    mode_ptr
        (n + 1,): the modes of activity i are rows `mode_ptr[i]` to `mode_ptr[i + 1]`, at least one.
    duration
        (modes,) [slots], >= 0.
    demand
        (modes, R): renewable resources held while the activity runs, >= 0.
    use
        (modes, K): nonrenewable resources used up, >= 0.
    cost_usd
        (modes,) of each mode.
    capacity
        (R, T): renewable resources in slot t; the last column holds for ever.
    total
        (K,): nonrenewable resources.
    links
        (m, 2): predecessor, successor.
    kind, lag
        (m,): `FINISH_START` or `START_START`, and the slots that must lie between, which may be negative.

    Raises
    ------
    InfeasibleError
        A number is negative, the links form a cycle (the message names the shortest), no mode of an activity fits its
        resources, or the nonrenewable resources do not even suffice for the thriftiest modes.
    """

    name: str
    names: tuple[str, ...]
    mode_ptr: Ints
    duration: Ints
    demand: Ints
    use: Ints
    cost_usd: NDArray[np.float64]
    capacity: Ints
    total: Ints
    links: Ints
    kind: Ints
    lag: Ints
    topo: Ints = field(init=False, repr=False)
    """Activities, predecessors first."""

    def __post_init__(self) -> None:
        ptr, idx = rows(self.links[:, 0], self.links[:, 1], self.n)
        waits = np.bincount(self.links[:, 1], minlength=self.n).astype(np.int64)
        topo = kernels.topological(ptr, idx, waits)
        if len(topo) < self.n:
            cycle = " -> ".join(self.names[i] for i in shortest_cycle(ptr, idx, topo))
            raise InfeasibleError(f"the links form a cycle: {cycle}; remove one of them")
        object.__setattr__(self, "topo", topo)
        for _, message in misfits(self):
            raise InfeasibleError(message)

    @property
    def n(self) -> int:
        """Return the number of activities."""
        return len(self.names)

    @property
    def single(self) -> bool:
        """Return whether every activity has one mode."""
        return len(self.duration) == self.n


def misfits(p: Problem) -> list[tuple[int, str]]:
    """Return activities that cannot run at all, -1 for what concerns the whole, each with a message."""
    out: list[tuple[int, str]] = []
    amounts = {"duration": p.duration, "demand": p.demand, "use": p.use, "capacity": p.capacity, "total": p.total}
    out += [(-1, f"a {name} is negative; correct it") for name, value in amounts.items() if (value < 0).any()]
    if p.capacity.max(initial=0) > MOST_UNITS:
        out.append((-1, f"a resource has more than {MOST_UNITS:,} units; count it in larger ones"))
    if int(p.duration.sum()) + int(np.abs(p.lag).sum()) > MOST_SLOTS:
        out.append((-1, f"durations and lags add up to more than {MOST_SLOTS:,} slots; use a coarser time unit"))
    first = p.mode_ptr[:-1]
    over = p.demand > p.capacity[:, -1]
    never = np.flatnonzero(np.logical_and.reduceat(over.any(axis=1), first)) if p.n else first
    for i in never.tolist():
        mode = int(p.mode_ptr[i])
        r = int(np.flatnonzero(over[mode])[0])
        found, limit = int(p.demand[mode, r]), int(p.capacity[r, -1])
        out.append(
            (
                i,
                f"activity {p.names[i]} needs {found} of resource {r + 1}, which has {limit}; raise it",
            )
        )
    if p.n and len(p.total):
        least = np.minimum.reduceat(p.use, first, axis=0).sum(axis=0)
        for k in np.flatnonzero(least > p.total).tolist():
            found, limit = int(least[k]), int(p.total[k])
            text = f"nonrenewable resource {k + 1}: the thriftiest modes use {found}, there are {limit}; raise it"
            out.append((-1, text))
    return out


def plain_problem(
    duration: Ints,
    demand: Ints,
    capacity: Ints,
    links: Ints,
    *,
    lag: Ints | None = None,
    names: tuple[str, ...] = (),
    name: str = "project",
) -> Problem:
    """Return a problem with one mode per activity and finish-start links.

    Parameters
    ----------
    duration, demand, capacity
        (n,) [slots], (n, R), (R,) or (R, T).
    links, lag
        (m, 2), (m,) [slots], default 0.
    names, name
        Of the activities, default numbers from 1; of the project.

    Examples
    --------
    >>> p = plain_problem(np.array([2, 3]), np.array([[1], [1]]), np.array([1]), np.zeros((0, 2), np.int64))
    >>> p.n, p.single
    (2, True)
    """
    n, m, kinds = len(duration), len(links), len(capacity)
    slots = np.size(capacity) // kinds if kinds else 1
    return Problem(
        name=name,
        names=names or tuple(str(i + 1) for i in range(n)),
        mode_ptr=np.arange(n + 1),
        duration=np.asarray(duration, np.int64),
        demand=np.asarray(demand, np.int64).reshape(n, kinds),
        use=np.zeros((n, 0), np.int64),
        cost_usd=np.zeros(n),
        capacity=np.asarray(capacity, np.int64).reshape(kinds, slots),
        total=np.zeros(0, np.int64),
        links=np.asarray(links, np.int64).reshape(m, 2),
        kind=np.full(m, FINISH_START),
        lag=np.zeros(m, np.int64) if lag is None else np.asarray(lag, np.int64),
    )
