"""A problem as the kernels want it: resources packed into lanes of machine words, links as weights both ways.

All renewable demands of an activity fit into few 64-bit words: resource r has a lane that is one bit wider than its
capacity. `((free | guard) - demand) & guard == guard` then says in three operations whether every lane has room: a
lane that borrows eats its own guard bit (Lamport, Multiple byte processing with full-word instructions, CACM 18, 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.graph import rows
from gigasite.schedule.solver.problem import FINISH_START, START_START

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.solver.problem import Problem

    Ints = NDArray[np.int64]

LANES = 62  # bits of a word: the sign bit stays clear, so that a signed word never overflows


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What kernels take; side 0 is the problem, side 1 its mirror image in time.

    Modes that never fit are left out; `original` is the index of each that is left among the activity's own.
    `demand` is (modes, W) and `free` (T, W), packed; `guard` (W,); `ample` (1, W) is the most that there ever is.
    `pptr[s]`, `pidx[s]` are compressed rows of who comes before an activity on side s, `pedge[s]` the row of `links` of
    each; `sptr`, `sidx` of who comes after.
    """

    mode_ptr: Ints
    original: Ints
    duration: Ints
    demand: Ints
    use: Ints
    total: Ints
    guard: Ints
    free: Ints
    ample: Ints
    topo: Ints
    pptr: tuple[Ints, Ints]
    pidx: tuple[Ints, Ints]
    pedge: tuple[Ints, Ints]
    sptr: tuple[Ints, Ints]
    sidx: tuple[Ints, Ints]
    links: Ints
    kind: Ints
    lag: Ints
    plain: bool
    """Finish-start links without negative lags only: sorting by time then keeps predecessors first."""
    slots: int
    """Length of a time grid that holds any serial schedule."""


def packed(p: Problem) -> Packed:
    """Pack a problem."""
    word, shift, guard = _lanes(p.capacity.max(axis=1) if p.capacity.size else np.zeros(0, np.int64))
    pptr, pidx, pedge = _edges(p.links[:, 1], p.links[:, 0], p.n)
    sptr, sidx, sedge = _edges(p.links[:, 0], p.links[:, 1], p.n)
    longest = np.maximum.reduceat(p.duration, p.mode_ptr[:-1]).sum() if p.n else 0
    # a demand above the capacity would spill into the neighbour's lane, and such a mode can never run
    keep = np.flatnonzero((p.demand <= p.capacity[:, -1]).all(axis=1))
    owner = np.repeat(np.arange(p.n), np.diff(p.mode_ptr))[keep]
    return Packed(
        mode_ptr=np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=p.n))]).astype(np.int64),
        original=keep - p.mode_ptr[owner],
        duration=p.duration[keep],
        demand=_pack(p.demand[keep], word, shift, len(guard)),
        use=p.use[keep],
        total=p.total,
        guard=guard,
        free=_pack(p.capacity.T, word, shift, len(guard)),
        ample=_pack(p.capacity.max(axis=1)[None, :], word, shift, len(guard)),
        topo=p.topo,
        pptr=(pptr, sptr),
        pidx=(pidx, sidx),
        pedge=(pedge, sedge),
        sptr=(sptr, pptr),
        sidx=(sidx, pidx),
        links=p.links,
        kind=p.kind,
        lag=p.lag,
        plain=bool((p.kind == FINISH_START).all() and (p.lag >= 0).all()),
        slots=int(longest + np.maximum(p.lag, 0).sum() + p.capacity.shape[1]) + 2,
    )


def weights(pk: Packed, dur: Ints) -> tuple[Ints, Ints]:
    """Return the slots between the starts of both ends of each link, on both sides, in the order of `pedge`."""
    a, z = pk.links[:, 0], pk.links[:, 1]
    forward = np.where(pk.kind == START_START, 0, dur[a]) + pk.lag
    # mirrored, s' = C - s - d: s_z >= s_a + w becomes s'_a >= s'_z + w + d_z - d_a
    backward = forward + dur[z] - dur[a]
    return forward[pk.pedge[0]], backward[pk.pedge[1]]


def _edges(of: Ints, other: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    ptr, edge = rows(of, np.arange(len(of)), n)
    return ptr, other[edge].astype(np.int64), edge


def _lanes(most: Ints) -> tuple[Ints, Ints, Ints]:
    """Return word and shift of each resource's lane, and the guard bits of each word."""
    word, shift = np.zeros(len(most), np.int64), np.zeros(len(most), np.int64)
    guard = [0]
    at = 0
    for r, capacity in enumerate(most.tolist()):
        width = int(capacity).bit_length() + 1
        if at + width > LANES:
            guard.append(0)
            at = 0
        word[r], shift[r] = len(guard) - 1, at
        guard[-1] |= 1 << (at + width - 1)
        at += width
    return word, shift, np.array(guard, np.int64)


def _pack(values: Ints, word: Ints, shift: Ints, words: int) -> Ints:
    out = np.zeros((len(values), words), np.int64)
    for r in range(values.shape[1]):
        out[:, word[r]] += values[:, r] << shift[r]
    return out
