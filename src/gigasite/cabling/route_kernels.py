"""All shortest paths between two devices, and what share of the traffic each link carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

DEEPEST = 32
"""Levels that are looked at from either side; a fabric has eight at most."""


@kernel
def _expand(
    first: Ints, to: Ints, forwards: NDArray[np.bool_], queue: Ints, level: Ints, dist: Ints, depth: int, start: int
) -> int:
    """Put all devices one step further into the queue; return its new length. Hosts receive, they do not forward."""
    end = int(level[depth + 1])
    for i in range(level[depth], level[depth + 1]):
        v = queue[i]
        if not forwards[v] and v != start:
            continue
        for e in range(first[v], first[v + 1]):
            w = to[e]
            if dist[w] < 0:
                dist[w] = depth + 1
                queue[end] = w
                end += 1
    level[depth + 2] = end
    return end


@kernel
def _spread(
    first: Ints, to: Ints, link: Ints, forwards: NDArray[np.bool_], a: int, b: int,
    dist: Ints, queue: Ints, level: Ints, share: Floats, ways: Ints, on: NDArray[np.bool_],
    out_link: Ints, out_share: Floats, filled: int,
) -> int:  # fmt: skip
    """Append links and shares of one pair; return how many there are now, -1 without path, -2 when there is no room."""
    dist[0, a], dist[1, b] = 0, 0
    queue[0, 0], queue[1, 0] = a, b
    level[:, 0], level[:, 1] = 0, 1
    depth = np.zeros(2, np.int64)
    ends = np.array([a, b])
    met = False
    while not met:
        side = 0 if level[0, depth[0] + 1] - level[0, depth[0]] <= level[1, depth[1] + 1] - level[1, depth[1]] else 1
        end = _expand(first, to, forwards, queue[side], level[side], dist[side], depth[side], ends[side])
        depth[side] += 1
        if end == level[side, depth[side]] or depth[side] >= DEEPEST - 2:
            break
        for i in range(level[side, depth[side]], end):
            v = queue[side, i]
            # a host in the middle is no way, but it may be the other end
            if dist[1 - side, v] == depth[1 - side] and (forwards[v] or v in ends):
                on[v], met = True, True
    if met:
        filled = _shares(
            first, to, link, forwards, a, dist, queue, level, depth, share, ways, on, out_link, out_share, filled
        )
    for side in range(2):
        for i in range(level[side, depth[side] + 1]):
            v = queue[side, i]
            dist[side, v], share[v], ways[v], on[v] = -1, 0.0, 0, False
    return filled if met else -1


@kernel
def _shares(
    first: Ints, to: Ints, link: Ints, forwards: NDArray[np.bool_], a: int, dist: Ints, queue: Ints, level: Ints,
    depth: Ints, share: Floats, ways: Ints, on: NDArray[np.bool_], out_link: Ints, out_share: Floats, filled: int,
) -> int:  # fmt: skip
    """Append links and shares of all shortest paths: from the near end to where both sides met, and on from there."""
    for d in range(depth[0] - 1, -1, -1):
        _mark(first, to, forwards, queue[0, level[0, d] : level[0, d + 1]], dist[0], d, a, ways, on)
    share[a] = 1.0
    for d in range(depth[0]):
        nodes = queue[0, level[0, d] : level[0, d + 1]]
        filled = _away(first, to, link, nodes, dist[0], d, share, ways, on, out_link, out_share, filled)
        if filled < 0:
            return filled
    for d in range(depth[1] - 1, -1, -1):
        nodes = queue[1, level[1, d] : level[1, d + 1]]
        filled = _home(first, to, link, forwards, nodes, dist[1], d, share, ways, on, out_link, out_share, filled)
        if filled < 0:
            return filled
    return filled


@kernel
def _mark(
    first: Ints, to: Ints, forwards: NDArray[np.bool_], nodes: Ints, dist: Ints, d: int, a: int, ways: Ints,
    on: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Mark devices of a level that lie on a way, and into how many links each splits: backwards from the middle."""
    for v in nodes:
        if not forwards[v] and v != a:
            continue
        for e in range(first[v], first[v + 1]):
            if dist[to[e]] == d + 1 and on[to[e]]:
                on[v] = True
                ways[v] += 1


