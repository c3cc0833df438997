"""Compiled loops of shapers: a power floor with ramps, a store in the power supply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def floored(load_w: NDArray[np.float64], floor_w: float, up_w: float, down_w: float, hold: int) -> NDArray[np.float64]:
    """Return the load held at or above a floor while it is busy, with limited steps up and down.

    Parameters
    ----------
    load_w
        (n,) power asked for [W].
    floor_w
        Lowest power while the job runs; it runs from the first sample above the floor until the load has been below
        it for `hold` samples.
    up_w, down_w
        Largest step up and down per sample [W]; a step up is delayed work, a step down is burnt.
    hold
        Hysteresis [samples]: so long the floor is held after the load fell.
    """
    out = np.empty(len(load_w))
    now, below = load_w[0], 0
    for i in range(len(load_w)):
        below = 0 if load_w[i] >= floor_w else below + 1
        target = max(load_w[i], floor_w) if below <= hold else load_w[i]
        now = min(max(target, now - down_w), now + up_w)
        out[i] = now
    return out


@kernel
def buffered(
    load_w: NDArray[np.float64], share: float, store_j: float, most_w: float, eta: float, dt_s: float
) -> tuple[NDArray[np.float64], float, float]:
    """Return the power drawn through a store that follows a low-pass of the load, what it still holds and its losses.

    Parameters
    ----------
    load_w
        (n,) power asked for [W].
    share
        Of the way to the load that the low-pass goes in a step.
    store_j, most_w, eta
        Energy, power and one-way efficiency of all stores together; they begin half full.
    dt_s
        Step [s].
    """
    out = np.empty(len(load_w))
    half_j = 0.5 * store_j
    slow, held, lost = (
        load_w[0],
        0.0,
        0.0,
    )  # held above half full: a small load is not lost in the rounding of a large store
    for i in range(len(load_w)):
        slow += (load_w[i] - slow) * share
        # losses would empty it: it also comes back to half full within the low-pass's time
        centre_w = -held * share / dt_s
        wanted = min(max(load_w[i] - slow - centre_w, -most_w), most_w, load_w[i])
        wanted = min(max(wanted, -(half_j - held) / eta / dt_s), (half_j + held) * eta / dt_s)
        taken = wanted / eta if wanted > 0.0 else wanted * eta
        held -= taken * dt_s
        lost += (taken - wanted) * dt_s
        out[i] = load_w[i] - wanted
    return out, held, lost


def warm() -> None:
    """Compile every kernel."""
    floored(np.ones(2), 0.5, 1.0, 1.0, 1)
    buffered(np.ones(2), 0.1, 1.0, 1.0, 0.9, 0.01)
