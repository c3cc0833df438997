"""A trace at a time step: edges spread by the jitter of ranks, or samples joined by lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.training.kernels import REACH, mean_edges, spread_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.training.types import LoadTrace

MOST_SAMPLES = 100_000_000  # 0.8 GB; a longer trace is taken in chunks


def render(trace: LoadTrace, start_s: float, stop_s: float, dt_s: float) -> NDArray[np.float64]:
    """Return power [W] at `start_s + k dt_s` before `stop_s`.

    An edge of height h at time t0, among many ranks whose moments are normally distributed, rises
    as h Phi((t - t0) / sigma), so harmonic k of a square wave of frequency f falls by
    exp(-(2 pi k f sigma)^2 / 2). Before the first and after the last sample of a measured trace
    its end values hold.

    Raises
    ------
    InfeasibleError
        The step is not above zero, or the window has more than 1e8 samples.
    """
    if not (dt_s > 0.0 and math.isfinite(start_s) and math.isfinite(stop_s)):
        raise InfeasibleError(f"a window of {start_s} to {stop_s} s at {dt_s} s cannot be drawn")
    span = (stop_s - start_s) / dt_s
    if span > MOST_SAMPLES:
        raise InfeasibleError(
            f"a window of {stop_s - start_s:g} s at {dt_s:g} s has {span:,.0f} samples; at most "
            f"{MOST_SAMPLES:,} are made at once: use `chunks`, or a longer step"
        )
    count = max(0, math.ceil(span - 1e-9))
    if trace.kind == "samples":
        t = start_s + dt_s * np.arange(count)
        return np.asarray(np.interp(t, trace.at_s, trace.power_w), dtype=np.float64)
    near = _near(trace, start_s, stop_s)
    out: NDArray[np.float64] = spread_edges((float(start_s), float(dt_s), count), *near, float(trace.edge_s))
    return out


def means(trace: LoadTrace, start_s: float, dt_s: float, count: int) -> NDArray[np.float64]:
    """Return the exact mean power [W] of `count` steps of `dt_s` from `start_s` on; edges may fall anywhere in them.

    Raises
    ------
    InfeasibleError
        The step is not above zero, or there are more than 1e8 steps.
    """
    if not (dt_s > 0.0 and math.isfinite(start_s) and 0 <= count <= MOST_SAMPLES):
        raise InfeasibleError(f"{count:,} steps of {dt_s} s from {start_s} s cannot be drawn")
    if trace.kind == "samples":
        return _sample_means(trace, start_s + dt_s * np.arange(count + 1, dtype=np.float64)) / dt_s
    near = _near(trace, start_s, start_s + count * dt_s)
    out: NDArray[np.float64] = mean_edges((float(start_s), float(dt_s), count), *near, float(trace.edge_s))
    return out


def _near(trace: LoadTrace, start_s: float, stop_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the edges that a window feels, and the level before them."""
    reach = REACH * trace.edge_s
    first = int(np.searchsorted(trace.at_s, start_s - reach, side="left"))
    last = int(np.searchsorted(trace.at_s, stop_s + reach, side="right"))
    base = trace.before_w if first == 0 else float(trace.power_w[first - 1])
    return trace.at_s[first:last], trace.power_w[first:last], float(base)


def _sample_means(trace: LoadTrace, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the energy between the times of `t` [J] under straight lines from sample to sample."""
    at, power = trace.at_s, trace.power_w
    whole = np.concatenate([[0.0], np.cumsum(0.5 * (power[1:] + power[:-1]) * np.diff(at))])
    k = np.clip(np.searchsorted(at, t, side="right") - 1, 0, len(at) - 1)
    here = np.interp(t, at, power)
    into = t - at[k]
    # before the first and behind the last sample the end values hold
    inside = 0.5 * (power[k] + here) * into
    energy = whole[k] + np.where(t < at[0], power[0] * into, np.where(t > at[-1], power[-1] * into, inside))
    return np.diff(energy)
