"""Every cable of the design: route, length to order, part, cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cabling.routes import routes
from gigasite.cabling.types import CABLES, CablePlan
from gigasite.design import bom
from gigasite.design.types import BOM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Cable
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design, Links

MANAGEMENT_DOWN, MANAGEMENT_UP = 1e9, 100e9  # RJ45 ports and uplinks of an SN2201


def plan(campus: Campus, design: Design) -> CablePlan:
    """Give every link a cable.

    The route is measured along the trays, slack is added, and of all parts of the link's speed that reach so far the
    cheapest for that length is taken, in the next length on sale.

    Returns
    -------
    CablePlan
        Cables sorted by port id of the lower end.
    """
    links = design.links
    rack = campus.catalogue.racks[campus.compute.rack]
    route = routes(design, links.a_port, links.z_port, rack.height_u)
    need = route * np.float32(1.0 + campus.network.slack_frac)
    names, part, length, short = _choose(campus, links, need)
    order = np.lexsort((links.z_port, links.a_port))
    table = pl.DataFrame(
        {
            "cable_id": links.a_port[order],
            "fabric": links.fabric[order],
            "tier": links.tier[order],
            "a_port": links.a_port[order],
            "z_port": links.z_port[order],
            "route_m": route[order],
            "length_m": length[order],
            "part": part[order],
        },
        schema=CABLES.polars(),
    )
    parts = _bom(campus, names, part, length)
    return CablePlan(
        cables=CABLES.check(table),
        parts=names,
        count=len(links),
        gpu_fabric_count=int((links.fabric == 0).sum()),
        total_m=float(length.sum(dtype=np.float64)),
        optics_w=_watts(campus, names, part, links),
        bom=parts,
        cost=bom.total(parts),
        findings=worst_first(_findings(short)),
    )


def speeds(campus: Campus, links: Links) -> NDArray[np.float64]:
    """Return the speed of each link [bit/s]."""
    n = campus.network
    leafward = np.where(links.tier == 0, MANAGEMENT_DOWN, MANAGEMENT_UP)
    return np.select(
        [links.fabric == 0, links.fabric == 1],
        [n.speed_bit_per_s, n.storage_speed_bit_per_s],
        leafward,
    )


Chosen = tuple[
    tuple[str, ...],
    "NDArray[np.uint8]",
    "NDArray[np.float32]",
    list[tuple[str, int, float, float]],
]


def _choose(campus: Campus, links: Links, need: NDArray[np.float32]) -> Chosen:
    """Return part names, part index and length of each link, and what no part reaches."""
    catalogue = campus.catalogue.cables
    names = tuple(sorted(catalogue))
    part, length = np.zeros(len(need), np.uint8), np.zeros(len(need), np.float32)
    short: list[tuple[str, int, float, float]] = []
    speed = speeds(campus, links)
    for value in np.unique(speed):
        mine = np.flatnonzero(speed == value)
        fitting = [(i, catalogue[n]) for i, n in enumerate(names) if catalogue[n].speed_bit_per_s == value]
        if not fitting:
            short.append((f"{value / 1e9:g} Gb/s", len(mine), 0.0, float(need[mine].max())))
            length[mine] = need[mine]
            continue
        which, metres, missed = cheapest([c for _, c in fitting], need[mine])
        part[mine] = np.array([i for i, _ in fitting], np.uint8)[which]
        length[mine] = metres
        if missed.any():
            reach = max(c.reach_m for _, c in fitting)
            short.append((f"{value / 1e9:g} Gb/s", int(missed.sum()), reach, float(need[mine].max())))
    return names, part, length, short


def cheapest(
    parts: list[Cable], need: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Return for each needed length the cheapest part that reaches, the length on sale, and whether none reaches.

    Where none reaches, the part of longest reach is named with the needed length, so that nothing is dropped.
    """
    best = np.full(len(need), np.inf)
    which = np.full(len(need), int(np.argmax([c.reach_m for c in parts])), np.int64)
    metres = need.astype(np.float32).copy()
    for i, c in enumerate(parts):
        ladder = np.array([x for x in c.lengths if x <= c.reach_m], np.float32)
        at = np.searchsorted(ladder, need - np.float32(1e-4))
        fits = at < len(ladder)
        sold = ladder[np.minimum(at, len(ladder) - 1)]
        cost = np.where(fits, c.price_usd + c.price_per_length_usd_per_m * sold, np.inf)
        better = cost < best
        best, which, metres = (
            np.where(better, cost, best),
            np.where(better, i, which),
            np.where(better, sold, metres),
        )
    return which, metres.astype(np.float32), ~np.isfinite(best)


def _watts(campus: Campus, names: tuple[str, ...], part: NDArray[np.uint8], links: Links) -> float:
    """Return power of all modules: host ends at nodes, switch ends elsewhere."""
    out = 0.0
    for i, name in enumerate(names):
        c, mine = campus.catalogue.cables[name], part == i
        hosts = int((mine & (links.tier == 0)).sum())
        out += hosts * (c.host_end_w + c.end_w) + (int(mine.sum()) - hosts) * 2 * c.end_w
    return out


def _bom(campus: Campus, names: tuple[str, ...], part: NDArray[np.uint8], length: NDArray[np.float32]) -> pl.DataFrame:
    """Return one line per part and length, spares included. Follows `BOM`."""
    pairs, counts = np.unique(np.column_stack([part.astype(np.float64), length]), axis=0, return_counts=True)
    spare = 1.0 + campus.network.spare_frac
    mode = campus.schedule.modes.get("cable", "order")
    factor = bom.price_factor(campus.catalogue, "cable", mode)
    lead = campus.catalogue.lead_times.get(f"cable-{mode}")
    rows: list[tuple[Any, ...]] = []
    for (index, metres), count in zip(pairs, counts.tolist(), strict=True):
        name = names[int(index)]
        c = campus.catalogue.cables[name]
        number = int(np.ceil(count * spare))
        likely = number * (c.price_usd + c.price_per_length_usd_per_m * metres) * factor
        low, high = bom.SPREAD["estimate"]
        rows.append(
            (
                "cabling",
                "cable",
                name,
                f"{c.title}, {metres:g} m",
                number,
                likely * (1 - low),
                likely,
                likely * (1 + high),
                mode,
                lead.likely_s / 86400.0 if lead else 0.0,
                "estimate",
            )
        )
    return BOM.check(pl.DataFrame(rows, schema=BOM.polars(), orient="row"))


def _findings(short: list[tuple[str, int, float, float]]) -> list[Finding]:
    return [
        Finding(
            severity=Severity.error,
            chapter="cabling",
            where=f"{speed} links",
            what=f"{count:,} routes are longer than any cable in the catalogue reaches",
            limit=f"{reach:g} m",
            found=f"{longest:.0f} m",
            remedy="place the tiers closer, or add a longer-reach part under parts.cables",
        )
        for speed, count, reach, longest in short
    ]
