"""Proofs and last improvements by CP-SAT, which is asked whether there is a schedule of at most T slots.

Lazy clause generation proves bounds that no list search can; the search by lists finds schedules that CP-SAT doesn't.
So it is never asked for a first schedule, only whether a given makespan can be had (a destructive bound: Klein &
Scholl, EJOR 112, 1999): with windows as narrow as that makespan makes them, a "no" is often quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from gigasite.schedule.solver.problem import FINISH_START

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.solver.bounds import Windows
    from gigasite.schedule.solver.pack import Packed
    from gigasite.schedule.solver.problem import Problem
    from gigasite.schedule.solver.shared import Shared

    Ints = NDArray[np.int64]

SLICE_S = 0.5  # first time limit of a question
LONGER = 4  # times longer limits in each round: a proof starts afresh each time, so that few long tries are best


class Model(NamedTuple):
    """A question and its variables: starts, and which mode row of the packed problem each activity takes."""

    model: Any
    starts: list[Any]
    chosen: list[Any]
    """One literal per packed mode; None where an activity has a single one."""


def question(p: Problem, pk: Packed, w: Windows, horizon: int) -> Model:
    """Return the model that asks for a schedule of at most `horizon` slots; a negative window makes it infeasible."""
    model = cp_model.CpModel()
    starts: list[Any] = []
    chosen: list[Any] = []
    spans: list[Any] = []
    ends: list[Any] = []
    for i in range(p.n):
        low, high = int(w.head[i]), int(horizon - w.tail[i])
        start = model.new_int_var(low, max(low, high), "")
        if high < low:
            model.add_bool_or([])
        starts.append(start)
        modes = range(int(pk.mode_ptr[i]), int(pk.mode_ptr[i + 1]))
        if len(modes) == 1:
            size = int(pk.duration[modes[0]])
            spans.append(model.new_fixed_size_interval_var(start, size, ""))
            chosen.append(None)
            ends.append(start + size)
            continue
        end = model.new_int_var(low, horizon, "")
        literals = [model.new_bool_var("") for _ in modes]
        model.add_exactly_one(literals)
        for m, literal in zip(modes, literals, strict=True):
            spans.append(model.new_optional_interval_var(start, int(pk.duration[m]), end, literal, ""))
        chosen += literals
        ends.append(end)
    for (a, z), kind, lag in zip(p.links.tolist(), p.kind.tolist(), p.lag.tolist(), strict=True):
        model.add(starts[z] >= (ends[a] if kind == FINISH_START else starts[a]) + lag)
    _resources(p, pk, model, spans, chosen, horizon)
    return Model(model=model, starts=starts, chosen=chosen)


def _resources(p: Problem, pk: Packed, model: Any, spans: list[Any], chosen: list[Any], horizon: int) -> None:
    row = p.mode_ptr[:-1][_owner(pk)] + pk.original
    demand, use = p.demand[row], p.use[row]
    for r in range(demand.shape[1]):
        rows = np.flatnonzero((demand[:, r] > 0) & (pk.duration > 0)).tolist()
        most = int(p.capacity[r].max())
        blocks = _missing(p.capacity[r], most, horizon)
        held = [model.new_fixed_size_interval_var(a, z - a, "") for a, z, _ in blocks]
        amounts = [int(demand[m, r]) for m in rows] + [q for *_, q in blocks]
        model.add_cumulative([spans[m] for m in rows] + held, amounts, most)
    for k in range(use.shape[1]):
        terms = [int(use[m, k]) * (1 if chosen[m] is None else chosen[m]) for m in range(len(row)) if use[m, k]]
        model.add(sum(terms) <= int(p.total[k]))


def _missing(capacity: Ints, most: int, horizon: int) -> list[tuple[int, int, int]]:
    """Return spells in which a resource has less than its most: from, to, how much is missing."""
    turns = np.concatenate([[0], np.flatnonzero(np.diff(capacity)) + 1, [horizon]])
    out = []
    for a, z in zip(turns[:-1].tolist(), turns[1:].tolist(), strict=True):
        missing = most - int(capacity[min(a, len(capacity) - 1)])
        if missing and a < min(z, horizon):
            out.append((a, min(z, horizon), missing))
    return out


def _owner(pk: Packed) -> Ints:
    return np.repeat(np.arange(len(pk.mode_ptr) - 1), np.diff(pk.mode_ptr))


def ask(shared: Shared, p: Problem, pk: Packed, w: Windows, horizon: int, seconds: float, workers: int) -> str:
    """Ask for a schedule of at most `horizon` slots; tell `shared` what follows; return `yes`, `no` or `open`."""
    q = question(p, pk, w, horizon)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = workers
    solver.parameters.max_time_in_seconds = min(seconds, shared.left_s())
    solver.parameters.random_seed = horizon
    solver.parameters.catch_sigint_signal = False  # Ctrl-C is the caller's
    shared.interrupts.append(solver.stop_search)
    if shared.stop.is_set():
        return "open"
    status = solver.solve(q.model)
    shared.interrupts.remove(solver.stop_search)
    if status in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        starts = np.array([solver.value(s) for s in q.starts], np.int64)
        taken = np.array([m for m, c in enumerate(q.chosen) if c is None or solver.boolean_value(c)], np.int64)
        shared.offer(starts, taken, int((starts + pk.duration[taken]).max()), "CP-SAT")
        return "yes"
    if status == cp_model.INFEASIBLE:
        shared.prove(horizon + 1, "CP-SAT")
        return "no"
    return "open"


def prover(shared: Shared, p: Problem, pk: Packed, w: Windows, *, seconds: float, workers: int) -> None:
    """Close the gap from both sides until it is closed or `seconds` are over.

    Each round asks for one slot less than the best schedule, then bisects the gap for the highest makespan that is
    refused within a quarter of the round's time limit.
    """
    limit, slice_s = shared.elapsed_s() + seconds, SLICE_S
    while shared.left_s() > 0 and shared.elapsed_s() < limit:
        if ask(shared, p, pk, w, shared.makespan - 1, slice_s, workers) != "open":
            continue
        low, high = shared.lower_bound, shared.makespan - 1
        while low < high and shared.left_s() > 0 and shared.elapsed_s() < limit:
            middle = (low + high) // 2
            answer = ask(shared, p, pk, w, middle, slice_s / 4, workers)
            low, high = (middle + 1, high) if answer == "no" else (low, middle)
            high = min(high, shared.makespan - 1)
        slice_s *= LONGER
