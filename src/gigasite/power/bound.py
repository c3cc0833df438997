"""The clairvoyant bound: the least battery that keeps the source's limits when the whole load is known beforehand.

A linear program over the source's power g. Every causal controller is judged against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite._core.quantity import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_STEPS = 3000
"""Longer loads are taken in coarser steps: 3,000 solve in seconds."""
SIDES = 16
"""Of the polygon around each tone's circle."""
MW = 1e6
LOSS_ROUNDS = 2
"""Losses are put in as found by the round before: in the program itself, charging and discharging at once would burn
energy for nothing, which no battery does."""
Goal = Literal["power", "energy"]
SLACK = 1e-6
"""Relative room of the first goal while the second is sought."""
BINDS = 1e-7
"""Smallest price of a limit that counts as binding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A cap on the amplitude of every frequency in a band."""

    low_hz: float
    high_hz: float
    amplitude_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimits:
    """What the source (grid and gensets) has to keep; None is not limited."""

    up_w_per_s: float | None = None
    down_w_per_s: float | None = None
    range_w: float | None = None
    """Largest difference between highest and lowest power within a window."""
    range_window_s: float = 60.0
    capacity_w: float | None = None
    floor_w: float | None = None
    tones: tuple[Tone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A load by steps, each with two levels between which it swings: (n,) arrays."""

    high_w: NDArray[np.float64]
    low_w: NDArray[np.float64]
    mean_w: NDArray[np.float64]
    dt_s: float

    @property
    def duty(self) -> NDArray[np.float64]:
        """Return the share of each step at the high level."""
        span = self.high_w - self.low_w
        return np.where(span > 0.0, (self.mean_w - self.low_w) / np.where(span > 0.0, span, 1.0), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The least battery and what the source does with it."""

    power_w: float
    energy_j: float
    dt_s: float
    source_w: NDArray[np.float64]
    """(n,) mean of each step."""
    stored_j: NDArray[np.float64]
    """(n + 1,) above the emptiest moment."""
    binding: tuple[str, ...]
    """Limits without which a smaller battery would do."""
    blur_w: float
    """How far the power may be off because steps are coarser than the load's: ramp x step."""


def coarse(load_w: NDArray[np.float64], dt_s: float, most: int = MOST_STEPS) -> Levels:
    """Return a load in at most `most` steps, each with its mean, highest and lowest sample.

    >>> levels = coarse(np.array([1.0, 3.0, 2.0, 2.0]), 0.5, 2)
    >>> levels.high_w.tolist(), levels.low_w.tolist(), levels.dt_s
    ([3.0, 2.0], [1.0, 2.0], 1.0)
    """
    n = max(1, math.ceil(len(load_w) / most))
    if n == 1:
        return Levels(high_w=load_w, low_w=load_w, mean_w=load_w, dt_s=dt_s)
    whole = len(load_w) // n * n
    parts = load_w[:whole].reshape(-1, n)
    return Levels(high_w=parts.max(axis=1), low_w=parts.min(axis=1), mean_w=parts.mean(axis=1), dt_s=n * dt_s)


def bound(
    load_w: NDArray[np.float64],
    dt_s: float,
    limits: SourceLimits,
    *,
    efficiency_frac: float = 1.0,
    first: Goal = "power",
    closed: bool = False,
    most: int = MOST_STEPS,
) -> Bound:
    """Return the least battery for a load.

    Parameters
    ----------
    load_w
        (n,) mean power of each step [W].
    dt_s
        Step [s].
    limits
        What the source keeps.
    efficiency_frac
        One-way efficiency; 1.0 makes it a bound for every battery; below, losses are put in round by round.
    first
        What is made least first; then the other one at that value.
    closed
        The battery ends as full as it began; else it may end at any charge.
    most
        Most steps of the program; see `Bound.blur_w`.

    Raises
    ------
    InfeasibleError
        No battery of any size holds the limits; names the one that binds.
    SolverError
        The solver stopped without an answer.

    Notes
    -----
    min P, then E, with  high - g <= P, g - low <= P, e' = e - dt (load - g) within 0..E, ramps of g, windows, and per
    tone
    the amplitude of its discrete Fourier coefficient within a polygon around the circle: polygons outside keep it a
    bound.

    Examples
    --------
    A square of +-40 MW at 1 Hz needs 40 MW and A T / 2 = 20 MJ:

    >>> load = np.where(np.arange(400) % 20 < 10, 140e6, 60e6)
    >>> b = bound(load, 0.05, SourceLimits(up_w_per_s=1.0, down_w_per_s=1.0))
    >>> round(b.power_w / 1e6, 2), round(b.energy_j / 1e6, 2)
    (40.0, 20.0)
    """
    return best(coarse(load_w, dt_s, most), limits, efficiency_frac=efficiency_frac, first=first, closed=closed)


def best(
    levels: Levels,
    limits: SourceLimits,
    *,
    efficiency_frac: float = 1.0,
    first: Goal = "power",
    closed: bool = False,
    most_j: float | None = None,
    room_frac: float = 0.0,
) -> Bound:
    """Return the least battery for a load given by levels; as `bound`.

    With `most_j` its energy stays below that. With `room_frac` the second goal may use that share more of the first:
    some per cent more power often save most of the energy.
    """
    goals: tuple[Goal, Goal] = ("power", "energy") if first == "power" else ("energy", "power")
    loss_w: NDArray[np.float64] | float = 0.0
    for _ in range(LOSS_ROUNDS if efficiency_frac < 1.0 else 0):
        found = _lexicographic(_Program(levels, limits, loss_w, closed=closed, most_j=most_j), goals, room_frac)
        loss_w = losses_w(levels, found.source_w, efficiency_frac)
    return _lexicographic(_Program(levels, limits, loss_w, closed=closed, most_j=most_j), goals, room_frac)


def _lexicographic(program: _Program, goals: tuple[Goal, Goal], room_frac: float = 0.0) -> Bound:
    one = program.solve(goals[0])
    most = program.value(one, goals[0]) * (1.0 + room_frac) * (1.0 + SLACK) + SLACK
    two = program.solve(goals[1], {goals[0]: most})
    return program.result(two, one)


def losses_w(levels: Levels, source_w: NDArray[np.float64], efficiency_frac: float) -> NDArray[np.float64]:
    """Return what a battery loses in every step [W]: discharge p costs p / eta, charge p brings p eta."""
    total = np.zeros(len(source_w))
    for level, share in ((levels.high_w, levels.duty), (levels.low_w, 1.0 - levels.duty)):
        out = level - source_w
        total += share * np.where(out > 0.0, out * (1.0 / efficiency_frac - 1.0), -out * (1.0 - efficiency_frac))
    return total


def front(
    load_w: NDArray[np.float64],
    dt_s: float,
    limits: SourceLimits,
    *,
    points: int = 9,
    closed: bool = False,
    most: int = 1000,
) -> tuple[tuple[float, float], ...]:
    """Return (power [W], energy [J]) from the least power to the least energy, without losses."""
    levels = coarse(load_w, dt_s, most)
    program = _Program(levels, limits, closed=closed)
    low = program.value(program.solve("power"), "power")
    least = program.solve("energy")
    e_low = program.value(least, "energy")
    high = program.value(program.solve("power", {"energy": e_low * (1.0 + SLACK) + SLACK}), "power")
    out = []
    for power in np.linspace(low, max(high, low), points):
        z = program.solve("energy", {"power": float(power) * (1.0 + SLACK) + SLACK})
        out.append((float(power) * MW, program.value(z, "energy") * MW))
    return tuple(out)


class _Program:
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
                _Program(self._levels, _without(limits, name), self._loss_w, closed=self._closed).solve("power")
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
