"""Settings of the networks and of their cables: the `network` chapter of the campus file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gigasite.campus.door import (
    DOOR,
    BitsPerSecond,
    Count,
    Fraction,
    Metres,
    Name,
    Number,
    Seconds,
    Some,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabling:
    """How cables are laid, labelled and pulled. Defaults are an engineer's values: replace them by your own."""

    __pydantic_config__ = DOOR
    tray_width_m: Metres = 0.6
    """Inside width of one tray."""
    tray_height_m: Metres = 0.1
    """Height up to which a tray is filled."""
    tray_above_m: Metres = 0.6
    """Lowest tray above the top of the highest rack."""
    tray_spacing_m: Metres = 0.3
    """From one tray to the next above it: room for hands."""
    fill_frac: Fraction = 0.5
    """Share of a tray's section that cables may take, air between round cables included."""
    row_trays: Count = 0
    """Trays beside and above each other over a row; 0: as many as the fullest place of each run needs."""
    cross_trays: Count = 0
    """Trays of a run across the rows; 0: as many as needed."""
    corridor_trays: Count = 0
    """Trays of a run between halls; 0: as many as needed."""
    bundle: Some = 24
    """Cables that are pulled as one bundle."""
    spare_fibres_frac: Fraction = 0.0
    """Fibres laid beside the used ones, dark, over the used ones."""
    patching: Literal["direct", "panel"] = "direct"
    """panel: fibre between racks runs from a patch panel in one rack to one in the other, with a jumper at each end."""
    panel_positions: Some = 72
    """Positions of one patch panel (1 U)."""
    jumper_m: Metres = 3.0
    """Length of a jumper from a port to the panel of its rack."""
    host_cage: Literal["any", "qsfp112", "osfp"] = "any"
    """Cage of the GPU NICs: qsfp112 for BlueField-3; any: whatever a cable offers for the server end."""
    label: Name = "hall-row-rack"
    """Style of the labels: see `gigasite cables labels --list`."""
    crew_people: Some = 4
    """People who pull and plug together."""
    bundle_pull_s: Seconds = 1200.0
    """Time of a crew to pull one bundle, before its ends are plugged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The GPU fabric, storage, in-band and out-of-band networks."""

    __pydantic_config__ = DOOR
    fabric: Name
    """Kind of fabric: see `gigasite fabric kinds`."""
    leaf: Name
    spine: Name | None = None
    """Default: as `leaf`."""
    core: Name | None = None
    """Default: as `spine`."""
    supercore: Name | None = None
    """Switch above the core, where a fabric has four tiers. Default: as `core`."""
    speed_bit_per_s: BitsPerSecond
    """Speed of one link of the GPU fabric: of one NIC in one plane."""
    tiers: Count = 0
    """Tiers of switches, 1 to 4; 0: the fewest that join the servers."""
    planes: Some = 1
    """Independent copies of the fabric; every NIC has one link in each."""
    nodes_per_unit: Count = 0
    """Servers that share leaves; 0: as many whole racks as a leaf's down-ports hold."""
    nodes_per_pod: Count = 0
    """Servers that share spines; 0: as many as a spine's down-ports."""
    oversubscription: Number = 1.0
    """Down-capacity over up-capacity of a leaf."""
    spine_oversubscription: Number = 1.0
    """The same of a spine."""
    core_oversubscription: Number = 1.0
    """The same of a core switch, where a fabric has four tiers."""
    storage_links: Count = 1
    """Links of one server to the storage network, which carries in-band traffic too unless `inband_links` is set."""
    storage_speed_bit_per_s: BitsPerSecond = 400e9
    storage_switch: Name = "sn5600"
    storage_oversubscription: Number = 3.0
    """Down-capacity over up-capacity of a storage leaf."""
    inband_links: Count = 0
    """Links of one server to an in-band network apart from storage."""
    inband_speed_bit_per_s: BitsPerSecond = 100e9
    inband_switch: Name = "sn4600c"
    inband_oversubscription: Number = 3.0
    """Down-capacity over up-capacity of an in-band leaf."""
    reserved_ports: Count = 0
    """Ports of every switch that stay free, for growth and for ports that fail."""
    reserved_frac: Fraction = 0.0
    """The same as a share of its ports, rounded up; the larger of both holds."""
    management_links: Count = 1
    """Links of one server to the out-of-band network."""
    management_switch: Name = "sn2201"
    """Leaf of the out-of-band network: a switch with uplinks of its own."""
    management_spine: Name = "sn4600c"
    management_core: Name = "sn5600"
    slack_frac: Fraction = 0.12
    """Extra cable length over the route."""
    spare_frac: Fraction = 0.02
    """Spare cables and modules to order."""
    cabling: Cabling = field(default_factory=Cabling)
