"""Spectrum: the share of the source's swing in the band that excites grids and machines, and caps on single tones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import show
from gigasite._core.settings import of_kind, setting
from gigasite.power.bound_types import SourceLimits, Tone
from gigasite.power.limit import Verdict, broken, limits, unjudged, unseen
from gigasite.power.spectra import FEWEST_PERIODS, Band, band_share, bands_of, largest_tone
from gigasite.power.spells import shown_s, sound, too_coarse, when
from gigasite.power.types import Line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series

REMEDY = (
    "a battery controller without latency in this band, storage in the power supplies, a power floor in the GPUs, or "
    "another iteration period"
)


def watts(raw: Any) -> tuple[Band, ...]:
    """Read bands whose amplitude is a power."""
    return bands_of(raw, "power")


ROUNDING = 1e-7
"""Swing over mean below which a run only shows its own rounding."""


@limits.part("spectrum")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spectrum:
    """Cap on the share of the swing's energy in a band, and on the amplitude of tones.

    Parameters
    ----------
    low_hz, high_hz
        The band [Hz].
    share_frac
        Largest share of the energy (square of what is not the mean) of source power in it.
    floor_frac
        A swing whose rms is below this share of the mean power is not judged by its share: a share of nothing says
        nothing. Estimate.
    tones
        Bands with the largest amplitude of a tone (half its peak to peak) [W]; none by default.

    References
    ----------
    Form and example (0.1-20 Hz, 20 % of the energy) of arXiv 2508.14318; its own tables were not seen.
    """

    low_hz: float = setting(0.1, 1e-4, 1000.0)
    high_hz: float = setting(20.0, 1e-3, 1000.0)
    share_frac: float = setting(0.2, 0.0, 1.0)
    floor_frac: float = setting(0.001, 0.0, 1.0)
    tones: tuple[Band, ...] = of_kind((), watts)
    kind: ClassVar[str] = "spectrum"

    def __post_init__(self) -> None:
        """Refuse a band that is none."""
        if not self.low_hz < self.high_hz:
            raise QuantityError(f"low must be below high, found {self.low_hz:g} and {self.high_hz:g} Hz")

    def source_limits(self) -> SourceLimits:
        """Return the tones; the share is no linear limit."""
        return SourceLimits(
            tones=tuple(Tone(low_hz=b.low_hz, high_hz=b.high_hz, amplitude_w=b.amplitude) for b in self.tones)
        )

    def judge(self, series: Series, /) -> Verdict:
        """Return the band's share and the largest tone of each band."""
        power_w = sound(series.source_w)
        line, found, share = self._share(series, power_w)
        lines = [line]
        figures = {"spectrum_band_frac": share}
        for number, band in enumerate(self.tones, 1):
            figure = f"tone_{number}_w"
            one, more, height = judge_tone(series, power_w, band, (self.kind, figure, "MW"))
            lines.append(one)
            found += more
            figures[figure] = height
        return Verdict(lines=tuple(lines), findings=tuple(found), figures=figures)

    def _share(self, series: Series, power_w: NDArray[np.float64]) -> tuple[Line, list[Finding], float]:
        share, rms_w = band_share(power_w, series.dt_s, self.low_hz, self.high_hz)
        band = f"{self.low_hz:g}-{self.high_hz:g} Hz"
        mean_w = abs(float(power_w.mean()))
        if rms_w <= ROUNDING * mean_w:
            share = 0.0  # a steady power has no spectrum, only rounding
        short = len(power_w) * series.dt_s < FEWEST_PERIODS / self.low_hz
        bad = share > self.share_frac and rms_w > self.floor_frac * mean_w and not short
        line = Line(series="spectrum_band_frac", level=self.share_frac, text=f"share in {band}", broken=bad)
        if bad:
            text = f"{share:.1%} of a swing of {show(rms_w, 'MW')} rms"
            what = f"too much of the swing lies in {band}"
            return line, [broken(self.kind, what, f"{self.share_frac:.0%}", text, REMEDY)], share
        if short:
            why = f"the trace is shorter than {FEWEST_PERIODS} periods of its lowest frequency"
            length = f"take at least {FEWEST_PERIODS / self.low_hz:.3g} s"
            return line, [unjudged(self.kind, f"the share in {band}", why, length)], share
        needed_s = 0.5 / self.high_hz
        if too_coarse(series, needed_s):
            return line, [unseen(self.kind, f"the share in {band}", needed_s, shown_s(series))], share
        return line, [], share


def judge_tone(
    series: Series, values: NDArray[np.float64], band: Band, names: tuple[str, str, str]
) -> tuple[Line, list[Finding], float]:
    """Judge the largest tone of a band; return its line, findings and amplitude.

    Parameters
    ----------
    series
        Where the values are from.
    values
        (n,) in the unit of the band's amplitude.
    band
        With its cap.
    names
        The limit, the figure that it is drawn in, and the unit in which a finding shows it ("MW" or "%").
    """
    where, figure, unit = names
    peak = largest_tone(values, series.dt_s, band.low_hz, band.high_hz)
    # a single rounding error of a large constant is no tone
    bad = peak.amplitude > band.amplitude * (1.0 + 1e-6)
    line = Line(series=figure, level=band.amplitude, text=f"{where} {band}", broken=bad)
    if bad:
        text = f"{show(peak.amplitude, unit)} at {peak.hz:.3g} Hz, {when(series, peak.sample)}"
        what = f"a tone in {band} is too strong"
        return line, [broken(where, what, show(band.amplitude, unit), text, REMEDY)], peak.amplitude
    needed_s = 0.5 / band.high_hz
    found = []
    if too_coarse(series, needed_s):
        found.append(unseen(where, f"tones in {band}", needed_s, shown_s(series)))
    elif len(values) * series.dt_s < FEWEST_PERIODS / band.low_hz:
        why = f"the trace is shorter than {FEWEST_PERIODS} periods of its lowest frequency"
        length = f"take at least {FEWEST_PERIODS / band.low_hz:.3g} s"
        found.append(unjudged(where, f"tones in {band}", why, length))
    return line, found, peak.amplitude
