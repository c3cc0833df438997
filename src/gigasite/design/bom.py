"""The bill of materials: what to buy or rent, for how much, by when. Cables come with the cable plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from gigasite.design.types import BOM, Money

if TYPE_CHECKING:
    from gigasite.campus.parts import Catalogue
    from gigasite.campus.schema import Campus
    from gigasite.design.types import CoolingPlant, PowerChain

# How far a price may be off, by how much its origin is trusted (fractions below and above); estimate.
SPREAD = {"published": (0.10, 0.10), "derived": (0.20, 0.25), "estimate": (0.35, 0.50)}
RENT_MONTHS = 12.0  # how long rented equipment stays: until the grid steps of a campus are in; estimate
DAY_S = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line before it is priced."""

    group: str
    item: str
    kind: str
    part: str
    count: int
    mode: str = ""
    """Overrides the campus's mode of the item (gensets and batteries have their own)."""
    unit_usd: float | None = None
    """Overrides the part's price."""
    title: str = ""
    """Overrides the part's title, where `count` is no number of pieces."""


def table(campus: Campus, lines: list[Line]) -> pl.DataFrame:
    """Price the lines; equal parts are joined. Follows `BOM`."""
    rows = [_row(campus, line) for line in _joined(lines) if line.count]
    made = pl.DataFrame(rows, schema=BOM.polars(), orient="row")
    return BOM.check(made.sort("group", "item", "part", "mode"))


def _joined(lines: list[Line]) -> list[Line]:
    count: Counter[tuple[Any, ...]] = Counter()
    for x in lines:
        count[x.group, x.item, x.kind, x.part, x.mode, x.unit_usd, x.title] += x.count
    return [
        Line(group=g, item=i, kind=k, part=p, mode=m, unit_usd=u, title=t, count=n)
        for (g, i, k, p, m, u, t), n in count.items()
    ]


def _row(campus: Campus, line: Line) -> tuple[Any, ...]:
    parts = campus.catalogue
    mode = line.mode or campus.schedule.modes.get(line.item, "order")
    part = getattr(parts, line.kind)[line.part]
    unit, low, high, trust = _price(parts, line)
    likely = unit * line.count * price_factor(parts, line.item, mode)
    lead = parts.lead_times.get(f"{line.item}-{mode}")
    days = lead.likely_s / DAY_S if lead else 0.0
    return (
        line.group,
        line.item,
        line.part,
        line.title or part.title,
        line.count,
        likely * (1 - low),
        likely,
        likely * (1 + high),
        mode,
        days,
        trust,
    )


def _price(parts: Catalogue, line: Line) -> tuple[float, float, float, str]:
    """Return the price of one, by which fractions it may be lower and higher, and how far its origin is trusted."""
    key = {"prices": "likely"}.get(line.kind, "price")
    origin = parts.origins.get(f"{line.kind}.{line.part}.{key}")
    trust = origin.trust if origin else "estimate"
    if line.kind == "prices":
        price = parts.prices[line.part]
        unit = price.likely if line.unit_usd is None else line.unit_usd
        return unit, 1 - price.low / price.likely, price.high / price.likely - 1, trust
    unit = line.unit_usd if line.unit_usd is not None else getattr(parts, line.kind)[line.part].price_usd
    return unit, *SPREAD[trust], trust


def price_factor(parts: Catalogue, item: str, mode: str) -> float:
    """Return the cost of an item in a mode over its price when new; rent is taken for `RENT_MONTHS`."""
    lead = parts.lead_times.get(f"{item}-{mode}")
    if lead is None:
        return 1.0
    return lead.cost_frac + lead.rent_frac * RENT_MONTHS


def lines(
    campus: Campus,
    power: PowerChain,
    plant: CoolingPlant,
    racks: Counter[str],
    switches: Counter[str],
) -> list[Line]:
    """Return all lines but cables.

    Parameters
    ----------
    racks
        Racks by catalogue name.
    switches
        Switches by catalogue name.
    """
    c, cool, p = campus.compute, campus.cooling, campus.power
    servers = -(-c.gpus // campus.catalogue.servers[c.server].gpus)
    out = [Line(group="compute", item="gpu", kind="servers", part=c.server, count=servers)]
    out += [Line(group="compute", item="rack", kind="racks", part=n, count=k) for n, k in racks.items()]
    out += [Line(group="network", item="switch", kind="switches", part=n, count=k) for n, k in switches.items()]
    chain = (
        ("substation", p.substation, power.substations),
        ("switchgear", p.switchgear, power.switchgear),
        ("transformer", p.transformer, power.transformers),
        ("busway", p.busway, power.busways),
    )
    out += [Line(group="power", item=i, kind="electrical", part=n, count=k) for i, n, k in chain]
    out += _machines(campus)
    heat = (
        ("cdu", "cdus", cool.cdu, plant.cdus),
        ("tower", "heat_rejection", cool.tower, plant.towers),
        ("tower", "heat_rejection", cool.dry_cooler, plant.dry_coolers),
        ("chiller", "heat_rejection", cool.chiller, plant.chillers),
    )
    return out + [Line(group="cooling", item=i, kind=k, part=n, count=x) for i, k, n, x in heat]


def _machines(campus: Campus) -> list[Line]:
    parts, out = campus.catalogue, []
    for g in campus.power.gensets:
        unit = parts.gensets[g.model]
        usd = unit.price_usd_per_w * unit.rating_w
        out.append(
            Line(
                group="power",
                item="genset",
                kind="gensets",
                part=g.model,
                count=g.count,
                mode=g.mode,
                unit_usd=usd,
            )
        )
    units = campus.power.batteries
    return out + [
        Line(group="power", item="battery", kind="batteries", part=b.model, count=b.count, mode=b.mode) for b in units
    ]


def total(table_: pl.DataFrame) -> Money:
    """Return the sum. The ends of the range add up in squares: prices err independently of each other."""
    likely = float(table_["likely_usd"].sum())
    down = float(((table_["likely_usd"] - table_["low_usd"]) ** 2).sum()) ** 0.5
    up = float(((table_["high_usd"] - table_["likely_usd"]) ** 2).sum()) ** 0.5
    return Money(low_usd=likely - down, likely_usd=likely, high_usd=likely + up)
