"""The published baseline beside `tomography.py`: votes of lossy flows, as 007 counts them.

Arzani et al., "007: Democratically Finding the Cause of Packet Drops", NSDI 2018 (arXiv 1802.07222): a flow that lost
packets gives each link of its path a vote of one over the path's length; the link with most votes is named, the flows
that cross it are taken out, and so on while the leader has at least one percent of all votes (algorithm 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.ecmp import Routes

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

STOP_FRAC = 0.01
"""Share of all votes below which nothing is named; the paper's own figure."""


def votes(ways: Routes, lost: Floats, stop_frac: float = STOP_FRAC) -> tuple[Ints, Floats]:
    """Return links in the order in which they are named, and the votes that each had then.

    Parameters
    ----------
    ways
        Paths; where equal-cost paths are not known apart, a vote is split over them.
    lost
        Packets lost in each measurement (r,).
    stop_frac
        0 names every link that any lossy flow crosses: a list to cut where it does best.
    """
    hit = np.flatnonzero(lost > 0)
    paths = (ways.stages[hit] @ ways.shares).tocsr()
    length = np.asarray(paths.sum(axis=1)).ravel()
    paths.data = paths.data / np.repeat(length, np.diff(paths.indptr))
    columns = paths.tocsc()
    tally = np.asarray(paths.sum(axis=0)).ravel()
    open_, least = np.ones(len(hit), bool), stop_frac * float(tally.sum())
    order: list[int] = []
    score: list[float] = []
    while len(order) < len(tally):
        leader = int(tally.argmax())
        # what is left after so many subtractions is rounding
        if tally[leader] < max(least, 1e-9):
            break
        order.append(leader)
        score.append(float(tally[leader]))
        mine = columns.indices[columns.indptr[leader] : columns.indptr[leader + 1]]
        for flow in mine[open_[mine]].tolist():
            at = slice(paths.indptr[flow], paths.indptr[flow + 1])
            tally[paths.indices[at]] -= paths.data[at]
            open_[flow] = False
        tally[leader] = 0.0
    return np.array(order, np.int64), np.array(score)
