"""The cable plan, what was seen, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    import polars as pl

    from gigasite._core.finding import Finding
    from gigasite.design.types import Money

CABLES = Schema(
    "cables",
    (
        Column("cable_id", "Int64", "stable: made from the two port ids"),
        Column("fabric", "UInt8", "index into design FABRICS"),
        Column("tier", "UInt8", "0 node-leaf, 1 leaf-spine, 2 spine-core"),
        Column("a_port", "Int64", "port id, lower tier"),
        Column("z_port", "Int64", "port id, upper tier"),
        Column("route_m", "Float32", "along the trays, risers included, without slack"),
        Column("length_m", "Float32", "length to order"),
        Column("part", "UInt8", "index into CablePlan.parts"),
    ),
)

SIGHTINGS = Schema(
    "sightings",
    (
        Column("node", "String", "device that reports"),
        Column("port", "String", "its port"),
        Column("seen_node", "String", "neighbour by name, else by id"),
        Column("seen_port", "String", ""),
        Column("identity", "String", "GUID or chassis id of the neighbour, '' when absent"),
        Column("width", "String", "lanes, such as 4x; '' when absent"),
        Column("speed", "String", "as reported; '' when absent"),
        Column("age_s", "Float64", "since the neighbour was first seen; NaN when absent"),
        Column("file", "String", ""),
        Column("line", "Int32", "1-based; 0 when the format has no lines"),
    ),
)

MISMATCHES = Schema(
    "mismatches",
    (
        Column("node", "String", ""),
        Column("port", "String", ""),
        Column("planned_node", "String", "'' when the plan has no cable there"),
        Column("planned_port", "String", ""),
        Column("seen_node", "String", "'' when nothing was seen there"),
        Column("seen_port", "String", ""),
        Column("kind", "String", "wrong-neighbour, dark, unplanned"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CablePlan:
    """Every cable: `cables` follows `CABLES`, `bom` follows design `BOM`; labels are made from the design on demand."""

    cables: pl.DataFrame
    parts: tuple[str, ...]
    """Catalogue names; `cables.part` is an index into them."""
    count: int
    gpu_fabric_count: int
    total_m: float
    optics_w: float
    """Power of all modules."""
    bom: pl.DataFrame
    cost: Money
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What devices say about their neighbours; `sightings` follows `SIGHTINGS`."""

    sightings: pl.DataFrame
    files: int
    readers: dict[str, int]
    """Files read by each reader."""
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Plan against sightings, port by port; `mismatches` follows `MISMATCHES`."""

    ports_planned: int
    ports_seen: int
    ports_right: int
    mismatches: pl.DataFrame
    findings: tuple[Finding, ...]
