"""The campus: what the file says, as frozen values in SI. The classes are the file's schema too.

A field's key in the file is its name without the unit. The text below a field is its description in
`gigasite schema` and in the reference manual. References to parts (server, leaf, genset, ...) are checked against
the catalogue by `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from gigasite._core.settings import Choice
from gigasite.campus.build_parts import Closed, CrewStep
from gigasite.campus.door import (
    DOOR,
    Celsius,
    Count,
    CubicMetres,
    CubicMetresPerSecond,
    Day,
    Flag,
    FloorLoad,
    Fraction,
    GasFlow,
    Hertz,
    JoulesPerKelvin,
    Kelvins,
    Metres,
    Name,
    Number,
    PartChoice,
    Pascals,
    Seconds,
    Shifts,
    Some,
    SquareMetres,
    Text,
    UsdPerJoule,
    Volts,
    Watts,
    WorkingTime,
)
from gigasite.campus.network import Network
from gigasite.campus.parts import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Summary of a year of weather, for sites without a weather file; the year made of it is synthetic."""

    __pydantic_config__ = DOOR
    mean_degc: Celsius
    """Mean dry bulb of the year."""
    summer_degc: Celsius
    """Dry bulb exceeded 0.4 % of the hours."""
    winter_degc: Celsius
    """Dry bulb undercut 0.4 % of the hours."""
    mean_wet_degc: Celsius
    """Mean wet bulb of the year."""
    summer_wet_degc: Celsius
    """Wet bulb exceeded 0.4 % of the hours."""
    source: Text
    """Where the summary comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The building or buildings that hold the halls."""

    __pydantic_config__ = DOOR
    area_m2: SquareMetres
    """Floor area inside."""
    height_m: Metres
    """Clear height."""
    floor_load_kg_per_m2: FloorLoad
    """Floor load that the slab carries, uniformly spread."""
    reuse: Flag = True
    """True: the shell stands; false: it is built, which the schedule then shows."""
    usable_frac: Fraction = 0.6
    """Share of the area that halls may fill; the rest is plant, docks, offices."""
    aspect: Number = 1.5
    """Length over width of one hall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the campus stands."""

    __pydantic_config__ = DOOR
    latitude: Number
    """Degrees north."""
    longitude: Number
    """Degrees east."""
    elevation_m: Metres = 1.0
    """Above sea level."""
    shell: Shell
    climate: Climate
    weather: Text | None = None
    """An EPW or TMY3 file, relative to this file; without it a synthetic year is made from `climate`."""
    water_m3_per_s: CubicMetresPerSecond | None = None
    """Water that the site can draw; unlimited where absent."""
    gas_j_per_s: GasFlow | None = None
    """Pipeline gas (higher heating value) that the site can draw; unlimited where absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """The machines."""

    __pydantic_config__ = DOOR
    gpus: Some
    """GPUs of the campus."""
    server: Name
    rack: Name
    servers_per_rack: Some
    racks_per_array: Some
    """Racks that are handed over together."""
    halls: Some
    arrays_per_hall: Count = 0
    """Arrays of every hall but the last, which takes the rest; 0: divided evenly. A number keeps a growing campus in
    its halls."""
    racks_per_row: Some = 16
    aisle_m: Metres = 1.8
    """Width of a hot or cold aisle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model that is trained."""

    __pydantic_config__ = DOOR
    parameters: Number
    """All parameters."""
    active: Number | None = None
    """Parameters used for one token (mixture of experts); default: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How the state is saved."""

    __pydantic_config__ = DOOR
    every_s: Seconds = 1200.0
    stall_s: Seconds = 20.0
    """Time that all GPUs wait for one checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The job."""

    __pydantic_config__ = DOOR
    model: Model
    tokens_per_step: Number
    mfu_frac: Fraction
    """Model FLOP utilisation."""
    checkpoint: Checkpoint = field(default_factory=Checkpoint)
    exposed_frac: Fraction = 0.15
    """Share of a step in which all GPUs wait for communication."""
    compute_tdp_frac: Fraction = 0.83
    """GPU power while computing, of TDP."""
    wait_tdp_frac: Fraction = 0.21
    """GPU power while waiting, of TDP."""
    edge_jitter_s: Seconds = 0.05
    """Standard deviation of the moments at which ranks enter and leave a phase."""
    failures_per_1000_node_days: Number = 3.79
    restart_s: Seconds = 600.0
    """From a failure to training again."""
    trace: Text | None = None
    """A measured power trace (CSV), relative to this file, in place of the synthetic load."""
    trace_gpus: Some | None = None
    """GPUs that the trace was measured on; default: as many as columns or devices in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridStep:
    """Firm power at the intake from a day on."""

    __pydantic_config__ = DOOR
    day: Number
    """Project day, 0 = start."""
    capacity_w: Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Gensets:
    """A group of equal generators."""

    __pydantic_config__ = DOOR
    model: Name
    count: Count
    mode: Literal["order", "stock", "rental", "reuse", "divert"] = "order"
    """How they are obtained."""
    day: Number | None = None
    """Earliest project day on which the first may arrive; default: by lead time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batteries:
    """A group of equal battery units."""

    __pydantic_config__ = DOOR
    model: Name
    count: Count
    mode: Literal["order", "stock", "rental", "reuse", "divert"] = "order"
    day: Number | None = None
    soc_frac: Fraction = 0.5
    """State of charge at the start of a study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """From the intake to the rack."""

    __pydantic_config__ = DOOR
    grid: tuple[GridStep, ...] = ()
    gensets: tuple[Gensets, ...] = ()
    batteries: tuple[Batteries, ...] = ()
    controller: PartChoice = field(default_factory=lambda: Choice(kind="droop", settings={}))
    """What the battery does; `gigasite power parts` lists kinds and settings."""
    shapers: tuple[PartChoice, ...] = ()
    """What smooths the load before the plant sees it: power floors, supplies with storage, shifted periods."""
    limits: tuple[PartChoice, ...] = ()
    """What the swing is judged by."""
    frequency_hz: Hertz = 60.0
    voltage_v: Volts = 13800.0
    """Medium voltage on site."""
    spare_gensets: Count = 0
    """x of N + x: units that may be down while the load is carried."""
    diversity_frac: Fraction = 1.0
    """Highest power of all servers together, over servers x typical power."""
    substation: Name = "substation-150mva"
    switchgear: Name = "mv-switchgear"
    transformer: Name = "unit-transformer-3mva"
    busway: Name = "busway-row"
    island: Literal["auto", "yes", "no"] = "auto"
    """Whether the swing study runs gensets alone (yes), beside a grid (no), or as the intake of the day says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooling:
    """From the chip to the air."""

    __pydantic_config__ = DOOR
    scheme: Name = "liquid-to-tower"
    """liquid-to-tower, liquid-to-dry-cooler, liquid-to-adiabatic, liquid-to-chiller."""
    supply_degc: Celsius = 32.0
    """Facility water supply."""
    rise_k: Kelvins = 10.0
    """Of the coolant across the racks."""
    cdu: Name = "in-rack-cdu"
    tower: Name = "tower-cell"
    dry_cooler: Name = "dry-cooler"
    chiller: Name = "air-chiller"
    concentration: Number = 5.0
    """Cycles of concentration of tower water."""
    spare_frac: Fraction = 0.1
    """Extra heat-rejection capacity."""
    loop_pa: Pascals = 250e3
    """Rise of each facility pump at its design flow: the most that a hall's loop may take."""
    piping: Literal["direct-return", "reverse-return"] = "direct-return"
    """Whether the rack that is first on the supply is first or last on the return."""
    pumps: Some = 3
    """Facility pumps of a hall that share its flow."""
    spare_pumps: Count = 1
    """Facility pumps of a hall that stand by."""
    pump_ups: Flag = True
    """Whether facility pumps run on through a power dip."""
    ups_s: Seconds = 300.0
    """How long their batteries last."""
    terminal_pa: Pascals = 60e3
    """Drop of a rack's exchanger, door and open balancing valve at design flow."""
    exchanger_pa: Pascals = 50e3
    """Drop of a hall's plate exchangers between plant and facility water, at design flow."""
    vessel_pa: Pascals = 250e3
    """Gauge pressure that the expansion vessel holds at the pumps' suction."""
    buffer_s: Seconds = 0.0
    """Cold water in store beside the pipes, as time at design flow."""
    restart_s: Seconds = 180.0
    """From the return of power, or a trip, to a chiller or tower that cools again."""
    tcs_m3: CubicMetres = 0.06
    """Coolant in a rack's loop, CDU included."""
    plate_capacity_j_per_k: JoulesPerKelvin = 750.0
    """Heat capacity of one GPU with cold plate and the coolant in it."""
    plate_rise_k: Kelvins = 30.0
    """GPU's junction over the coolant that enters its plate, at typical power and design flow."""
    throttle_degc: Celsius = 87.0
    """Junction temperature at which a GPU slows down."""
    throttled_frac: Fraction = 0.5
    """Power of a GPU that has slowed down, over what it would take; estimate."""
    shut_k: Kelvins = 5.0
    """Above `throttle` a GPU switches itself off; estimate."""
    door_frac: Fraction = 0.6
    """Effectiveness of a rear door at design flow; estimate."""
    air_capacity_j_per_k: JoulesPerKelvin = 60e3
    """Air and steel between a rack's fans and its door; estimate."""
    coast_s: Seconds = 3.0
    """In which stopped pumps and the water in their pipes lose half of their flow; estimate."""
    pump_start_s: Seconds = 5.0
    """In which a pump comes up; estimate."""
    actuator_s: Seconds = 45.0
    """First-order lag of a plant that comes back (valves take 30 to 60 s); estimate."""
    valve_s: Seconds = 10.0
    """Stroke of a hall's main valve; estimate."""
    least_fan_frac: Fraction = 0.10
    """Slowest fans, as a share of full fan power; estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How the campus is built."""

    __pydantic_config__ = DOOR
    first_step_gpus: Some
    """GPUs that the first training step takes."""
    target_day: Number
    """Day by which it is wanted."""
    shifts: WorkingTime = field(default_factory=lambda: Shifts(2, 10.0))
    crews: dict[str, Some] = field(default_factory=dict)
    """People per shift by trade; default: the catalogue's, scaled with the GPUs."""
    crew_ramp: dict[str, tuple[CrewStep, ...]] = field(default_factory=dict)
    """People before a trade is at full strength, step by step."""
    week_days: dict[str, Some] = field(default_factory=dict)
    """Working days a week by trade; default 7."""
    laydown_racks: Some | None = None
    """Racks that may stand between dock and place; default: no limit."""
    closed: tuple[Closed, ...] = ()
    """Days on which no crew works, such as holidays; what runs without a crew goes on."""
    modes: dict[str, Literal["order", "stock", "rental", "reuse", "divert"]] = field(default_factory=dict)
    """How long-lead items are obtained: transformer, switchgear, substation, chiller, tower, cdu, busway, gpu, ..."""
    samples: Some = 500
    """Monte Carlo samples."""
    durations: Literal["triangular", "pert"] = "triangular"
    """Shape of work's low, likely and high hours: `pert` is a beta with thinner ends."""
    deliveries: Literal["lognormal", "triangular", "pert"] = "lognormal"
    """Shape of lead times: `lognormal` takes high as the 95th percentile, so that one in twenty is later still."""
    risks: dict[str, Fraction] = field(default_factory=dict)
    """Probability of risks of the catalogue in place of its own; 0 % leaves one out. New ones: `parts.risks`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """Money. Prices of parts are in the catalogue; `prices` there holds the ranges of these too."""

    __pydantic_config__ = DOOR
    horizon_s: Seconds = 4 * 365.25 * 86400.0
    discount_per_year_frac: Fraction = 0.10
    gpu_hour: Number = 2.35
    """Worth of one GPU-hour at the start [USD]."""
    price_decay_per_year_frac: Fraction = 0.30
    goodput_frac: Fraction = 0.90
    residual_frac: Fraction = 0.30
    """Worth of the hardware after 36 months, of its price."""
    electricity_usd_per_j: UsdPerJoule = 68.0 / 3.6e9
    """From the grid."""
    gas_usd_per_j: UsdPerJoule = 3.5 / 1.05506e9
    """Fuel, higher heating value."""
    staff: Count = 250
    """People who operate the campus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusFile:
    """The file as it is written; `Campus` adds the catalogue."""

    __pydantic_config__ = DOOR
    campus: Name
    start: Day
    """Day 0."""
    seed: Count = 1
    site: Site
    compute: Compute
    network: Network
    training: Training
    power: Power
    cooling: Cooling = field(default_factory=Cooling)
    schedule: Schedule
    economics: Economics = field(default_factory=Economics)
    parts: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    """Own catalogue entries by kind and name; an entry with a known name replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the file a key stands; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Campus:
    """Everything that the file and the catalogue say. What a study changes is made by `dataclasses.replace`."""

    name: str
    start: date
    seed: int
    site: Site
    compute: Compute
    network: Network
    training: Training
    power: Power
    cooling: Cooling
    schedule: Schedule
    economics: Economics
    catalogue: Catalogue
    file: str
    """Path of the campus file; paths inside it are relative to its folder."""
    places: dict[str, Place] = field(default_factory=dict)
    """Dotted key -> place in the file, for `explain`; keys absent here have their default."""
