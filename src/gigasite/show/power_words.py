"""Figures of the swing bench in words and units: what people read instead of keys and SI numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from gigasite._core.quantity import UNITS, show, suffix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.power.types import Swing

# words of the trade for parts of a key
WORDS: Mapping[str, str] = {
    "soc": "state of charge",
    "pst": "Pst",
    "plt": "Plt",
    "rocof": "rate of change of frequency",
    "genset": "gensets",
}
KEYS: Mapping[str, str] = {
    "spectrum_band_frac": "share of the swing in the critical band",
    "rocof_judged_hz_per_s": "rate of change of frequency, as the limit takes it",
    "genset_mean_low_w": "lowest lasting load of the gensets",
    "genset_step_w": "largest step of the gensets",
    "power_range_w": "range of power within the limit's window",
    "battery_throughput_per_day_j": "battery throughput a day",
    "battery_cycles": "full cycles of the battery in this run",
    "battery_life_years": "life of the battery at this use",
    "battery_c_rate_per_h": "C-rate of the battery",
}
PLAIN: Mapping[str, str] = {"_years": "years", "_per_h": "per hour"}
"""Units that no file knows."""
# a unit is taken where the number in it is not below one; the last one else
SCALES: Mapping[str, tuple[str, ...]] = {"_w": ("MW", "kW"), "_j": ("GWh", "MWh", "kWh"), "_s": ("h", "s")}


def words(key: str) -> str:
    """Return what a figure is called.

    >>> words("flicker_pst"), words("tone_2_w")
    ('flicker Pst', 'tone 2')
    """
    if key in KEYS:
        return KEYS[key]
    stem = key.removesuffix(suffix_of(key))
    return " ".join(WORDS.get(w, w) for w in re.split(r"_+", stem))


def value(key: str, number: float) -> str:
    """Return a figure with a unit that fits its size.

    >>> value("battery_throughput_per_day_j", 1.81e12), value("spectrum_band_frac", 0.213)
    ('502.8 MWh', '21.3 %')
    """
    suffix = suffix_of(key)
    if not math.isfinite(number):
        return "none"
    if suffix in SCALES:
        table = next(units for s, units in UNITS.values() if s == suffix)
        unit = next((u for u in SCALES[suffix] if abs(number) >= table[u]), SCALES[suffix][-1])
        return show(number, unit)
    if suffix == "_frac":
        return f"{100.0 * number:.3g} %"
    plain = next((unit for end, unit in PLAIN.items() if key.endswith(end)), "")
    unit = plain or next((next(iter(units)) for s, units in UNITS.values() if s == suffix), "")
    return show(number, unit) if unit else f"{number:,.3g}"


def main_figures(s: Swing) -> list[tuple[str, str, str]]:
    """Return name, value and remark of a run's main figures."""
    up, down = (x * 60.0 / 1e6 for x in (s.ramp_up_w_per_s, s.ramp_down_w_per_s))
    out = [
        ("frequency", f"{s.nadir_hz:.3f} to {s.peak_hz:.3f} Hz", f"at most {s.rocof_hz_per_s:.2f} Hz/s over 0.1 s"),
        ("ramp of grid and gensets", f"{up:,.0f} up, {down:,.0f} down MW/min", "largest within 1 s"),
    ]
    if s.voltage_pu is not None:
        out.append(("voltage of the campus bus", f"{s.voltage_pu.min():.3f} to {s.voltage_pu.max():.3f} pu", ""))
    if s.battery_peak_w > 0.0:
        low, high = float(s.soc_frac.min()), float(s.soc_frac.max())
        used = f"{value('_j', s.battery_used_j)} used, charge {low:.1%} to {high:.1%}"
        out.append(("battery", value("_w", s.battery_peak_w), used))
    if s.shaper_j:
        out.append(("shapers", value("_j", s.shaper_j), f"{s.goodput_frac:.1%} of the training speed left"))
    return out + [(words(k), value(k, v), "") for k, v in s.figures.items()]
