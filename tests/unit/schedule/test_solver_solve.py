"""Solve and its bounds against brute force; the checker; the clock; mistakes of the input."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schedule.solver_cases import campus_like, optimum, planted, problem, problems

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite.schedule.graph import shortest_cycle
from gigasite.schedule.solver import Problem, bound_kernels, cpsat, feasible, island, plain_problem, solve
from gigasite.schedule.solver.bounds import windows
from gigasite.schedule.solver.pack import packed
from gigasite.schedule.solver.shared import Shared

if TYPE_CHECKING:
    from gigasite._core.progress import Progress

SMALL = problems(most=6)
NO_LINKS = np.zeros((0, 2), np.int64)


@settings(max_examples=60)
@given(p=st.one_of(SMALL, problems(most=5, profile=True)))
def test_the_cheap_bound_never_exceeds_the_optimum(p: Problem) -> None:
    w = windows(p, packed(p))
    best = optimum(p)
    assert w.least <= best
    assert (w.head + w.tail <= best).all()


@settings(max_examples=40)
@given(p=problems(most=4, most_modes=3))
def test_the_cheap_bound_holds_for_every_choice_of_modes(p: Problem) -> None:
    assert windows(p, packed(p)).least <= optimum(p)


@settings(max_examples=25)
@given(p=st.one_of(SMALL, problems(most=5, profile=True), problems(most=4, most_modes=3)))
def test_small_problems_are_solved_to_the_proved_optimum(p: Problem) -> None:
    found = solve(p, seconds=20)
    assert found.makespan == found.lower_bound == optimum(p)
    assert found.optimal
    assert feasible(p, found.starts, found.modes) == []


@settings(max_examples=25)
@given(p=problems(most=15, most_modes=3, lags=True, profile=True))
def test_every_answer_is_feasible_and_no_shorter_than_its_bound(p: Problem) -> None:
    """Lags of either sign, start-start links, capacities by slot, modes: `solve` raises if its own check fails."""
    found = solve(p, seconds=0.2, workers=1)
    assert found.lower_bound <= found.makespan
    spans = [step.makespan for step in found.history]
    assert spans == sorted(spans, reverse=True)


def test_gangs_that_do_not_fit_side_by_side_raise_the_bound() -> None:
    """Ten gangs of 8 among 30 people go three at a time: 50 slots of one gang take 17, where people alone say 14."""
    p = plain_problem(np.full(10, 5), np.full((10, 1), 8), np.array([30]), NO_LINKS)
    assert windows(p, packed(p)).least == 17
    mixed = plain_problem(np.full(10, 5), np.array([[8], [9]] * 5), np.array([30]), NO_LINKS)
    assert windows(mixed, packed(mixed)).least == 17
    assert solve(mixed, seconds=20).makespan == 20


def test_energy_counts_between_heads_and_tails() -> None:
    """A chain of 3 before and of 4 behind two workers' worth of 10: 3 + 10 + 4."""
    links = np.array([[0, 1], [0, 2], [1, 3], [2, 3]])
    p = plain_problem(np.array([3, 5, 5, 4]), np.ones((4, 1), np.int64), np.array([1]), links)
    assert windows(p, packed(p)).least == 17


@given(
    head=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    capacity=st.lists(st.integers(1, 4), min_size=1, max_size=5),
)
def test_plain_python_bounds_the_same(head: list[int], capacity: list[int]) -> None:
    heads = np.array(head)
    total = np.concatenate([[0], np.cumsum(capacity)])
    marks, ptr = np.unique(heads), np.arange(len(heads) + 1)
    args = (ptr, heads + 1, heads % 3 + 1, heads, heads[::-1].copy(), marks, marks, total, 3)
    assert bound_kernels.energy(*args) == bound_kernels.energy.py_func(*args)


def test_work_that_can_only_begin_slowly_raises_the_bound() -> None:
    """One of two crews is busy for 10, then four pieces of 5 for both: 10 + 4 x 5 / 2, where all energy says 15."""
    links = np.array([[0, k] for k in range(1, 5)])
    p = plain_problem(np.array([10, 5, 5, 5, 5]), np.ones((5, 1), np.int64), np.array([2]), links)
    assert windows(p, packed(p)).least == 20
    spare = plain_problem(np.array([10, 5, 5, 5, 5, 4]), np.ones((6, 1), np.int64), np.array([2]), links)
    assert windows(spare, packed(spare)).least == 20


