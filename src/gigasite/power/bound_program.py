"""The sizing program: rows and columns of the linear program that `bound.py` solves in two steps."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from scipy.sparse import coo_matrix

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite._core.quantity import show
from gigasite.power.bound_types import Bound, SourceLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.bound_types import Levels

MW = 1e6
BINDS = 1e-7
"""Smallest price of a limit that counts as binding."""
TONE_ROOM = 1e-2
"""Share by which the last solution may still be above a tone's amplitude; what is found stays a lower bound."""
MOST_ROUNDS = 200
SIDES_PER_ROUND = 60
"""Frequencies that get a new side of their polygon in one round, worst first."""
LIMITS = ("ramp up", "ramp down", "range", "spectrum")
NAMES = {
    "capacity_w": "capacity",
    "floor_w": "floor",
    "up_w_per_s": "ramp up",
    "down_w_per_s": "ramp down",
    "range_w": "range",
    "tones": "spectrum",
}
"""What limits are called in a case file."""
INF = highspy.kHighsInf


class Program:
    """The linear program in MW, MJ and s; columns: P, E, g (n), e (n + 1), then what windows need.

    It is built once; goals, bounds and losses change in place, so that each solution starts from the one before.
    Circles of tones are cut in as sides of a polygon, where the last solution lies outside of them.
    """

    def __init__(
        self,
        levels: Levels,
        limits: SourceLimits,
        *,
        closed: bool,
        most_j: float | None = None,
    ) -> None:
        self._levels, self._limits, self._closed = levels, limits, closed
        n = len(levels.mean_w)
        if n < 2:  # a ramp needs two
            raise InfeasibleError("the load is too short to size a battery for: two steps at least")
        self._n, self._g, self._e = n, 2, 2 + n
        self._most = {"power": INF, "energy": INF if most_j is None else most_j / MW}
        self._rows: list[str] = []
        self._solver: Any = highspy.Highs()
        self._solver.setOptionValue("output_flag", "false")
        self._solver.setOptionValue("threads", 1)
        self._columns(np.zeros(2), np.full(2, INF))
        low = -INF if limits.floor_w is None else limits.floor_w / MW
        high = INF if limits.capacity_w is None else limits.capacity_w / MW
        self._columns(np.full(n, low), np.full(n, high))
        self._columns(np.zeros(n + 1), np.full(n + 1, INF))
        self._power_rows()
        self._energy_rows()
        self._source_rows()

    def _columns(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
        """Add columns with bounds; return their numbers."""
        first = self._solver.getNumCol()
        self._solver.addVars(len(low), low, high)
        return np.arange(first, first + len(low))

    def _add(
        self,
        name: str,
        terms: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
        high: NDArray[np.float64],
        *,
        equal: bool = False,
    ) -> None:
        """Add alike rows: sum of value x column <= (or =) high."""
        count = len(high)
        columns = np.concatenate([c for c, _ in terms])
        values = np.concatenate([v for _, v in terms])
        rows = np.concatenate([np.arange(count) for _ in terms])
        matrix = coo_matrix((values, (rows, columns)), shape=(count, self._solver.getNumCol())).tocsr()
        low = high if equal else np.full(count, -INF)
        starts, indices = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._solver.addRows(count, low, high, matrix.nnz, starts, indices, matrix.data)
        self._rows += [name] * count

    def _power_rows(self) -> None:
        n, g = self._n, self._g + np.arange(self._n)
        one, power = np.ones(n), np.zeros(n, np.int64)
        high, low = self._levels.high_w / MW, self._levels.low_w / MW
        self._add("battery power", [(g, -one), (power, -one)], -high)
        self._add("battery power", [(g, one), (power, -one)], low)
        e, full = self._e + np.arange(n + 1), np.ones(n + 1)
        self._add("battery energy", [(e, full), (np.ones(n + 1, np.int64), -full)], np.zeros(n + 1))

    def _energy_rows(self) -> None:
        n, dt = self._n, self._levels.dt_s
        g, e = self._g + np.arange(n), self._e + np.arange(n)
        one = np.ones(n)
        self._first_drain = self._solver.getNumRow()
        self._add("drain", [(e + 1, one), (e, -one), (g, -dt * one)], -dt * self._levels.mean_w / MW, equal=True)
        if self._closed:
            ends = [(np.array([self._e + n]), np.ones(1)), (np.array([self._e]), -np.ones(1))]
            self._add("ends", ends, np.zeros(1), equal=True)

    def _source_rows(self) -> None:
        limits, n, dt = self._limits, self._n, self._levels.dt_s
        g = self._g + np.arange(n - 1)
        one = np.ones(n - 1)
        if limits.up_w_per_s is not None:
            self._add("ramp up", [(g + 1, one), (g, -one)], np.full(n - 1, limits.up_w_per_s * dt / MW))
        if limits.down_w_per_s is not None:
            self._add("ramp down", [(g, one), (g + 1, -one)], np.full(n - 1, limits.down_w_per_s * dt / MW))
        if limits.range_w is not None:
            self._windows(limits.range_w / MW)

    def _windows(self, most: float) -> None:
        """Within every window, started every quarter of its length, highest and lowest differ by at most `most`."""
        length = max(2, round(self._limits.range_window_s / self._levels.dt_s))
        for start in range(0, max(1, self._n - length // 2), max(1, length // 4)):
            g = self._g + np.arange(start, min(start + length, self._n))
            one, zero = np.ones(len(g)), np.zeros(len(g))
            high, low = self._columns(np.full(2, -INF), np.full(2, INF))
            self._add("range", [(g, one), (np.full(len(g), high), -one)], zero)
            self._add("range", [(np.full(len(g), low), one), (g, -one)], zero)
            self._add("range", [(np.array([high]), np.ones(1)), (np.array([low]), -np.ones(1))], np.array([most]))

    def lose(self, loss_w: NDArray[np.float64]) -> None:
        """Put in what the battery loses in every step [W]."""
        drain = -self._levels.dt_s * (self._levels.mean_w + loss_w) / MW
        for k, value in enumerate(drain.tolist()):
            self._solver.changeRowBounds(self._first_drain + k, value, value)

    def solve(self, goal: str, held: dict[str, float] | None = None) -> NDArray[np.float64]:
        """Solve for the least power or energy, the other one held below a value; return the columns."""
        for column, name in enumerate(("power", "energy")):
            self._solver.changeColBounds(column, 0.0, min(self._most[name], (held or {}).get(name, INF)))
            self._solver.changeColCost(column, 1.0 if name == goal else 0.0)
        for _ in range(MOST_ROUNDS):
            x = self._solved()
            if not self._cut(x):
                return x
        raise SolverError(f"the sizing program did not meet its tones in {MOST_ROUNDS} rounds")

    def _solved(self) -> NDArray[np.float64]:
        self._solver.run()
        status = self._solver.getModelStatus()
        if status in {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}:
            raise InfeasibleError(self._why())
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverError(f"the sizing program ended without an answer: {self._solver.modelStatusToString(status)}")
        return np.array(self._solver.getSolution().col_value)

    def _cut(self, x: NDArray[np.float64]) -> bool:
        """Add sides of polygons where the source's tones are too strong; return whether there were such."""
        n, dt = self._n, self._levels.dt_s
        added = False
        for tone in self._limits.tones:
            first, last = math.ceil(tone.low_hz * n * dt), min(math.floor(tone.high_hz * n * dt), n // 2)
            m = np.arange(max(first, 1), last + 1)
            line = (2.0 / n * np.fft.rfft(x[self._g : self._g + n]))[m]
            most = tone.amplitude_w / MW
            bad = np.flatnonzero(np.abs(line) > most * (1.0 + TONE_ROOM))
            bad = bad[np.argsort(-np.abs(line[bad]), kind="stable")][:SIDES_PER_ROUND]
            for k in bad.tolist():
                turn = -2.0 * np.pi * int(m[k]) * np.arange(n) / n - np.angle(line[k])
                columns = np.arange(self._g, self._g + n, dtype=np.int32)
                self._solver.addRow(-INF, most, n, columns, 2.0 / n * np.cos(turn))
                self._rows.append("spectrum")
            added = added or bool(len(bad))
        return added

    def value(self, found: NDArray[np.float64], name: str) -> float:
        """Return power [MW] or energy [MJ] of a solution."""
        return float(found[0 if name == "power" else 1])

    def binding(self) -> tuple[str, ...]:
        """Return the limits with a price in the last solution."""
        prices = np.abs(np.array(self._solver.getSolution().row_dual))
        names = {name for name, price in zip(self._rows, prices.tolist(), strict=True) if price > BINDS}
        return tuple(sorted(names & set(LIMITS)))

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
        for name, text in NAMES.items():
            if getattr(limits, name) in {None, ()}:
                continue
            try:
                Program(self._levels, _without(limits, name), closed=self._closed).solve("power")
            except InfeasibleError:
                continue
            return f"no battery of any size holds the limit `{text}` together with the others: loosen it"
        return "no battery of any size holds these limits together"

    def result(self, found: NDArray[np.float64], binding: tuple[str, ...]) -> Bound:
        """Return the battery of a solution."""
        n, limits = self._n, self._limits
        stored = found[self._e : self._e + n + 1] * MW
        ramps = [r for r in (limits.up_w_per_s, limits.down_w_per_s) if r is not None]
        coarser = bool(np.any(self._levels.high_w > self._levels.low_w))
        span_s = max(self._levels.dt_s if coarser else 0.0, limits.ramp_window_s)
        return Bound(
            power_w=self.value(found, "power") * MW,
            energy_j=self.value(found, "energy") * MW,
            dt_s=self._levels.dt_s,
            source_w=found[self._g : self._g + n] * MW,
            stored_j=stored - stored.min(),
            binding=binding,
            blur_w=max(ramps) * span_s if ramps else 0.0,
        )


def _without(limits: SourceLimits, name: str) -> SourceLimits:
    """Return the limits without one of them."""
    values: dict[str, Any] = {f.name: getattr(limits, f.name) for f in fields(limits) if f.name != name}
    return SourceLimits(**values)
