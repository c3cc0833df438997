"""Random problems for the solver's tests, and the optimum by brute force."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from gigasite.schedule.solver import Problem

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn


def problem(
    modes: list[list[tuple[int, list[int], list[int]]]],
    capacity: list[list[int]],
    total: list[int],
    links: list[tuple[int, int, int, int]],
) -> Problem:
    """Make a problem: per activity its modes (duration, demand, use); links are (before, after, kind, lag)."""
    rows = [m for of in modes for m in of]
    table = np.array(links, np.int64).reshape(-1, 4)
    return Problem(
        name="case",
        names=tuple(f"a{i}" for i in range(len(modes))),
        mode_ptr=np.concatenate([[0], np.cumsum([len(of) for of in modes])]).astype(np.int64),
        duration=np.array([m[0] for m in rows], np.int64),
        demand=np.array([m[1] for m in rows], np.int64).reshape(len(rows), len(capacity)),
        use=np.array([m[2] for m in rows], np.int64).reshape(len(rows), len(total)),
        cost_usd=np.zeros(len(rows)),
        capacity=np.array(capacity, np.int64).reshape(len(capacity), len(capacity[0]) if capacity else 1),
        total=np.array(total, np.int64),
        links=table[:, :2],
        kind=table[:, 2],
        lag=table[:, 3],
    )


@st.composite
def problems(
    draw: DrawFn, most: int = 12, most_modes: int = 1, *, lags: bool = False, profile: bool = False, most_kinds: int = 3
) -> Problem:
    """Draw a feasible problem."""
    n = draw(st.integers(1, most))
    kinds = draw(st.integers(0, most_kinds))
    spent = draw(st.integers(0, 2)) if most_modes > 1 else 0
    spells = draw(st.integers(1, 12)) if profile else 1
    most_capacity = draw(st.sampled_from([3, 6, 1000, 10**6]))
    last = [draw(st.integers(1, most_capacity)) for _ in range(kinds)]
    capacity = [[*draw(st.lists(st.integers(0, c), min_size=spells - 1, max_size=spells - 1)), c] for c in last]
    modes = []
    for _ in range(n):
        count = draw(st.integers(1, most_modes))
        modes.append(
            [
                (
                    draw(st.integers(0, 6)),
                    [draw(st.integers(0, c)) for c in last],
                    [draw(st.integers(0, 5)) for _ in range(spent)],
                )
                for _ in range(count)
            ]
        )
    total = [sum(max(m[2][k] for m in of) for of in modes) - draw(st.integers(0, 3)) for k in range(spent)]
    total = [max(t, sum(of[0][2][k] for of in modes)) for k, t in enumerate(total)]  # the first modes are affordable
    ids = st.integers(0, n - 1)
    pairs = {(min(p), max(p)) for p in draw(st.lists(st.tuples(ids, ids), max_size=2 * n)) if p[0] != p[1]}
    kind = st.integers(0, 1) if lags else st.just(0)
    lag = st.integers(-2, 4) if lags else st.just(0)
    return problem(modes, capacity, total, [(a, z, draw(kind), draw(lag)) for a, z in sorted(pairs)])


def optimum(p: Problem) -> int:
    """Return the shortest makespan: some serial schedule of some list is one (Sprecher, Kolisch & Drexl 1995).

    Plain Python on purpose: shares nothing with the kernels. For finish-start links with lags of at least 0.
    """
    best = 10**9
    count = np.diff(p.mode_ptr)
    before = [[(int(a), int(g)) for (a, z), g in zip(p.links, p.lag, strict=True) if z == i] for i in range(p.n)]
    for choice in product(*(range(c) for c in count)):
        row = p.mode_ptr[:-1] + np.array(choice, np.int64)
        if (p.use[row].sum(axis=0) > p.total).any() or (p.demand[row] > p.capacity[:, -1]).any():
            continue
        for order in permutations(range(p.n)):
            place = {i: k for k, i in enumerate(order)}
            if all(place[a] < place[i] for i in range(p.n) for a, _ in before[i]):
                best = min(best, _serial(p, order, row, before))
    return best


def _serial(p: Problem, order: tuple[int, ...], row: np.ndarray, before: list[list[tuple[int, int]]]) -> int:
    used: dict[int, np.ndarray] = {}
    finish: dict[int, int] = {}
    last = p.capacity.shape[1] - 1
    for i in order:
        d, q = int(p.duration[row[i]]), p.demand[row[i]]
        t = max((finish[a] + g for a, g in before[i]), default=0)
        while any((used.get(u, 0) + q > p.capacity[:, min(u, last)]).any() for u in range(t, t + d)):
            t += 1
        for u in range(t, t + d):
            used[u] = used.get(u, 0) + q
        finish[i] = t + d
    return max(finish.values())
