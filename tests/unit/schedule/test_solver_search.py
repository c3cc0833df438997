"""The search's kernels: always feasible, justification never worse, the same as plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schedule.solver_cases import problem, problems

from gigasite.schedule.solver import Problem, feasible, list_kernels, mode_kernels, modes, plain_problem, search_kernels
from gigasite.schedule.solver import island as islands
from gigasite.schedule.solver.pack import packed
from gigasite.schedule.solver.search_kernels import NEVER
from gigasite.schedule.solver.shared import Shared

if TYPE_CHECKING:
    import pytest

EASY = problems(most=25)
HARD = problems(most=20, lags=True, profile=True)


def listed(p: Problem, seed: int) -> tuple[Any, Any, Any]:
    """Return the kernels' arguments, a random list, work space for starts."""
    pk = packed(p)
    f = islands.fixed(pk, pk.mode_ptr[:-1].copy(), pk.slots)
    order = list_kernels.sample(pk.topo, pk.sptr[0], pk.sidx[0], f.dur, 100, np.array([seed]))
    return f, order, np.zeros(p.n, np.int64)


def serial(f: Any, order: Any, start: Any, *, plain: bool = False) -> int:
    call = search_kernels.generate.py_func if plain else search_kernels.generate
    given_ = (f.dur, f.q, f.guard, f.kind, f.ahead, f.free0, f.free)
    return int(call(order, f.pptr[0], f.pidx[0], f.pw[0], *given_, start))


@given(p=st.one_of(EASY, HARD), seed=st.integers(1, 10**6))
def test_serial_generation_is_feasible_and_nothing_could_start_a_slot_earlier(p: Problem, seed: int) -> None:
    f, order, start = listed(p, seed)
    span = serial(f, order, start)
    none = np.zeros(p.n, np.int64)
    assert feasible(p, start, none) == []
    assert span == int((start + f.dur).max())
    for i in np.flatnonzero(start > 0):
        earlier = start.copy()
        earlier[i] -= 1
        found = feasible(p, earlier, none)
        # with lags a successor may hold only by being late: only what comes before counts here
        assert found or p.duration[i] == 0, f"{i} could start at {earlier[i]}"


@given(p=HARD, seed=st.integers(1, 10**6))
def test_plain_python_generates_the_same(p: Problem, seed: int) -> None:
    f, order, start = listed(p, seed)
    other = start.copy()
    assert serial(f, order, start) == serial(f, order, other, plain=True)
    assert (start == other).all()


@given(p=problems(most=30, profile=True), seed=st.integers(1, 10**6))
def test_remembering_the_first_slot_with_room_changes_nothing(p: Problem, seed: int) -> None:
    f, order, start = listed(p, seed)
    rows, kind = np.unique(f.q, axis=0, return_inverse=True)
    other = start.copy()
    remembered = f._replace(kind=kind.reshape(-1).astype(np.int64), ahead=np.zeros(len(rows), np.int64))
    assert serial(f, order, start) == serial(remembered, order, other)
    assert (start == other).all()


@given(p=st.one_of(EASY, problems(most=20, profile=True), HARD), seed=st.integers(1, 10**6))
def test_justification_is_feasible_and_never_worse(p: Problem, seed: int) -> None:
    f, order, start = listed(p, seed)
    before = serial(f, order, start)
    after = search_kernels.justify(order, *f, start)
    assert after <= before
    assert after == int((start + f.dur).max())
    assert feasible(p, start, np.zeros(p.n, np.int64)) == []


@given(p=EASY, seed=st.integers(1, 10**6))
def test_mirrored_lists_keep_the_order_of_links_and_ties_are_those_of_plain_python(p: Problem, seed: int) -> None:
    f, order, start = listed(p, seed)
    span = serial(f, order, start)
    made = []
    for call in (list_kernels.mirror, list_kernels.mirror.py_func):
        keys, out, count = np.zeros(p.n, np.int32), np.zeros(p.n, np.int32), np.zeros(span + 3, np.int64)
        call(start, f.dur, span, order, f.topo, f.pptr[1], f.pidx[1], f.plain, keys, out, count)
        made.append((keys, out))
    assert (made[0][0] == made[1][0]).all()
    assert (made[0][1] == made[1][1]).all()
    place = np.argsort(made[0][1])
    assert (place[p.links[:, 1]] < place[p.links[:, 0]]).all()


def population(p: Problem, many: int, *, plain: bool = False) -> tuple[Any, Any, Any]:
    f, _, start = listed(p, 1)
    lists, keys = np.zeros((2, many, p.n), np.int32), np.zeros((2, many, p.n), np.int32)
    spans, best = np.full((2, many), NEVER), np.array([NEVER])
    pk, rng = packed(p), np.array([12345])
    search_kernels.populate(lists[1], keys[1], spans[1], pk.sptr[0], pk.sidx[0], 50, rng, *f[:-1])
    call = search_kernels.evolve.py_func if plain else search_kernels.evolve
    for side in (1, 0, 1, 0):
        call(side, 0, many, rng, lists, keys, spans, *f, np.empty_like(f.free), best, start)
    return int(best[0]), start, lists


