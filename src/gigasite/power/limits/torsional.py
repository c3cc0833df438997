"""Torsional bands: swings of electrical power at frequencies at which shafts of machines twist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.settings import of_kind
from gigasite.power.limit import Verdict, limits
from gigasite.power.limits.spectrum import judge_tone
from gigasite.power.spectra import Band, bands_of
from gigasite.power.spells import note, sound

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.power.limit import Series
    from gigasite.power.types import Line

BANDS = (Band(low_hz=7.0, high_hz=100.0, amplitude=0.01),)


def fractions(raw: Any) -> tuple[Band, ...]:
    """Read bands whose amplitude is a fraction of rating."""
    return bands_of(raw, "fraction")


@limits.part("torsional")
@dataclass(frozen=True, slots=True, kw_only=True)
class Torsional:
    """Largest tone of the gensets' electrical power in bands of shaft frequencies.

    Parameters
    ----------
    bands
        Bands with the largest amplitude of a tone as a fraction of the gensets' rating. The frequencies of a machine
        are in its maker's torsional report: put them here.

    References
    ----------
    Band 7-100 Hz: review of arXiv 2508.14318 on themoonlight.io (secondary). Amplitude of 1 %: estimate.
    """

    bands: tuple[Band, ...] = of_kind(BANDS, fractions)
    kind: ClassVar[str] = "torsional"

    def judge(self, series: Series, /) -> Verdict:
        """Return the largest tone of each band."""
        rating_w = sum(m.count * m.rating_w for m in series.plant.machines)
        if not rating_w > 0.0:
            return Verdict(findings=(note(self.kind, "there are no gensets: the limit does not apply"),))
        share = (sound(series.source_w) - sound(series.grid_w)) / rating_w
        lines: list[Line] = []
        found: list[Finding] = []
        figures: dict[str, float] = {}
        for number, band in enumerate(self.bands, 1):
            figure = f"torsional_{number}_frac"
            line, more, height = judge_tone(series, share, band, (self.kind, figure, "%"))
            lines.append(line)
            found += more
            figures[figure] = height
        return Verdict(lines=tuple(lines), findings=tuple(found), figures=figures)
