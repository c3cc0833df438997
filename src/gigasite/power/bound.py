"""The clairvoyant bound: the least battery that keeps the source's limits when the whole load is known beforehand.

A linear program over the source's power g. Every causal controller is judged against it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from gigasite.power.bound_program import MW, Program
from gigasite.power.bound_types import Bound, Levels, SourceLimits, Tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bound", "Levels", "SourceLimits", "Tone", "best", "bound", "coarse", "front", "losses_w"]

MOST_STEPS = 3000
"""Longer loads are taken in coarser steps: 3,000 solve in seconds."""
LOSS_ROUNDS = 2
"""Losses are put in as found by the round before: in the program itself, charging and discharging at once would burn
energy for nothing, which no battery does."""
Goal = Literal["power", "energy"]
SLACK = 1e-6
"""Relative room of the first goal while the second is sought."""


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
    tone the amplitude of its discrete Fourier coefficient within a polygon around the circle: polygons outside keep it
    a bound. Sides of the polygons are put in where the last solution lies outside of the circle.

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
    program = Program(levels, limits, closed=closed, most_j=most_j)
    return _with_losses(program, levels, efficiency_frac, goals, room_frac)


def _with_losses(
    program: Program, levels: Levels, efficiency_frac: float, goals: tuple[Goal, Goal], room_frac: float = 0.0
) -> Bound:
    """Solve; then again with the losses that the last solution has. They stay in the program."""
    found = _lexicographic(program, goals, room_frac)
    for _ in range(LOSS_ROUNDS if efficiency_frac < 1.0 else 0):
        program.lose(losses_w(levels, found.source_w, efficiency_frac))
        found = _lexicographic(program, goals, room_frac)
    return found


def _lexicographic(program: Program, goals: tuple[Goal, Goal], room_frac: float = 0.0) -> Bound:
    one = program.solve(goals[0])
    binding = program.binding()
    most = program.value(one, goals[0]) * (1.0 + room_frac) * (1.0 + SLACK) + SLACK
    two = program.solve(goals[1], {goals[0]: most})
    return program.result(two, tuple(sorted({*binding, *program.binding()})))


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
    efficiency_frac: float = 1.0,
    points: int = 9,
    closed: bool = False,
    most: int = MOST_STEPS,
) -> tuple[tuple[float, float], ...]:
    """Return (power [W], energy [J]) from the least power to the least energy.

    Losses are those of the battery of least power: along the front the source's power, and so they, differ little.
    """
    levels = coarse(load_w, dt_s, most)
    program = Program(levels, limits, closed=closed)
    low = _with_losses(program, levels, efficiency_frac, ("power", "energy")).power_w / MW
    least = program.solve("energy")
    e_low = program.value(least, "energy")
    high = program.value(program.solve("power", {"energy": e_low * (1.0 + SLACK) + SLACK}), "power")
    out = []
    for power in np.linspace(low, max(high, low), points):
        z = program.solve("energy", {"power": float(power) * (1.0 + SLACK) + SLACK})
        out.append((float(power) * MW, program.value(z, "energy") * MW))
    return tuple(out)
