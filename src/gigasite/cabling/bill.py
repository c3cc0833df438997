"""What to order: fibre and copper by part and length, modules by cage, panels, jumpers, spares; watts of optics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite.cabling.choose import NONE, used
from gigasite.cabling.ends import module_at
from gigasite.cabling.types import MODULES
from gigasite.design import bom
from gigasite.design.types import BOM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.choose import Chosen
    from gigasite.cabling.ends import Ends
    from gigasite.campus.schema import Campus

PANEL_USD, JUMPER_USD = 600.0, 35.0  # one panel with adapters; one short MPO jumper; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Patching:
    """Structured cabling: panels (1 U each) and jumpers; all zero where cables run directly."""

    panels: int = 0
    jumpers: int = 0


def modules(campus: Campus, ends: Ends, chosen: Chosen) -> pl.DataFrame:
    """Return modules by kind; follows `MODULES`.

    A switch takes one module a cage that holds a link, whole: a twin-port module of which one port is used draws all of
    its power. A host takes one module a port. Copper has the power of its ends.
    """
    rows: dict[tuple[str, str], list[Any]] = {}
    for index, cable in used(campus, chosen.names, chosen.part):
        mine = chosen.part == index
        hosts = np.bincount(ends.a_code[mine & (ends.a_cage < 0)], minlength=len(ends.parts))
        taken = np.zeros(ends.cages, bool)
        taken[ends.z_cage[mine]] = True
        taken[ends.a_cage[mine & (ends.a_cage >= 0)]] = True
        cages = np.bincount(ends.switch_code[np.flatnonzero(taken) // ends.per_switch], minlength=len(ends.parts))
        if cable.fibre is None:
            n_host, n_all = int(hosts.sum()), 2 * int(mine.sum())
            _count(rows, (chosen.names[index], "host"), n_host, cable.title, cable.host_end_w, 0.0)
            _count(rows, (chosen.names[index], "switch"), n_all - n_host, cable.title, cable.end_w, 0.0)
            continue
        for at, number in (("host", hosts), ("switch", cages)):
            for code in np.flatnonzero(number).tolist():
                found = module_at(campus, cable, ends.parts[code])
                if found is None:
                    continue  # no module fits: the plan says so in a finding
                # slower than its own speed a host module draws what the cable says (5 W at 200G in place of 8 W)
                watts = cable.host_end_w if at == "host" else found[1].power_w
                _count(rows, (found[0], at), int(number[code]), found[1].title, watts, found[1].price_usd)
    spare = campus.network.spare_frac
    data = [
        (name, title, at, n, math.ceil(n * spare) if usd else 0, watts / n, watts, usd)
        for (name, at), (n, title, watts, usd) in sorted(rows.items())
    ]
    return MODULES.check(pl.DataFrame(data, schema=MODULES.polars(), orient="row"))


def _count(
    rows: dict[tuple[str, str], list[Any]], key: tuple[str, str], n: int, title: str, w: float, usd: float
) -> None:
    if n:
        have = rows.setdefault(key, [0, title, 0.0, usd])
        have[0] += n
        have[2] += n * w


def table(campus: Campus, ends: Ends, chosen: Chosen, optics: pl.DataFrame, patching: Patching) -> pl.DataFrame:
    """Return one line per part and length, per module, and for panels and jumpers; spares included. Follows `BOM`."""
    mode = campus.schedule.modes.get("cable", "order")
    lead = campus.catalogue.lead_times.get(f"cable-{mode}")
    days = lead.likely_s / 86400.0 if lead else 0.0
    factor = bom.price_factor(campus.catalogue, "cable", mode)
    low, high = bom.SPREAD["estimate"]
    rows = []
    for part, title, number, each_usd in [
        *_cables(campus, ends, chosen),
        *_modules(optics),
        *_patching(campus, patching),
    ]:
        likely = number * each_usd * factor
        money = (likely * (1 - low), likely, likely * (1 + high))
        rows.append(("cabling", "cable", part, title, number, *money, mode, days, "estimate"))
    return BOM.check(pl.DataFrame(rows, schema=BOM.polars(), orient="row"))


def _cables(campus: Campus, ends: Ends, chosen: Chosen) -> list[tuple[str, str, int, float]]:
    keep = 1.0 + campus.network.spare_frac
    key = np.round(chosen.length_m * 1000).astype(np.int64) + chosen.part.astype(np.int64) * 10**9
    out = []
    for pair, first, links in zip(*np.unique(key, return_index=True, return_counts=True), strict=True):
        index, metres = int(pair // 10**9), float(chosen.length_m[first])
        if chosen.names[index] == NONE:
            continue
        cable = campus.catalogue.cables[chosen.names[index]]
        number = int(links)
        if cable.links > 1:  # one product a switch cage
            number = len(np.unique(ends.z_cage[key == pair]))
        laid = number * (1.0 + (campus.network.cabling.spare_fibres_frac if cable.fibre else 0.0))
        each = (cable.price_usd + cable.price_per_length_usd_per_m * metres) * cable.links
        fibre = campus.catalogue.fibres.get(cable.fibre or "")
        title = f"{fibre.title if fibre else cable.title}, {metres:g} m"
        if cable.links > 1:
            title += f", {cable.links} links in one product"
        out.append((cable.fibre or chosen.names[index], title, math.ceil(laid * keep - 1e-9), each))
    return out


def _modules(optics: pl.DataFrame) -> list[tuple[str, str, int, float]]:
    bought = optics.filter(pl.col("price_usd") > 0)
    return [
        (m["module"], f"{m['title']} ({m['at']})", m["count"] + m["spare"], m["price_usd"]) for m in bought.to_dicts()
    ]


def _patching(campus: Campus, patching: Patching) -> list[tuple[str, str, int, float]]:
    if not patching.jumpers:
        return []
    spare = 1.0 + campus.network.spare_frac
    c = campus.network.cabling
    return [
        ("patch-panel", f"Patch panel, 1 U, {c.panel_positions} positions", patching.panels, PANEL_USD),
        ("jumper", f"Jumper, {c.jumper_m:g} m", math.ceil(patching.jumpers * spare), JUMPER_USD),
    ]


def sections(campus: Campus, chosen: Chosen) -> NDArray[np.float64]:
    """Return the section that each link's cable takes in a tray [m2], spare fibres included."""
    spare = campus.network.cabling.spare_fibres_frac
    each = np.zeros(len(chosen.names))
    for i, cable in used(campus, chosen.names, chosen.part):
        fibre = campus.catalogue.fibres.get(cable.fibre or "")
        diameter = fibre.diameter_m if fibre else (cable.diameter_m or 0.0)
        each[i] = math.pi / 4 * diameter**2 * (1.0 + (spare if fibre else 0.0))
    out: NDArray[np.float64] = each[chosen.part]
    return out
