"""What the design hands to the other rooms. Identities are integers; names live in the tables' name columns, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gigasite._core.table import Column, Schema

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.design.pipe_bill import PipeBill

NAME_DIGITS = 6  # of a device's number in its name, whatever else stands on the campus: growth renames nothing
PORT_BITS = 12  # port id = device << 12 | port: 4,096 ports a device, 2^51 devices

RACKS = Schema(
    "racks",
    (
        Column("rack_id", "Int32", "row number of this table"),
        Column("label", "String", "hall-row.position, such as H1-R03.07"),
        Column("kind", "String", "compute, network, storage"),
        Column("hall", "Int16", "from 1"),
        Column("row", "Int16", "within the hall, from 1"),
        Column("position", "Int16", "within the row, from 1"),
        Column("array", "Int32", "hand-over group, -1 for racks that belong to none"),
        Column("x_m", "Float64", "centre, from the campus origin, east"),
        Column("y_m", "Float64", "centre, north"),
        Column("servers", "Int32", ""),
        Column("gpus", "Int32", ""),
        Column("typical_w", "Float64", "in training"),
        Column("nameplate_w", "Float64", ""),
        Column("liquid_w", "Float64", "typical heat to cold plates"),
        Column("weight_kg", "Float64", "with servers, coolant and cables"),
    ),
)

DEVICES = Schema(
    "devices",
    (
        Column("device_id", "Int32", "row number of this table; upper bits of a port id"),
        Column("name", "String", "unique, such as srv-000012, leaf-000007, spine-000001"),
        Column(
            "kind",
            "String",
            "server, or fabric-tier: gpu-leaf, gpu-spine, gpu-core, storage-leaf, ...",
        ),
        Column("part", "String", "catalogue name"),
        Column("index", "Int32", "within the kind, from 0"),
        Column("rack_id", "Int32", ""),
        Column("u", "Float32", "lowest unit in the rack"),
    ),
)

BOM = Schema(
    "bom",
    (
        Column("group", "String", "compute, network, cabling, power, cooling, building"),
        Column("item", "String", "long-lead item, as in the lead-time catalogue"),
        Column("part", "String", "catalogue name"),
        Column("title", "String", ""),
        Column("count", "Int64", ""),
        Column("low_usd", "Float64", "for all of them"),
        Column("likely_usd", "Float64", ""),
        Column("high_usd", "Float64", ""),
        Column("mode", "String", "order, stock, rental, reuse, divert"),
        Column("lead_days", "Float64", "likely lead time in that mode"),
        Column("trust", "String", "of the price: published, derived, estimate"),
    ),
)

FABRICS = ("gpu", "storage", "management", "inband")
"""Networks of a campus; `management` is the out-of-band network, `inband` exists where it is apart from storage."""

TIERS = ("leaf", "spine", "core", "super")
"""Switches by tier; `super` is the top of four tiers."""

SWITCH_KINDS = tuple(f"{fabric}-{tier}" for fabric in FABRICS for tier in TIERS)
"""Kinds of devices that are switches; all others (server, storage, fabric manager) are hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """All links of the campus as columns of equal length.

    Parameters
    ----------
    fabric
        (n,) uint8, index into `FABRICS`.
    tier
        (n,) uint8: 0 node-leaf, 1 leaf-spine, 2 spine-core, 3 core-super.
    a_port, z_port
        (n,) int64 port ids (`device << PORT_BITS | port`); `a` is the lower tier. Ports count from 1.
    """

    fabric: NDArray[np.uint8]
    tier: NDArray[np.uint8]
    a_port: NDArray[np.int64]
    z_port: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of links."""
        return len(self.a_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricLimit:
    """The largest fabric of a number of tiers."""

    tiers: int
    nodes: int
    endpoints: int
    """NICs of those nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSize:
    """One tier of switches, all planes together."""

    tier: str
    """As in `TIERS`."""
    switches: int
    radix: int
    down_links: int
    up_links: int
    spare_ports: int
    """Ports without a link, reserved ones included."""
    reserved_ports: int
    by_ports: int
    """Fewest switches whose ports would do, were up-links striped unevenly."""
    oversubscription: float
    """Achieved by the fullest switch: used down-capacity over up-capacity; 0 at the top, which has no links up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastUnit:
    """The last group of nodes that share leaves, where it is not full; its leaves are bought whole."""

    nodes: int
    """Places in use, a fabric manager's included."""
    full_nodes: int
    leaf: int
    """Leaves of the unit, all planes."""
    up_links: int
    """Of those leaves."""
    nics_per_node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPod:
    """The last group of leaves that share spines, where these have more links up than down.

    Spines of all pods have as many up-links, and even striping over the tier above asks for so many spines.
    """

    leaf: int
    full_leaf: int
    spine: int
    down_links: int
    """Of one of its spines."""
    up_links: int
    full_down_links: int
    """Of a spine of a full pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FabricSize:
    """What `gigasite fabric` prints: the counts of the published tables, and what follows from them.

    A *link* joins two ports. A *cable* of the published tables carries one NIC's links of all planes: links = cables x
    planes.
    """

    kind: str
    nodes: int
    gpus: int
    radix: int
    planes: int
    tiers: int
    units: int
    """Groups of nodes that share leaves; 0 where leaves are filled one after the other."""
    pods: int
    """Groups of leaves that share spines."""
    leaf: int
    spine: int
    core: int
    supercore: int
    node_leaf_cables: int
    leaf_spine_cables: int
    spine_core_cables: int
    core_super_cables: int
    endpoints: int
    """NICs, links of fabric managers included."""
    spare_ports: int
    """Ports without a link, reserved ones included."""
    reserved_ports: int
    """Ports that the ask keeps free."""
    by_tier: tuple[TierSize, ...]
    bisection_frac: float
    """Capacity between two halves of the end points, over what they could send; at most 1."""
    bisection_links: float
    """The same in node links."""
    limits: tuple[FabricLimit, ...]
    last_unit: LastUnit | None
    """None where it is full."""
    last_pod: LastPod | None
    """None where pods are alike."""
    more: tuple[tuple[str, int], ...] = ()
    """Counts of this kind alone: racks, scalable units, links inside a rack."""

    @property
    def switches(self) -> tuple[int, int, int, int]:
        """Return switches by tier, in the order of `TIERS`."""
        return self.leaf, self.spine, self.core, self.supercore

    @property
    def cables(self) -> tuple[int, int, int, int]:
        """Return cables by tier: node-leaf, leaf-spine, spine-core, core-super."""
        return self.node_leaf_cables, self.leaf_spine_cables, self.spine_core_cables, self.core_super_cables

    @property
    def links(self) -> tuple[int, int, int, int]:
        """Return links by tier, all planes together."""
        low, mid, high, top = (n * self.planes for n in self.cables)
        return low, mid, high, top


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """One hall: a rectangle of rows, with its origin in campus coordinates."""

    hall: int
    x_m: float
    y_m: float
    length_m: float
    width_m: float
    rows: int
    racks: int
    gpus: int
    cross_x_m: tuple[float, ...] = ()
    """Where trays cross the rows: at both ends and between banks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerChain:
    """From the intake to the rack, as counts and watts at the intake's side of each stage."""

    it_typical_w: float
    it_nameplate_w: float
    it_idle_w: float
    network_w: float
    cooling_w: float
    """Design-day estimate of pumps, fans and chillers."""
    loss_w: float
    peak_w: float
    """Highest intake power in training = IT + network + cooling + losses."""
    substations: int
    switchgear: int
    transformers: int
    busways: int
    genset_w: float
    """Rating of all gensets at the design-day temperature, less the spare ones."""
    grid_w: float
    """Highest firm grid step."""
    battery_w: float
    battery_j: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingPlant:
    """Heat and the units that carry it away."""

    scheme: str
    liquid_w: float
    air_w: float
    cdus: int
    towers: int
    dry_coolers: int
    chillers: int
    design_dry_bulb_degc: float
    design_wet_bulb_degc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """A range in USD."""

    low_usd: float
    likely_usd: float
    high_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The campus as things with places, counts and prices.

    `racks`, `devices`, `bom` follow `RACKS`, `DEVICES`, `BOM`. Cables are in `CablePlan`, with their own part list.
    """

    halls: tuple[Hall, ...]
    racks: pl.DataFrame
    devices: pl.DataFrame
    links: Links
    fabrics: tuple[FabricSize, ...]
    networks: tuple[str, ...]
    """Names of `fabrics`, in their order; each is one of `FABRICS`."""
    link_speed_bit_per_s: dict[tuple[int, int], float]
    """Speed of a link by (index into `FABRICS`, tier)."""
    power: PowerChain
    cooling: CoolingPlant
    pipes: PipeBill | None
    """Of the facility loop; None where no rack gives heat to water."""
    bom: pl.DataFrame
    capex: Money
    arrays: int
    findings: tuple[Finding, ...]


RackKind = Literal["compute", "network", "storage"]
