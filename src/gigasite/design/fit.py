"""Does it fit? Floor, weight, height, power, heat, water, gas: findings where the campus breaks its own site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.design.fabric_notes import notes
from gigasite.design.plant import genset_power, precooling_k

if TYPE_CHECKING:
    import polars as pl

    from gigasite.campus.schema import Campus
    from gigasite.design.types import CoolingPlant, FabricSize, Hall, PowerChain

HHV_PER_LHV = 1.108  # natural gas; 40 CFR 98 and unit arithmetic
RACK_CLEARANCE_M = 1.0  # above a rack for busway, trays and pipes; estimate
UNIT_M = 0.04445  # one rack unit, EIA-310
NICS = "gpu network"  # where links are faster than the NICs: a finding that concerns cables too


def findings(
    campus: Campus,
    halls: tuple[Hall, ...],
    racks: pl.DataFrame,
    power: PowerChain,
    plant: CoolingPlant,
    sizes: dict[str, FabricSize],
) -> list[Finding]:
    """Return everything that does not fit, with the remedy."""
    return [
        *_floor(campus, halls),
        *_weight(campus, racks),
        *_height(campus),
        *_power(campus, power),
        *_gas(campus, power),
        *_water(campus, plant),
        *_supply(campus, plant),
        *[note for name, size in sizes.items() for note in notes(size, name)],
        *_tiers(campus, sizes["gpu"].tiers),
        *_nics(campus, sizes["gpu"].planes),
    ]


def _finding(severity: Severity, where: str, what: str, *, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity,
        chapter="design",
        where=where,
        what=what,
        limit=limit,
        found=found,
        remedy=remedy,
    )


def _floor(campus: Campus, halls: tuple[Hall, ...]) -> list[Finding]:
    shell = campus.site.shell
    room = shell.area_m2 * shell.usable_frac
    need = sum(h.length_m * h.width_m for h in halls)
    if need <= room:
        return []
    return [
        _finding(
            Severity.error,
            "shell",
            "the halls need more floor than the shell has for them",
            limit=f"{room:,.0f} m2 ({shell.usable_frac:.0%} of {shell.area_m2:,.0f} m2)",
            found=f"{need:,.0f} m2",
            remedy=f"add {(need - room) / shell.usable_frac:,.0f} m2 of shell, narrower aisles or denser racks",
        )
    ]


def _weight(campus: Campus, racks: pl.DataFrame) -> list[Finding]:
    rack, limit = (
        campus.catalogue.racks[campus.compute.rack],
        campus.site.shell.floor_load_kg_per_m2,
    )
    area = rack.width_m * (rack.depth_m + campus.compute.aisle_m)
    heaviest = racks["weight_kg"].max()
    load = float(heaviest if isinstance(heaviest, int | float) else 0.0) / area
    if load <= limit:
        return []
    return [
        _finding(
            Severity.error,
            "floor",
            "the heaviest rack presses harder than the slab carries",
            limit=f"{limit:,.0f} kg/m2",
            found=f"{load:,.0f} kg/m2 over {area:.2f} m2 (rack and aisle)",
            remedy="spread the load with steel, widen the aisles, or strengthen the slab",
        )
    ]


def _height(campus: Campus) -> list[Finding]:
    rack, shell = campus.catalogue.racks[campus.compute.rack], campus.site.shell
    need = rack.height_u * UNIT_M + 0.2 + RACK_CLEARANCE_M
    if need <= shell.height_m:
        return []
    return [
        _finding(
            Severity.error,
            "shell",
            "a rack with trays and pipes above it does not fit under the roof",
            limit=f"{shell.height_m:.2f} m",
            found=f"{need:.2f} m",
            remedy="take lower racks",
        )
    ]


def _power(campus: Campus, power: PowerChain) -> list[Finding]:
    out = []
    firm = power.grid_w + power.genset_w
    if firm < power.peak_w:
        out.append(
            _finding(
                Severity.error,
                "power",
                "grid and gensets together never carry the whole campus",
                limit=show(firm, "MW"),
                found=show(power.peak_w, "MW"),
                remedy=f"add {show(power.peak_w - firm, 'MW')} of grid or gensets",
            )
        )
    first = min((g.capacity_w for g in campus.power.grid), default=0.0)
    share = campus.schedule.first_step_gpus / campus.compute.gpus
    start = first + genset_power(campus)
    if start < power.peak_w * share:
        out.append(
            _finding(
                Severity.warning,
                "power",
                "the first grid step and all gensets do not carry the first training step",
                limit=show(start, "MW"),
                found=show(power.peak_w * share, "MW"),
                remedy="fewer first_step_gpus, more gensets, or an earlier grid step",
            )
        )
    return out


def _gas(campus: Campus, power: PowerChain) -> list[Finding]:
    limit = campus.site.gas_j_per_s
    need = 0.0
    for group in campus.power.gensets:
        unit = campus.catalogue.gensets[group.model]
        need += group.count * unit.rating_w * unit.heat_rate_j_per_j * HHV_PER_LHV
    if limit is None or need <= limit:
        return []
    del power
    return [
        _finding(
            Severity.error,
            "gas line",
            "all gensets at full load burn more than the line gives",
            limit=show(limit, "MMBtu/d"),
            found=show(need, "MMBtu/d"),
            remedy="a second lateral, or fewer gensets at a time",
        )
    ]


def water_need(campus: Campus, plant: CoolingPlant) -> float:
    """Return make-up water on the design day [m3/s]: towers by their share of evaporation, pads by what cools the air.

    Evaporation takes 2.43 MJ/kg; make-up = evaporation x CoC / (CoC - 1).
    """
    unit = campus.catalogue.heat_rejection[campus.cooling.tower if plant.towers else campus.cooling.dry_cooler]
    coc = campus.cooling.concentration
    wet = campus.cooling.scheme == "liquid-to-adiabatic"
    share = precooling_k(campus) / unit.air_rise_k if wet else unit.water_frac
    return (plant.liquid_w + plant.air_w) * share / 2.43e6 / 1000.0 * coc / (coc - 1.0)


def _water(campus: Campus, plant: CoolingPlant) -> list[Finding]:
    need, limit = water_need(campus, plant), campus.site.water_m3_per_s
    if limit is None or need <= limit:
        return []
    return [
        _finding(
            Severity.error,
            "water",
            "the towers evaporate more than the site may draw",
            limit=show(limit, "ML/d"),
            found=show(need, "ML/d"),
            remedy="recycled water, more cycles of concentration, or dry coolers at a warmer supply",
        )
    ]


def _supply(campus: Campus, plant: CoolingPlant) -> list[Finding]:
    cool = campus.cooling
    if not plant.chillers or cool.scheme == "liquid-to-chiller":
        return []
    return [
        _finding(
            Severity.warning,
            "cooling plant",
            f"{cool.scheme} cannot make the supply on the design day: chillers are added",
            limit=f"{cool.supply_degc:.1f} degC",
            found=f"{plant.chillers} chillers",
            remedy="a warmer supply class saves them",
        )
    ]


def _tiers(campus: Campus, tiers: int) -> list[Finding]:
    """Say which settings of the GPU fabric speak of a tier, or of up-links, that it does not have."""
    net = campus.network
    over = (("oversubscription", 2), ("spine_oversubscription", 3), ("core_oversubscription", 4))
    found = [
        (Severity.error, key, "is asked of a tier without up-links", f"{getattr(net, key):g}:1", need)
        for key, need in over
        if getattr(net, key) != 1.0
    ]
    found += [
        (Severity.note, key, "names the switch of a tier that the fabric does not have", str(getattr(net, key)), need)
        for key, need in (("spine", 2), ("core", 3), ("supercore", 4))
        if getattr(net, key) is not None
    ]
    return [
        _finding(
            severity,
            f"network.{key}",
            what,
            limit=f"{tiers} tier{'' if tiers == 1 else 's'}",
            found=value,
            remedy=f"leave it out, or set network.tiers to {need}",
        )
        for severity, key, what, value, need in found
        if tiers < need
    ]


def _nics(campus: Campus, planes: int) -> list[Finding]:
    """Say where the planes together run faster than the NIC that they share."""
    server, each = campus.catalogue.servers[campus.compute.server], campus.network.speed_bit_per_s
    if planes * each <= server.nic_speed_bit_per_s * (1 + 1e-9):
        return []
    most = show(server.nic_speed_bit_per_s, "Gb/s")
    return [
        _finding(
            Severity.error,
            NICS,
            f"links are faster than the NICs of {campus.compute.server}",
            limit=f"{most} a NIC",
            found=f"{planes} x {show(each, 'Gb/s')}" if planes > 1 else show(each, "Gb/s"),
            remedy=f"network.speed {show(server.nic_speed_bit_per_s / planes, 'Gb/s')}"
            + (", fewer planes," if planes > 1 else "")
            + " or a server with faster NICs",
        )
    ]
