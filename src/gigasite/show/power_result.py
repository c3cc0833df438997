"""Results of the swing bench as JSON and tables."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gigasite._core.settings import default_texts

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite._core.finding import Finding
    from gigasite.power.bound import Bound
    from gigasite.power.resonance import Resonance
    from gigasite.power.size import Sizing
    from gigasite.power.types import Swing


def bound_json(b: Bound | None) -> dict[str, Any] | None:
    """Return the bound's figures."""
    if b is None:
        return None
    return {
        "power_w": b.power_w,
        "energy_j": b.energy_j,
        "binding": list(b.binding),
        "step_s": b.dt_s,
        "blur_w": b.blur_w,
    }


def size_json(s: Sizing, found: list[Finding]) -> dict[str, Any]:
    """Return the sizing: per controller power, energy and their ratio to the bound."""
    rows = {}
    for r in s.rows:
        name = r.kind if r.ends == "free" else f"{r.kind}-closed"
        rows[name] = {
            "power_w": r.power_w,
            "energy_j": r.energy_j,
            "throughput_j": r.throughput_j,
            "ratio": {"power": r.power_ratio, "energy": r.energy_ratio},
            "against": "bound" if r.ends == "free" else "bound_closed",
            "holds": r.holds,
            "broken": list(r.broken),
        }
    return {
        "bound": bound_json(s.bound),
        "bound_closed": bound_json(s.closed),
        "front": [{"power_w": p, "energy_j": e} for p, e in s.front],
        "limits": {f.name: getattr(s.limits, f.name) for f in dataclasses.fields(s.limits) if f.name != "tones"},
        "controllers": rows,
        "findings": [f.to_json() for f in found],
    }


def resonance_json(r: Resonance) -> dict[str, Any]:
    """Return the plant's response, modes and the job in it."""
    wave = None
    if r.wave is not None:
        wave = {f.name: getattr(r.wave, f.name) for f in dataclasses.fields(r.wave)}
    return {
        "peak_hz": r.peak_hz,
        "peak_gain_hz_per_w": r.peak_gain_hz_per_w,
        "response": {"hz": r.hz.tolist(), "gain_hz_per_w": r.gain_hz_per_w.tolist()},
        "modes": [
            {
                "frequency_hz": m.frequency_hz,
                "damping": m.damping,
                "real_per_s": m.eigenvalue.real,
                "imaginary_per_s": m.eigenvalue.imag,
                "state": m.state,
            }
            for m in r.modes
        ],
        "wave": wave,
        "harmonics": {"hz": r.harmonics_hz.tolist(), "power_w": r.harmonics_w.tolist()},
        "swing_hz": r.swing_hz,
        "limit_hz": r.limit_hz,
        "periods": {"period_s": r.periods_s.tolist(), "swing_hz": r.swings_hz.tolist()},
        "forbidden_s": [list(x) for x in r.forbidden_s],
        "shift_s": r.shift_s,
        "goodput_frac": r.goodput_frac,
        "findings": [f.to_json() for f in r.findings],
    }


def write_swing(swing: Swing, path: Path) -> None:
    """Write all samples as Parquet."""
    import numpy as np
    import polars as pl

    columns = {
        "t_s": swing.start_s + swing.dt_s * np.arange(len(swing.load_w)),
        "load_w": swing.load_w,
        "source_w": swing.source_w,
        "grid_w": swing.grid_w,
        "mechanical_w": swing.mechanical_w,
        "battery_w": swing.battery_w,
        "soc_frac": swing.soc_frac,
        "frequency_hz": swing.frequency_hz,
    }
    if swing.voltage_pu is not None:
        columns["voltage_pu"] = swing.voltage_pu
    write_table(pl.DataFrame(columns), path)


def write_table(table: Any, path: Path) -> None:
    """Write a table as Parquet beside its place, then move it there."""
    from gigasite._core.errors import OutputError

    beside = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table.write_parquet(beside)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def parts_json() -> dict[str, dict[str, Any]]:
    """Return all parts of the swing bench with their settings and defaults."""
    from gigasite.power.controller import controllers
    from gigasite.power.governor import governors
    from gigasite.power.inverter import inverters
    from gigasite.power.limit import limits
    from gigasite.power.shaper import shapers
    from gigasite.training.load_kind import loads

    out: dict[str, dict[str, Any]] = {}
    for kind, registry in (("controllers", controllers), ("limits", limits), ("shapers", shapers), ("loads", loads)):
        out[kind] = {
            name: {
                "title": (registry[name].__doc__ or "").strip().splitlines()[0],
                "settings": default_texts(registry[name]),
            }
            for name in registry
        }
    for kind, plain in (("governors", governors), ("inverters", inverters)):
        out[kind] = {
            name: {"title": plain[name].title, "settings": {k: f"{v:g}" for k, v in plain[name].defaults.items()}}
            for name in plain
        }
    return out
