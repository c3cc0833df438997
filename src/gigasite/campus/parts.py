"""The kinds of parts in the catalogue: one frozen class a kind, one YAML file a kind in `catalogue/`.

A field's key in YAML is its name without the unit (`tdp_w` is written `tdp: 700 W`). Every entry carries `source`,
`as_of` and `trust`; a value that comes from elsewhere carries its own: `idle: {value: 70 W, source: ..., as_of: ...,
trust: estimate}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from gigasite._core.origin import Origin
from gigasite.campus.build_parts import Activity, OrderStep
from gigasite.campus.door import (
    DOOR,
    BitsPerSecond,
    Bytes,
    Count,
    FlopPerSecond,
    Fraction,
    HeatRate,
    Joules,
    Kelvins,
    Kilograms,
    Metres,
    MetresPerSecond,
    Name,
    Number,
    Seconds,
    Some,
    Text,
    Usd,
    UsdPerMetre,
    UsdPerWatt,
    Watts,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """An accelerator."""

    __pydantic_config__ = DOOR
    title: Text
    tdp_w: Watts
    idle_w: Watts
    memory_byte: Bytes
    dense_flop_per_s: FlopPerSecond
    """BF16 without sparsity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server or compute tray. Nameplate sizes feeders, typical sizes energy, idle and typical make the swing."""

    __pydantic_config__ = DOOR
    title: Text
    gpu: Name
    gpus: Some
    nics: Some
    """NICs of the GPU fabric = rails."""
    nic_speed_bit_per_s: BitsPerSecond
    height_u: Number
    weight_kg: Kilograms
    nameplate_w: Watts
    typical_w: Watts
    """Highest power seen in training."""
    idle_w: Watts
    liquid_frac: Fraction
    """Share of heat that goes to cold plates."""
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Rack:
    """A rack without its servers; what stands in it besides servers counts here."""

    __pydantic_config__ = DOOR
    title: Text
    height_u: Some
    width_m: Metres
    depth_m: Metres
    weight_kg: Kilograms
    """Empty rack with manifolds, busbars, in-rack CDU and coolant."""
    extra_w: Watts
    """Pumps, NVLink switches, shelves."""
    servers: Some
    """Most servers that fit."""
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A packet switch; power without optics."""

    __pydantic_config__ = DOOR
    title: Text
    network: Literal["ethernet", "infiniband"]
    cages: Some
    """Physical cages toward both sides; of a switch with uplinks only those toward nodes."""
    cage: Literal["osfp", "qsfp112", "qsfp28", "rj45"] = "osfp"
    """Form of the cages."""
    cooling: Literal["air", "liquid"] = "air"
    """Air-cooled cages take finned-top modules, liquid-cooled ones flat tops."""
    cage_speed_bit_per_s: BitsPerSecond
    port_speed_bit_per_s: BitsPerSecond = 0.0
    """Fastest single link, where a cage holds several that cannot be joined; 0: a link may take the whole cage."""
    uplinks: Count = 0
    """Cages of their own toward the tier above (out-of-band switches); 0: all cages are alike."""
    uplink_speed_bit_per_s: BitsPerSecond = 0.0
    uplink_cage: Literal["osfp", "qsfp112", "qsfp28", "rj45"] = "qsfp28"
    """Form of those."""
    height_u: Number
    weight_kg: Kilograms
    typical_w: Watts
    nameplate_w: Watts
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """An optical module (transceiver)."""

    __pydantic_config__ = DOOR
    title: Text
    cage: Literal["osfp", "qsfp112", "qsfp28", "rj45"]
    """Cage it goes into; `rj45` stands for a media converter behind a copper port."""
    ports: Some
    """Fibre ports: 2 for a twin-port module."""
    top: Literal["finned", "flat"]
    """Finned tops cool themselves in the air stream of a switch; flat tops are cooled by the cage."""
    optics: Literal["sr", "dr", "fr", "lr"]
    connector: Literal["mpo12-apc", "mpo12-upc", "lc"]
    gender: Literal["male", "female", "none"]
    """Pins of the MPO: a module has them (male), a trunk has not."""
    lane_speed_bit_per_s: BitsPerSecond
    lanes: Some
    """Lanes of one fibre port."""
    reach_m: Metres
    power_w: Watts
    """Of the whole module."""
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Fibre:
    """A made-up fibre cable."""

    __pydantic_config__ = DOOR
    title: Text
    mode: Literal["multimode", "single-mode"]
    connector: Literal["mpo12-apc", "mpo12-upc", "lc"]
    gender: Literal["male", "female", "none"]
    polarity: Literal["A", "B", "C", "none"]
    split: Some
    """1: straight; 2: one plug at the switch, two of half the lanes at the other end."""
    fibres: Some
    jacket: Text
    diameter_m: Metres


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """What joins two ports: copper with its ends fixed, or a fibre and the modules that fit its ends."""

    __pydantic_config__ = DOOR
    title: Text
    medium: Literal["dac", "acc", "aec", "multimode", "single-mode", "copper"]
    speed_bit_per_s: BitsPerSecond
    reach_m: Metres
    """Longest routed length."""
    lengths: tuple[Number, ...]
    """Lengths on sale [m], ascending."""
    end_w: Watts
    """Power of the module at a switch end, for this one link (half of a twin-port module)."""
    host_end_w: Watts
    """Power of the module at a server end."""
    price_usd: Usd
    """Of the cable at zero length, for one link, without modules."""
    price_per_length_usd_per_m: UsdPerMetre
    diameter_m: Metres | None = None
    """Of copper, for one link; fibre has its own."""
    links: Some = 1
    """Links that one product carries: 2 for copper with one 2x400G plug at the switch."""
    modules: tuple[Name, ...] = ()
    """Modules for a switch end; the first that fits the cage is taken. Empty for copper."""
    host_modules: tuple[Name, ...] = ()
    """Modules for a server end."""
    fibre: Name | None = None
    """None for copper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Genset:
    """A generator of any kind."""

    __pydantic_config__ = DOOR
    title: Text
    technology: Literal["turbine", "engine"]
    rating_w: Watts
    apparent_w: Watts
    """Rating of the alternator: the base of per-unit values."""
    governor: Name
    """Governor part in `power`: gast, tgov1."""
    inertia: Number
    """Inertia constant H [s] on the alternator's base."""
    droop_frac: Fraction
    min_load_frac: Fraction
    step_frac: Fraction
    """Largest load step accepted at once, of rating."""
    start_s: Seconds
    heat_rate_j_per_j: HeatRate
    """Lower heating value, at full load."""
    derate: Number
    """Loss of rating per kelvin above `derate_from` [1/K]."""
    derate_from: Number
    """Ambient temperature above which the rating falls [degC]."""
    forced_outage_frac: Fraction
    price_usd_per_w: UsdPerWatt
    rental_frac: Fraction
    """Rent per month, of the price when new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """One battery unit (container) with its inverter."""

    __pydantic_config__ = DOOR
    title: Text
    rating_w: Watts
    energy_j: Joules
    round_trip_frac: Fraction
    response_s: Seconds
    """Lag of the inverter's power behind its set point."""
    latency_s: Seconds
    """From measuring the load to a new set point at the inverter."""
    weight_kg: Kilograms
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrical:
    """A part of the power chain: transformer, switchgear, busway, substation."""

    __pydantic_config__ = DOOR
    title: Text
    stage: Literal["substation", "switchgear", "transformer", "busway", "rack-supply", "e-house"]
    rating_w: Watts
    loss_frac: Fraction
    """Loss at rated load."""
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdu:
    """Coolant distribution unit: pumps and plate exchanger."""

    __pydantic_config__ = DOOR
    title: Text
    capacity_w: Watts
    """Heat at the design approach."""
    approach_k: Kelvins
    pump_frac: Fraction
    """Pump power over heat moved."""
    in_rack: Literal["yes", "no"]
    price_usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRejection:
    """A cooling tower cell, dry cooler or chiller."""

    __pydantic_config__ = DOOR
    title: Text
    kind: Literal["tower", "dry-cooler", "chiller"]
    capacity_w: Watts
    """Heat at design conditions."""
    approach_k: Kelvins
    """Leaving water above wet bulb (tower) or dry bulb (dry cooler, air-cooled chiller's condenser)."""
    fan_frac: Fraction
    """Fan power at full load over heat rejected."""
    carnot_frac: Fraction
    """Chiller: share of the Carnot coefficient of performance; 0 for others."""
    water_frac: Fraction
    """Share of the heat that is rejected by evaporating water."""
    pump_frac: Fraction
    """Facility-water pump power over heat."""
    price_usd: Usd
    precool_frac: Fraction = 0.0
    """Dry cooler: share of the wet-bulb depression by which wetted pads cool its air; 0: no pads."""
    air_rise_k: Kelvins = 10.0
    """Dry cooler: warming of its air at full fans; the pads' water goes with that air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """Steel pipe of one nominal size."""

    __pydantic_config__ = DOOR
    title: Text
    nominal: Some
    """DN, about the inner diameter in mm."""
    outer_m: Metres
    wall_m: Metres
    roughness_m: Metres
    velocity_m_per_s: MetresPerSecond
    """Highest at design flow."""
    support_m: Metres
    """Longest span between supports, filled with water."""
    price_usd_per_m: UsdPerMetre
    """Spools from the shop with hangers, without insulation and work on site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """A trade on site."""

    __pydantic_config__ = DOOR
    title: Text
    people: Some
    """Default people on site per shift for 100,000 GPUs."""
    cost: Number
    """Loaded cost of one person [USD/h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """One way to get one long-lead item."""

    __pydantic_config__ = DOOR
    title: Text
    item: Name
    """transformer, switchgear, substation, genset, battery, chiller, tower, cdu, busway, gpu, switch, cable, rack"""
    mode: Literal["order", "stock", "rental", "reuse", "divert"]
    low_s: Seconds
    likely_s: Seconds
    high_s: Seconds
    cost_frac: Fraction
    """Price over the price of a new order."""
    rent_frac: Fraction
    """Rent per month over the new price; 0 when bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price or a rate of money that belongs to no part. `unit` says what `value` is per."""

    __pydantic_config__ = DOOR
    title: Text
    low: Number
    likely: Number
    high: Number
    unit: Text
    """Such as USD/GPU-h, USD/MWh, USD/kW-month, USD/MW, 1/yr."""
    scope: Text = "all"
    """What the price holds and leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Work of one activity: crew-hours per unit, or hours that no crew is held (cure, burn-in, sample hold)."""

    __pydantic_config__ = DOOR
    title: Text
    crew: Name
    """Crew that does it; `none` when it only takes time."""
    people: Count
    """People who work together; 0 when no crew."""
    low: Number
    """Hours of that gang per unit."""
    likely: Number
    high: Number
    per: Text
    """What one unit is: rack, row, unit, array, hall, campus, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Something that may go wrong and strikes several activities: it stretches or delays them."""

    __pydantic_config__ = DOOR
    title: Text
    probability_frac: Fraction
    """That it happens at one place (see `per`)."""
    per: Literal["campus", "hall", "place"]
    """Where it happens once or not: `place` is the place of each activity (a row, an array, a unit)."""
    rates: tuple[Name, ...] = ()
    """Strikes work of these rates, ..."""
    crews: tuple[Name, ...] = ()
    """... all work of these crews, ..."""
    items: tuple[Name, ...] = ()
    """... and deliveries of these items, ..."""
    modes: tuple[Literal["order", "stock", "rental", "reuse", "divert"], ...] = ()
    """... obtained in these modes; empty: in any."""
    factor: tuple[Number, Number, Number] = (1.0, 1.0, 1.0)
    """Low, likely, high: times the duration."""
    delay_s: tuple[Seconds, Seconds, Seconds] = (0.0, 0.0, 0.0)
    """Low, likely, high: on top of it, by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every part by kind and name, and the origin of every value.

    `origins` maps `kind.name.field` (field as written in YAML) to its `Origin`.
    """

    gpus: dict[str, Gpu]
    servers: dict[str, Server]
    racks: dict[str, Rack]
    switches: dict[str, Switch]
    modules: dict[str, Module]
    fibres: dict[str, Fibre]
    cables: dict[str, Cable]
    gensets: dict[str, Genset]
    batteries: dict[str, Battery]
    electrical: dict[str, Electrical]
    cdus: dict[str, Cdu]
    heat_rejection: dict[str, HeatRejection]
    pipes: dict[str, Pipe]
    crews: dict[str, Crew]
    lead_times: dict[str, LeadTime]
    rates: dict[str, Rate]
    activities: dict[str, Activity]
    order_steps: dict[str, OrderStep]
    prices: dict[str, Price]
    risks: dict[str, Risk]
    origins: dict[str, Origin] = field(default_factory=dict)
