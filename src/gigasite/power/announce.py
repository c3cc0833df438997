"""What a scheduler announces of a job: stretches with their mean power and the band in which they swing.

Starts, stops, checkpoints and training are announced. Faults, the restarts after them and network stalls are not:
nobody knows of them beforehand, so the stretch in which they fall goes on in the announcement as if they did not
happen.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gigasite.power.types import Phase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.training.types import LoadTrace

UNKNOWN = {"fault", "restart", "stall"}
TRAINING = {"compute", "communication"}
PIECE_S = 1.0
"""Recordings, and training whose iterations are long, are announced in pieces of this length; estimate."""
LONG_S = 4.0
"""Iterations from this length on are announced piece by piece: the framework knows its own phases; below, a band and a
mean stand for all of them; estimate.
"""
RAMP_PIECE_S = 2.0
"""Starts are announced in pieces of this length."""
SAMPLES = 200_000
PERIODS = 4
"""An iteration period counts only if it fits this often into the trace."""
REGULAR = 0.5
"""Least autocorrelation of a trace that has a period."""


def announced(load: LoadTrace, *, start_s: float, stop_s: float) -> tuple[Phase, ...]:
    """Return the announced stretches of a window, in time order and without gaps.

    Parameters
    ----------
    load
        With phases: what a scheduler knows of them. Without (a recording): piece by piece.
    start_s, stop_s
        The window [s].
    """
    known = [p for p in load.phases if p[2] != "measured" and p[1] > start_s and p[0] < stop_s]
    stretches = _stretches(known, start_s, stop_s) if known else [(start_s, stop_s)]
    dt_s = max((stop_s - start_s) / SAMPLES, 1e-3)
    mean_w = load.means(start_s, dt_s, max(1, int((stop_s - start_s) / dt_s)))
    seen = np.ones(len(mean_w), dtype=bool)
    for a, b, kind in known:
        if kind in UNKNOWN:
            seen[max(0, int((a - start_s) / dt_s)) : int(np.ceil((b - start_s) / dt_s)) + 1] = False
    period_s = period_of(load)
    fine = not known or (period_s is not None and period_s >= LONG_S)
    out: list[Phase] = []
    for stretch in stretches:
        if stretch[1] - stretch[0] <= dt_s:
            continue
        whole = _phase(mean_w, seen, dt_s, start_s, stretch)
        cuts = _pieces(*stretch) if fine else [stretch]
        out += [_phase(mean_w, seen, dt_s, start_s, cut, whole) for cut in cuts]
    return tuple(out)


def _phase(
    mean_w: NDArray[np.float64],
    seen: NDArray[np.bool_],
    dt_s: float,
    start_s: float,
    cut: tuple[float, float],
    whole: Phase | None = None,
) -> Phase:
    """Return what is announced of a stretch; where all of it is unknown, what is of the `whole` that it belongs to."""
    first = min(int((cut[0] - start_s) / dt_s + 0.5), len(mean_w) - 1)
    last = max(int((cut[1] - start_s) / dt_s + 0.5), first + 1)
    part = mean_w[first:last]
    known = part[seen[first:last]]
    if whole is not None and not len(known):
        return replace(whole, start_s=cut[0], stop_s=cut[1])
    part = known if len(known) else part
    return Phase(
        start_s=cut[0],
        stop_s=cut[1],
        mean_w=float(part.mean()),
        low_w=float(part.min()),
        high_w=float(part.max()),
    )


def _stretches(known: list[tuple[float, float, str]], start_s: float, stop_s: float) -> list[tuple[float, float]]:
    """Join training steps and what nobody knows to one stretch; cut starts into pieces."""
    cuts: list[tuple[float, float]] = []
    begin, end = start_s, start_s
    for a, b, kind in known:
        first, last = max(a, start_s), min(b, stop_s)
        if kind in TRAINING or kind in UNKNOWN:
            end = last
            continue
        if end > begin:
            cuts.append((begin, max(end, first)))
        count = max(1, round((last - first) / RAMP_PIECE_S)) if kind in {"start", "stop"} else 1
        edges = np.linspace(first, last, count + 1)
        cuts += [(float(x), float(y)) for x, y in pairwise(edges)]
        begin = end = last
    if stop_s > begin:
        cuts.append((begin, stop_s))
    return cuts


def _pieces(start_s: float, stop_s: float) -> list[tuple[float, float]]:
    count = max(1, round((stop_s - start_s) / PIECE_S))
    edges = np.linspace(start_s, stop_s, count + 1)
    return [(float(a), float(b)) for a, b in pairwise(edges)]


def period_of(load: LoadTrace) -> float | None:
    """Return the iteration period of a load [s]: as the job says, else from the autocorrelation; None without one."""
    if load.step is not None:
        return load.step.step_s
    dt_s = max(load.duration_s / SAMPLES, 0.01, load.resolution_s / 4.0)
    wave = load.means(0.0, dt_s, max(2, int(load.duration_s / dt_s)))
    wave = wave - wave.mean()
    power = float(wave @ wave)
    if power <= 0.0:
        return None
    size = 1 << (2 * len(wave) - 1).bit_length()
    auto = np.fft.irfft(np.abs(np.fft.rfft(wave, size)) ** 2, size)[: len(wave) // PERIODS] / power
    auto *= len(wave) / (len(wave) - np.arange(len(auto)))
    below = np.flatnonzero(auto < 0.0)
    if not len(below):
        return None
    lag = int(below[0]) + int(np.argmax(auto[below[0] :]))
    return lag * dt_s if auto[lag] >= REGULAR else None
