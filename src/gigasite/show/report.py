"""`report.html`: one self-contained file. Figures come from the JSON object; series are thinned for pictures only."""

from __future__ import annotations

import math
from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
import polars as pl

from gigasite.power.limit import limits
from gigasite.power.simulate import part_of
from gigasite.show import schedule_page, terminal
from gigasite.show.cables_data import cable_rows, cables_data, fabric_rows
from gigasite.show.cooling_page import cooling_chapter, cooling_data
from gigasite.show.explain import RESULTS, explain
from gigasite.show.html import script
from gigasite.show.power_data import power_data
from gigasite.show.power_page import chapter
from gigasite.show.result import dumps

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from gigasite.plan.types import Plan

MOST_FINDINGS = 60
MOST_MAP = 20_000  # racks that are drawn one by one


def report(plan: Plan, result: dict[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    plan
        The plan, for series and places.
    result
        What `plan_json` gave: all printed figures are from it.
    """
    read = files("gigasite.show") / "assets"
    page = jinja2.Environment(autoescape=True).from_string((read / "page.html").read_text(encoding="utf-8"))
    scripts = {
        n: script((read / f).read_text(encoding="utf-8"))
        for n, f in {
            "echarts": "echarts.min.js",
            "uplot": "uplot.min.js",
            "base": "base.js",
            "power": "power.js",
            "cables": "cables.js",
            "cooling": "cooling.js",
            "schedule": "schedule.js",
            "js": "page.js",
            "css": "page.css",
            "uplot_css": "uplot.min.css",
        }.items()
    }
    start = plan.campus.start
    return page.render(
        r=result,
        start=start.isoformat(),
        target_date=_date(start, result["target_day"]),
        first=_dated(start, result["first_step_day"]["p50"]),
        band=_band(result["first_step_day"]),
        usual=terminal.day(result["conventional_first_step_day"]),
        full=terminal.day(result["full_size_day"]),
        cards=_cards(result),
        held="Held back by " + terminal.held(result["ramp_up"]) + ".",
        findings=result["findings"][:MOST_FINDINGS],
        more_findings=max(len(result["findings"]) - MOST_FINDINGS, 0),
        fabrics=fabric_rows(result["design"]["fabrics"]),
        cable_km=f"{plan.cables.total_m / 1000:,.0f}",
        optics=f"{plan.cables.optics_w / 1e6:,.2f} MW",
        cable_rows=cable_rows(plan.cables),
        power_text=_power_text(result["power"]),
        power_chapter=chapter(
            (plan.swing, plan.resonance, plan.sizing.found),
            why=(plan.resonance_why, plan.sizing.why),
            left_out=plan.sizing.notes,
        ),
        schedule_chapter=schedule_page.chapter(plan.schedule),
        cooling_text=_cooling_text(result["cooling"]),
        cooling_chapter=cooling_chapter(plan),
        cost_text=_cost_text(result),
        bom=_bom(plan),
        origins=[explain(plan.campus, k) for k in RESULTS],
        data=script(dumps(_data(plan))),
        **scripts,
    )


def _date(start: date, day: float) -> str:
    return (start + timedelta(days=round(day))).isoformat()


def _dated(start: date, day: float) -> str:
    return f"day {day:.0f}, {_date(start, day)}" if math.isfinite(day) else "never"


def _band(d: dict[str, float]) -> str:
    high = f"{d['p90']:.0f}" if math.isfinite(d["p90"]) else "never"
    return f"day {d['p10']:.0f} to {high}" if math.isfinite(d["p10"]) else "never"


def _cards(r: dict[str, Any]) -> list[dict[str, str]]:
    cost, p, c = r["cost_range_usd"], r["design"]["power"], r["cooling"]
    errors = sum(f["severity"] == "error" for f in r["findings"])
    return [
        {
            "name": "all GPUs",
            "value": terminal.day(r["full_size_day"]).split(" (")[0],
            "more": terminal.day(r["full_size_day"]),
        },
        {
            "name": "cost",
            "value": terminal.usd(cost["likely"]),
            "more": f"{terminal.usd(cost['low'])} to {terminal.usd(cost['high'])}",
        },
        {
            "name": "peak power",
            "value": f"{r['peak_w'] / 1e6:,.1f} MW",
            "more": f"IT {p['it_typical_w'] / 1e6:,.1f}, network {p['network_w'] / 1e6:,.1f}, cooling {p['cooling_w'] / 1e6:,.1f}, losses {p['loss_w'] / 1e6:,.1f}",
        },
        {
            "name": "racks and cables",
            "value": f"{r['racks']:,} racks",
            "more": f"{r['cables']:,} cables",
        },
        {
            "name": "PUE over the year",
            "value": f"{c['pue']:.3f}",
            "more": f"{c['wue_l_per_kwh']:.2f} L/kWh; {c['weather'][:70]}",
        },
        {"name": "limits broken", "value": f"{errors}", "more": "see findings"},
    ]


def _power_text(p: dict[str, Any]) -> str:
    kind = (
        "Gensets alone (the grid of that day cannot carry the load)"
        if p["islanded"]
        else "Beside the grid, which holds the frequency"
    )
    return f"{kind}; controller {p['controller']}, {p['level']} level."


def _cooling_text(c: dict[str, Any]) -> str:
    kind = "A synthetic year" if c["synthetic_weather"] else "Weather"
    return (
        f"{kind} ({c['weather']}). PUE {c['pue']:.3f}, worst hour {c['pue_peak']:.3f}; {c['water_m3']:,.0f} m3 of water; chillers run {c['chiller_hours']} h; "
        f"the supply is too warm in {c['hours_short']} h; {c['energy_j'] / 3.6e15:.3f} TWh a year."
    )


def _cost_text(r: dict[str, Any]) -> str:
    cost = r["cost_range_usd"]
    return f"{terminal.usd(cost['likely'])}, {terminal.usd(cost['low'])} to {terminal.usd(cost['high'])}: parts, cables, crews and building. Most prices are estimates: see the last column of the bill of materials."


def _bom(plan: Plan) -> list[dict[str, Any]]:
    table = pl.concat([plan.design.bom, plan.cables.bom])
    return table.sort("likely_usd", descending=True).head(200).to_dicts()


def _data(plan: Plan) -> dict[str, Any]:
    s = plan.schedule
    last = plan.ramp_up[-1].day if plan.ramp_up else 1.0
    first = s.first_step.p50
    return {
        "gpus": plan.campus.compute.gpus,
        "target": plan.campus.schedule.target_day,
        "first": first if math.isfinite(first) else None,
        "lastDay": max(last, plan.campus.schedule.target_day) + 2,
        "ramp": [[x.day, x.gpus] for x in plan.ramp_up],
        "ready": _ready(plan, last),
        "hist": _hist(plan),
        "drivers": [{"name": d.name, "low_days": d.low_days, "high_days": d.high_days} for d in s.drivers],
        "schedule": schedule_page.data(s),
        "map": _map(plan),
        "bench": power_data(plan.swing, plan.resonance, plan.sizing.found, _limits(plan)),
        "year": _year(plan),
        "cooling": cooling_data(plan),
        "cost": _cost(plan),
        "cables": cables_data(plan),
    }


def _limits(plan: Plan) -> list[Any]:
    return [part_of(limits, x) for x in plan.campus.power.limits]


def _ready(plan: Plan, last: float) -> dict[str, list[list[float]]]:
    """Return each staircase in GPUs, thinned to whole days."""
    p, c, gpus = plan.design.power, plan.design.cooling, plan.campus.compute.gpus
    each = {
        "racks": 1.0,
        "network": 1.0,
        "power": p.peak_w / gpus,
        "cooling": (c.liquid_w + c.air_w) / gpus,
    }
    days = np.arange(0.0, last + 2)
    out = {}
    for s in plan.schedule.staircases:
        amount = np.array([s.at(d) for d in days.tolist()]) / each[s.name]
        out[s.name] = [[d, round(a)] for d, a in zip(days.tolist(), amount.tolist(), strict=True)]
    return out


def _hist(plan: Plan) -> dict[str, Any]:
    own, usual = plan.schedule.first_step_samples, plan.conventional.first_step_samples
    both = np.concatenate([own, usual])
    both = both[np.isfinite(both)]
    if not len(both):
        return {"min": 0, "max": 1, "own": [], "usual": []}
    low, high = float(both.min()), float(both.max()) + 1.0
    edges = np.linspace(low, high, 81)
    middle = (edges[:-1] + edges[1:]) / 2

    def bars(days: NDArray[np.float64]) -> list[list[float]]:
        count, _ = np.histogram(days[np.isfinite(days)], edges)
        return [[round(m, 2), n] for m, n in zip(middle.tolist(), count.tolist(), strict=True) if n]

    return {"min": math.floor(low), "max": math.ceil(high), "own": bars(own), "usual": bars(usual)}


def _map(plan: Plan) -> dict[str, Any]:
    racks = plan.design.racks
    if racks.height > MOST_MAP:  # the picture would be grey: show every k-th rack
        racks = racks.gather_every(-(-racks.height // MOST_MAP))
    halls = plan.design.halls
    rack = plan.campus.catalogue.racks[plan.campus.compute.rack]
    top = racks["typical_w"].max()
    return {
        "w": max(h.x_m + h.length_m for h in halls) + 1,
        "h": max(h.y_m + h.width_m for h in halls) + 1,
        "halls": [{"n": h.hall, "x": h.x_m, "y": h.y_m, "l": h.length_m, "w": h.width_m} for h in halls],
        "x": racks["x_m"].round(2).to_list(),
        "y": racks["y_m"].round(2).to_list(),
        "kw": (racks["typical_w"] / 1e3).round(1).to_list(),
        "top": float(top if isinstance(top, float) else 1.0) / 1e3,
        "rw": rack.width_m,
        "rd": rack.depth_m,
    }


def _year(plan: Plan) -> dict[str, Any]:
    """Return daily means."""
    c = plan.cooling

    def daily(x: NDArray[np.float64]) -> list[list[float]]:
        mean = x.reshape(365, 24).mean(axis=1)
        return [[i + 0.5, round(v, 3)] for i, v in enumerate(mean.tolist())]

    plant = (c.fan_w + c.pump_w + c.chiller_w) / 1e6
    return {
        "dry": daily(c.weather.dry_bulb_degc),
        "wet": daily(c.weather.wet_bulb_degc),
        "supply": daily(c.supply_degc),
        "plant": daily(plant),
    }


def _cost(plan: Plan) -> list[dict[str, Any]]:
    table = (
        pl.concat([plan.design.bom, plan.cables.bom])
        .group_by("group")
        .agg(pl.col("likely_usd").sum())
        .sort("likely_usd", descending=True)
    )
    rows = [{"group": g, "musd": round(v / 1e6, 2)} for g, v in table.rows()]
    rest = plan.cost.likely_usd - float(table["likely_usd"].sum())
    return [*rows, {"group": "crews, building", "musd": round(rest / 1e6, 2)}]
