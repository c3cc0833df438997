"""A plan as one JSON object: keys are a promise."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from gigasite.design.types import FABRICS

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan
    from gigasite.cooling.types import Cooling
    from gigasite.design.types import Design, FabricSize, Money
    from gigasite.plan.plumbing import Plumbing
    from gigasite.plan.types import Plan
    from gigasite.power.types import Swing
    from gigasite.schedule.types import Schedule, Spread
    from gigasite.training.types import LoadTrace


JOINTS = ("node_leaf", "leaf_spine", "spine_core", "core_super")


def plain(value: Any) -> Any:
    """Return a value of plain JSON types; numbers that are not finite become None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    number = float(value)
    return number if math.isfinite(number) else None


def dumps(value: Any, indent: int | None = None) -> str:
    """Write JSON that every parser reads (no NaN, no Infinity)."""
    return json.dumps(plain(value), indent=indent, allow_nan=False, ensure_ascii=False)


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return what `gigasite plan --json` prints."""
    design = plan.design
    return {
        "campus": plan.campus.name,
        "gpus": plan.campus.compute.gpus,
        "racks": int((design.racks["kind"] == "compute").sum()),
        "cables": plan.cables.count,
        "gpu_fabric_cables": plan.cables.gpu_fabric_count,
        "peak_w": design.power.peak_w,
        "first_step_gpus": plan.campus.schedule.first_step_gpus,
        "first_step_day": spread(plan.schedule.first_step),
        "full_size_day": spread(plan.schedule.full_size),
        "conventional_first_step_day": spread(plan.conventional.first_step),
        "conventional_full_size_day": spread(plan.conventional.full_size),
        "target_day": plan.campus.schedule.target_day,
        "ramp_up": [{"day": s.day, "gpus": s.gpus, "held_by": s.held_by} for s in plan.ramp_up],
        "cost_usd": plan.cost.likely_usd,
        "cost_range_usd": money(plan.cost),
        "design": design_json(design),
        "training": training_json(plan.load),
        "power": swing_json(plan.swing),
        "cooling": cooling_json(plan.cooling) | plumbing_json(plan.plumbing),
        "schedule": schedule_json(plan.schedule),
        "observed": None
        if plan.observed is None
        else {
            "ports_planned": plan.observed.ports_planned,
            "ports_seen": plan.observed.ports_seen,
            "ports_right": plan.observed.ports_right,
            "mismatches": plan.observed.mismatches.to_dicts(),
            "causes": [
                {"kind": c.kind, "ports": len(c.ports), "evidence": list(c.evidence), "ties": list(c.ties)}
                for c in plan.observed.diagnosis.causes
            ],
            "moves": len(plan.observed.diagnosis.repair.moves),
        },
        "findings": [f.to_json() for f in plan.findings],
        "seconds": plan.seconds,
    }


def spread(s: Spread) -> dict[str, float]:
    """Return p10, p50, p90 and the likely plan."""
    return {"p10": s.p10, "p50": s.p50, "p90": s.p90, "likely": s.likely}


def money(m: Money) -> dict[str, float]:
    """Return the range."""
    return {"low": m.low_usd, "likely": m.likely_usd, "high": m.high_usd}


def fabric_json(size: FabricSize) -> dict[str, Any]:
    """Return what `gigasite fabric --json` prints of one fabric.

    `*_cables` are those of the published tables, of which each carries one NIC's links of all planes; `*_links` are
    single links.
    """
    nested = {"by_tier", "limits", "more", "last_unit", "last_pod"}
    out = {n: getattr(size, n) for n in size.__slots__ if n not in nested}
    out |= {f"{joint}_links": n for joint, n in zip(JOINTS, size.links, strict=True)}
    out["switches"] = sum(size.switches)
    out["cables"] = sum(size.cables)
    out["links"] = sum(size.links)
    out["links_per_cable"] = size.planes
    for name in ("last_unit", "last_pod"):
        last = getattr(size, name)
        out[name] = None if last is None else {n: getattr(last, n) for n in last.__slots__}
    out["by_tier"] = [{n: getattr(t, n) for n in t.__slots__} for t in size.by_tier]
    out["limits"] = [{n: getattr(x, n) for n in x.__slots__} for x in size.limits]
    return out | {"more": dict(size.more)}


def cables_json(made: CablePlan) -> dict[str, Any]:
    """Return counts, lengths, watts and cost of the cable plan."""
    fills = made.segments.group_by("kind").max().sort("kind")
    return {
        "cables": made.count,
        "links": made.count,  # every link has a cable of its own, also where a NIC has one link in each plane
        "gpu_fabric_cables": made.gpu_fabric_count,
        "gpu_fabric_links": made.gpu_fabric_count,
        "total_m": made.total_m,
        "optics_w": made.optics_w,
        "cost_usd": made.cost.likely_usd,
        "modules": made.modules.to_dicts(),
        "trays": {r["kind"]: {"trays": r["trays"], "fill_frac": r["fill_frac"]} for r in fills.to_dicts()},
        "panels": made.panels.height,
    }


def design_json(design: Design) -> dict[str, Any]:
    """Return counts and watts of the design."""
    p, c = design.power, design.cooling
    return {
        "halls": len(design.halls),
        "rows": sum(h.rows for h in design.halls),
        "arrays": design.arrays,
        "racks": design.racks.group_by("kind").len().sort("kind").rows(),
        "servers": int(design.racks["servers"].sum()),
        "devices": design.devices.height,
        "links": len(design.links),
        "fabrics": [
            {"network": n} | fabric_json(f) | {"link_speed_bit_per_s": _speeds(design, n, f.tiers)}
            for n, f in zip(design.networks, design.fabrics, strict=True)
        ],
        "power": {name: getattr(p, name) for name in p.__slots__},
        "cooling": {name: getattr(c, name) for name in c.__slots__},
        "capex_usd": money(design.capex),
        "findings": [f.to_json() for f in design.findings],
    }


def _speeds(design: Design, network: str, tiers: int) -> list[float]:
    """Return the speed of one link by tier."""
    return [design.link_speed_bit_per_s[FABRICS.index(network), tier] for tier in range(tiers)]


def training_json(load: LoadTrace) -> dict[str, Any]:
    """Return the job's step and the trace's extent."""
    step = load.step
    return {
        "source": load.source,
        "gpus": load.gpus,
        "duration_s": load.duration_s,
        "resolution_s": load.resolution_s,
        "lowest_w": float(min(load.power_w.min(), load.before_w)),
        "highest_w": float(load.power_w.max()),
        "step": None if step is None else {name: getattr(step, name) for name in step.__slots__},
    }


def swing_json(swing: Swing) -> dict[str, Any]:
    """Return the key figures of a swing, from its raw samples."""
    return {
        "islanded": swing.islanded,
        "level": swing.level,
        "stopped": swing.stopped,
        "stopped_s": swing.stopped_s,
        "controller": swing.controller,
        "nadir_hz": swing.nadir_hz,
        "peak_hz": swing.peak_hz,
        "peak_to_peak_hz": swing.peak_hz - swing.nadir_hz,
        "rocof_hz_per_s": swing.rocof_hz_per_s,
        "grid_ramp_w_per_s": {"up": swing.ramp_up_w_per_s, "down": swing.ramp_down_w_per_s},
        "battery": {
            "power_w": swing.battery_peak_w,
            "energy_j": swing.battery_used_j,
            "throughput_j": swing.battery_throughput_j,
            "soc_min": float(swing.soc_frac.min()),
            "soc_max": float(swing.soc_frac.max()),
            "loss_j": swing.battery_loss_j,
        },
        "voltage_pu": None
        if swing.voltage_pu is None
        else {"min": float(swing.voltage_pu.min()), "max": float(swing.voltage_pu.max())},
        "shapers": {"extra_j": swing.shaper_j, "goodput_frac": swing.goodput_frac},
        "flicker_pst": swing.figures.get("flicker_pst"),
        "spectrum_band_frac": swing.figures.get("spectrum_band_frac"),
        "figures": dict(swing.figures),
        "findings": [f.to_json() for f in swing.findings],
    }


def plumbing_json(p: Plumbing) -> dict[str, Any]:
    """Return the figures of pipes, and of what happens when something stops; times [s] count from the event."""
    loop = None
    if p.loop is not None and p.made is not None:
        loop = {
            "rack_flow_spread_frac": p.loop.spread_frac,
            "steel_kg": p.made.steel_kg,
            "fill_m3": p.made.fill_m3,
            "weld_inches": p.made.weld_inches,
            "price_usd": p.made.price_usd,
        }
    trips = [
        {
            "event": t.event,
            "ups": t.ups,
            "first_throttle_s": min((x for x in t.throttle_s.tolist() if not math.isnan(x)), default=None),
            "racks_throttled": sum(not math.isnan(x) for x in t.throttle_s.tolist()),
            "hottest_degc": float(t.hottest_degc.max()),
        }
        for t in p.trips
    ]
    return {"loop": loop, "trips": trips}


def cooling_json(c: Cooling) -> dict[str, Any]:
    """Return the figures of the year."""
    return {
        "weather": c.weather.source,
        "synthetic_weather": c.weather.synthetic,
        "pue": c.pue,
        "pue_peak": c.pue_peak,
        "wue_l_per_kwh": c.wue_l_per_kwh,
        "water_m3": c.water_m3,
        "plant_peak_w": c.plant_peak_w,
        "energy_j": c.energy_j,
        "chiller_hours": c.chiller_hours,
        "hours_short": c.hours_short,
        "days_short": c.days_short,
        "water_m3_per_day": {"mean": c.water_m3 / 365.0, "peak": c.water_peak_m3_per_day},
        "months": [{name: getattr(m, name) for name in m.__slots__} for m in c.months],
        "findings": [f.to_json() for f in c.findings],
    }


def driving_path(s: Schedule) -> list[dict[str, Any]]:
    """Return the driving path of the likely plan, pieces of one kind that follow each other as one."""
    path = s.activities.filter(s.activities["driving"]).sort("start_day", "finish_day", "activity_id")
    out: list[dict[str, Any]] = []
    for name, crew, start, finish in path.select("name", "crew", "start_day", "finish_day").rows():
        title, _, place = name.partition(": ")
        if out and out[-1]["what"] == title:
            out[-1] |= {"finish_day": finish, "last": place, "activities": out[-1]["activities"] + 1}
        elif finish > start:
            piece = {"what": title, "first": place, "last": place, "crew": crew, "activities": 1}
            out.append(piece | {"start_day": start, "finish_day": finish})
    return out


def schedule_json(s: Schedule) -> dict[str, Any]:
    """Return milestones, drivers and counts."""
    return {
        "activities": s.activities.height,
        "links": len(s.links),
        "samples": len(s.first_step_samples),
        "first_step_day": spread(s.first_step),
        "full_size_day": spread(s.full_size),
        "milestones": [{"name": m.name} | spread(m.day) for m in s.milestones],
        "drivers": [
            {"name": d.name, "low_days": d.low_days, "high_days": d.high_days, "trust": d.trust} for d in s.drivers
        ],
        "driving_path": driving_path(s),
        "man_hours": float(s.baseline.people_h.sum()),
        "modes": s.modes,
        "findings": [f.to_json() for f in s.findings],
    }
