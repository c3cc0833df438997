"""Runs: plugs side by side that are displaced by one amount, and the blocks that they make.

Of each wrong cable one end may be thought right; then the plug at the other end belongs elsewhere. Each cable is thus
looked at from both ends, and what explains more cables by one displacement wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.plugs import carried, carry

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case

HOLES = 2
"""Ports side by side within a run that another fault may hide."""


LEAST_CABLES = 3
"""Cables that a block must put right: two are told as well by two faults of one cable each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs as columns (k,): plugs at lines `start ... start + length - 1` belong `shift` lines further on.

    `turn` is 1 where order is kept and -1 where it is reversed: line + belonging line is then constant, `shift` that
    sum. `told` counts the ports that say so; the others are dark or touched by another fault.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    shift: NDArray[np.int64]
    told: NDArray[np.int64]
    turn: int

    def __len__(self) -> int:
        """Return how many runs there are."""
        return len(self.start)


def runs(case: Case, *, turn: int = 1, least: int = 2) -> Runs:
    """Return runs of at least `least` ports of one group of devices, all into one group.

    Parameters
    ----------
    case
        Cabling.
    turn
        1: order kept, -1: order reversed.
    """
    bad = case.bad
    to = case.belongs(bad)
    at = bad[to >= 0]
    to = to[to >= 0]
    order = np.argsort(case.line[at])
    at, to = at[order], to[order]
    line, there = case.line[at], case.line[to]
    shift = there - turn * line
    key = np.c_[case.unit[at], case.unit[to], shift]
    # the same displacement may go on behind a hole: sort by it first, then cut where the gap is too wide
    order = np.lexsort((line, shift, key[:, 1], key[:, 0]))
    key, line = key[order], line[order]
    gap = np.diff(line)
    cut = (key[1:] != key[:-1]).any(axis=1) | (gap > HOLES + 1) | _right_between(case, line, gap)
    begin = np.flatnonzero(np.r_[True, cut]) if len(line) else np.zeros(0, np.int64)
    end = np.r_[begin[1:], len(line)]
    told = end - begin
    kept = told >= least
    begin, end = begin[kept], end[kept]
    return Runs(
        start=line[begin],
        length=line[end - 1] - line[begin] + 1,
        shift=key[begin, 2],
        told=told[kept],
        turn=turn,
    )


def _right_between(case: Case, line: NDArray[np.int64], gap: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say between which neighbours of a sorted list a port lies that is cabled as planned."""
    out = np.zeros(len(gap), bool)
    for step in range(1, HOLES + 1):
        holed = np.flatnonzero(gap > step)
        port = case.order[line[holed] + step]
        out[holed] |= (case.plan[port] == case.real[port]) & (case.plan[port] >= 0)
    return out


def rounds(found: Runs, which: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return start, length and shift of some runs, each also one port longer at either end.

    The port beside a run may be part of it and hidden by another fault.
    """
    out = []
    chosen = zip(found.start[which].tolist(), found.length[which].tolist(), found.shift[which].tolist(), strict=True)
    for start, length, shift in chosen:
        out += [(start - i, length + i + j, shift) for i in (0, 1) for j in (0, 1)]
    return out


def spans(case: Case, start: int, length: int) -> NDArray[np.int64] | None:
    """Return the ports of lines `start ...`, None where these leave the group of devices of the first."""
    if start < 0 or length < 1 or start + length > len(case.order):
        return None
    ports = case.order[start : start + length]
    return ports if case.unit[ports[0]] == case.unit[ports[-1]] else None


def gain(case: Case, at: NDArray[np.int64], to: NDArray[np.int64]) -> int:
    """Return how many more cables are as planned once the plugs in ports `at` are put into `to`.

    A plug in the way that is not itself put elsewhere forbids it: -1.
    """
    if len(np.unique(to)) < len(to):
        return -1
    target = to[~np.isin(to, at)]
    if (case.real[target] >= 0).any():
        return -1
    held = case.real[at] >= 0
    far = case.real[at[held]]
    far_to = carried(far, at, to)  # the far end may be displaced as well
    after = case.plan[to[held]] == far_to
    return int(after.sum() - (case.plan[at[held]] == far).sum())


def put_back(case: Case, at: NDArray[np.int64], to: NDArray[np.int64]) -> None:
    """Put the plugs in ports `at` into `to`, in place; `gain` must have allowed it."""
    carry(case.real, at, to)
    case.known[to[case.real[to] >= 0]] = True


def touched(case: Case, at: NDArray[np.int64], to: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ports that differ from the plan, of those that a displacement of plugs concerns."""
    ports = np.r_[at, to]
    every = np.unique(np.r_[ports, case.real[ports], case.plan[ports]])
    every = every[every >= 0]
    out: NDArray[np.int64] = every[case.plan[every] != case.real[every]]
    return out
