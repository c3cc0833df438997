"""A trace at a time step: edges spread by the jitter of ranks, or samples joined by straight lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.training.kernels import spread_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.training.types import LoadTrace

REACH = 6.0  # standard deviations after which an edge is over: the rest is below 1e-9 of it


def render(trace: LoadTrace, start_s: float, stop_s: float, dt_s: float) -> NDArray[np.float64]:
    """Return power [W] at `start_s + k dt_s` before `stop_s`.

    An edge of height h at time t0 among many ranks whose moments are normally distributed rises as h Phi((t - t0) /
    sigma), so harmonic k of a square wave of frequency f falls by exp(-(2 pi k f sigma)^2 / 2).
    """
    count = max(0, int(np.ceil((stop_s - start_s) / dt_s - 1e-9)))
    t = start_s + dt_s * np.arange(count)
    if trace.kind == "samples":
        return np.interp(t, trace.at_s, trace.power_w)
    reach = REACH * trace.edge_s
    first = int(np.searchsorted(trace.at_s, start_s - reach))
    last = int(np.searchsorted(trace.at_s, stop_s + reach))
    base = trace.before_w if first == 0 else float(trace.power_w[first - 1])
    steps = np.diff(trace.power_w[first:last], prepend=base)
    return spread_edges(t, dt_s, trace.at_s[first:last], steps, base, max(trace.edge_s, 1e-9))
