"""Random problems for the solver's tests, and the optimum by brute force."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from gigasite.schedule.solver import Problem, plain_problem
from gigasite.schedule.solver.check import feasible

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


CREWS = {
    "civil": 24,
    "electrician": 40,
    "hv": 12,
    "pipe": 30,
    "mechanical": 12,
    "rack": 24,
    "fibre": 60,
    "copper": 20,
    "network": 24,
    "commissioning": 16,
    "flush": 6,
}


class _Campus:
    """Activities and links of a made-up campus, trade by trade."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.parts: list[np.ndarray] = []
        self.links: list[np.ndarray] = []
        self.count = 0

    def add(self, count: int, crew: str, gang: int, hours: float) -> np.ndarray:
        ids = np.arange(self.count, self.count + count)
        self.count += count
        dur = np.maximum(1, np.rint(hours * (0.7 + 0.6 * self.rng.random(count))))
        which = list(CREWS).index(crew) if crew else -1
        self.parts.append(np.column_stack([dur, np.full(count, which), np.full(count, gang)]).astype(np.int64))
        return ids

    def link(self, a: np.ndarray, z: np.ndarray) -> None:
        self.links.append(np.column_stack(np.broadcast_arrays(a, z)))


def campus_like(arrays: int, share: float = 1.0, seed: int = 1) -> Problem:
    """Return a network like a campus's: 80 activities an array of eight racks, 1.8 links each, 11 crews, hours.

    Crews grow with the arrays, so that large campuses take as long as small ones; `share` of them makes it crew-bound.
    """
    c = _Campus(seed)
    hall, row = np.arange(arrays) // 25, np.arange(8 * arrays) // 8
    site = [c.add(1, "civil", 8, 24) for _ in range(4)]
    for a, z in zip(site, site[1:], strict=False):
        c.link(a, z)
    clear = c.add(hall.max() + 1, "civil", 8, 16)
    c.link(site[-1], clear)
    mains, bays = c.add(len(clear), "pipe", 10, 60), c.add(len(clear), "hv", 8, 40)
    plant = c.add(len(clear), "mechanical", 4, 24)
    c.link(clear, mains)
    c.link(clear, bays)
    c.link(mains, plant)
    unit, bus = c.add(arrays, "hv", 4, 6), c.add(arrays, "electrician", 4, 16)
    c.link(bays[hall], unit)
    c.link(unit, bus)
    branch, flush, hold = c.add(arrays, "pipe", 4, 16), c.add(arrays, "flush", 1, 12), c.add(arrays, "", 0, 24)
    c.link(mains[hall], branch)
    c.link(branch, flush)
    c.link(flush, hold)
    trunk, switch = c.add(arrays, "fibre", 4, 8), c.add(arrays, "network", 2, 6)
    c.link(clear[hall], trunk)
    c.link(trunk, switch)
    place = c.add(8 * arrays, "rack", 4, 2)
    c.link(clear[hall][row], place)
    power, hose, leak = (c.add(8 * arrays, crew, g, h) for crew, g, h in _RACK)
    for a, z in ((place, power), (bus[row], power), (place, hose), (hold[row], hose), (hose, leak)):
        c.link(a, z)
    c.link(plant[hall][row], leak)
    fibre, copper = c.add(8 * arrays, "fibre", 4, 8), c.add(8 * arrays, "copper", 1, 6)
    on, firmware, burn = (c.add(8 * arrays, crew, g, h) for crew, g, h in _BRINGUP)
    test = c.add(arrays, "commissioning", 2, 4)
    for a, z in ((place, fibre), (trunk[row], fibre), (place, copper), (power, on), (leak, on), (copper, on)):
        c.link(a, z)
    for a, z in ((on, firmware), (firmware, burn), (burn, test[row]), (fibre, test[row]), (switch, test)):
        c.link(a, z)
    table = np.concatenate(c.parts)
    demand = np.zeros((c.count, len(CREWS)), np.int64)
    held = np.flatnonzero(table[:, 1] >= 0)
    demand[held, table[held, 1]] = table[held, 2]
    capacity = np.maximum(np.rint(np.array(list(CREWS.values())) * share * arrays / 25), demand.max(axis=0))
    return plain_problem(table[:, 0], demand, capacity, np.concatenate(c.links))


_RACK = (("electrician", 2, 4.0), ("pipe", 2, 4.0), ("mechanical", 1, 3.0))
_BRINGUP = (("commissioning", 2, 1.0), ("", 0, 4.0), ("", 0, 24.0))


def planted(seed: int, n: int = 50, span: int = 60, most: int = 20) -> Problem:
    """Return a multi-mode problem in the size of MMLIB50 whose shortest makespan is `span`.

    A rectangle of `span` slots by `most` units is cut into n pieces, the first mode of each activity: they fill resource 1
    to the last unit, and links follow their order. Other modes take no less of it in unit-slots, so that nothing is
    shorter than `span`; they are thriftier with one of the nonrenewable resources and wasteful with the other, of which there
    is just enough for the first modes and a little more.
    """
    rng = np.random.default_rng(seed)
    pieces = [(0, span, 0, most)]
    while len(pieces) < n:
        k = int(rng.choice(len(pieces), p=_areas(pieces)))
        t0, t1, u0, u1 = pieces[k]
        along = rng.random() < (t1 - t0) / (t1 - t0 + 2 * (u1 - u0))
        if (along and t1 - t0 >= 4) or u1 - u0 < 2:
            cut = int(rng.integers(t0 + 1, t1)) if t1 - t0 > 1 else t0
            halves = [(t0, cut, u0, u1), (cut, t1, u0, u1)]
        else:
            cut = int(rng.integers(u0 + 1, u1))
            halves = [(t0, t1, u0, cut), (t0, t1, cut, u1)]
        if all(a < b and c < d for a, b, c, d in halves):
            pieces[k : k + 1] = halves
    pieces.sort()
    modes = []
    for t0, t1, u0, u1 in pieces:
        d, q = t1 - t0, u1 - u0
        own = (d, [q, int(rng.integers(1, 8))], [int(rng.integers(3, 9)), int(rng.integers(3, 9))])
        others = []
        for side in range(2):
            thin = max(1, q - int(rng.integers(1, 4)))
            slow = -(-d * q // thin) + int(rng.integers(1, 4))
            use = [own[2][0] - 2, own[2][1] + 2] if side else [own[2][0] + 2, own[2][1] - 2]
            others.append((slow, [thin, int(rng.integers(1, 8))], use))
        modes.append([own, *others])
    links = [
        (i, j, 0, 0) for j in range(n) for i in range(j) if pieces[i][1] <= pieces[j][0] and rng.random() < 3.0 / n
    ]
    total = [sum(of[0][2][k] for of in modes) + 3 for k in range(2)]
    # the second renewable never binds the planted schedule
    second = max(sum(m[0][1][1] for m, p in zip(modes, pieces, strict=True) if p[0] <= t < p[1]) for t in range(span))
    made = problem(modes, [[most], [second]], total, links)
    starts = np.array([p[0] for p in pieces])
    assert feasible(made, starts, np.zeros(n, np.int64)) == []
    return made


def _areas(pieces: list[tuple[int, int, int, int]]) -> np.ndarray:
    area = np.array([(b - a) * (d - c) for a, b, c, d in pieces], dtype=np.float64)
    return area / area.sum()
