"""Each kernel: feasible, earliest, the same as plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.schedule import kernels
from gigasite.schedule.graph import rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

GRID = 2000


@dataclass
class Net:
    links: Any
    dur: Any
    crew: Any
    people: Any
    capacity: Any

    def __post_init__(self) -> None:
        n = len(self.dur)
        self.ptr, self.idx = rows(self.links[:, 0], self.links[:, 1], n)
        self.pptr, self.pidx = rows(self.links[:, 1], self.links[:, 0], n)
        self.order = kernels.topological(self.ptr, self.idx, np.diff(self.pptr))
        pairs = np.column_stack([self.crew, self.people])
        self.kind = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    def generate(self, *, plain: bool = False, grid: int = GRID) -> Any:
        call = kernels.generate.py_func if plain else kernels.generate
        return call(
            self.order,
            self.pptr,
            self.pidx,
            self.dur,
            self.crew,
            self.people,
            self.kind,
            int(self.kind.max()) + 1,
            self.capacity,
            grid,
        )

    def check_args(self, start: Any) -> tuple[Any, ...]:
        return self.links.tolist(), start, self.dur, self.crew, self.people, self.capacity


@st.composite
def nets(draw: DrawFn) -> Net:
    n = draw(st.integers(1, 30))
    ids = st.integers(0, n - 1)
    pairs = draw(st.lists(st.tuples(ids, ids), max_size=60))
    links = sorted({(min(p), max(p)) for p in pairs if p[0] != p[1]})
    whole = {"min_size": n, "max_size": n}
    capacity = np.array(draw(st.lists(st.integers(1, 6), min_size=3, max_size=3)))
    crew = np.array(draw(st.lists(st.integers(-1, 2), **whole)))
    share = np.array(draw(st.lists(st.integers(1, 6), **whole)))
    return Net(
        links=np.array(links, dtype=np.int64).reshape(-1, 2),
        dur=np.array(draw(st.lists(st.integers(0, 9), **whole))),
        crew=crew,
        people=np.where(crew >= 0, np.minimum(share, capacity[crew]), 0),
        capacity=capacity,
    )


@given(net=nets())
def test_every_schedule_is_feasible_and_nothing_could_start_a_slot_earlier(net: Net, check: Callable[..., Any]) -> None:
    start = net.generate()
    assert check(*net.check_args(start)) == []
    for i in np.flatnonzero(start > 0):
        earlier = start.copy()
        earlier[i] -= 1
        assert check(*net.check_args(earlier)), f"{i} could start at {earlier[i]}"


def test_the_checker_sees_broken_links_and_overfull_crews(check: Callable[..., Any]) -> None:
    two = ([2, 2], [0, 0], [1, 1], [1])
    assert check([], [0, 2], *two) == []
    assert check([(0, 1)], [0, 1], *two) == [("link", 0, 1), ("crew", 0, 1)]
    assert check([], [0, 1], *two) == [("crew", 0, 1)]


@given(net=nets())
def test_without_crews_starts_are_the_longest_chains_before(net: Net) -> None:
    net.crew[:] = -1
    start = net.generate()
    backwards = kernels.latest(net.order[::-1].copy(), net.pptr, net.pidx, net.dur)
    assert (start == backwards - net.dur).all()


@given(net=nets())
def test_plain_python_agrees(net: Net) -> None:
    start = net.generate()
    assert (start == net.generate(plain=True)).all()
    waits = np.diff(net.pptr)
    by_start = np.lexsort((np.arange(len(start)), start)).astype(np.int64)
    path = (net.pptr, net.pidx, start, net.dur, np.full(len(start), -1), np.zeros(0, np.int64), np.zeros(1, np.int64))
    calls = [
        (kernels.topological, (net.ptr, net.idx, waits)),
        (kernels.latest, (net.order, net.ptr, net.idx, net.dur)),
        (kernels.waves, (net.order, net.ptr, net.idx, net.dur)),
        (kernels.handovers, (by_start, start, net.dur, net.crew, net.people, net.capacity)),
        (kernels.latest_finish, (net.order, net.ptr, net.idx, net.dur, start + net.dur)),
        (kernels.driving, (int(np.argmax(start)), *path)),
    ]
    for compiled, given_ in calls:
        assert (compiled(*given_) == compiled.py_func(*given_)).all()


def resumed(net: Net, early: Any, *, plain: bool = False) -> Any:
    call = kernels.resume.py_func if plain else kernels.resume
    return call(net.order, net.pptr, net.pidx, net.dur, early, net.crew, net.people, net.capacity, GRID)


@given(net=nets(), later=st.integers(0, 20))
def test_what_is_resumed_from_the_start_is_what_was_generated(net: Net, later: int) -> None:
    """And from a later day all of it is later by as much."""
    none = np.zeros(len(net.dur), np.int64)
    finish = net.generate() + net.dur
    assert (resumed(net, none) == finish).all()
    assert (resumed(net, none, plain=True) == finish).all()
    assert (resumed(net, none + later) == finish + later).all()


@given(net=nets(), seed=st.integers(0, 2**32 - 1))
def test_following_keeps_links_unless_they_are_over(net: Net, seed: int) -> None:
    """Nothing goes on before what it waits for; begun work waits for no hand-over, fixed work for nothing."""
    rng = np.random.default_rng(seed)
    n = len(net.dur)
    begun, early = rng.integers(0, 3, n), rng.integers(0, 30, n)
    left = np.where(begun == 2, 0, net.dur)
    soft = rng.random(len(net.pidx)) < 0.5
    given_ = (net.order, net.pptr, net.pidx, soft, begun, left, early)
    finish = kernels.follow(*given_)
    assert (finish == kernels.follow.py_func(*given_)).all()
    for i in range(n):
        holds = [
            net.pidx[k] for k in range(net.pptr[i], net.pptr[i + 1]) if begun[i] == 0 or (begun[i] == 1 and not soft[k])
        ]
        assert finish[i] == max([early[i], *(finish[p] for p in holds)]) + left[i]


@given(net=nets())
def test_earliest_and_latest_starts(net: Net) -> None:
    offset = net.dur[np.repeat(np.arange(len(net.dur)), np.diff(net.ptr))]
    early, late = kernels.passes(net.order, net.ptr, net.idx, offset, net.dur)
    again = kernels.passes.py_func(net.order, net.ptr, net.idx, offset, net.dur)
    assert (early == again[0]).all()
    assert (late == again[1]).all()
    free = Net(net.links, net.dur, np.full(len(net.dur), -1), net.people, net.capacity)
    assert (early == free.generate()).all()
    tail = kernels.latest(net.order, net.ptr, net.idx, net.dur)
    assert (late == (early + net.dur).max() - tail).all()


@given(net=nets())
def test_handovers_and_links_alone_rebuild_the_schedule(net: Net) -> None:
    """So floats that are counted with them are right: crews are not needed any more."""
    start = net.generate()
    n = len(start)
    by_start = np.lexsort((np.arange(n), start)).astype(np.int64)
    over = kernels.handovers(by_start, start, net.dur, net.crew, net.people, net.capacity)
    assert (start[over[:, 1]] >= start[over[:, 0]] + net.dur[over[:, 0]]).all()
    got = np.bincount(over[:, 1], minlength=n)
    assert (got <= net.people).all()
    free = Net(np.unique(np.concatenate([net.links, over]), axis=0), net.dur, np.full(n, -1), net.people, net.capacity)
    assert (free.generate() == start).all()


def test_a_cycle_leaves_the_topological_order_short() -> None:
    links = np.array([[0, 1], [1, 2], [2, 1]])
    ptr, idx = rows(links[:, 0], links[:, 1], 3)
    assert kernels.topological(ptr, idx, np.array([0, 2, 1])).tolist() == [0]


def test_two_people_serve_three_tasks_one_after_the_other() -> None:
    net = Net(
        np.zeros((0, 2), np.int64), np.array([4, 4, 4]), np.zeros(3, np.int64), np.ones(3, np.int64), np.array([2])
    )
    assert net.generate().tolist() == [0, 0, 4]


def test_a_gap_is_used_only_when_the_whole_task_fits() -> None:
    """Task 2 of 3 slots waits behind task 1: the gap before it is 2 slots; task 3 of 2 slots takes the gap."""
    links = np.array([[0, 1]])
    net = Net(links, np.array([2, 5, 3, 2]), np.array([-1, 0, 0, 0]), np.array([0, 1, 1, 1]), np.array([1]))
    net.order = np.array([0, 1, 2, 3])
    assert net.generate().tolist() == [0, 2, 7, 0]


@pytest.mark.parametrize("factor", [2, 5])
def test_on_a_chain_the_end_grows_with_the_durations(factor: int) -> None:
    links = np.column_stack([np.arange(9), np.arange(1, 10)])
    dur = np.arange(1, 11)
    ones = np.ones(10, np.int64)
    ends = [int((Net(links, d, ones * 0, ones, np.array([1])).generate() + d).max()) for d in (dur, factor * dur)]
    assert ends == [dur.sum(), factor * dur.sum()]
