"""What a study of the plant under a load needs and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gigasite.power.bound_types import SourceLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding


SHORT_CIRCUIT = 10.0
"""Short-circuit power over capacity, where none is given; estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Equal generators that swing as one; per unit on `apparent_w` x `count`."""

    title: str
    count: int
    rating_w: float
    """Of one unit, at the temperature of the study."""
    apparent_w: float
    """Of one unit [VA]."""
    governor: str
    settings: Mapping[str, float]
    """Of the governor part; absent ones have the part's defaults."""
    inertia_s: float
    min_load_frac: float = 0.0
    """Lowest lasting load, of rating."""
    step_frac: float = 1.0
    """Largest load step accepted at once, of rating."""
    generator: Mapping[str, float] = field(default_factory=dict)
    """Reactances and time constants of GENROU by their names there; absent ones have its defaults."""
    exciter: Mapping[str, float] = field(default_factory=dict)
    """Settings of SEXS."""
    transformer_x_pu: float = 0.08
    transformer_r_pu: float = 0.005
    """On `apparent_w`."""
    voltage_pu: float = 1.02
    """Set point at the terminals."""
    power_w: float | None = None
    """Power of the whole group at the start; None: its share of what the others leave, by rating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A synchronous grid behind the intake.

    Without `inertia_s` it is stiff: it holds the frequency and takes what the plant leaves. With it, it is one
    machine of `base_w` with that inertia and droop.
    """

    capacity_w: float
    short_circuit_w: float | None = None
    """Short-circuit power at the campus bus [VA]; None: ten times the capacity."""
    r_over_x: float = 0.1
    base_w: float | None = None
    """Synchronised generation of the equivalent [VA]."""
    inertia_s: float | None = None
    droop_frac: float = 0.05
    governor_s: float = 8.0
    """Lag of its primary control."""

    @property
    def fault_w(self) -> float:
        """Return the short-circuit power at the campus bus [VA]."""
        return self.short_circuit_w or SHORT_CIRCUIT * self.capacity_w

    @property
    def inertia_base_w(self) -> float:
        """Return the base of inertia and droop [VA]."""
        return self.base_w or self.fault_w


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryPlant:
    """All battery units as one."""

    rating_w: float
    energy_j: float
    efficiency_frac: float
    """One way."""
    response_s: float
    """Lag of the inverters' power behind their set point."""
    latency_s: float
    """Age of the measured load when a set point made of it reaches the inverters."""
    soc_frac: float
    """At the start."""
    inverter: str = "grid-following"
    """Part of `inverters`; the network level uses it."""
    inverter_settings: Mapping[str, float] = field(default_factory=dict)
    x_pu: float = 0.15
    """Reactance between inverter bridge and campus bus, on `apparent_w`."""
    apparent_w: float | None = None
    """Of all inverters [VA]; None: 1.1 x rating."""
    power_w: float = 0.0
    """At the start, discharge positive."""
    reactive_var: float = 0.0
    """At the start."""
    throughput_j: float | None = None
    """Energy that may pass in its life (charge plus discharge); None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """How the load behaves electrically: constant power behind its power supplies."""

    power_factor: float = 0.98
    """Lagging, at the start; reactive power is a constant impedance."""
    filter_s: float = 0.0
    """First-order lag between the racks' power and the bus (capacitors of the supplies); 0: none."""
    trip_pu: float = 0.7
    """Below this voltage for `trip_s` the supplies drop the load; estimate."""
    trip_s: float = 0.02
    """Hold-up of the supplies at full power; estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What carries the load.

    With a `grid` the frequency is the grid's and the intake takes the swing; machines beside it
    hold a steady power, unless the network level moves them too.
    """

    frequency_hz: float
    machines: tuple[Machines, ...]
    grid: Grid | None
    battery: BatteryPlant | None
    loss_w_per_w2: float | None = None
    """Quadratic loss between machines and load: loss = this x P^2 [1/W]; aggregate level only. None: as transformers
    and stators lose at the start."""
    restore_s: float = 0.0
    """Time constant of the secondary control that brings the frequency back by set points;
    0: none."""
    consumer: Consumer = field(default_factory=Consumer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens to the plant."""

    time_s: float
    kind: Literal["trip-machines", "open-intake", "close-intake", "trip-battery"]
    where: str = ""
    """Title of the machines."""
    count: int = 1
    """Units lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the job as it is announced: its mean load and the band in which it swings."""

    start_s: float
    stop_s: float
    mean_w: float
    low_w: float
    high_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What controllers and shapers may know of the job and the plant before the run."""

    announced: tuple[Phase, ...]
    """In time order, without gaps; only what a scheduler knows: faults are not announced."""
    plant: Plant
    start_s: float
    dt_s: float
    """Step of the run."""
    period_s: float | None
    """Iteration period; None when the load shows none."""
    gpus: int
    source: SourceLimits = field(default_factory=SourceLimits)
    """What the study's limits ask of the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One limit as a picture draws it: a level of one series, broken or not."""

    series: str
    """frequency_hz, voltage_pu, ramp_w_per_s, source_w, battery_w, soc_frac, mechanical_w, or the name of a figure."""
    level: float
    text: str
    broken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """The plant under the load, sampled every `dt_s`; all figures are taken on these raw samples.

    Arrays have shape (n,). Discharge and generation are positive, load is positive as load;
    `load_w = source_w + battery_w` up to losses, where `source_w` is grid plus gensets. Sample k
    of frequency, mechanical power and state of charge is of time `start_s + k dt_s`; power of
    load, source and battery is the mean over the step that begins there.
    """

    dt_s: float
    load_w: NDArray[np.float64]
    frequency_hz: NDArray[np.float64]
    source_w: NDArray[np.float64]
    """Electrical power of grid and gensets."""
    grid_w: NDArray[np.float64]
    """Electrical power of the intake; zeros on an island."""
    mechanical_w: NDArray[np.float64]
    """Turbine power of the gensets; zeros when the grid alone carries the load."""
    battery_w: NDArray[np.float64]
    soc_frac: NDArray[np.float64]
    voltage_pu: NDArray[np.float64] | None
    """Of the campus bus; the aggregate level has none."""
    level: str
    """aggregate or network."""
    controller: str
    islanded: bool
    nadir_hz: float
    peak_hz: float
    rocof_hz_per_s: float
    """Largest over 100 ms (500 ms would hide the first swing)."""
    ramp_up_w_per_s: float
    """Largest rise of `source_w` within 1 s, over 1 s."""
    ramp_down_w_per_s: float
    battery_peak_w: float
    battery_throughput_j: float
    """Charge and discharge together."""
    battery_used_j: float
    """Difference between the fullest and the emptiest moment."""
    battery_loss_j: float
    shaper_j: float
    """Energy that power floors and storage before the plant cost."""
    goodput_frac: float
    """Training speed that shapers leave."""
    stopped: str
    """Why the run ended early; "" when it did not."""
    figures: Mapping[str, float]
    """Figures that single limits take (`flicker_pst`, `spectrum_band_frac`), by name with unit."""
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    start_s: float = 0.0
    """Time of the first sample, in the load's time."""

    @property
    def stopped_s(self) -> float | None:
        """Return when the run ended early, in the load's time [s]; None when it did not."""
        return self.start_s + len(self.load_w) * self.dt_s if self.stopped else None
