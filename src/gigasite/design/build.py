"""The design in one function: counts, places, devices, links, power, cooling, parts, findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import worst_first
from gigasite.design import bom, fit
from gigasite.design.equipment import devices
from gigasite.design.layout import layout
from gigasite.design.networks import nets
from gigasite.design.pipe_bill import PipeBill, pipe_bill
from gigasite.design.pipe_lines import pipe_lines
from gigasite.design.piping import piping
from gigasite.design.placing import placing
from gigasite.design.plant import cooling_plant, heat, network_power, power_chain
from gigasite.design.types import FABRICS, Design

if TYPE_CHECKING:
    import polars as pl

    from gigasite.campus.schema import Campus
    from gigasite.design.networks import Net
    from gigasite.design.types import CoolingPlant, Hall


def design(campus: Campus) -> Design:
    """Turn a campus into things with places, ports, watts and prices.

    Parameters
    ----------
    campus
        The campus.

    Raises
    ------
    InfeasibleError
        The fabric cannot join the servers.
    UnknownPartError
        The fabric does not exist.
    """
    networks = nets(campus)
    wirings = tuple(net.fabric.wire(net.ask) for net in networks)
    seats = placing(campus, networks, wirings)
    place = layout(campus, seats.racks)
    table, links = devices(campus, networks, wirings, seats, place)
    racks = _with_switches(place.racks, table, campus)
    network_w = network_power(campus, networks, links)
    plant, day = cooling_plant(campus, heat(place.racks, network_w), len(place.compute))
    power = power_chain(campus, place.racks, network_w, day, sum(h.rows for h in place.halls))
    sizes = tuple(n.size for n in networks)
    pipes = _pipes(campus, place.halls, racks, plant)
    lines = bom.lines(campus, power, plant, _racks(campus, racks), _switches(networks))
    parts = bom.table(campus, lines + (pipe_lines(campus, pipes, racks) if pipes else []))
    return Design(
        halls=place.halls,
        racks=racks,
        devices=table,
        links=links,
        fabrics=sizes,
        networks=tuple(n.name for n in networks),
        link_speed_bit_per_s={
            (FABRICS.index(n.name), tier): n.tier_speed_bit_per_s(tier)
            for n in networks
            for tier in range(n.size.tiers)
        },
        power=power,
        cooling=plant,
        pipes=pipes,
        bom=parts,
        capex=bom.total(parts),
        arrays=_arrays(racks),
        findings=worst_first(
            fit.findings(campus, place.halls, racks, power, plant, {n.name: n.size for n in networks})
        ),
    )


def _pipes(campus: Campus, halls: tuple[Hall, ...], racks: pl.DataFrame, plant: CoolingPlant) -> PipeBill | None:
    try:
        return pipe_bill(piping(campus, halls, racks, plant.air_w))
    except InfeasibleError:  # no heat to water: a campus without a loop is no mistake
        return None


def _arrays(racks: pl.DataFrame) -> int:
    last = racks["array"].max()
    return int(last if isinstance(last, int) else -1) + 1


def _racks(campus: Campus, racks: pl.DataFrame) -> Counter[str]:
    names = {"compute": campus.compute.rack, "network": "network-rack", "storage": "storage"}
    kinds = Counter(racks["kind"].to_list())
    return Counter({name: kinds[kind] for kind, name in names.items() if kinds[kind]})


def _switches(networks: tuple[Net, ...]) -> Counter[str]:
    out: Counter[str] = Counter()
    for net in networks:
        for count, part in zip(net.size.switches, net.parts, strict=True):
            out[part] += count
    return Counter({k: v for k, v in out.items() if v})


def _with_switches(racks: pl.DataFrame, table: pl.DataFrame, campus: Campus) -> pl.DataFrame:
    """Add switches' watts and kilograms to their racks."""
    import polars as pl  # noqa: PLC0415  # only here at run time; the module's types stay light

    part = campus.catalogue.switches
    names = sorted(set(table["part"].to_list()) & set(part))
    look = pl.DataFrame(
        {
            "part": names,
            "w": [part[n].typical_w for n in names],
            "n": [part[n].nameplate_w for n in names],
            "kg": [part[n].weight_kg for n in names],
        },
        schema={"part": pl.String, "w": pl.Float64, "n": pl.Float64, "kg": pl.Float64},
    )
    extra = table.join(look, on="part").group_by("rack_id").agg(pl.col("w", "n", "kg").sum())
    joined = racks.join(extra, on="rack_id", how="left", maintain_order="left")
    zero = {c: pl.col(c).fill_null(0.0) for c in ("w", "n", "kg")}
    return joined.with_columns(
        typical_w=pl.col("typical_w") + zero["w"],
        nameplate_w=pl.col("nameplate_w") + zero["n"],
        weight_kg=pl.col("weight_kg") + zero["kg"],
    ).drop("w", "n", "kg")