def test_the_checker_sees_every_kind_of_fault() -> None:
    p = problem([[(2, [1], [1]), (1, [2], [0])], [(2, [1], [1])]], [[1, 1, 2]], [1], [(0, 1, 0, 1)])
    ok = feasible(p, np.array([2, 4]), np.array([1, 0]))
    assert ok == []
    wrong = [
        (([2, 3], [1, 0]), "a0 -> a1"),
        (([1, 4], [1, 0]), "resource 1, slot 1"),
        (([-1, 4], [0, 0]), "a0"),
        (([0, 4], [0, 0]), "nonrenewable resource 1"),
        (([2, 4], [2, 0]), "a0"),
        (([2], [1]), "schedule"),
    ]
    for (starts, modes), where in wrong:
        found = feasible(p, np.array(starts), np.array(modes))
        assert where in [f.where for f in found], (starts, modes, found)


def test_the_checker_sees_a_capacity_that_falls_while_work_runs() -> None:
    p = plain_problem(np.array([3]), np.array([[2]]), np.array([[2, 1, 2]]), NO_LINKS)
    assert [f.where for f in feasible(p, np.array([0]), np.zeros(1, np.int64))] == ["resource 1, slot 1"]
    assert solve(p, seconds=5).starts.tolist() == [2]


def test_the_same_seed_searches_the_same() -> None:
    """The kernels are deterministic; how far they get is the clock's affair, so that only the population is compared."""
    assert (island.seeded(3, 1) == island.seeded(3, 1)).all()
    assert (island.seeded(3, 1) != island.seeded(3, 2)).all()
    assert (island.seeded(3, 1) != island.seeded(4, 1)).all()


def hard(n: int = 60, seed: int = 1) -> Problem:
    rng = np.random.default_rng(seed)
    links = np.array([[a, a + int(rng.integers(1, 8))] for a in range(n - 8) for _ in range(2)])
    return plain_problem(
        rng.integers(1, 10, n), rng.integers(1, 8, (n, 3)), np.array([10, 11, 12]), np.unique(links, axis=0)
    )


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_clock_ends_the_search(workers: int) -> None:
    p = hard()
    begin = time.perf_counter()
    found = solve(p, seconds=2.0, workers=workers)
    assert found.optimal or time.perf_counter() - begin >= 2.0
    assert found.history[-1].seconds < 20  # not a matter of speed: it does end


def test_an_interrupt_gives_the_best_so_far() -> None:
    interrupt = threading.Event()

    class Impatient:
        def step(self, chapter: str, done: int, total: int, /) -> None:
            assert "best" in chapter
            assert done <= total
            interrupt.set()

    impatient: Progress = Impatient()
    begin = time.perf_counter()
    found = solve(hard(), seconds=300, progress=impatient, interrupt=interrupt)
    assert time.perf_counter() - begin < 100
    assert found.makespan > 0


def test_no_time_left_gives_the_first_schedule() -> None:
    p = hard()
    found = solve(p, seconds=1.0, begin=time.perf_counter() - 5.0)
    assert len(found.history) == 1
    assert found.history[0].by == "first list"


def test_a_failing_worker_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(island, "evolve", broken)
    with pytest.raises(SolverError, match="RuntimeError: broken"):
        solve(hard(), seconds=5)


def test_a_schedule_that_fails_the_check_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    p = plain_problem(np.array([2, 2]), np.ones((2, 1), np.int64), np.array([1]), NO_LINKS)
    monkeypatch.setattr(island, "first", lambda *_: (np.array([0, 0]), 2, 10))
    with pytest.raises(SolverError, match="not feasible"):
        solve(p, seconds=0.1, workers=1, begin=time.perf_counter() - 1)


def test_cpsat_answers_yes_no_and_keeps_what_it_finds() -> None:
    p = plain_problem(np.full(6, 2), np.ones((6, 1), np.int64), np.array([2]), NO_LINKS)
    pk = packed(p)
    shared = Shared(np.arange(6) * 2, np.arange(6), 12, lower_bound=0, seconds=60, begin=time.perf_counter())
    w = windows(p, pk)
    assert cpsat.ask(shared, p, pk, w, 5, 10.0, 1) == "no"
    assert shared.lower_bound == 6
    assert cpsat.ask(shared, p, pk, w, 8, 10.0, 1) == "yes"
    assert shared.makespan <= 8
    assert feasible(p, shared.starts, np.zeros(6, np.int64)) == []


@settings(max_examples=20)
@given(p=problems(most=8, most_modes=2, lags=True, profile=True))
def test_cpsat_and_the_lists_agree_on_what_a_schedule_is(p: Problem) -> None:
    """CP-SAT's model is written apart from the checker: it must find what `solve` found, within that makespan."""
    found = solve(p, seconds=0.3, workers=1)
    pk = packed(p)
    w = windows(p, pk)
    modes = pk.mode_ptr[:-1].copy()
    shared = Shared(found.starts, modes, found.makespan + 1, lower_bound=0, seconds=60, begin=time.perf_counter())
    assert cpsat.ask(shared, p, pk, w, found.makespan, 20.0, 1) == "yes"
    assert feasible(p, shared.starts, pk.original[shared.modes]) == []


