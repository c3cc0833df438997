"""Spectra of power: the share of a swing in a band of frequencies, and the largest tone in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import dct

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PERIODS = 10
"""Of the band's lowest frequency in one stretch: the flat-top lobe is 5 lines wide, so its foot stays above zero."""
LEAST_S = 20.0
"""Of one stretch: in shorter ones harmonics of an iteration of a second run into one line. Estimate."""
FEWEST_PERIODS = 5
"""A shorter trace cannot tell a tone at the band's edge from a trend."""
FLAT_TOP = (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368)
"""ISO 18431-2 flat-top window: amplitudes between two lines are right within 0.02 %, a Hann window is 15 % low."""
BATCH = 1 << 21
"""Samples transformed at once: about 50 MB."""
TOP_HZ = 1000.0
"""Highest frequency that a band may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of frequencies with the largest amplitude that a tone in it may have."""

    low_hz: float
    high_hz: float
    amplitude: float
    """In W, or a fraction of rating, as the limit says."""

    def __post_init__(self) -> None:
        """Refuse a band that is none."""
        if not 0.0 < self.low_hz < self.high_hz <= TOP_HZ:
            raise QuantityError(
                f"a band needs 0 < low < high <= {TOP_HZ:g} Hz, found {self.low_hz:g} to {self.high_hz:g}"
            )
        if not self.amplitude > 0.0:
            raise QuantityError(f"a band needs an amplitude above zero, found {self.amplitude:g}")

    def __str__(self) -> str:
        """Print `7-100 Hz`."""
        return f"{self.low_hz:g}-{self.high_hz:g} Hz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The largest tone of a band."""

    amplitude: float
    """Half of its peak to peak; 0 where the trace has no line in the band."""
    hz: float
    sample: int
    """First of the stretch in which it is largest."""


def bands_of(raw: Any, dimension: str) -> tuple[Band, ...]:
    """Read bands from a file: a list of `{low: 0.1 Hz, high: 2 Hz, amplitude: 5 MW}`.

    Parameters
    ----------
    raw
        The list.
    dimension
        Of the amplitude: "power" or "fraction".

    Raises
    ------
    QuantityError
        No such list.
    """
    if not isinstance(raw, list | tuple):
        raise QuantityError(
            f"needs a list of bands such as {{low: 0.1 Hz, high: 2 Hz, amplitude: ...}}, found {raw!r}"[:200]
        )
    out = []
    for each in raw:
        if isinstance(each, Band):
            out.append(each)
            continue
        if not isinstance(each, dict) or set(each) != {"low", "high", "amplitude"}:
            raise QuantityError(f"a band has the keys low, high and amplitude, found {each!r}"[:200])
        hertz = Quantity("frequency")
        amplitude = Quantity(dimension).parse(each["amplitude"])
        out.append(Band(low_hz=hertz.parse(each["low"]), high_hz=hertz.parse(each["high"]), amplitude=amplitude))
    return tuple(out)


def band_share(power_w: NDArray[np.float64], dt_s: float, low_hz: float, high_hz: float) -> tuple[float, float]:
    """Return the share of a swing's energy between two frequencies, and the swing's rms [W].

    Parameters
    ----------
    power_w
        (n,) samples.
    dt_s
        Their step [s].
    low_hz, high_hz
        The band; what lies above half the sampling rate is not in the trace.

    Returns
    -------
    tuple[float, float]
        Energy of the band over the energy of all that is not the mean; 0 for a power that never moves. And the root of
        the mean square around the mean.

    Notes
    -----
    By the cosine transform: it continues the trace by its mirror image, so that a trace that ends higher than it began
    has no jump (in a Fourier series that jump alone puts 11 % of a 60-s ramp above 0.1 Hz), needs no window that would
    weigh the middle more than the ends, and keeps energy exactly (Parseval).

    >>> t = np.arange(0.0, 100.0, 0.01)
    >>> wave = 3.0 * np.sin(2 * np.pi * t) + 4.0 * np.sin(2 * np.pi * 0.05 * t)
    >>> round(band_share(wave, 0.01, 0.1, 20.0)[0], 2)
    0.36
    """
    n = len(power_w)
    swing = power_w - power_w.mean()
    total = float(swing @ swing)
    if not total > 0.0:
        return 0.0, 0.0
    lines = dct(swing, norm="ortho")
    # line k is of frequency k / (2 n dt)
    first = max(1, int(np.ceil(2.0 * n * dt_s * low_hz - 1e-9)))
    last = min(n - 1, int(np.floor(2.0 * n * dt_s * high_hz + 1e-9)))
    inside = lines[first : last + 1]
    return min(float(inside @ inside) / total, 1.0), float(np.sqrt(total / n))


