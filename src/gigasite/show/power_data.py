"""The pictures of the swing bench as plain data: thinned series, spectrum, response, comparison, front."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.finding import Severity
from gigasite.power.spells import averaged, rises

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.resonance import Resonance
    from gigasite.power.size import Sizing
    from gigasite.power.types import Swing

RAMP_WINDOW_S = 1.0  # of the panel, where no limit gives one
ROUNDING = 1e-9
SEEN = 1e-6  # of the largest harmonic: below it nothing is drawn
_FIRST = re.compile(r"first at (-?[0-9.]+(?:e[-+]?[0-9]+)?) s")  # as findings say it
POINTS = 2400  # of a trace in a picture: two per interval
SPECTRUM_LOW_HZ, SPECTRUM_HIGH_HZ, BINS = 0.02, 25.0, 240


def power_data(
    swing: Swing, resonance: Resonance | None = None, sizing: Sizing | None = None, limits: Sequence[Any] = ()
) -> dict[str, Any]:
    """Return everything that `power.js` draws; of `limits`, the ramp's window is drawn as it is judged."""
    ramp = next((x for x in limits if getattr(x, "kind", "") == "ramp"), None)
    window_s, mean_s = (ramp.window_s, ramp.mean_s) if ramp is not None else (RAMP_WINDOW_S, 0.0)
    first = first_broken(swing)
    return {
        "series": series(swing) | ramps(swing, window_s, mean_s),
        "ramp": {"window_s": window_s, "mean_s": mean_s},
        "lines": lines(swing),
        "first": None if first is None else {"t": first[0], "text": first[1]},
        "spectrum": spectrum(swing),
        "response": None if resonance is None else response(resonance),
        "sizing": None if sizing is None else comparison(sizing),
        "islanded": swing.islanded,
        "stopped": swing.stopped,
    }


def first_broken(s: Swing) -> tuple[float, str] | None:
    """Return when [s] and what broke first of all limits; None where nothing with a moment did."""
    told = [
        (float(found[1]), f"{f.where}: {f.what}")
        for f in s.findings
        if f.severity is Severity.error and (found := _FIRST.search(f.found)) is not None
    ]
    if s.stopped_s is not None:
        told.append((s.stopped_s, f"the plant collapses: {s.stopped}"))
    return min(told, default=None)


def _thin(x: NDArray[np.float64], scale: float) -> list[float]:
    """Return the lowest and highest sample of each interval, in their order, so that no peak is lost."""
    size, whole = _intervals(len(x))
    if size == 1:
        return [round(v, 5) for v in (x / scale).tolist()]
    part = x[: whole * size].reshape(whole, size)
    first = part.argmin(axis=1) <= part.argmax(axis=1)
    low, high = part.min(axis=1), part.max(axis=1)
    out = np.empty(2 * whole)
    out[0::2], out[1::2] = np.where(first, low, high), np.where(first, high, low)
    return [round(v, 5) for v in (out / scale).tolist()]


