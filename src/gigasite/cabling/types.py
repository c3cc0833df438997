"""The cable plan, what was seen, and how they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    import polars as pl

    from gigasite._core.finding import Finding
    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.design.types import Money

CABLES = Schema(
    "cables",
    (
        Column("cable_id", "Int64", "stable: made from fabric, lower device and its port; `identity.py`"),
        Column("fabric", "UInt8", "index into design FABRICS"),
        Column("tier", "UInt8", "0 node-leaf, 1 leaf-spine, 2 spine-core, ..."),
        Column("a_port", "Int64", "port id, lower tier"),
        Column("z_port", "Int64", "port id, upper tier"),
        Column("route_m", "Float32", "along the trays, risers included, without slack"),
        Column("length_m", "Float32", "length to order"),
        Column("part", "UInt8", "index into CablePlan.parts"),
        Column("bundle", "Int32", "cables pulled together have the same number"),
    ),
)

DIRECTORY = Schema(
    "directory",
    (
        Column("device_id", "Int32", "row number of this table"),
        Column("node", "String", "the device's name"),
        Column("kind", "String", "as in design DEVICES"),
        Column("part", "String", "catalogue name"),
        Column("index", "Int32", "within the kind"),
        Column("hall", "Int16", ""),
        Column("row", "Int16", ""),
        Column("position", "Int16", ""),
        Column("rack", "String", "label of the rack"),
        Column("u", "Int32", "lowest unit"),
    ),
)

SEGMENTS = Schema(
    "segments",
    (
        Column("kind", "String", "row, cross, corridor, column"),
        Column("hall", "Int16", "from 1; 0 between halls"),
        Column("run", "Int32", "straight run of trays that the segment is part of"),
        Column("name", "String", ""),
        Column("x0_m", "Float64", "one end"),
        Column("y0_m", "Float64", ""),
        Column("x1_m", "Float64", "other end"),
        Column("y1_m", "Float64", ""),
        Column("cables", "Int32", "cables that lie here"),
        Column("area_m2", "Float64", "sum of their sections, spare fibres included"),
        Column("trays", "Int16", "trays of the run"),
        Column("fill_frac", "Float64", "area over the section of the trays"),
    ),
)

PANELS = Schema(
    "panels",
    (
        Column("a_port", "Int64", "port id of the lower end"),
        Column("z_port", "Int64", ""),
        *(
            Column(f"{end}_{name}", dtype, meaning)
            for end in ("a", "z")
            for name, dtype, meaning in (
                ("rack", "Int32", "rack of the panel"),
                ("panel", "Int16", "within the rack, from 1"),
                ("position", "Int16", "within the panel, from 1"),
            )
        ),
    ),
)

MODULES = Schema(
    "modules",
    (
        Column("module", "String", "catalogue name; of copper the cable's"),
        Column("title", "String", ""),
        Column("at", "String", "switch or host"),
        Column("count", "Int64", "in use: one a cage at switches, one a port at hosts"),
        Column("spare", "Int64", ""),
        Column("each_w", "Float64", "of one module; of copper one end of one link"),
        Column("total_w", "Float64", "of those in use"),
        Column("price_usd", "Float64", "of one; 0 for copper, whose ends are in the cable's price"),
    ),
)

CHANGES = Schema(
    "changes",
    (
        Column("kind", "String", "add, remove, move (an end elsewhere), re-part (other part or length)"),
        Column("cable", "String", "identity"),
        *(
            Column(f"{side}_{name}", dtype, "'' or 0 where there is none")
            for side in ("old", "new")
            for name, dtype in (
                ("a_node", "String"),
                ("a_port", "String"),
                ("z_node", "String"),
                ("z_port", "String"),
                ("a_label", "String"),
                ("z_label", "String"),
                ("part", "String"),
                ("length_m", "Float64"),
            )
        ),
    ),
)

SIGHTINGS = Schema(
    "sightings",
    (
        Column("node", "String", "device that reports"),
        Column("port", "String", "its port, abbreviations written out; `port_names.py`"),
        Column("port_raw", "String", "its port as printed"),
        Column("seen_node", "String", "neighbour by name, else by id; '' in rows that tell of the port alone"),
        Column("seen_port", "String", "neighbour's port, abbreviations written out"),
        Column("seen_port_raw", "String", "port id as printed"),
        Column("seen_port_descr", "String", "port description as printed"),
        Column("identity_kind", "String", "guid, mac, serial, ip, name; '' when absent"),
        Column("identity", "String", "of the neighbour, in one spelling; `ids.py`"),
        Column("seen_ip", "String", "management address of the neighbour"),
        Column("node_kind", "String", "kind of the reporting device's own identity"),
        Column("node_id", "String", "the reporting device's own identity"),
        Column("protocol", "String", "lldp, cdp, ib, ...; '' in rows that tell of the port alone"),
        Column("time", "String", "as printed"),
        Column("age_s", "Float64", "since the neighbour was first seen or last changed; NaN when absent"),
        Column("ttl_s", "Float64", "time to live, as sent or as it remains; NaN when absent"),
        Column("width", "String", "lanes, such as 4x"),
        Column("speed", "String", "as printed"),
        Column("capable", "String", "what the link could run at, where the tool says that it runs below"),
        Column("state", "String", "of the link, as printed"),
        Column("raw_ber", "Float64", "before correction"),
        Column("effective_ber", "Float64", "after correction"),
        Column("rx_dbm", "Float64", "least of the lanes"),
        Column("rx_lanes_dbm", "String", "each lane, separated by blanks"),
        Column("tx_dbm", "Float64", "least of the lanes"),
        Column("tx_bias_a", "Float64", "least of the lanes"),
        Column("temperature_degc", "Float64", "of the module"),
        Column("serial", "String", "of the module or cable"),
        Column("part_number", "String", "of the module or cable"),
        Column("vendor", "String", "of the module or cable"),
        Column("link_downs", "Float64", "times that the link went down; NaN when absent"),
        Column("symbol_errors", "Float64", "NaN when absent"),
        Column("reader", "String", "which reader, for the family of templates which template"),
        Column("file", "String", ""),
        Column("line", "Int32", "1-based; 0 when the format has no lines"),
    ),
)

OBSERVED_NODES = Schema(
    "observed nodes",
    (
        Column("node", "String", "as the device names itself, or as the file does"),
        Column("identity_kind", "String", "guid, mac, serial, ip"),
        Column("identity", "String", "in one spelling"),
        Column("file", "String", ""),
        Column("line", "Int32", ""),
    ),
)

BOUND_PORTS = Schema(
    "bound ports",
    (
        Column("node", "String", "name in the plan, or as seen"),
        Column("port", "String", "name in the plan, or as seen"),
        Column("planned", "Boolean", "the plan has a cable there"),
    ),
)

UNBOUND = Schema(
    "unbound sightings",
    (
        Column("node", "String", ""),
        Column("port", "String", ""),
        Column("seen_node", "String", ""),
        Column("seen_port", "String", ""),
        Column("file", "String", ""),
        Column("line", "Int32", ""),
        Column("why", "String", ""),
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
    """Every cable; tables follow `CABLES`, `SEGMENTS`, `MODULES`, `PANELS`, `BOM`. Labels are made on demand."""

    cables: pl.DataFrame
    parts: tuple[str, ...]
    """Catalogue names; `cables.part` is an index into them."""
    label: str
    """Style of labels."""
    count: int
    gpu_fabric_count: int
    total_m: float
    optics_w: float
    """Power of all modules and active cable ends."""
    segments: pl.DataFrame
    """Every segment of tray that holds a cable."""
    modules: pl.DataFrame
    """Modules by kind, with their power."""
    panels: pl.DataFrame
    """Panel and position of both ends of patched cables; empty where cables run directly."""
    bom: pl.DataFrame
    cost: Money
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What devices say about their neighbours; `sightings` follows `SIGHTINGS`, `nodes` `OBSERVED_NODES`."""

    sightings: pl.DataFrame
    nodes: pl.DataFrame
    """What devices say about themselves."""
    files: int
    readers: dict[str, int]
    """Files read by each reader."""
    findings: tuple[Finding, ...]
    cut: tuple[str, ...] = ()
    """Devices of whose own account the end is missing: ports that they do not tell of may be lit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Plan against sightings, port by port; `mismatches` follows `MISMATCHES`, `diagnosis` has the causes."""

    ports_planned: int
    ports_seen: int
    ports_right: int
    mismatches: pl.DataFrame
    diagnosis: Diagnosis
    findings: tuple[Finding, ...]
