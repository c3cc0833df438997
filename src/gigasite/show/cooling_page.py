"""The report's chapter on cooling: loop drawing, racks, what happens when something stops, the year."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
import numpy as np
from markupsafe import Markup

from gigasite.cooling.flow_findings import ROUNDING_M3_PER_S
from gigasite.cooling.network import PUMP
from gigasite.show.cooling_plan import hall_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.cooling.plant_network import FacilityLoop
    from gigasite.cooling.transient import Trip
    from gigasite.plan.types import Plan

MOST_WORST, MOST_ROWS, MOST_MAP = 8, 10, 20_000
TOP, STEP = 118, 34  # of the drawing: the first row and the next


def cooling_chapter(plan: Plan) -> Markup:
    """Return the chapter; its pictures are drawn by `cooling.js`, the loop is drawn here."""
    text = (files("gigasite.show") / "assets" / "cooling_chapter.html").read_text(encoding="utf-8")
    p, c = plan.plumbing, plan.cooling
    water = plan.campus.site.water_m3_per_s
    made = (
        jinja2.Environment(autoescape=True)
        .from_string(text)
        .render(
            why=p.why,
            hall=None if p.loop is None else _loop(plan, p.loop),
            made=p.made,
            pipes=None if p.loop is None or p.made is None else hall_plan(p.loop, p.made.points),
            trips=[_trip(t) for t in p.trips],
            map_name=NAMES[shown_trip(p.trips).event] if p.trips else "",
            worst=[] if p.loop is None else _worst(plan, p.loop),
            months=c.months,
            water_day=f"{c.water_m3 / 365:,.0f}",
            water_peak=f"{c.water_peak_m3_per_day:,.0f}",
            water_site="" if water is None else f"{water * 86400:,.0f}",
        )
    )
    return Markup(made)  # noqa: S704  # the template escapes every value


def _loop(plan: Plan, loop: FacilityLoop) -> dict[str, Any]:
    """Return the figures of the first hall's drawing."""
    hall = loop.halls[0]
    mine = loop.terminals.hall == hall
    q, outlet = loop.flow.flow_m3_per_s[loop.rack_link], loop.warm.outlet_degc[loop.rack_link]
    pumps = np.flatnonzero(loop.network.kind == PUMP)[: loop.pumps_per_hall]
    running, rows = loop.flow.flow_m3_per_s[pumps] > ROUNDING_M3_PER_S, []
    for i, row in enumerate(np.unique(loop.terminals.row[mine]).tolist()):
        at = mine & (loop.terminals.row == row)
        rows.append(
            {
                "y": TOP + STEP * min(i, MOST_ROWS - 1), "name": f"row {row}", "racks": int(at.sum()),
                "flow": f"{q[at].sum() * 1e3:,.1f} L/s",
                "back": f"{np.average(outlet[at], weights=q[at]):.1f} degC",
            }
        )  # fmt: skip
    suction = loop.network.node_ids.index(f"H{hall}-suction")
    return {
        "hall": hall,
        "flow": f"{q[mine].sum() * 1e3:,.0f} L/s",
        "supply": f"{plan.campus.cooling.supply_degc:.1f} degC",
        "back": f"{np.average(outlet[mine], weights=q[mine]):.1f} degC",
        "run": int(running.sum()),
        "stand": int((~running).sum()),
        "each": f"{loop.flow.flow_m3_per_s[pumps].max() * 1e3:,.0f} L/s",
        "speed": f"{loop.speed_frac[0]:.0%}",
        "suction": f"{loop.flow.pressure_pa[suction] / 1e5:.2f} bar",
        "discharge": f"{loop.flow.pressure_pa[suction + len(loop.halls)] / 1e5:.2f} bar",
        "rows": rows[:MOST_ROWS],
        "bottom": TOP + STEP * min(len(rows), MOST_ROWS) + 40,
        "more": max(len(rows) - MOST_ROWS, 0),
        "racks": int(mine.sum()),
        "spread": f"{loop.spread_frac:.1%}",
        "least": f"{loop.share_frac.min():.1%}",
        "most": f"{loop.share_frac.max():.1%}",
        "open_least": f"{loop.open_share_frac.min():.0%}",
        "open_most": f"{loop.open_share_frac.max():.0%}",
        "halls": len(loop.halls),
        "piping": plan.campus.cooling.piping,
        "scheme": plan.campus.cooling.scheme,
    }  # fmt: skip


def _worst(plan: Plan, loop: FacilityLoop) -> list[dict[str, str]]:
    label, share = plan.design.racks["label"].to_list(), loop.share_frac
    outlet = loop.warm.outlet_degc[loop.rack_link]
    return [
        {
            "rack": label[loop.terminals.rack[i]], "share": f"{share[i]:.1%}",
            "flow": f"{share[i] * loop.design_m3_per_s[i] * 6e4:,.1f}", "outlet": f"{outlet[i]:.2f}",
        }
        for i in np.argsort(share, kind="stable")[:MOST_WORST].tolist()
    ]  # fmt: skip


NAMES = {
    "pump": "facility pumps stop for good", "power": "power dips for 10 s", "chiller": "the plant trips",
    "cdu": "the racks' own pumps stop", "valve": "a hall's main valve shuts",
}  # fmt: skip


def _trip(t: Trip) -> dict[str, str]:
    times = t.throttle_s[np.isfinite(t.throttle_s)]
    return {
        "name": NAMES.get(t.event, t.event),
        "ups": "with batteries" if t.ups else "without",
        "first": f"{times.min():,.0f} s" if len(times) else "not within 10 minutes",
        "half": f"{np.median(times):,.0f} s" if len(times) else "",
        "racks": f"{len(times):,} of {int((np.ones_like(t.throttle_s)).sum()):,}",
        "hottest": f"{t.hottest_degc.max():.1f}",
        "supply": f"{t.supply_degc.max():.1f}",
        "residual": f"{t.residual_frac:.0e}",
    }


def shown_trip(trips: Sequence[Trip]) -> Trip:
    """Return the run whose map is drawn: the plant's trip, which racks feel at different times, else the first hit."""
    hit = [t for t in trips if np.isfinite(t.throttle_s).any()]
    return next((t for t in hit if t.event == "chiller"), hit[0] if hit else trips[0])


def cooling_data(plan: Plan) -> dict[str, Any]:
    """Return series and places for the pictures."""
    c, p = plan.cooling, plan.plumbing
    plant = (c.fan_w + c.pump_w + c.chiller_w) / 1e6
    out: dict[str, Any] = {
        "heat": plant.reshape(365, 24).round(3).tolist(),
        "months": [[m.month, round(m.pue, 4), round(m.wue_l_per_kwh, 3)] for m in c.months],
        "trips": [
            {
                "name": f"{t.event}, {'batteries' if t.ups else 'no batteries'}",
                "t": (t.time_s[::5] - t.at_s).round(1).tolist(),
                "hot": t.hottest_degc[::5].round(2).tolist(),
            }
            for t in p.trips
        ],
        "throttle": plan.campus.cooling.throttle_degc,
        "map": None,
    }
    if p.loop is not None and p.trips:
        shown = shown_trip(p.trips)
        step = -(-len(shown.throttle_s) // MOST_MAP)
        seconds = shown.throttle_s[::step]
        out["map"] = {
            "x": p.loop.terminals.x_m[::step].round(2).tolist(),
            "y": p.loop.terminals.y_m[::step].round(2).tolist(),
            "s": [None if np.isnan(v) else round(v, 1) for v in seconds.tolist()],
        }
    return out