def largest_tone(values: NDArray[np.float64], dt_s: float, low_hz: float, high_hz: float) -> Peak:
    """Return the largest line of a band in any stretch of ten periods of its lowest frequency, at least 20 s.

    Parameters
    ----------
    values
        (n,) samples.
    dt_s
        Their step [s].
    low_hz, high_hz
        The band.

    Notes
    -----
    Stretches overlap by half, each without its straight line, under a flat-top window; the largest of all is taken
    (peak hold), so that a swing that comes and goes is not averaged away.

    >>> t = np.arange(0.0, 60.0, 0.005)
    >>> peak = largest_tone(100.0 + 5.0 * np.sin(2 * np.pi * 1.234 * t), 0.005, 0.5, 2.0)
    >>> round(peak.amplitude, 2), round(peak.hz, 1)
    (5.0, 1.2)
    """
    size = min(len(values), max(2, round(max(PERIODS / low_hz, LEAST_S) / dt_s)))
    hz = np.fft.rfftfreq(size, dt_s)
    lines = np.flatnonzero((hz >= low_hz * (1.0 - 1e-9)) & (hz <= high_hz * (1.0 + 1e-9)))
    best = Peak(amplitude=0.0, hz=low_hz, sample=0)
    if not len(lines):
        return best
    window = flat_top(size)
    for starts, stretches in _stretches(values, size):
        height = 2.0 / window.sum() * np.abs(np.fft.rfft(_straightened(stretches) * window, axis=1)[:, lines])
        row, column = np.unravel_index(int(np.argmax(height)), height.shape)
        if height[row, column] > best.amplitude:
            best = Peak(amplitude=float(height[row, column]), hz=float(hz[lines[column]]), sample=int(starts[row]))
    return best


def amplitude_spectrum(values: NDArray[np.float64], dt_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return frequencies [Hz] and amplitudes of the lines of a whole trace, without its straight line (Hann window).

    For pictures: a tone between two lines shows up to 15 % low.

    >>> t = np.arange(0.0, 20.0, 0.01)
    >>> hz, height = amplitude_spectrum(7.0 * np.cos(2 * np.pi * 2.0 * t), 0.01)
    >>> float(hz[np.argmax(height)]), round(float(height.max()), 2)
    (2.0, 7.0)
    """
    n = len(values)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n) / n)
    height = 2.0 / max(window.sum(), 1e-300) * np.abs(np.fft.rfft(_straightened(values[None, :])[0] * window))
    hz: NDArray[np.float64] = np.arange(n // 2 + 1) / (n * dt_s)
    return hz, height


def flat_top(size: int) -> NDArray[np.float64]:
    """Return the flat-top window of this many samples."""
    turn = 2.0 * np.pi * np.arange(size) / size
    out = np.zeros(size)
    for k, weight in enumerate(FLAT_TOP):
        out += (-1) ** k * weight * np.cos(k * turn)
    return out


def _straightened(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take mean and slope (least squares) off every row."""
    t = np.arange(rows.shape[1]) - (rows.shape[1] - 1) / 2.0
    slope = rows @ t / max(float(t @ t), 1e-300)
    out: NDArray[np.float64] = rows - rows.mean(axis=1, keepdims=True) - slope[:, None] * t
    return out


def _stretches(values: NDArray[np.float64], size: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield first samples and rows of stretches that overlap by half, some at a time; the last ends with the trace."""
    last = len(values) - size
    starts = np.unique(np.append(np.arange(0, last + 1, max(1, size // 2)), last))
    view = np.lib.stride_tricks.sliding_window_view(values, size)
    step = max(1, BATCH // size)
    for k in range(0, len(starts), step):
        chosen = starts[k : k + step]
        yield chosen, view[chosen]