def _intervals(n: int) -> tuple[int, int]:
    size = max(1, 2 * n // POINTS)
    return size, max(n // size, 1)


def series(s: Swing) -> dict[str, Any]:
    """Return every series, thinned; what the plant does not have is None."""
    n = len(s.load_w)
    size, whole = _intervals(n)
    t = (np.arange(whole) * size * s.dt_s).repeat(2) if size > 1 else np.arange(n) * s.dt_s
    if size > 1:
        t[1::2] += size * s.dt_s / 2
    gensets_w = s.source_w - s.grid_w
    # rounding of the difference is no genset
    turning = bool(np.any(np.abs(gensets_w) > ROUNDING * max(float(np.abs(s.source_w).max()), 1.0)))
    return {
        "t": np.round(s.start_s + t, 4).tolist(),
        "load": _thin(s.load_w, 1e6),
        "grid": None if s.islanded else _thin(s.grid_w, 1e6),
        "gensets": _thin(gensets_w, 1e6) if turning else None,
        "mechanical": _thin(s.mechanical_w, 1e6) if np.any(s.mechanical_w) else None,
        "battery": _thin(s.battery_w, 1e6) if np.any(s.battery_w) else None,
        "soc": _thin(100.0 * s.soc_frac, 1.0) if np.any(s.battery_w) else None,
        "frequency": _thin(s.frequency_hz, 1.0),
        "voltage": None if s.voltage_pu is None else _thin(s.voltage_pu, 1.0),
    }


def ramps(s: Swing, window_s: float, mean_s: float) -> dict[str, Any]:
    """Return the ramp of grid and gensets [MW/min] at every sample, as the limit takes it; falls are negative."""
    power_w = averaged(s.source_w, max(1, round(mean_s / s.dt_s)))
    samples = max(1, round(window_s / s.dt_s))
    scale = 1e6 / 60.0 * samples * s.dt_s
    return {"ramp_up": _thin(rises(power_w, samples), scale), "ramp_down": _thin(-rises(-power_w, samples), scale)}


def lines(s: Swing) -> list[dict[str, Any]]:
    """Return the limits of the series that are drawn; those far from what happened are named, not shown."""
    ramp_w_per_s = np.array([-s.ramp_down_w_per_s, s.ramp_up_w_per_s])
    given = {
        "frequency_hz": (s.frequency_hz, 0.0),
        "voltage_pu": (s.voltage_pu, 0.02),
        "soc_frac": (s.soc_frac, 0.3),
        "source_w": (s.source_w, 0.3 * float(np.abs(s.source_w).max() or 1.0)),
        "mechanical_w": (s.mechanical_w, 0.3 * float(np.abs(s.mechanical_w).max() or 1.0)),
        "battery_w": (s.battery_w, 0.5 * float(np.abs(s.battery_w).max() or 1.0)),
        "ramp_w_per_s": (ramp_w_per_s, float(np.abs(ramp_w_per_s).max())),
    }
    scale = {"source_w": 1e6, "mechanical_w": 1e6, "battery_w": 1e6, "soc_frac": 0.01, "ramp_w_per_s": 1e6 / 60.0}
    out = []
    for x in s.lines:
        data, room = given.get(x.series, (None, 0.0))
        if data is None:
            continue
        low, high = float(data.min()), float(data.max())
        room += high - low
        out.append(
            {
                "series": x.series,
                "text": x.text,
                "level": round(x.level / scale.get(x.series, 1.0), 5),
                "broken": x.broken,
                "shown": x.broken or low - room <= x.level <= high + room,
            }
        )
    return out


def spectrum(s: Swing) -> dict[str, list[list[float]]]:
    """Return amplitudes [MW] of load and source over frequency: the largest bin of each of some 200 even steps."""
    out = {}
    for name, power in (("load", s.load_w), ("source", s.source_w)):
        wave = power - power.mean()
        window = np.hanning(len(wave))
        size = 2.0 * np.abs(np.fft.rfft(wave * window)) / max(window.sum(), 1e-12)
        hz = np.fft.rfftfreq(len(wave), s.dt_s)
        edges = np.geomspace(SPECTRUM_LOW_HZ, min(SPECTRUM_HIGH_HZ, 0.5 / s.dt_s), BINS + 1)
        which = np.searchsorted(edges, hz) - 1
        rows = []
        for b in range(BINS):
            inside = np.flatnonzero(which == b)
            if len(inside):
                top = inside[int(np.argmax(size[inside]))]
                rows.append([round(float(hz[top]), 4), round(max(float(size[top]) / 1e6, 1e-6), 6)])
        out[name] = rows
    return out


def response(r: Resonance) -> dict[str, Any]:
    """Return G(j omega), the job's harmonics in it, and the swing over the iteration period."""
    step = max(1, len(r.hz) // 400)
    gain = [
        [round(f, 5), g * 1e9] for f, g in zip(r.hz[::step].tolist(), r.gain_hz_per_w[::step].tolist(), strict=True)
    ]
    least_w = SEEN * float(r.harmonics_w.max(initial=0.0))
    harmonics = [
        [round(f, 4), w / 1e6]
        for f, w in zip(r.harmonics_hz.tolist(), r.harmonics_w.tolist(), strict=True)
        if f <= SPECTRUM_HIGH_HZ and w > least_w
    ]
    return {
        "gain": gain,
        "harmonics": harmonics[:60],
        "periods": [[round(p, 4), v] for p, v in zip(r.periods_s.tolist(), r.swings_hz.tolist(), strict=True)],
        "limit": r.limit_hz,
        "own": None if r.wave is None else [r.wave.period_s, r.swing_hz],
        "shift": r.shift_s,
    }


def comparison(s: Sizing) -> dict[str, Any]:
    """Return the controllers beside the bound, and the front."""
    names = [r.kind + ("" if r.ends == "free" else " (same charge)") for r in s.rows]
    return {
        "names": names,
        "power": [round(r.power_w / 1e6, 3) for r in s.rows],
        "energy": [round(r.energy_j / 3.6e6, 2) for r in s.rows],
        "holds": [r.holds for r in s.rows],
        "bound": None if s.bound is None else [s.bound.power_w / 1e6, s.bound.energy_j / 3.6e6],
        "closed": None if s.closed is None else [s.closed.power_w / 1e6, s.closed.energy_j / 3.6e6],
        "front": [[round(p / 1e6, 4), round(e / 3.6e6, 3)] for p, e in s.front],
    }
