"""Solve: a first schedule at once, then better ones until time is over or one is proved the shortest."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from gigasite._core.errors import SolverError
from gigasite._core.progress import SILENT, Progress
from gigasite.schedule.solver import island
from gigasite.schedule.solver.bounds import windows
from gigasite.schedule.solver.check import feasible
from gigasite.schedule.solver.modes import affordable
from gigasite.schedule.solver.modes import evolve as evolve_modes
from gigasite.schedule.solver.pack import packed
from gigasite.schedule.solver.shared import Shared, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from gigasite.schedule.solver.bounds import Windows
    from gigasite.schedule.solver.pack import Packed
    from gigasite.schedule.solver.problem import Problem

    Ints = NDArray[np.int64]

TICK_S = 0.02
PROOF_FROM = 0.05  # share of the time after which proofs begin, at most a second: from a good schedule
PROOF_SHARE = 0.4  # of the time of one worker; afterwards it searches too
SMALL = 100  # activities: up to here proofs often succeed, and one worker goes on until the end
MOST_TO_PROVE = 3000  # activities; the model of more takes longer to build than it helps
FIRST_SLOTS = 4096  # of the time grid; doubled as often as it takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The best schedule found.

    `starts`, `modes` have shape (n,): slots, and index among the activity's own modes. `lower_bound` holds for every
    schedule; `optimal` says that the makespan equals it. `history` holds every improvement.
    """

    starts: Ints
    modes: Ints
    makespan: int
    lower_bound: int
    optimal: bool
    history: tuple[Step, ...]

    @property
    def gap_frac(self) -> float:
        """Return by which share the makespan may be too long: 1 - bound / makespan."""
        return 1.0 - self.lower_bound / self.makespan if self.makespan else 0.0


def solve(  # the settings of one search belong together
    p: Problem,
    *,
    seconds: float,
    seed: int = 1,
    workers: int = 2,
    progress: Progress = SILENT,
    begin: float | None = None,
    interrupt: threading.Event | None = None,
) -> Solution:
    """Schedule a problem in at most `seconds`.

    Parameters
    ----------
    p
        The problem.
    seconds
        Time, > 0 [s].
    seed
        Of the random numbers, >= 0.
    workers
        Threads; of two, one searches by lists and one proves by CP-SAT, which then joins the search.
    progress
        Told about once a second.
    begin
        `time.perf_counter()` at which the seconds began; default now.
    interrupt
        Set from outside, it ends the search at once.

    Returns
    -------
    Solution
        The best so far, checked by `feasible`.

    Raises
    ------
    InfeasibleError
        The nonrenewable resources do not allow any choice of modes that was found.
    SolverError
        A worker failed, or a schedule did not pass the check: a mistake of this program.
    """
    begin = time.perf_counter() if begin is None else begin
    pk = packed(p)
    modes = affordable(pk)
    starts, makespan, slots = island.first(pk, modes, FIRST_SLOTS)
    w = windows(p, pk)
    shared = Shared(starts, modes, makespan, lower_bound=w.least, seconds=seconds, begin=begin)
    _run(shared, _jobs(shared, p, pk, w, slots, seed, workers), progress, interrupt or threading.Event())
    return _solution(p, pk, shared)


def _jobs(
    shared: Shared, p: Problem, pk: Packed, w: Windows, slots: int, seed: int, workers: int
) -> list[Callable[[], None]]:
    """Return what each worker does."""
    modes = shared.modes

    def lists(number: int) -> None:
        rng = island.seeded(seed, number)
        if p.single:
            island.evolve(shared, pk, modes, slots, rng)
        else:
            evolve_modes(shared, pk, slots, rng)

    def proof() -> None:
        from gigasite.schedule.solver import cpsat  # noqa: PLC0415  # half a second, and the lists need none of it

        shared.stop.wait(min(1.0, PROOF_FROM * shared.left_s()))
        share = 1.0 if p.n <= SMALL and workers > 1 else PROOF_SHARE
        cpsat.prover(shared, p, pk, w, seconds=share * shared.left_s(), workers=max(1, workers // 2))

    def both() -> None:
        if p.n <= MOST_TO_PROVE:
            proof()
        lists(1)

    if workers == 1:
        return [both]
    return [partial(lists, 0), both, *(partial(lists, k) for k in range(2, workers - max(0, workers // 2 - 1)))]


def _run(shared: Shared, jobs: list[Callable[[], None]], progress: Progress, interrupt: threading.Event) -> None:
    """Run the jobs in threads (kernels and CP-SAT leave the interpreter to others) until the clock stops them."""
    if shared.stop.is_set():
        return
    total = max(1, round(shared.left_s()))
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job) for job in jobs]
        while shared.left_s() > 0 and not interrupt.is_set() and not all(f.done() for f in running):
            shared.stop.wait(TICK_S)
            if any(f.done() and f.exception() for f in running):
                break
            said = f"best {shared.makespan}, bound {shared.lower_bound}, second"
            progress.step(said, min(round(shared.elapsed_s()), total), total)
        shared.stop.set()
        for halt in list(shared.interrupts):
            halt()
    for f in running:
        error = f.exception()
        if error is not None:
            raise SolverError(f"a worker of the search failed: {type(error).__name__}: {error}") from error


def _solution(p: Problem, pk: Packed, shared: Shared) -> Solution:
    modes = pk.original[shared.modes]
    wrong = feasible(p, shared.starts, modes)
    if wrong:
        raise SolverError(f"the schedule found is not feasible: {wrong[0]}")
    return Solution(
        starts=shared.starts,
        modes=modes,
        makespan=shared.makespan,
        lower_bound=shared.lower_bound,
        optimal=shared.lower_bound == shared.makespan,
        history=tuple(shared.history),
    )
