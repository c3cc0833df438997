"""Schedule generation against the project scheduling library: instances whose activities take one resource each."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite.schedule import kernels
from gigasite.schedule.graph import rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

# Of the 48 instances at hand those in which no activity takes two resources: crews here are of that kind.
NAMES = (
    *("J30_1", "J30_337", "J60_20", "J60_324", "J60_343", "J90_1", "J90_193", "J90_337", "RG300_193"),
    *("J120_31", "J120_226", "J120_241", "J120_406", "J120_421", "J120_436"),
)


def read(path: Path) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return capacity, duration, resource (-1 none), demand and links of a file in Patterson's format."""
    v = [int(float(word)) for word in path.read_text().split()]
    n, kinds = v[:2]
    capacity, at = np.array(v[2 : 2 + kinds]), 2 + kinds
    dur, crew, people, links = [], [], [], []
    for i in range(n):
        take, follow = v[at + 1 : at + 1 + kinds], v[at + 1 + kinds]
        used = [k for k in range(kinds) if take[k]]
        assert len(used) <= 1
        dur.append(v[at])
        crew.append(used[0] if used else -1)
        people.append(take[used[0]] if used else 0)
        at += 2 + kinds
        links += [(i, z - 1) for z in v[at : at + follow]]
        at += follow
    return capacity, np.array(dur), np.array(crew), np.array(people), np.array(links)


def generate(path: Path) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Return start and the instance; the list is by the longest chain that still follows."""
    capacity, dur, crew, people, links = read(path)
    n = len(dur)
    ptr, idx = rows(links[:, 0], links[:, 1], n)
    pptr, pidx = rows(links[:, 1], links[:, 0], n)
    topo = kernels.topological(ptr, idx, np.diff(pptr))
    rank = np.argsort(topo)
    order = np.lexsort((rank, -kernels.latest(topo, ptr, idx, dur)))
    kind = np.unique(np.column_stack([crew, people]), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    kinds = int(kind.max()) + 1
    start = kernels.generate(order, pptr, pidx, dur, crew, people, kind, kinds, capacity, int(dur.sum()) + 1)
    return start, capacity, dur, crew, people, links


def best_known(shared: Path) -> dict[str, int]:
    with (shared / "psplib" / "bks.csv").open() as file:
        return {row["instance"].removesuffix(".txt"): int(row["bks"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", NAMES)
def test_a_serial_schedule_is_feasible_and_no_shorter_than_the_best_known(shared: Path, name: str) -> None:
    """Kolisch & Sprecher, PSPLIB, EJOR 96 (1996) 205-216; best known of 18 September 2024.

    A first list by the longest chain is within 15 % of the best (measured): it is a start, not a solver.
    """
    start, capacity, dur, crew, people, links = generate(shared / "psplib" / f"{name}.txt")
    assert (start[links[:, 1]] >= start[links[:, 0]] + dur[links[:, 0]]).all()
    for c in range(len(capacity)):
        mine = np.flatnonzero(crew == c)
        for t in range(int((start + dur).max())):
            at_work = mine[(start[mine] <= t) & (t < (start + dur)[mine])]
            assert people[at_work].sum() <= capacity[c]
    span = int((start + dur).max())
    best = best_known(shared)[name]
    assert best <= span <= 1.15 * best


def test_the_mean_gap_of_the_first_list(shared: Path) -> None:
    """4.05 % above best known over these instances (measured); solvers in 900 s on eight cores reach 0 to 2 %."""
    best = best_known(shared)
    gaps = []
    for name in NAMES:
        start, _, dur, *_ = generate(shared / "psplib" / f"{name}.txt")
        gaps.append(int((start + dur).max()) / best[name] - 1)
    assert np.mean(gaps) == pytest.approx(0.0405, abs=0.0005)
