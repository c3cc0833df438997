"""A plant and its study written as a case file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite._core.quantity import UNITS, suffix_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite._core.settings import Choice
    from gigasite.power.types import Machines, Plant


def case_text(
    name: str,
    plant: Plant,
    load: Mapping[str, Any],
    *,
    controller: Choice,
    limits: Sequence[Choice] = (),
    shapers: Sequence[Choice] = (),
    extra_w: float = 0.0,
    duration_s: float = 600.0,
    seed: int = 1,
    note: str = "",
) -> str:
    """Return the case file of a plant.

    Parameters
    ----------
    name, plant
        The case's name and what carries the load.
    load
        `kind` and settings as they are written in the file.
    controller, limits, shapers
        As chosen in the campus file.
    extra_w
        Steady load beside [W].
    duration_s, seed
        Of the run.
    note
        First line, as a comment.
    """
    lines = [f"# {note}"] if note else []
    lines += [f"case: {name}", f"seed: {seed}", f"frequency: {q(plant.frequency_hz, '_hz')}"]
    if plant.machines:
        lines.append("machines:")
        lines += [f"  - {flow(_machines(m))}" for m in plant.machines]
    lines += _grid(plant) + _battery(plant)
    c = plant.consumer
    consumer = {"power_factor": c.power_factor, "filter": q(c.filter_s, "_s"), "trip_pu": c.trip_pu}
    lines.append(f"consumer: {flow(consumer | {'hold_up': q(c.trip_s, '_s')})}")
    if plant.restore_s:
        lines.append(f"restore: {q(plant.restore_s, '_s')}")
    lines.append(f"load: {flow(load)}")
    if extra_w:
        lines.append(f"extra: {q(extra_w, '_w')}")
    lines.append(f"controller: {flow({'kind': controller.kind, **controller.settings})}")
    for key, chosen in (("shapers", shapers), ("limits", limits)):
        if chosen:
            lines.append(f"{key}:")
            lines += [f"  - {flow({'kind': x.kind, **x.settings})}" for x in chosen]
    lines.append(f"run: {flow({'duration': q(duration_s, '_s')})}")
    return "\n".join(lines) + "\n"


def _machines(m: Machines) -> dict[str, Any]:
    out: dict[str, Any] = {
        "title": m.title,
        "count": m.count,
        "rating": q(m.rating_w, "_w"),
        "apparent": q(m.apparent_w, "_va"),
        "inertia": q(m.inertia_s, "_s"),
        "governor": {"kind": m.governor, **m.settings},
        "min_load": m.min_load_frac,
        "step": m.step_frac,
        "transformer_x_pu": m.transformer_x_pu,
        "transformer_r_pu": m.transformer_r_pu,
        "voltage_pu": m.voltage_pu,
    }
    if m.power_w is not None:
        out["power"] = q(m.power_w, "_w")
    return out | {k: dict(v) for k, v in (("generator", m.generator), ("exciter", m.exciter)) if v}


def _grid(plant: Plant) -> list[str]:
    g = plant.grid
    if g is None:
        return []
    out: dict[str, Any] = {"capacity": q(g.capacity_w, "_w"), "r_over_x": g.r_over_x}
    if g.short_circuit_w is not None:
        out["short_circuit"] = q(g.short_circuit_w, "_va")
    if g.inertia_s is not None:
        out |= {"inertia": q(g.inertia_s, "_s"), "droop": g.droop_frac, "governor": q(g.governor_s, "_s")}
    if g.base_w is not None:
        out["base"] = q(g.base_w, "_va")
    return [f"grid: {flow(out)}"]


def _battery(plant: Plant) -> list[str]:
    b = plant.battery
    if b is None:
        return []
    out: dict[str, Any] = {
        "rating": q(b.rating_w, "_w"),
        "energy": q(b.energy_j, "_j"),
        "efficiency": b.efficiency_frac,
        "response": q(b.response_s, "_s"),
        "latency": q(b.latency_s, "_s"),
        "soc": b.soc_frac,
        "inverter": {"kind": b.inverter, **b.inverter_settings},
        "x_pu": b.x_pu,
    }
    if b.apparent_w is not None:
        out["apparent"] = q(b.apparent_w, "_va")
    return [f"battery: {flow(out)}"]


def q(value: float, suffix: str) -> str:
    """Return a quantity as text that reads back to the same number.

    >>> q(150e6, "_w"), q(0.02, "_s")
    ('150 MW', '0.02 s')
    """
    units = next(table for s, table in UNITS.values() if s == suffix)
    for unit, factor in units.items():
        text = f"{value / factor:.12g}"
        if float(text) * factor == value:
            return f"{text} {unit}"
    unit, factor = next((u, f) for u, f in units.items() if f == 1.0)
    return f"{value / factor!r} {unit}"


def settings_text(part: Any) -> dict[str, Any]:
    """Return a part's settings as they are written in a file."""
    out: dict[str, Any] = {}
    for name in part.__slots__:
        value, suffix = getattr(part, name), suffix_of(name)
        if value is None or isinstance(value, tuple):
            continue
        key = name.removesuffix(suffix)
        out[key] = value if not suffix or suffix == "_frac" else q(value, suffix)
    return out


def flow(value: Any) -> str:
    """Return a value in YAML's flow style.

    >>> flow({"a": 1, "b": [True, "x y"]})
    '{a: 1, b: [true, x y]}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value!r}"
    text = str(value)
    plain = bool(text) and not set(text) & set("{}[],:#&*!|>'\"%@`\n") and text.strip() == text
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
