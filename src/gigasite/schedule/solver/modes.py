"""Several modes per activity: a first affordable choice, and populations that carry modes beside lists."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.schedule.solver import island, mode_kernels
from gigasite.schedule.solver.problem import START_START
from gigasite.schedule.solver.search_kernels import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.solver.pack import Packed
    from gigasite.schedule.solver.shared import Shared

    Ints = NDArray[np.int64]

LARGEST = 500  # larger populations were tried: restarts are worth more
TRIES = 200  # random changes per activity before the exact search is asked


def affordable(pk: Packed) -> Ints:
    """Return one mode per activity (rows of the packed problem) that nonrenewable resources allow.

    The shortest modes, repaired at random where they use too much; where that fails, an exact search.

    Raises
    ------
    InfeasibleError
        No choice of modes is affordable.
    """
    owner = np.repeat(np.arange(len(pk.mode_ptr) - 1), np.diff(pk.mode_ptr))
    order = np.lexsort((np.arange(len(owner)), pk.duration, owner))
    mode = order[pk.mode_ptr[:-1]].astype(np.int32)
    tries = TRIES * len(mode)
    over = mode_kernels.repair(mode, pk.mode_ptr, pk.use, pk.total, tries, island.seeded(0, 0))
    return (_exact(pk, owner) if over else mode).astype(np.int64)


def _exact(pk: Packed, owner: Ints) -> Ints:
    from ortools.sat.python import cp_model  # noqa: PLC0415  # rarely needed, and half a second to import

    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in owner]
    for a, z in zip(pk.mode_ptr[:-1].tolist(), pk.mode_ptr[1:].tolist(), strict=True):
        model.add_exactly_one(taken[a:z])
    for k in range(len(pk.total)):
        model.add(sum(int(u) * t for u, t in zip(pk.use[:, k], taken, strict=True)) <= int(pk.total[k]))
    solver = cp_model.CpSolver()
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        raise InfeasibleError("no choice of modes leaves enough of every nonrenewable resource; raise one of them")
    return np.flatnonzero([solver.boolean_value(t) for t in taken])


def evolve(shared: Shared, pk: Packed, slots: int, rng: Ints) -> None:
    """Evolve populations with modes, one after another, until `shared` stops; as `island.evolve`."""
    best, starts, modes = np.array([shared.makespan]), shared.starts.copy(), shared.modes.copy()
    each_s = 0.0
    while shared.left_s() > 0:
        # the first population is there to learn how long one schedule takes
        many = island.size(shared, each_s, LARGEST) if each_s else island.SMALLEST
        each_s = _population(shared, pk, many, slots, rng, (best, starts, modes), each_s)


def _population(
    shared: Shared,
    pk: Packed,
    many: int,
    slots: int,
    rng: Ints,
    best: tuple[Ints, Ints, Ints],
    each_s: float,
) -> float:
    """Evolve one population; return the seconds that one schedule took."""
    n = len(pk.topo)
    lists, keys, modes = (np.zeros((2, many, n), np.int32) for _ in range(3))
    spans, worth = np.full((2, many), NEVER), np.full((2, many), NEVER)
    free = np.zeros((slots, pk.demand.shape[1]), np.int64)
    pw = (np.empty(len(pk.links), np.int64), np.empty(len(pk.links), np.int64))
    given: list[Any] = [pk.mode_ptr, pk.duration, pk.demand, pk.use, pk.total]
    given += [pk.links, pk.kind == START_START, pk.lag, pk.pedge]
    given += [pk.topo, pk.pptr, pk.pidx, pw, pk.plain, pk.guard, pk.free, free]
    mode_kernels.populate_modes(lists[1], keys[1], modes[1], spans[1], worth[1], pk.sptr[0], pk.sidx[0], rng, *given)
    given += [pk.ample, np.empty_like(free), *best]
    schedules = 0

    def breed(side: int, a: int, z: int) -> None:
        nonlocal schedules
        mode_kernels.evolve_modes(side, a, z, rng, lists, keys, modes, spans, worth, *given)
        schedules += 2 * (z - a)
        if best[0][0] < shared.makespan:
            shared.offer(best[1], best[2], int(best[0][0]), "lists")

    begin = time.thread_time()
    island.converge(shared, breed, worth, best[0], each_s or island.SLICE_S / 20)
    return max((time.thread_time() - begin) / max(schedules, 1), 1e-7)
