"""Plugs taken from ports and put into others, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def carried(ports: NDArray[np.int64], at: NDArray[np.int64], to: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each port's plug is once the plugs in `at` are in `to`.

    >>> carried(np.array([3, 5, 9]), np.array([9, 3]), np.array([3, 9])).tolist()
    [9, 5, 3]
    """
    if not len(at):
        return ports
    order = np.argsort(at)
    place = order[np.minimum(np.searchsorted(at, ports, sorter=order), len(at) - 1)]
    return np.where(at[place] == ports, to[place], ports)


def carry(real: NDArray[np.int64], at: NDArray[np.int64], to: NDArray[np.int64]) -> None:
    """Put the plugs in ports `at` into ports `to`, in place; those must be free, or be vacated by this."""
    held = at[real[at] >= 0]
    far = real[held]
    near_to, far_to = carried(held, at, to), carried(far, at, to)
    real[held] = real[far] = -1
    real[near_to], real[far_to] = far_to, near_to
