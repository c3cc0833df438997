"""Results of pipes and transients as JSON objects and as lines for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite.cooling.loop_findings import NPSH_REQUIRED_M, suction_head_m, velocities
from gigasite.cooling.plant_network import pump_share

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.cooling.plant_network import FacilityLoop
    from gigasite.cooling.quantities import Quantities
    from gigasite.cooling.transient import Trip
    from gigasite.design.types import Design

MOST_WORST = 10


def loop_json(campus: Campus, design: Design, loop: FacilityLoop, made: Quantities) -> dict[str, Any]:
    """Return the figures of a facility loop."""
    share, order = loop.share_frac, np.argsort(loop.share_frac, kind="stable")[:MOST_WORST]
    label = design.racks["label"].to_list()
    outlet = loop.warm.outlet_degc[loop.rack_link]
    return {
        "campus": campus.name,
        "halls": list(loop.halls),
        "terminals": len(share),
        "flow_m3_per_s": float(loop.flow.flow_m3_per_s[loop.rack_link].sum()),
        "supply_degc": campus.cooling.supply_degc,
        "return_degc": float(np.average(outlet, weights=loop.flow.flow_m3_per_s[loop.rack_link])),
        "rack_flow_frac": {"least": float(share.min()), "most": float(share.max()), "spread": loop.spread_frac},
        "unbalanced_flow_frac": {"least": float(loop.open_share_frac.min()), "most": float(loop.open_share_frac.max())},
        "pump_speed_frac": loop.speed_frac.tolist(),
        "pump_out_flow_frac": pump_share(loop, 1) if campus.cooling.pumps > 1 else 0.0,
        "velocity_m_per_s": float(velocities(loop).max()),
        "npsh_m": suction_head_m(campus, loop),
        "npsh_required_m": NPSH_REQUIRED_M,
        "fill_m3": made.fill_m3,
        "steel_kg": made.steel_kg,
        "weld_inches": made.weld_inches,
        "supports": made.supports,
        "drains": made.drains,
        "vents": made.vents,
        "valves": made.valves,
        "fittings": made.fittings,
        "price_usd": made.price_usd,
        "bill": made.bill.to_dicts(),
        "worst_racks": [
            {"rack": label[loop.terminals.rack[i]], "flow_frac": float(share[i]), "outlet_degc": float(outlet[i])}
            for i in order.tolist()
        ],
        "iterations": loop.flow.iterations,
        "findings": [f.to_json() for f in loop.findings],
    }


def loop_rows(r: dict[str, Any]) -> list[tuple[str, object]]:
    """Return the same for people."""
    share, raw = r["rack_flow_frac"], r["unbalanced_flow_frac"]
    return [
        ("loops", f"{len(r['halls'])} halls, {r['terminals']:,} racks or CDUs, {r['flow_m3_per_s'] * 1e3:,.0f} L/s"),
        ("water", f"{r['supply_degc']:.1f} degC out, {r['return_degc']:.1f} degC back"),
        ("rack flow", f"{share['least']:.1%} to {share['most']:.1%} of design: {share['spread']:.1%} apart"),
        ("before balancing", f"{raw['least']:.0%} to {raw['most']:.0%}"),
        ("one pump out", f"{r['pump_out_flow_frac']:.0%} of design at the poorest rack, until a spare is up"),
        ("pump speed", f"{min(r['pump_speed_frac']):.0%} to {max(r['pump_speed_frac']):.0%}"),
        ("velocity", f"{r['velocity_m_per_s']:.2f} m/s at most"),
        ("suction head", f"{r['npsh_m']:.1f} m, {r['npsh_required_m']:.1f} m needed"),
        ("pipes", f"{r['steel_kg'] / 1e3:,.0f} t of steel, {r['fill_m3']:,.0f} m3 to fill"),
        ("welds", f"{r['weld_inches']:,.0f} inches; {r['fittings']:,} fittings, {r['valves']:,} valves"),
        ("places", f"{r['supports']:,} supports, {r['drains']:,} drains, {r['vents']:,} vents (points.csv)"),
        ("price", f"{r['price_usd'] / 1e6:,.2f} MUSD for pipe alone: see the bill of materials for the rest"),
        *[(f"  {b['size']}", f"{b['length_m']:,.0f} m, {b['mass_kg'] / 1e3:,.1f} t") for b in r["bill"]],
    ]


def trip_json(campus: Campus, design: Design, loop: FacilityLoop, run: Trip) -> dict[str, Any]:
    """Return the figures of a transient; times count from the event."""
    label = design.racks["label"].to_list()
    hit = np.isfinite(run.throttle_s)
    times = run.throttle_s[hit]
    return {
        "campus": campus.name,
        "event": run.event,
        "at_s": run.at_s,
        "ups": run.ups,
        "duration_s": float(run.time_s[-1]),
        "racks": len(hit),
        "racks_throttled": int(hit.sum()),
        "racks_shut": int(np.isfinite(run.shut_s).sum()),
        "first_throttle_s": float(times.min()) if len(times) else None,
        "median_throttle_s": float(np.median(times)) if len(times) else None,
        "last_throttle_s": float(times.max()) if len(times) else None,
        "hottest_degc": float(run.hottest_degc.max()),
        "hottest_before_degc": float(run.hottest_degc[0]),
        "supply_highest_degc": float(run.supply_degc.max()),
        "energy_residual_frac": run.residual_frac,
        "throttle_s": {
            label[loop.terminals.rack[i]]: float(x) if np.isfinite(x) else None
            for i, x in enumerate(run.throttle_s.tolist())
        },
        "findings": [f.to_json() for f in run.findings],
    }


def trip_rows(r: dict[str, Any]) -> list[tuple[str, object]]:
    """Return the same for people."""
    first = r["first_throttle_s"]
    when = "never" if first is None else f"first after {first:,.0f} s, half after {r['median_throttle_s']:,.0f} s"
    return [
        ("event", f"{r['event']} at {r['at_s']:g} s, pumps {'on batteries' if r['ups'] else 'without batteries'}"),
        ("throttling", f"{when}; {r['racks_throttled']:,} of {r['racks']:,} racks or CDUs"),
        ("switched off", f"{r['racks_shut']:,}"),
        ("junctions", f"{r['hottest_before_degc']:.1f} degC before, {r['hottest_degc']:.1f} degC at most"),
        ("facility water", f"{r['supply_highest_degc']:.1f} degC at most"),
        ("energy residual", f"{r['energy_residual_frac']:.1e} of a step's heat at most"),
    ]
