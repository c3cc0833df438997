"""Where keys stand in a sorted list, for millions of them: by address where the list is compact, else by bisection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

KEY_BITS = 24
"""Of the number of a port's spelling; the bits above are the node's number."""
MOST_ADDRESSES = 16
"""Addresses for each key up to which a table of all addresses is made: 8 bytes each."""


class Lookup:
    """Positions of keys `node << KEY_BITS | port` in a sorted list without doubles.

    Ports of a node lie side by side as a rule, so that each node gets a window of addresses from its lowest to its
    highest port; a list that is too scattered for that is searched.

    >>> at = Lookup(np.array([1 << 24 | 5, 1 << 24 | 7, 3 << 24 | 1]))
    >>> at.find(np.array([1 << 24 | 7, 1 << 24 | 6, 2 << 24 | 1, 3 << 24 | 1])).tolist()
    [1, -1, -1, 2]
    """

    def __init__(self, keys: Ints) -> None:
        self.keys = keys
        self._table: Ints | None = None
        if not len(keys):
            return
        node, port = keys >> KEY_BITS, keys & ((1 << KEY_BITS) - 1)
        begin = np.flatnonzero(np.r_[True, node[1:] != node[:-1]])
        low, high = port[begin], port[np.r_[begin[1:], len(keys)] - 1]
        width = high - low + 1
        if int(width.sum()) > MOST_ADDRESSES * len(keys) + 1024:
            return
        self._low = np.zeros(int(node[-1]) + 1, np.int64)
        self._width = np.zeros(int(node[-1]) + 1, np.int64)
        self._base = np.zeros(int(node[-1]) + 1, np.int64)
        self._low[node[begin]], self._width[node[begin]] = low, width
        self._base[node[begin]] = np.cumsum(width) - width
        self._table = np.full(int(width.sum()), -1, np.int64)
        self._table[self._base[node] + port - self._low[node]] = np.arange(len(keys))

    def find(self, values: Ints) -> Ints:
        """Return the position of each value, -1 where it is not in the list."""
        if not len(self.keys):
            return np.full(len(values), -1, np.int64)
        if self._table is None:
            at = np.minimum(np.searchsorted(self.keys, values), len(self.keys) - 1)
            return np.where(self.keys[at] == values, at, -1)
        node = values >> KEY_BITS
        known = (node >= 0) & (node < len(self._low))
        node = np.where(known, node, 0)
        place = (values & ((1 << KEY_BITS) - 1)) - self._low[node]
        known &= (place >= 0) & (place < self._width[node])
        return np.where(known, self._table[np.where(known, self._base[node] + place, 0)], -1)