@kernel
def _away(
    first: Ints, to: Ints, link: Ints, nodes: Ints, dist: Ints, d: int, share: Floats, ways: Ints,
    on: NDArray[np.bool_], out_link: Ints, out_share: Floats, filled: int,
) -> int:  # fmt: skip
    """Hand the shares of a level on to the next, further from the near end."""
    for v in nodes:
        if not on[v] or ways[v] == 0:
            continue
        for e in range(first[v], first[v + 1]):
            w = to[e]
            if dist[w] == d + 1 and on[w]:
                if filled >= len(out_link):
                    return -2
                out_link[filled], out_share[filled] = link[e], share[v] / ways[v]
                filled += 1
                share[w] += share[v] / ways[v]
    return filled


@kernel
def _home(
    first: Ints, to: Ints, link: Ints, forwards: NDArray[np.bool_], nodes: Ints, dist: Ints, d: int, share: Floats,
    ways: Ints, on: NDArray[np.bool_], out_link: Ints, out_share: Floats, filled: int,
) -> int:  # fmt: skip
    """Hand shares on to the level that is nearer to the far end, looked at from there: it has fewer links."""
    for w in nodes:
        for e in range(first[w], first[w + 1]):
            if dist[to[e]] == d + 1 and on[to[e]] and (forwards[w] or d == 0):
                ways[to[e]] += 1
    for w in nodes:
        for e in range(first[w], first[w + 1]):
            v = to[e]
            if dist[v] == d + 1 and on[v] and (forwards[w] or d == 0):
                if filled >= len(out_link):
                    return -2
                out_link[filled], out_share[filled] = link[e], share[v] / ways[v]
                filled += 1
                share[w] += share[v] / ways[v]
                on[w] = True
    return filled


@kernel
def spread(
    first: Ints, to: Ints, link: Ints, forwards: NDArray[np.bool_], pairs: Ints, begin: int,
    counts: Ints, out_link: Ints, out_share: Floats,
) -> tuple[int, int]:  # fmt: skip
    """Find the links of pairs of devices, from pair `begin` on, until the room is full.

    Traffic splits evenly over all links that lie on a shortest path, hop by hop, as equal-cost multi-path does.

    Parameters
    ----------
    first, to, link
        Neighbours of device v are `to[first[v]:first[v + 1]]`, by these links.
    forwards
        Switches (m,).
    pairs
        Devices (k, 2).
    counts
        Filled: links of each pair, -1 where there is no way (k,).
    out_link, out_share
        Filled, pair after pair.

    Returns
    -------
    Next pair, and how much of the room is filled.
    """
    m = len(first) - 1
    dist, queue = np.full((2, m), -1, np.int64), np.empty((2, m), np.int64)
    level = np.zeros((2, DEEPEST + 2), np.int64)
    share, ways, on = np.zeros(m), np.zeros(m, np.int64), np.zeros(m, np.bool_)
    filled = 0
    for k in range(begin, len(pairs)):
        got = _spread(
            first, to, link, forwards, pairs[k, 0], pairs[k, 1], dist, queue, level, share, ways, on,
            out_link, out_share, filled,
        )  # fmt: skip
        if got == -2:
            return k, filled
        counts[k] = -1 if got < 0 else got - filled
        filled = filled if got < 0 else got
    return len(pairs), filled


def warm() -> None:
    """Compile the kernels."""
    first, to, link = np.array([0, 1, 2]), np.array([1, 0]), np.array([0, 0])
    spread(
        first,
        to,
        link,
        np.ones(2, bool),
        np.array([[0, 1]]),
        0,
        np.zeros(1, np.int64),
        np.zeros(4, np.int64),
        np.zeros(4),
    )
