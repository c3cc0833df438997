"""The sizing program: rows and columns of the linear program that `bound.py` solves in two steps."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite._core.quantity import show
from gigasite.power.bound_types import Bound, SourceLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.bound_types import Levels, Tone

SIDES = 16
"""Of the polygon around each tone's circle."""
MW = 1e6
BINDS = 1e-7
"""Smallest price of a limit that counts as binding."""


class Program:
    """The linear program in MW, MJ and s; columns: P, E, g (n), e (n + 1), then what windows and tones need."""

    def __init__(
        self,
        levels: Levels,
        limits: SourceLimits,
        loss_w: NDArray[np.float64] | float = 0.0,
        *,
        closed: bool,
        most_j: float | None = None,
    ) -> None:
        self._levels, self._limits, self._loss_w, self._closed = levels, limits, loss_w, closed
        n = len(levels.mean_w)
        if n < 2:  # a ramp needs two
            raise InfeasibleError("the load is too short to size a battery for: two steps at least")
        self._n, self._columns = n, 2 + n + n + 1
        self._g, self._e = 2, 2 + n
        self._upper: list[_Rows] = []
        self._equal: list[_Rows] = []
        self._low = np.full(self._columns, 0.0)
        self._high = np.full(self._columns, np.inf)
        self._low[self._g : self._g + n] = -np.inf
        if most_j is not None:
            self._high[1] = most_j / MW
        self._power_rows()
        self._energy_rows()
        self._source_rows()

    def _power_rows(self) -> None:
        n, g = self._n, self._g + np.arange(self._n)
        one = np.ones(n)
        high, low = self._levels.high_w / MW, self._levels.low_w / MW
        self._upper.append(_Rows("battery power", n, [(g, -one), (np.zeros(n, int), -one)], -high))
        self._upper.append(_Rows("battery power", n, [(g, one), (np.zeros(n, int), -one)], low))
        e = self._e + np.arange(n + 1)
        full = np.ones(n + 1)
        self._upper.append(_Rows("battery energy", n + 1, [(e, full), (np.ones(n + 1, int), -full)], np.zeros(n + 1)))

    def _energy_rows(self) -> None:
        n, dt = self._n, self._levels.dt_s
        g, e = self._g + np.arange(n), self._e + np.arange(n)
        one = np.ones(n)
        drain = (self._levels.mean_w + self._loss_w) / MW
        self._equal.append(_Rows("", n, [(e + 1, one), (e, -one), (g, -dt * one)], -dt * drain))
        if self._closed:
            ends = [(np.array([self._e + n]), np.ones(1)), (np.array([self._e]), -np.ones(1))]
            self._equal.append(_Rows("", 1, ends, np.zeros(1)))

    def _source_rows(self) -> None:
        limits, n, dt = self._limits, self._n, self._levels.dt_s
        g = self._g + np.arange(n - 1)
        one = np.ones(n - 1)
        if limits.up_w_per_s is not None:
            room = np.full(n - 1, limits.up_w_per_s * dt / MW)
            self._upper.append(_Rows("ramp up", n - 1, [(g + 1, one), (g, -one)], room))
        if limits.down_w_per_s is not None:
            room = np.full(n - 1, limits.down_w_per_s * dt / MW)
            self._upper.append(_Rows("ramp down", n - 1, [(g, one), (g + 1, -one)], room))
        span = slice(self._g, self._g + n)
        if limits.capacity_w is not None:
            self._high[span] = limits.capacity_w / MW
        if limits.floor_w is not None:
            self._low[span] = limits.floor_w / MW
        if limits.range_w is not None:
            self._windows(limits.range_w / MW)
        for tone in limits.tones:
            self._tone(tone)

    def _windows(self, most: float) -> None:
        """Within every window, started every quarter of its length, highest and lowest differ by at most `most`."""
        length = max(2, round(self._limits.range_window_s / self._levels.dt_s))
        for start in range(0, max(1, self._n - length // 2), max(1, length // 4)):
            g = self._g + np.arange(start, min(start + length, self._n))
            one = np.ones(len(g))
            ends = self._more(2)
            self._low[ends] = -np.inf
            self._upper.append(_Rows("range", len(g), [(g, one), (np.full(len(g), ends[0]), -one)], 0.0 * one))
            self._upper.append(_Rows("range", len(g), [(np.full(len(g), ends[1]), one), (g, -one)], 0.0 * one))
            both = [(ends[:1], np.ones(1)), (ends[1:], -np.ones(1))]
            self._upper.append(_Rows("range", 1, both, np.array([most])))

    def _tone(self, tone: Tone) -> None:
        n, dt = self._n, self._levels.dt_s
        k = np.arange(math.ceil(tone.low_hz * n * dt), math.floor(tone.high_hz * n * dt) + 1)
        for m in k[(k > 0) & (k <= n // 2)]:
            parts = self._more(2)
            self._low[parts] = -np.inf
            angle = 2.0 * np.pi * int(m) * np.arange(n) / n
            for part, wave in zip(parts, (np.cos(angle), np.sin(angle)), strict=True):
                rows = np.concatenate([self._g + np.arange(n), [part]])
                values = np.concatenate([2.0 / n * wave, [-1.0]])
                self._equal.append(_Rows("", 1, [(rows, values)], np.zeros(1), dense=True))
            turn = 2.0 * np.pi * np.arange(SIDES) / SIDES
            terms = [(np.full(SIDES, parts[0]), np.cos(turn)), (np.full(SIDES, parts[1]), np.sin(turn))]
            self._upper.append(_Rows("spectrum", SIDES, terms, np.full(SIDES, tone.amplitude_w / MW)))

    def _more(self, count: int) -> NDArray[np.int64]:
        """Return new columns, zero or more."""
        first = self._columns
        self._columns += count
        self._low = np.concatenate([self._low, np.zeros(count)])
        self._high = np.concatenate([self._high, np.full(count, np.inf)])
        return np.arange(first, self._columns)

    def solve(self, goal: str, held: dict[str, float] | None = None) -> Any:
        """Solve for the least power or energy, the other one held below a value."""
        cost = np.zeros(self._columns)
        cost[0 if goal == "power" else 1] = 1.0
        # a shadow of the other one keeps the solution from drifting where the goal does not care
        high = self._high.copy()
        for name, value in (held or {}).items():
            column = 0 if name == "power" else 1
            high[column] = min(high[column], value)
        upper, at_most = _stacked(self._upper, self._columns)
        equal, exactly = _stacked(self._equal, self._columns)
        found = linprog(
            cost, A_ub=upper, b_ub=at_most, A_eq=equal, b_eq=exactly, bounds=np.column_stack([self._low, high]),
            method="highs",
        )  # fmt: skip
        if found.status == 2:  # scipy's code for infeasible
            raise InfeasibleError(self._why())
        if found.status != 0:
            raise SolverError(f"the sizing program ended without an answer: {found.message}")
        return found

    def value(self, found: Any, name: str) -> float:
        """Return power [MW] or energy [MJ] of a solution."""
        return float(found.x[0 if name == "power" else 1])

    def _why(self) -> str:
        """Name the limit that no battery can hold: only bounds of the source itself can be such."""
        mean = float(self._levels.mean_w.mean())
        limits = self._limits
        if limits.capacity_w is not None and mean > limits.capacity_w:
            lack = show(mean - limits.capacity_w, "MW")
            return (
                f"no battery holds the source's capacity: the load's mean is {show(mean, 'MW')}, the capacity "
                f"{show(limits.capacity_w, 'MW')}: {lack} more supply, or fewer GPUs"
            )
        if limits.floor_w is not None and mean < limits.floor_w:
            return (
                f"no battery holds the source's floor: the load's mean is {show(mean, 'MW')}, the floor "
                f"{show(limits.floor_w, 'MW')}: fewer units on, or a load bank"
            )
        for name in ("capacity_w", "floor_w", "up_w_per_s", "down_w_per_s", "range_w"):
            if getattr(limits, name) is None:
                continue
            try:
                Program(self._levels, _without(limits, name), self._loss_w, closed=self._closed).solve("power")
            except InfeasibleError:
                continue
            return f"no battery of any size holds the limit `{name.split('_')[0]}` together with the others: loosen it"
        return "no battery of any size holds these limits together"

    def result(self, found: Any, first: Any) -> Bound:
        """Return the battery of a solution; prices are those of the first goal."""
        n, limits = self._n, self._limits
        stored = found.x[self._e : self._e + n + 1] * MW
        names = [name for rows in self._upper for name in [rows.name] * rows.count]
        prices = np.abs(first.ineqlin.marginals)
        binding = sorted(
            {
                name
                for name, price in zip(names, prices, strict=True)
                if price > BINDS and not name.startswith("battery")
            }
        )
        ramps = [r for r in (limits.up_w_per_s, limits.down_w_per_s) if r is not None]
        coarser = bool(np.any(self._levels.high_w > self._levels.low_w))
        return Bound(
            power_w=self.value(found, "power") * MW,
            energy_j=self.value(found, "energy") * MW,
            dt_s=self._levels.dt_s,
            source_w=found.x[self._g : self._g + n] * MW,
            stored_j=stored - stored.min(),
            binding=tuple(binding),
            blur_w=max(ramps) * self._levels.dt_s if ramps and coarser else 0.0,
        )


def _without(limits: SourceLimits, name: str) -> SourceLimits:
    """Return the limits without one of them."""
    values: dict[str, Any] = {f.name: getattr(limits, f.name) for f in fields(limits) if f.name != name}
    return SourceLimits(**values)


class _Rows:
    """Alike rows of the program: sum of value x column <= (or =) right."""

    def __init__(
        self,
        name: str,
        count: int,
        terms: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
        right: NDArray[np.float64],
        *,
        dense: bool = False,
    ) -> None:
        self.name, self.count, self.right = name, count, right
        self.columns = np.concatenate([columns for columns, _ in terms])
        self.values = np.concatenate([values for _, values in terms])
        each = [np.zeros(len(c), int) if dense else np.arange(count) for c, _ in terms]
        self.rows = np.concatenate(each)


def _stacked(parts: Sequence[_Rows], columns: int) -> tuple[Any, NDArray[np.float64]]:
    first = np.concatenate([[0], np.cumsum([p.count for p in parts])])
    rows = np.concatenate([p.rows + start for p, start in zip(parts, first, strict=False)])
    matrix = coo_matrix(
        (np.concatenate([p.values for p in parts]), (rows, np.concatenate([p.columns for p in parts]))),
        shape=(int(first[-1]), columns),
    )
    return matrix.tocsr(), np.concatenate([p.right for p in parts])