def test_a_cycle_is_refused_by_its_shortest_way_round() -> None:
    links = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 2], [3, 4]])
    with pytest.raises(InfeasibleError, match=r"cycle: c -> d -> c; "):
        plain_problem(np.ones(5), np.ones((5, 1)), np.array([1]), links, names=("a", "b", "c", "d", "e"))
    with pytest.raises(InfeasibleError, match=r"cycle: b -> b; "):
        plain_problem(np.ones(2), np.ones((2, 1)), np.array([1]), np.array([[0, 1], [1, 1]]), names=("a", "b"))


def test_a_long_cycle_in_a_large_network_is_found() -> None:
    n = 30_000
    around = np.column_stack([np.arange(n), (np.arange(n) + 1) % n])
    short = np.array([[5, 4]])
    with pytest.raises(InfeasibleError, match=r"cycle: \d -> \d -> \d; "):
        plain_problem(np.ones(n), np.ones((n, 1)), np.array([1]), np.concatenate([around, short]))
    assert shortest_cycle(np.array([0, 0]), np.zeros(0, np.int64), np.array([0])) == []


def test_what_cannot_be_scheduled_is_refused() -> None:
    with pytest.raises(InfeasibleError, match="activity 2 needs 3 of resource 1, which has 2"):
        plain_problem(np.ones(2), np.array([[1], [3]]), np.array([2]), NO_LINKS)
    with pytest.raises(InfeasibleError, match="nonrenewable resource 1: the thriftiest modes use 4, there are 3"):
        problem([[(1, [], [2])], [(1, [], [2]), (1, [], [3])]], [], [3], [])
    with pytest.raises(InfeasibleError, match="no choice of modes"):
        pair = [(1, [], [0, 2]), (1, [], [2, 0])]
        solve(problem([pair, pair], [], [1, 1], []), seconds=1)
    with pytest.raises(InfeasibleError, match="a duration is negative"):
        plain_problem(np.array([-1]), np.zeros((1, 0)), np.zeros(0), NO_LINKS)
    with pytest.raises(InfeasibleError, match="a demand is negative"):
        plain_problem(np.array([1]), np.array([[-1]]), np.array([1]), NO_LINKS)
    with pytest.raises(InfeasibleError, match="count it in larger ones"):
        plain_problem(np.array([1]), np.array([[1]]), np.array([2**61]), NO_LINKS)
    with pytest.raises(InfeasibleError, match="coarser"):
        plain_problem(np.array([2**31 - 1, 5]), np.zeros((2, 0)), np.zeros(0), NO_LINKS)


def test_no_activities_and_no_resources() -> None:
    empty = plain_problem(np.zeros(0), np.zeros((0, 0)), np.zeros(0), NO_LINKS)
    found = solve(empty, seconds=1)
    assert (found.makespan, found.optimal, found.gap_frac) == (0, True, 0.0)
    free = solve(plain_problem(np.array([3, 2]), np.zeros((2, 0)), np.zeros(0), np.array([[0, 1]])), seconds=1)
    assert (free.starts.tolist(), free.optimal) == ([0, 3], True)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2])
def test_ten_thousand_activities_start_within_five_percent_of_the_bound(share: float) -> None:
    """Bound by links, by several crews, by one crew; the first justified list, before any search (measured: 0 to 4 %)."""
    p = campus_like(125, share)
    pk = packed(p)
    starts, makespan, _ = island.first(pk, np.arange(p.n), 4096)
    assert p.n > 9_900
    assert feasible(p, starts, np.zeros(p.n, np.int64)) == []
    assert windows(p, pk).least <= makespan <= 1.05 * windows(p, pk).least


def test_a_hundred_thousand_activities_are_scheduled() -> None:
    p = campus_like(1250, 0.35)
    starts, makespan, _ = island.first(packed(p), np.arange(p.n), 4096)
    assert p.n > 99_000
    assert feasible(p, starts, np.zeros(p.n, np.int64)) == []
    assert makespan <= 1.05 * windows(p, packed(p)).least


def test_lists_go_on_where_a_model_would_be_too_large() -> None:
    """Above 3,000 activities nothing is asked of CP-SAT, and the search still only gets better."""
    p = campus_like(50, 0.5)
    found = solve(p, seconds=1.5)
    assert {step.by for step in found.history} <= {"first list", "lists"}


@pytest.mark.parametrize(("seed", "n"), [(0, 50), (3, 100)])
def test_several_modes_come_within_two_percent_of_a_planted_optimum(seed: int, n: int) -> None:
    """Activities, modes and resources in the size of MMLIB50 and MMLIB100; the planted makespan of 60 is the bound."""
    found = solve(planted(seed, n), seconds=3)
    assert found.lower_bound == 60
    assert found.makespan <= 61