@settings(max_examples=40)
@given(p=HARD)
def test_evolution_keeps_a_feasible_best_and_lists_that_hold_everyone_once(p: Problem) -> None:
    best, start, lists = population(p, 6)
    assert feasible(p, start, np.zeros(p.n, np.int64)) == []
    assert best == int((start + p.duration).max())
    assert (np.sort(lists, axis=2) == np.arange(p.n)).all()


@settings(max_examples=15)
@given(p=problems(most=8, lags=True, profile=True))
def test_plain_python_evolves_the_same(p: Problem) -> None:
    one, other = population(p, 3), population(p, 3, plain=True)
    assert one[0] == other[0]
    assert all((a == b).all() for a, b in zip(one[1:], other[1:], strict=True))


def evolved(p: Problem, *, plain: bool = False) -> tuple[int, Any, Any]:
    """Breed three generations with modes; return makespan (0 when none was affordable), starts, modes by activity."""
    pk = packed(p)
    n, many = p.n, 5
    lists, keys, chosen = (np.zeros((2, many, n), np.int32) for _ in range(3))
    spans, worth, rng = np.full((2, many), NEVER), np.full((2, many), NEVER), np.array([99])
    free = np.zeros((pk.slots, pk.demand.shape[1]), np.int64)
    pw = (np.empty(len(pk.links), np.int64), np.empty(len(pk.links), np.int64))
    best, start, mode = np.array([NEVER]), np.zeros(n, np.int64), np.zeros(n, np.int64)
    given_: list[Any] = [pk.mode_ptr, pk.duration, pk.demand, pk.use, pk.total, pk.links, pk.kind == 1, pk.lag]
    given_ += [pk.pedge, pk.topo, pk.pptr, pk.pidx, pw, pk.plain, pk.guard, pk.free, free]
    mode_kernels.populate_modes(lists[1], keys[1], chosen[1], spans[1], worth[1], pk.sptr[0], pk.sidx[0], rng, *given_)
    given_ += [pk.ample, np.empty_like(free), best, start, mode]
    call = mode_kernels.evolve_modes.py_func if plain else mode_kernels.evolve_modes
    for side in (1, 0, 1, 0):
        call(side, 0, many, rng, lists, keys, chosen, spans, worth, *given_)
    return (int(best[0]) if best[0] < mode_kernels.PENALTY else 0), start, pk.original[mode]


@settings(max_examples=60)
@given(p=problems(most=8, most_modes=3, lags=True, profile=True))
def test_evolution_with_modes_keeps_a_feasible_best(p: Problem) -> None:
    makespan, start, mode = evolved(p)
    if makespan:
        assert feasible(p, start, mode) == []
        assert makespan == int((start + p.duration[p.mode_ptr[:-1] + mode]).max())


@settings(max_examples=15)
@given(p=problems(most=5, most_modes=3))
def test_plain_python_evolves_modes_the_same(p: Problem) -> None:
    one, other = evolved(p), evolved(p, plain=True)
    assert one[0] == other[0]
    assert (one[1] == other[1]).all()
    assert (one[2] == other[2]).all()


@given(p=problems(most=10, most_modes=4))
def test_the_first_choice_of_modes_is_affordable(p: Problem) -> None:
    pk = packed(p)
    row = modes.affordable(pk)
    assert (pk.use[row].sum(axis=0) <= pk.total).all()
    assert (np.repeat(np.arange(p.n), np.diff(pk.mode_ptr))[row] == np.arange(p.n)).all()


def test_a_choice_that_repair_does_not_find_is_found_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 2^12 choices is affordable, and each single change makes it worse."""
    pairs = [[(1, [], [2**k, 2**12 - 2**k]), (1, [], [0, 2**12])] for k in range(12)]
    total = [1365, 12 * 2**12 - 1365]
    p = problem(pairs, [], total, [])
    monkeypatch.setattr(modes, "TRIES", 0)
    row = modes.affordable(packed(p))
    assert (packed(p).use[row].sum(axis=0) == total).all()


def test_more_resources_than_a_word_holds() -> None:
    """Nine resources of a million units take 189 bits: four words, searched together."""
    rng = np.random.default_rng(4)
    n, kinds = 30, 9
    p = plain_problem(
        rng.integers(1, 9, n),
        rng.integers(0, 10**6, (n, kinds)),
        np.full(kinds, 10**6),
        np.array([[i, i + 10] for i in range(n - 10)]),
    )
    pk = packed(p)
    assert pk.demand.shape[1] > 1
    starts, makespan, _ = islands.first(pk, np.arange(n), 4)
    assert feasible(p, starts, np.zeros(n, np.int64)) == []
    assert makespan == int((starts + p.duration).max())


def test_a_population_starts_again_when_it_has_converged() -> None:
    """Three activities have converged at once; the clock ends it all the same."""
    p = plain_problem(np.array([2, 2, 2]), np.ones((3, 1), np.int64), np.array([2]), np.zeros((0, 2)))
    pk = packed(p)
    import time

    shared = Shared(np.array([0, 2, 4]), np.arange(3), 6, lower_bound=3, seconds=0.3, begin=time.perf_counter())
    islands.evolve(shared, pk, np.arange(3), 100, islands.seeded(1, 0))
    assert shared.makespan == 4
    assert shared.elapsed_s() >= 0.3
