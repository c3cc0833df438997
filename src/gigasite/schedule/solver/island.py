"""One population that evolves until the clock or the bound stops it, and starts afresh when it has converged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigasite.schedule.solver import list_kernels, search_kernels
from gigasite.schedule.solver.pack import weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gigasite.schedule.solver.pack import Packed
    from gigasite.schedule.solver.shared import Shared

    Ints = NDArray[np.int64]

SLICE_S = 0.05  # a call of the kernel lasts about this long: the clock is looked at in between
SMALLEST, LARGEST = 20, 8000
GENERATIONS = 125  # a population has converged after about this many (measured on J120: 90 to 150)
PATIENCE = 25  # generations without a better best or mean
MANY_ALIKE = 10  # activities per demand from which it pays to remember where the first slot with room is
MOST_DISTURBED = 100  # percent by which durations of a random list are disturbed at most


class Fixed(NamedTuple):
    """A problem whose modes are chosen: what the kernels take, and their work space."""

    topo: Ints
    pptr: tuple[Ints, Ints]
    pidx: tuple[Ints, Ints]
    pw: tuple[Ints, Ints]
    plain: bool
    dur: Ints
    q: Ints
    guard: Ints
    kind: Ints
    ahead: Ints
    free0: Ints
    free: Ints
    ample: Ints


def fixed(pk: Packed, modes: Ints, slots: int) -> Fixed:
    """Choose modes (rows of the packed problem) and make a time grid of `slots`."""
    dur = pk.duration[modes]
    q = pk.demand[modes]
    free = np.zeros((min(slots, pk.slots), q.shape[1]), np.int64)
    rows, kind = np.unique(q, axis=0, return_inverse=True)
    kind = kind.reshape(-1).astype(np.int64)
    ahead = np.zeros(len(rows) if len(rows) * MANY_ALIKE <= len(q) else 0, np.int64)
    links = weights(pk, dur)
    return Fixed(pk.topo, pk.pptr, pk.pidx, links, pk.plain, dur, q, pk.guard, kind, ahead, pk.free, free, pk.ample)


def first(pk: Packed, modes: Ints, slots: int, order: NDArray[np.int32] | None = None) -> tuple[Ints, int, int]:
    """Return starts, makespan and the length of the time grid of a justified first schedule.

    Parameters
    ----------
    pk, modes
        The problem; rows of its modes, one per activity.
    slots
        Time grid to begin with; doubled until the schedule fits.
    order
        List to begin with, predecessors first; default longest chain first.
    """
    while True:
        f = fixed(pk, modes, slots)
        if order is None:  # nothing disturbed: no random number is used
            order = list_kernels.sample(pk.topo, pk.sptr[0], pk.sidx[0], f.dur, 0, np.ones(1, np.int64))
        starts = np.zeros(len(modes), np.int64)
        span = search_kernels.justify(order, *f, starts)
        if span < search_kernels.NEVER:
            return starts, int(span), len(f.free)
        slots *= 2


def seeded(seed: int, island: int) -> Ints:
    """Return the state of the kernels' random numbers, never 0."""
    state = np.random.SeedSequence([seed, island]).generate_state(1, np.uint64)
    return (state >> np.uint64(1)).astype(np.int64) | 1


def evolve(shared: Shared, pk: Packed, modes: Ints, slots: int, rng: Ints) -> None:
    """Evolve populations, one after another, until `shared` stops.

    Parameters
    ----------
    shared, pk
        Where schedules go; the problem.
    modes
        Rows of the packed problem, one per activity.
    slots
        Time grid: schedules that are longer are dropped.
    rng
        From `seeded`.
    """
    f = fixed(pk, modes, slots)
    best = np.array([shared.makespan], np.int64)
    starts = shared.starts.copy()
    each_s = _probe(f, pk, rng)
    while shared.left_s() > 0:
        _population(shared, pk, f, size(shared, each_s, LARGEST), (best, starts, modes), rng, each_s)


def _probe(f: Fixed, pk: Packed, rng: Ints) -> float:
    """Return the seconds that one schedule takes."""
    start = np.zeros(len(f.dur), np.int64)
    order = list_kernels.sample(pk.topo, pk.sptr[0], pk.sidx[0], f.dur, 50, rng)
    begin, runs = time.perf_counter(), 0
    while runs < 3 or time.perf_counter() - begin < 0.002:
        search_kernels.generate(
            order, f.pptr[0], f.pidx[0], f.pw[0], f.dur, f.q, f.guard, f.kind, f.ahead, f.free0, f.free, start
        )
        runs += 1
    return 1.5 * (time.perf_counter() - begin) / runs  # crossing and sorting take about half of generating


def _population(
    shared: Shared, pk: Packed, f: Fixed, many: int, best: tuple[Ints, Ints, Ints], rng: Ints, each_s: float
) -> None:
    """Evolve one population of `many` until it converges or time is over; `best`: makespan, starts, modes."""
    makespan, starts, modes = best
    n = len(f.dur)
    lists, keys = np.zeros((2, many, n), np.int32), np.zeros((2, many, n), np.int32)
    spans = np.full((2, many), search_kernels.NEVER)
    flipped = np.empty_like(f.free)

    def breed(side: int, a: int, z: int) -> None:
        search_kernels.evolve(side, a, z, rng, lists, keys, spans, *f, flipped, makespan, starts)
        if makespan[0] < shared.makespan:
            shared.offer(starts, modes, int(makespan[0]), "lists")

    search_kernels.populate(lists[1], keys[1], spans[1], pk.sptr[0], pk.sidx[0], MOST_DISTURBED, rng, *f[:-1])
    converge(shared, breed, spans, makespan, each_s)


def converge(shared: Shared, breed: Callable[[int, int, int], None], worth: Ints, best: Ints, each_s: float) -> None:
    """Call `breed(side, first, last)` by generations until neither `best` nor the mean of `worth` gets better."""
    chunk = max(1, int(SLICE_S / (2 * each_s)))
    side, mean, since = 1, np.inf, 0
    many = worth.shape[1]
    while since < PATIENCE:
        before = int(best[0])
        for a in range(0, many, chunk):
            if shared.left_s() <= 0:
                return
            breed(side, a, min(a + chunk, many))
        side = 1 - side
        now = float(worth[side].mean())
        since = 0 if best[0] < before or now < mean - 1e-3 else since + 1
        mean = min(mean, now)


def size(shared: Shared, each_s: float, most: int) -> int:
    """Return the largest population up to `most` that will have converged when time is over."""
    return int(np.clip(shared.left_s() / each_s / (2 * GENERATIONS), SMALLEST, most))
