"""Every cable of the design: route, part, length to order, tray fill, bundle, cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.words import counted
from gigasite.cabling import bill, fill, patch
from gigasite.cabling.choose import choose
from gigasite.cabling.ends import ends as ends_of
from gigasite.cabling.identity import identities
from gigasite.cabling.joints import joints
from gigasite.cabling.routes import routes
from gigasite.cabling.rule import broken
from gigasite.cabling.trays import trays
from gigasite.cabling.types import CABLES, CablePlan
from gigasite.design import bom
from gigasite.design.types import FABRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.choose import Chosen
    from gigasite.cabling.routes import Routes
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


def plan(campus: Campus, design: Design) -> CablePlan:
    """Give every link a cable.

    The route is measured along the trays, slack is added, and of all parts of the link's speed that fit both cages and
    reach so far the cheapest is taken for all links that share modules, in the next length on sale.

    Returns
    -------
    CablePlan
        Cables sorted by port id of the lower end.
    """
    links = design.links
    laid = trays(design)
    ways = routes(design, laid, fill.tray_height(campus), links.a_port, links.z_port)
    ends = ends_of(campus, design)
    need = ways.route_m * np.float32(1.0 + campus.network.slack_frac)
    extra = patch.jumpers_m(campus, ways)
    chosen = choose(campus, ends, need, extra)
    extra = patch.patched_m(campus, chosen, extra)
    segments = fill.segments(campus, design, laid, ways, bill.sections(campus, chosen))
    optics = bill.modules(campus, ends, chosen)
    panels = patch.positions(campus, design, extra)
    parts = bill.table(campus, ends, chosen, optics, patch.count(panels))
    table = _table(design, ways, chosen, campus.network.cabling.bundle)
    found = [
        *_missed(chosen),
        *_raised(chosen),
        *_far(chosen),
        *fill.findings(campus, segments),
        *patch.findings(campus, design, panels),
        *broken(joints(campus, links, ends, chosen, extra)),
    ]
    return CablePlan(
        cables=table,
        parts=chosen.names,
        label=campus.network.cabling.label,
        count=len(links),
        gpu_fabric_count=int((links.fabric == FABRICS.index("gpu")).sum()),
        total_m=float(chosen.length_m.sum(dtype=np.float64)),
        optics_w=float(optics["total_w"].sum()),
        segments=segments,
        modules=optics,
        panels=panels,
        bom=parts,
        cost=bom.total(parts),
        findings=worst_first(found),
    )


def _table(design: Design, ways: Routes, chosen: Chosen, bundle: int) -> pl.DataFrame:
    links = design.links
    order = np.lexsort((links.z_port, links.a_port))
    table = pl.DataFrame(
        {
            "cable_id": identities(design)[order],
            "fabric": links.fabric[order],
            "tier": links.tier[order],
            "a_port": links.a_port[order],
            "z_port": links.z_port[order],
            "route_m": ways.route_m[order],
            "length_m": chosen.length_m[order],
            "part": chosen.part[order],
            "bundle": bundles(ways.pair[order], chosen.part[order], bundle),
        },
        schema=CABLES.polars(),
    )
    return CABLES.check(table)


def bundles(pair: NDArray[np.int64], part: NDArray[np.uint8], most: int) -> NDArray[np.int32]:
    """Return the bundle of each cable: of one part, between one pair of racks, at most `most` cables.

    Parameters
    ----------
    pair, part
        (n,) pair of racks and part of each cable, in plan order.
    """
    key = pair * 256 + part
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    start = np.r_[True, ordered[1:] != ordered[:-1]]
    first = np.maximum.accumulate(np.where(start, np.arange(len(key)), 0))
    begins = start | ((np.arange(len(key)) - first) % most == 0)
    out = np.empty(len(key), np.int32)
    out[order] = np.cumsum(begins) - 1
    return out


def _missed(chosen: Chosen) -> list[Finding]:
    words = {
        "reach": "beyond the reach of every part that fits the cages",
        "cage": "between cages that no part of this speed fits",
        "speed": "at a speed of which the catalogue has no cable",
    }
    remedies = {
        "reach": "place the tiers closer, or add a longer-reach part under parts.cables",
        "cage": "take switches with other cages, or add a part under parts.cables and parts.modules",
        "speed": "add a part of this speed under parts.cables",
    }
    return [
        Finding(
            severity=Severity.error,
            chapter="cabling",
            where=f"{m.speed_bit_per_s / 1e9:g} Gb/s links, {m.devices}",
            what=f"{counted(m.count, 'link')} {words[m.why]}",
            limit=m.cages if m.why == "cage" else f"{m.reach_m:g} m",
            found=f"{m.longest_m:.0f} m",
            remedy=remedies[m.why],
        )
        for m in chosen.missed
    ]


def _far(chosen: Chosen) -> list[Finding]:
    return [
        Finding(
            severity=Severity.note,
            chapter="cabling",
            where=f"{f.part}, {f.devices}",
            what=f"{counted(f.count, 'link')} far within the reach of the part: none of shorter reach fits these cages",
            limit=f"{f.reach_m:g} m reach",
            found=f"{f.longest_m:.1f} m at most",
            remedy="none needed; a part of shorter reach under parts.cables may be cheaper",
        )
        for f in chosen.far
    ]


def _raised(chosen: Chosen) -> list[Finding]:
    if not chosen.raised:
        return []
    return [
        Finding(
            severity=Severity.note,
            chapter="cabling",
            where="modules",
            what=f"{counted(chosen.raised, 'link')} of a dearer part than needed: a longer link shares a module",
            found=f"{chosen.raised_usd / 1e6:,.2f} MUSD",
            remedy="none needed; place the few longest links of a tier closer to save it",
        )
    ]
