"""How much better losses are explained when one suspect more, or one less, is held to lose packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


@kernel
def gains(
    first: Ints, rows: Ints, sends: Floats, lost: Floats, rate: Floats, weight: Floats, cap: Floats, steps: int
) -> Floats:
    """Return the likelihood that each suspect would add, and the share that it would lose (2, c).

    Losses are Poisson with mean `rate + x * sends`; x is found by expectation maximisation from above, one suspect at a
    time, all others as they are.

    Parameters
    ----------
    first, rows, sends
        Suspect c could touch `sends[i]` packets of row `rows[i]`, `first[c] <= i < first[c + 1]`.
    lost
        Losses of each row, above zero (r,).
    rate
        Losses that are explained already (r,).
    weight
        Packets that each suspect touches in all measurements, those without loss included (c,).
    cap
        Most that a suspect may lose: the number of parts that it stands for (c,).
    """
    many = len(first) - 1
    out = np.zeros((2, many))
    for c in range(many):
        if weight[c] <= 0.0 or first[c] == first[c + 1]:
            continue
        total = 0.0
        for i in range(first[c], first[c + 1]):
            total += lost[rows[i]]
        x = min(total / weight[c], cap[c])
        for _ in range(steps):
            total = 0.0
            for i in range(first[c], first[c + 1]):
                part = x * sends[i]
                total += lost[rows[i]] * part / (rate[rows[i]] + part)
            x = min(total / weight[c], cap[c])
        gain = -x * weight[c]
        for i in range(first[c], first[c + 1]):
            gain += lost[rows[i]] * np.log1p(x * sends[i] / rate[rows[i]])
        out[0, c], out[1, c] = gain, x
    return out


@kernel
def leaders(first: Ints, rows: Ints, sends: Floats, lost: Floats, rate: Floats, found: Floats) -> NDArray[np.bool_]:
    """Say which suspects explain most of what they explain better than any other suspect does (c,)."""
    many = len(first) - 1
    best = np.zeros(len(lost))
    for c in range(many):
        for i in range(first[c], first[c + 1]):
            best[rows[i]] = max(best[rows[i]], found[0, c])
    out = np.zeros(many, np.bool_)
    for c in range(many):
        mine, all_ = 0.0, 0.0
        for i in range(first[c], first[c + 1]):
            part = found[1, c] * sends[i]
            share = lost[rows[i]] * part / (rate[rows[i]] + part)
            all_ += share
            if found[0, c] >= best[rows[i]]:
                mine += share
        out[c] = all_ > 0.0 and mine >= 0.5 * all_
    return out


@kernel
def refit(
    first: Ints, rows: Ints, sends: Floats, lost: Floats, sent: Floats, total_sent: float, weight: Floats, cap: Floats,
    x: Floats, floor: float, steps: int,
) -> tuple[Floats, float, Floats]:  # fmt: skip
    """Return the shares of all chosen suspects together, that of everything else, and the losses explained (r,).

    Parameters
    ----------
    x
        Where to start (c,).
    floor
        The share of everything else at its start; it is found with the others.
    """
    many, x = len(first) - 1, x.copy()
    other = floor
    rate = np.zeros(len(lost))
    for step in range(steps + 1):
        rate[:] = other * sent
        for c in range(many):
            for i in range(first[c], first[c + 1]):
                rate[rows[i]] += x[c] * sends[i]
        if step == steps:
            break
        for c in range(many):
            total = 0.0
            for i in range(first[c], first[c + 1]):
                total += lost[rows[i]] * sends[i] / rate[rows[i]]
            # the power makes what others explain better vanish sooner; below 2 it converges to the same values
            x[c] = min(x[c] * (total / max(weight[c], 1e-300)) ** 1.5, cap[c])
        total = 0.0
        for r in range(len(lost)):
            total += lost[r] * sent[r] / rate[r]
        other = max(other * total / total_sent, 1e-12)
    return x, other, rate


@kernel
def leave_out(first: Ints, rows: Ints, sends: Floats, lost: Floats, rate: Floats, weight: Floats, x: Floats) -> Floats:
    """Return the likelihood that is lost when a chosen suspect is let go, others unchanged (c,)."""
    many = len(first) - 1
    out = np.zeros(many)
    for c in range(many):
        gain = -x[c] * weight[c]
        for i in range(first[c], first[c + 1]):
            r = rows[i]
            rest = max(rate[r] - x[c] * sends[i], 1e-9 * rate[r])
            gain += lost[r] * np.log(rate[r] / rest)
        out[c] = gain
    return out


def warm() -> None:
    """Compile the kernels."""
    first, rows, one = np.array([0, 1]), np.array([0]), np.ones(1)
    found = gains(first, rows, one, one, one, one, one, 1)
    leaders(first, rows, one, one, one, found)
    refit(first, rows, one, one, one, 1.0, one, one, one, 1e-6, 1)
    leave_out(first, rows, one, one, one, one, one)
