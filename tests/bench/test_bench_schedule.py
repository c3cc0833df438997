"""The solver's gaps and speed, recorded: our search beside plain CP-SAT in one run, and campus-sized networks."""

from __future__ import annotations

import csv
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ortools.sat.python import cp_model
from tests.unit.schedule.risk_cases import from_problem
from tests.unit.schedule.risk_cases import packed as pack_work
from tests.unit.schedule.solver_cases import campus_like

from gigasite.schedule import crew_kernels, risk_kernels, sampling
from gigasite.schedule.solver import cpsat, island, plain_problem, read_instance, solve
from gigasite.schedule.solver.bounds import windows
from gigasite.schedule.solver.pack import packed

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.schedule.solver import Problem

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

SECONDS = 30.0
# a fixed step through each class, hard and easy; RG300 and J120 take most of the time
SAMPLE = ("J30_241", "J60_248", "J60_457", "J120_106", "J120_271", "J120_376", "J120_526", "RG300_97", "RG300_289")


def plain_cpsat(p: Problem, seconds: float) -> tuple[int, int]:
    """Return makespan and bound of CP-SAT on its own: the same model, no first schedule, two workers."""
    pk = packed(p)
    question = cpsat.question(p, pk, windows(p, pk), int(p.duration.sum()))
    end: Any = question.model.new_int_var(0, int(p.duration.sum()), "")
    for start, d in zip(question.starts, p.duration.tolist(), strict=True):
        question.model.add(end >= start + d)
    question.model.minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = seconds
    solver.solve(question.model)
    return int(solver.objective_value), int(np.ceil(solver.best_objective_bound))


def test_gaps_to_the_best_known(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (shared / "psplib" / "bks.csv").open() as file:
        best = {row["instance"].removesuffix(".txt"): int(row["bks"]) for row in csv.DictReader(file)}
    lines = [
        f"\n{'instance':>12} {'best':>6} {'ours':>6} {'gap':>7} {'bound':>6} {'CPU s':>6} | {'CP-SAT':>6} {'gap':>7} {'CPU s':>6}"
    ]
    gaps = []
    for name in SAMPLE:
        p = read_instance(shared / "psplib" / f"{name}.txt")
        begin = time.process_time()
        ours = solve(p, seconds=SECONDS)
        between = time.process_time()
        theirs, _ = plain_cpsat(p, SECONDS)
        after = time.process_time()
        gap = [100 * (m / best[name] - 1) for m in (ours.makespan, theirs)]
        gaps.append(gap)
        lines.append(
            f"{name:>12} {best[name]:6} {ours.makespan:6} {gap[0]:6.2f}% {ours.lower_bound:6} {between - begin:6.1f} | {theirs:6} {gap[1]:6.2f}% {after - between:6.1f}"
        )
    mean = np.mean(gaps, axis=0)
    with capsys.disabled():
        print("\n".join([*lines, f"mean gap: ours {mean[0]:.2f} %, CP-SAT {mean[1]:.2f} %"]))
    assert len(gaps) == len(SAMPLE)


@pytest.mark.parametrize(("arrays", "share"), [(125, 1.0), (125, 0.5), (125, 0.2), (1250, 0.5)])
def test_campus_sized_networks(arrays: int, share: float, capsys: pytest.CaptureFixture[str]) -> None:
    made = campus_like(arrays, share)
    island.first(packed(made), np.arange(made.n), 4096)  # compiled
    begin = time.process_time()
    p = plain_problem(made.duration, made.demand, made.capacity, made.links, names=made.names)
    pk = packed(p)
    _, first, _ = island.first(pk, np.arange(p.n), 4096)
    took = time.process_time() - begin
    found = solve(p, seconds=60.0)
    with capsys.disabled():
        print(
            f"\n{p.n:,} activities, {share:.0%} of the crews: first schedule {first} in {took:.3f} s CPU with preparation; "
            f"after 60 s {found.makespan}, bound {found.lower_bound}: {found.makespan / found.lower_bound - 1:.2%} above it"
        )
    assert found.makespan <= first


@pytest.mark.parametrize("share", [1.0, 0.5, 0.2])
def test_samples_a_second(share: float, capsys: pytest.CaptureFixture[str]) -> None:
    """10,000 activities: durations drawn, links alone with the path walked back, crews at work with theirs."""
    w, order = from_problem(campus_like(125, share))
    p = pack_work(w, order=order)
    n = len(order)

    def by_links(first: int) -> int:
        dur = sampling.draw(p, first, 64).dur
        finish = sampling.fixed(p, dur)
        hits = np.zeros(n, np.int64)
        last = finish.argmax(axis=0).astype(np.int32)
        risk_kernels.walk_links(last, p.pptr, p.pidx, p.plag.astype(np.float32), dur, finish, hits)
        return int(hits.sum())

    def by_crews(first: int) -> int:
        dur = sampling.draw(p, first, 64).dur
        start, cause = sampling.at_work(p, dur)
        hits = np.zeros(n, np.int64)
        crew_kernels.walk((start + dur.T).argmax(axis=1).astype(np.int32), cause, hits)
        return int(hits.sum())

    for name, one, count in (("links alone", by_links, 256), ("crews at work", by_crews, 32)):
        one(0)
        begin, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(one, range(0, 64 * count, 64)))
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
        rates = f"{64 * count / wall:,.0f} samples/s of wall time, {64 * count / cpu:,.0f} per CPU second"
        with capsys.disabled():
            print(f"\n{n:,} activities, {share:.0%} of the crews, {name}, 2 threads: {rates}")
        assert min(found) > 0
