"""Small and campus-sized networks for sampling, without a campus, and random ones with lags."""

from __future__ import annotations

import numpy as np

from gigasite.campus.parts import Risk
from gigasite.schedule import kernels, sampling
from gigasite.schedule.graph import rows
from gigasite.schedule.hazards import Struck, lay
from gigasite.schedule.network import SLOT_H
from gigasite.schedule.solver import Problem


def work(
    hours: list[tuple[float, float, float]],
    links: list[tuple[int, int]] | np.ndarray,
    *,
    crew: list[int] | None = None,
    people: list[int] | None = None,
    capacity: list[int] | None = None,
    keys: list[str] | None = None,
    lag: list[int] | None = None,
    shape: str = "triangular",
    absent: list[int] | None = None,
) -> sampling.Work:
    """Return activities; without keys each has a rate of its own."""
    n = len(hours)
    names = keys or [f"rate {i}" for i in range(n)]
    known = sorted(set(names))
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2)
    return sampling.Work(
        names=[f"activity {i}" for i in range(n)],
        key=np.array([known.index(k) for k in names]),
        key_names=known,
        shapes=[shape] * len(known),
        hours=np.array(hours, dtype=np.float64),
        crew=np.array(crew or [-1] * n),
        people=np.array(people or [0] * n),
        capacity=np.array(capacity or [1]),
        links=pairs,
        lag=np.array(lag if lag is not None else [0] * len(pairs)),
        absent=np.array(absent or [], dtype=np.int64),
    )


def _ends(w: sampling.Work) -> list[bool]:
    """Return which activities are followed by none of the same delivery, link by link."""
    lead = [w.key_names[k].startswith("lead ") for k in w.key]
    followed = {a for a, z in w.links.tolist() if lead[a] and w.key[z] == w.key[a]}
    return [i not in followed for i in range(len(w.names))]


def packed(
    w: sampling.Work,
    risks: dict[str, Risk] | None = None,
    chances: dict[str, float] | None = None,
    order: np.ndarray | None = None,
    seed: int = 1,
) -> sampling.Pack:
    """Pack, in the order of numbers (links must go upwards) unless another is given."""
    n = len(w.names)
    keys = [w.key_names[k] for k in w.key.tolist()]
    at = Struck(
        keys=keys, crews=[""] * n, modes=[""] * n, halls=[1] * n, places=[f"place {i}" for i in range(n)], ends=_ends(w)
    )
    hazards = lay(risks or {}, chances or {}, at, SLOT_H * 3600.0)
    return sampling.pack(w, np.arange(n) if order is None else order, hazards, seed=seed)


def risk(**more: object) -> Risk:
    """Return a risk with a title."""
    given = {"title": "x", "probability_frac": 1.0, "per": "campus"} | more
    return Risk(**given)  # type: ignore[arg-type]


def from_problem(p: Problem, low: float = 0.8, high: float = 1.6) -> tuple[sampling.Work, np.ndarray]:
    """Return a solver's problem of one crew per activity as work, and its longest-chain list; a slot is an hour."""
    crew = np.where(p.demand.any(axis=1), p.demand.argmax(axis=1), -1)
    hours = p.duration[:, None] * np.array([low, 1.0, high])
    w = sampling.Work(
        names=p.names,
        key=np.arange(p.n) % 12,
        key_names=[f"rate {i}" for i in range(12)],
        shapes=["triangular"] * 12,
        hours=hours,
        crew=crew,
        people=p.demand.max(axis=1),
        capacity=p.capacity[:, -1],
        links=p.links,
        lag=p.lag,
        absent=np.zeros(0, np.int64),
    )
    ptr, idx = rows(p.links[:, 0], p.links[:, 1], p.n)
    tail = kernels.latest(p.topo, ptr, idx, p.duration)
    rank = np.empty(p.n, np.int64)
    rank[p.topo] = np.arange(p.n)
    return w, np.lexsort((rank, -tail))


def random_work(rng: np.random.Generator, n: int, *, negative: bool = False) -> sampling.Work:
    """Return a random network with lags, three crews and links that go upwards."""
    pairs = [(i, j) for j in range(n) for i in range(j) if rng.random() < 1.5 / n]
    likely = rng.integers(0, 30, n) * SLOT_H
    crew = rng.integers(-1, 3, n).tolist()
    capacity = rng.integers(2, 6, 3).tolist()
    people = [int(rng.integers(1, capacity[c] + 1)) if c >= 0 else 0 for c in crew]
    lag = rng.integers(-3 if negative else 0, 8, len(pairs)).tolist()
    three = [(0.5 * x, x, 2.0 * x) for x in likely.tolist()]
    return work(three, pairs, crew=crew, people=people, capacity=capacity, lag=lag)
