"""What the workers of one solve share: the best schedule, the bound, the clock. All else of the solver is frozen."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class Step(NamedTuple):
    """One improvement: after how many seconds, makespan and bound [slots] since, by whom."""

    seconds: float
    makespan: int
    lower_bound: int
    by: str


class Shared:
    """The best schedule so far, behind a lock.

    Parameters
    ----------
    starts, modes, makespan
        A first feasible schedule; modes as rows of the packed problem.
    lower_bound
        The cheap bound.
    seconds
        Time that the solve may take, counted from `begin` (`time.perf_counter`).
    """

    def __init__(
        self, starts: Ints, modes: Ints, makespan: int, *, lower_bound: int, seconds: float, begin: float
    ) -> None:
        self._lock = threading.Lock()
        self._begin, self._seconds = begin, seconds
        self.starts, self.modes, self.makespan = starts, modes, makespan
        self.lower_bound = min(lower_bound, makespan)
        self.stop = threading.Event()
        self.interrupts: list[Callable[[], None]] = []
        self.history = [Step(self.elapsed_s(), makespan, self.lower_bound, "first list")]
        self._settle()

    def elapsed_s(self) -> float:
        """Return seconds since the beginning."""
        return time.perf_counter() - self._begin

    def left_s(self) -> float:
        """Return seconds left, 0 once stopped."""
        return 0.0 if self.stop.is_set() else max(self._seconds - self.elapsed_s(), 0.0)

    def offer(self, starts: Ints, modes: Ints, makespan: int, by: str) -> None:
        """Take a schedule if it is shorter than the best."""
        with self._lock:
            if makespan < self.makespan:
                self.starts, self.modes, self.makespan = starts.copy(), modes.copy(), makespan
                self.history.append(Step(self.elapsed_s(), makespan, self.lower_bound, by))
                self._settle()

    def prove(self, lower_bound: int, by: str) -> None:
        """Take a bound if it is higher than the best."""
        with self._lock:
            if lower_bound > self.lower_bound:
                self.lower_bound = min(lower_bound, self.makespan)
                self.history.append(Step(self.elapsed_s(), self.makespan, self.lower_bound, by))
                self._settle()

    def _settle(self) -> None:
        if self.lower_bound >= self.makespan:
            self.stop.set()
