"""The pages of the swing bench: the chapter that plan and case share, and the page of one case; nothing from outside."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from gigasite.show.html import script
from gigasite.show.power_data import first_broken, power_data
from gigasite.show.power_words import main_figures, value
from gigasite.show.result import dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    name: str,
    study: tuple[Swing, Resonance | None, Sizing | None],
    findings: Sequence[Finding],
    *,
    limits: Sequence[Any] = (),
    why: tuple[str, str] = ("", ""),
    left_out: Sequence[str] = (),
) -> str:
    """Return the page of a case.

    Parameters
    ----------
    name
        Of the case.
    study
        The run, the plant's response and the sizing.
    findings
        Worst first.
    limits
        Of the study.
    why
        Why there is no response, and why there is no sizing.
    left_out
        What the sizing does not hold, in sentences.
    """
    swing, resonance, sizing = study
    folder = files("gigasite.show") / "assets"
    page = jinja2.Environment(autoescape=True).from_string((folder / "power.html").read_text(encoding="utf-8"))
    return page.render(
        name=name,
        text=_text(swing),
        findings=[f.to_json() for f in findings],
        chapter=chapter(study, why=why, left_out=left_out),
        data=script(dumps({"bench": power_data(swing, resonance, sizing, limits)})),
        **{key: script((folder / file).read_text(encoding="utf-8")) for key, file in SCRIPTS.items()},
    )


def chapter(
    study: tuple[Swing, Resonance | None, Sizing | None],
    *,
    why: tuple[str, str] = ("", ""),
    left_out: Sequence[str] = (),
) -> Markup:
    """Return the chapter: figures, traces, spectrum, response, sizing; its pictures are drawn by `power.js`."""
    swing, resonance, sizing = study
    text = (files("gigasite.show") / "assets" / "power_chapter.html").read_text(encoding="utf-8")
    made = (
        jinja2.Environment(autoescape=True)
        .from_string(text)
        .render(
            cards=[{"name": n, "value": v, "more": m} for n, v, m in main_figures(swing)],
            first_text=_first_text(swing),
            resonance_text=_resonance_text(resonance, why[0]),
            size_text=_size_text(sizing, why[1]),
            size_notes=[*left_out, *([] if sizing is None else _notes(sizing))],
            bounds=_bounds(sizing),
        )
    )
    return Markup(made)  # noqa: S704  # the template escapes every value


def _text(s: Swing) -> str:
    where = (
        "Gensets alone"
        if s.islanded and s.mechanical_w.any()
        else "A battery alone"
        if s.islanded
        else "Beside the grid"
    )
    return (
        f"{where}, controller {s.controller}, {s.level} level, {len(s.load_w) * s.dt_s:,.6g} s at {s.dt_s * 1e3:g} ms."
    )


def _first_text(s: Swing) -> str:
    stopped = ""
    if s.stopped_s is not None:
        stopped = f" The run ends at {s.stopped_s:.3f} s: {s.stopped}; figures and pictures go up to there."
    first = first_broken(s)
    if first is None:
        return ("No limit is broken." if not stopped else "") + stopped
    return f"First limit broken, at {first[0]:.6g} s (the red upright line): {first[1]}.{stopped}"


def _resonance_text(r: Resonance | None, why: str) -> str:
    if r is None:
        return f"No response is drawn: {why.rstrip('.')}."
    text = f"The plant answers most at {r.peak_hz:.3g} Hz: {r.peak_gain_hz_per_w * 1e9:.3g} mHz per MW."
    if r.wave is not None:
        text += f" The job's period of {r.wave.period_s:.3g} s swings the frequency by {r.swing_hz:.3g} Hz"
        text += f" (limit {r.limit_hz:.3g} Hz)."
        if r.shift_s is not None and r.goodput_frac < 1.0:
            text += f" A period of {r.shift_s:.3g} s keeps it, at {r.goodput_frac:.0%} of the training speed."
    return text


def _size_text(s: Sizing | None, why: str) -> str:
    if s is None:
        return f"No battery is sized: {why.rstrip('.')}."
    if s.bound is None:
        return "No limit on the source's ramp, range or spectrum is given: nothing bounds the battery from below."
    set_by = ", ".join(s.bound.binding) or "the load itself"
    return (
        f"Knowing the whole load beforehand, {value('_w', s.bound.power_w)} and {value('_j', s.bound.energy_j)} would do "
        f"(set by {set_by}); no battery below that holds the limits."
    )


def _notes(s: Sizing) -> list[str]:
    length = len(s.load_w) * s.dt_s
    out = [f"Sized on {length:,.6g} s of the load at the aggregate level, in steps of {s.dt_s * 1e3:g} ms."]
    return out + [f"{f.what[0].upper()}{f.what[1:]}{f': {f.found}' if f.found else ''}." for f in s.findings]


def _bounds(s: Sizing | None) -> list[str]:
    """Return the two bounds as text; none without."""
    if s is None or s.bound is None:
        return []
    found = [s.bound] if s.closed is None else [s.bound, s.closed]
    out = [f"{value('_w', b.power_w)}, {value('_j', b.energy_j)}" for b in found]
    return out if len(out) > 1 else [*out, ""]
