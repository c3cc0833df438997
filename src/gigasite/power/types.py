"""What a study of the plant under a load needs and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Equal generators as one: the aggregate of a group, per unit on `apparent_w` x `count`."""

    title: str
    count: int
    rating_w: float
    """Of one unit, at the temperature of the study."""
    apparent_w: float
    """Of one unit."""
    governor: str
    settings: dict[str, float]
    """Of the governor part; absent ones have the part's defaults."""
    inertia_s: float
    min_load_frac: float = 0.0
    """Lowest lasting load, of rating."""
    step_frac: float = 1.0
    """Largest load step accepted at once, of rating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A synchronous grid behind the intake: holds the frequency, takes what the plant leaves."""

    capacity_w: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What carries the load.

    With a `grid` the frequency is the grid's and the intake takes the swing; machines beside it
    hold a steady power.
    """

    frequency_hz: float
    machines: tuple[Machines, ...]
    grid: Grid | None
    battery: BatteryPlant | None
    loss_w_per_w2: float = 0.0
    """Quadratic loss between machines and load: loss = this x P^2 [1/W]."""
    restore_s: float = 0.0
    """Time constant of the secondary control that brings the frequency back by set points;
    0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One limit as a picture draws it: a level of one series, broken or not."""

    series: str
    """frequency_hz, ramp_w_per_s, battery_w, soc_frac."""
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
    mechanical_w: NDArray[np.float64]
    """Turbine power of the gensets; zeros when the grid alone carries the load."""
    battery_w: NDArray[np.float64]
    soc_frac: NDArray[np.float64]
    controller: str
    islanded: bool
    nadir_hz: float
    peak_hz: float
    rocof_hz_per_s: float
    """Largest over 100 ms (500 ms would hide the first swing)."""
    ramp_up_w_per_s: float
    """Of `source_w`, over 1 s."""
    ramp_down_w_per_s: float
    battery_peak_w: float
    battery_throughput_j: float
    """Charge and discharge together."""
    battery_used_j: float
    """Difference between the fullest and the emptiest moment."""
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    start_s: float = 0.0
    """Time of the first sample, in the load's time."""
