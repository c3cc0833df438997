"""The page of one case of the swing bench: one file, nothing from outside."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2

from gigasite.show.power_data import power_data
from gigasite.show.report import script
from gigasite.show.result import dumps

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.power.resonance import Resonance
    from gigasite.power.size import Sizing
    from gigasite.power.types import Swing

SCRIPTS = {
    "echarts": "echarts.min.js",
    "uplot": "uplot.min.js",
    "base": "base.js",
    "js": "power.js",
    "css": "page.css",
    "uplot_css": "uplot.min.css",
}


def power_page(
    name: str, swing: Swing, resonance: Resonance | None, sizing: Sizing | None, findings: list[Finding], why: str = ""
) -> str:
    """Return the page; `why` says why there is no resonance."""
    folder = files("gigasite.show") / "assets"
    page = jinja2.Environment(autoescape=True).from_string((folder / "power.html").read_text(encoding="utf-8"))
    return page.render(
        name=name,
        text=_text(swing),
        findings=[f.to_json() for f in findings],
        voltage=swing.voltage_pu is not None,
        resonance_text=_resonance_text(resonance, why),
        size_text=_size_text(sizing),
        data=script(dumps({"bench": power_data(swing, resonance, sizing)})),
        **{key: script((folder / file).read_text(encoding="utf-8")) for key, file in SCRIPTS.items()},
    )


def _text(s: Swing) -> str:
    where = "Gensets alone" if s.islanded else "Beside the grid"
    figures: dict[str, Any] = dict(s.figures)
    more = "; ".join(f"{k} {v:,.3g}" for k, v in figures.items())
    return (
        f"{where}, controller {s.controller}, {s.level} level. Frequency {s.nadir_hz:.3f} to {s.peak_hz:.3f} Hz, "
        f"{s.rocof_hz_per_s:.2f} Hz/s. Source ramps {s.ramp_up_w_per_s * 60 / 1e6:,.0f} MW/min up, "
        f"{s.ramp_down_w_per_s * 60 / 1e6:,.0f} down over one second. Battery {s.battery_peak_w / 1e6:,.1f} MW, "
        f"{s.battery_used_j / 3.6e6:,.0f} kWh. {more}"
    )


def _resonance_text(r: Resonance | None, why: str) -> str:
    if r is None:
        return f"No resonance is drawn: {why or 'a stiff grid holds the frequency'}."
    text = f"The plant answers most at {r.peak_hz:.3g} Hz: {r.peak_gain_hz_per_w * 1e9:.3g} mHz per MW."
    if r.wave is not None:
        text += f" The job's period of {r.wave.period_s:.3g} s swings the frequency by {r.swing_hz:.3g} Hz"
        text += f" (limit {r.limit_hz:.3g} Hz)."
        if r.shift_s is not None and r.goodput_frac < 1.0:
            text += f" A period of {r.shift_s:.3g} s keeps it, at {r.goodput_frac:.0%} of the training speed."
    return text


def _size_text(s: Sizing | None) -> str:
    if s is None or s.bound is None:
        return "No limit on the source's ramp, range or spectrum is given: nothing bounds the battery."
    return (
        f"Knowing the whole load beforehand, {s.bound.power_w / 1e6:,.1f} MW and {s.bound.energy_j / 3.6e6:,.0f} kWh "
        f"would do (set by {', '.join(s.bound.binding) or 'the load itself'}); no battery below that holds the limits."
    )
