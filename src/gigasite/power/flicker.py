"""Flicker: how much lamps on a swinging voltage annoy, by IEC 61000-4-15, from the voltage's envelope.

The standard's meter takes the waveform: it squares it, takes carrier and mean off (0.05 Hz high-pass, Butterworth
low-pass of order 6), weighs it like lamp and eye, squares, smooths (300 ms) and classifies over 10 min. Here the
envelope is given: the square of a waveform sqrt(2) (1 + m) sin(wt) is (1 + m)^2 (1 - cos 2wt), and as the low-pass
takes the second term off, the meter starts with (1 + m)^2, the squared envelope. What differs: the second term also
carries the modulation, folded about 2 w. Harmonics of a fast rectangular modulation that lie near twice the mains
frequency come down into the eye's band (the fifth of 25 Hz is 125 Hz: 5 Hz beside the carrier's 120 Hz). A plant's
phasor voltage has no such products, so that rectangular modulation reads up to 5 % low here, most at 25 Hz.

The linear parts are applied in the frequency domain, where the standard's analogue responses hold exactly: digital
filters at 200 samples per second would bend them by 3 % at 20 Hz. Nothing above half the sampling rate is in a trace:
rectangular changes faster than 1 / (5 dt) are already other waves when they reach this meter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gigasite.power.types import Grid

HIGH_PASS_HZ = 0.05
ORDER = 6
SMOOTHING_S = 0.3
BLOCK_S = 600.0
"""Of one Pst."""
PLT_BLOCKS = 12
"""Pst values in one Plt: two hours."""
CALIBRATION_HZ = 8.8
"""Where the standard's table has its least modulation, by which the meter is scaled to 1."""
LEAD_S = 30.0
"""Run-in before a block: nine time constants of the high-pass."""
TAIL_S = 2.0
"""The last value is held as long, so that the transform's wrap falls outside the block."""
# smoothed percentiles: shares of time [%] whose levels are averaged, and their weights in Pst^2
PERCENTILES: tuple[tuple[tuple[float, ...], float], ...] = (
    ((0.1,), 0.0314),
    ((0.7, 1.0, 1.5), 0.0525),
    ((2.2, 3.0, 4.0), 0.0657),
    ((6.0, 8.0, 10.0, 13.0, 17.0), 0.28),
    ((30.0, 50.0, 80.0), 0.08),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """Weighting of a 60-W incandescent lamp, eye and brain.

    k w1 s (1 + s/w2) / ((s^2 + 2 l s + w1^2) (1 + s/w3) (1 + s/w4)); angular frequencies are given divided by 2 pi.
    """

    k: float
    damping_hz: float
    one_hz: float
    two_hz: float
    three_hz: float
    four_hz: float
    low_pass_hz: float
    """Of the demodulator."""
    calibration_frac: float
    """Sine modulation (peak to peak) at 8.8 Hz that gives Pinst,max = 1."""


LAMPS: Mapping[str, Lamp] = {
    # IEC 61000-4-15 ed. 2, clause 5.6 (weighting) and 5.5 (demodulator); table values at 8.8 Hz
    "120 V": Lamp(
        k=1.6357, damping_hz=4.167375, one_hz=9.077169, two_hz=2.939902, three_hz=1.394468, four_hz=17.31512,
        low_pass_hz=42.0, calibration_frac=0.00321,
    ),
    "230 V": Lamp(
        k=1.74802, damping_hz=4.05981, one_hz=9.15494, two_hz=2.27979, three_hz=1.22535, four_hz=21.9,
        low_pass_hz=35.0, calibration_frac=0.00250,
    ),
}  # fmt: skip


def response(hz: NDArray[np.float64], lamp: Lamp) -> NDArray[np.complex128]:
    """Return the complex gain from squared voltage to what the eye feels: high-pass, low-pass and weighting."""
    s = 1j * hz  # all corner frequencies are in Hz, so 2 pi cancels
    w1 = lamp.one_hz
    eye = lamp.k * w1 * s * (1.0 + s / lamp.two_hz)
    eye = eye / ((s * s + 2.0 * lamp.damping_hz * s + w1 * w1) * (1.0 + s / lamp.three_hz) * (1.0 + s / lamp.four_hz))
    high = s / (s + HIGH_PASS_HZ)
    low = np.ones_like(s)
    for k in range(ORDER):
        pole = np.exp(1j * np.pi * (2 * k + ORDER + 1) / (2 * ORDER))
        low = low / (1.0 - s / (lamp.low_pass_hz * pole))
    out: NDArray[np.complex128] = eye * high * low
    return out


def perceived(
    squared: NDArray[np.float64], dt_s: float, lamp: Lamp, *, lead: int = 0, averaged: bool = False
) -> NDArray[np.float64]:
    """Return the instantaneous flicker sensation Pinst.

    Parameters
    ----------
    squared
        (n,) square of the voltage over its long-term level; before the first sample it was as there.
    dt_s
        Step [s].
    lamp
        Whose weighting.
    lead
        Samples at the beginning that only run the meter in; they are not returned.
    averaged
        Whether samples are means over their step: then their loss (sinc) is made good.

    Returns
    -------
    NDArray
        (n - lead,) of Pinst; 1 is the threshold of what half the observers see.
    """
    n, pad = len(squared), max(1, round(LEAD_S / dt_s))
    size = next_fast_len(pad + n + max(1, round(TAIL_S / dt_s)), real=True)
    signal = np.empty(size)
    signal[:pad] = 0.0
    signal[pad : pad + n] = squared - squared[0]
    signal[pad + n :] = squared[-1] - squared[0]
    hz: NDArray[np.float64] = np.arange(size // 2 + 1) / (size * dt_s)
    gain = response(hz, lamp)
    if averaged:
        gain = gain / np.sinc(hz * dt_s)
    felt = irfft(rfft(signal) * gain, size)
    smooth = irfft(rfft(felt * felt) / (1.0 + 2j * np.pi * hz * SMOOTHING_S), size)
    # the ideal response cut at half the sampling rate rings below zero where there is nothing
    out: NDArray[np.float64] = np.maximum(_scale(lamp) * smooth[pad + lead : pad + n], 0.0)
    return out


@cache
def _scale(lamp: Lamp) -> float:
    """Return the factor that makes Pinst,max = 1 at the standard's 8.8-Hz sine, from the responses alone.

    A sine of full width d moves the squared voltage by d sin(wt), is felt as a = d |H|, squared a^2/2 (1 - cos 2wt),
    and smoothed to a peak of a^2/2 (1 + |L(2w)|).
    """
    felt = lamp.calibration_frac * abs(complex(response(np.array([CALIBRATION_HZ]), lamp)[0]))
    ripple = abs(1.0 / (1.0 + 2j * np.pi * 2.0 * CALIBRATION_HZ * SMOOTHING_S))
    return float(1.0 / (0.5 * felt * felt * (1.0 + ripple)))


def pst(pinst: NDArray[np.float64]) -> float:
    """Return the short-term severity of a stretch of Pinst by the standard's smoothed percentiles.

    >>> round(pst(np.full(100, 1.0)), 4)
    0.7139
    """
    asked = np.concatenate([1.0 - np.array(shares) / 100.0 for shares, _ in PERCENTILES])
    levels = np.quantile(pinst, asked)
    total, k = 0.0, 0
    for shares, weight in PERCENTILES:
        total += weight * float(levels[k : k + len(shares)].mean())
        k += len(shares)
    return float(np.sqrt(total))


def short_term(
    voltage_pu: NDArray[np.float64], dt_s: float, lamp: Lamp, *, averaged: bool = False
) -> NDArray[np.float64]:
    """Return Pst of every 10 minutes of a voltage.

    Parameters
    ----------
    voltage_pu
        (n,) envelope.
    dt_s
        Step [s].
    lamp
        Whose weighting.
    averaged
        Whether samples are means over their step.

    Returns
    -------
    NDArray
        One value a block; the last block ends with the trace and may overlap the one before.
        One value for the whole of a shorter trace.
    """
    n, size = len(voltage_pu), max(2, round(BLOCK_S / dt_s))
    lead = round(LEAD_S / dt_s)
    out = []
    for start in blocks(n, size):
        first = max(0, start - lead)
        stretch = voltage_pu[first : start + size]
        level = float(stretch.mean())
        relative = stretch / level if level > 0.0 else stretch
        out.append(pst(perceived(relative * relative, dt_s, lamp, lead=start - first, averaged=averaged)))
    return np.array(out)


def blocks(n: int, size: int) -> list[int]:
    """Return first samples of blocks of `size` that cover `n` samples; the last ends with them.

    >>> blocks(25, 10), blocks(5, 10)
    ([0, 10, 15], [0])
    """
    starts = list(range(0, max(n - size, 0) + 1, size))
    if starts[-1] + size < n:
        starts.append(n - size)
    return starts


def long_term(values: NDArray[np.float64]) -> float:
    """Return the largest Plt: the cube-root mean of twelve Pst in a row, or of as many as there are.

    >>> round(long_term(np.array([1.0] * 12)), 6)
    1.0
    """
    n = min(PLT_BLOCKS, len(values))
    sums = np.concatenate([[0.0], np.cumsum(values**3)])
    return float(np.cbrt(max(float((sums[n:] - sums[:-n]).max()) / n, 0.0)))


def intake_voltage(source_w: NDArray[np.float64], grid: Grid, power_factor: float) -> NDArray[np.float64]:
    """Return the voltage at the intake [pu of the grid's own] behind its short-circuit impedance.

    With r + jx the direction of R + jX (its size is 1 per unit of S_k) and p + jq = P (1 + j tan phi) /
    S_k, the two-bus circuit gives
    v^2 = (1/2 - a) + sqrt((1/2 - a)^2 - (p^2 + q^2)), a = r p + x q; to first order dV/V = dP (R + X tan phi) / V^2.
    Reactive power is taken to move with the power (constant power factor): supplies do not hold theirs.

    Parameters
    ----------
    source_w
        (n,) power through the intake [W].
    grid
        Short-circuit power (None: ten times the capacity) and R/X.
    power_factor
        Of the load, lagging.

    Notes
    -----
    Beyond the largest power that the circuit transfers the inner root is taken as zero.

    >>> from gigasite.power.types import Grid
    >>> grid = Grid(capacity_w=1e8, short_circuit_w=1e9, r_over_x=0.0)
    >>> intake_voltage(np.array([0.0, 1e8]), grid, 1.0).round(4).tolist()
    [1.0, 0.9949]
    """
    short_w = grid.short_circuit_w or 10.0 * grid.capacity_w
    x = 1.0 / np.hypot(1.0, grid.r_over_x)
    r = grid.r_over_x * x
    tangent = np.sqrt(max(1.0 / power_factor**2 - 1.0, 0.0))
    p = source_w / short_w
    half = 0.5 - (r + x * tangent) * p
    inside = half * half - p * p * (1.0 + tangent * tangent)
    out: NDArray[np.float64] = np.sqrt(np.maximum(half + np.sqrt(np.maximum(inside, 0.0)), 0.0))
    return out
