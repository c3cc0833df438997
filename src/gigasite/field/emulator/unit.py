"""The battery itself: a pure step of all units at once. Arrays have one entry per unit; discharge is positive.

A unit's inverter follows its set point at most as fast as its ramp, then with a first-order lag; power ends as the
state of charge nears its window's ends. Energy: dE/dt = -P / eta discharging, -P eta charging, less the auxiliary
power, with eta the square root of the round-trip efficiency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKind:
    """What all units of a fleet have in common.

    The defaults are those of a Megapack 2 XL, two-hour variant: 1.927 MW, 3.854 MWh (published in two planning tools),
    92 % (estimate; sources tell 85 to 94 %). Lag, taper and window are estimates: nothing is published.

    Parameters
    ----------
    rating_w, energy_j
        Either way, and usable capacity.
    round_trip_frac
        Energy out over energy in.
    low_frac, high_frac
        Window of the state of charge: no discharge below, no charge above.
    taper_frac
        Power falls linearly to 0 over this much state of charge before the window's ends.
    lag_s
        Of the inverter behind its set point.
    auxiliary_w
        For cooling and controls, always.
    frequency_hz, voltage_v
        Nominal, at the terminals.
    """

    rating_w: float = 1.927e6
    energy_j: float = 3.854 * 3.6e9
    round_trip_frac: float = 0.92
    low_frac: float = 0.05
    high_frac: float = 0.95
    taper_frac: float = 0.02
    lag_s: float = 0.02
    auxiliary_w: float = 5e3
    frequency_hz: float = 60.0
    voltage_v: float = 480.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where the units are: set point after the ramp and power at the terminals, energy inside, droop's share."""

    ramped_w: Floats
    power_w: Floats
    energy_j: Floats
    droop_w: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What the units are to do in a step.

    Parameters
    ----------
    target_w
        Set point.
    limit_w
        Largest power either way.
    ramp_w_per_s
        Fastest change of the set point; inf: none.
    closed
        Breaker; an open one ends the power at once.
    droop_w, droop_lag_s
        What the frequency asks beside the set point, and the lag with which it is followed.
    """

    target_w: Floats
    limit_w: Floats
    ramp_w_per_s: Floats
    closed: Flags
    droop_w: Floats
    droop_lag_s: Floats


def start(kind: UnitKind, soc_frac: Floats) -> State:
    """Return units at rest with a state of charge each."""
    nothing = np.zeros(len(soc_frac))
    return State(ramped_w=nothing, power_w=nothing, energy_j=soc_frac * kind.energy_j, droop_w=nothing)


def step(kind: UnitKind, state: State, command: Command, dt_s: float) -> State:
    """Move the units on by `dt_s`.

    Returns
    -------
    The next state: never beyond the rating, never discharging at the window's lower end, never charging at its upper.
    """
    low_w, high_w = possible(kind, state, command.limit_w)
    most_w = command.ramp_w_per_s * dt_s
    target_w = np.minimum(np.maximum(command.target_w, low_w), high_w)
    ramped_w = state.ramped_w + np.minimum(np.maximum(target_w - state.ramped_w, -most_w), most_w)
    # the window and an open breaker do not wait for the ramp
    ramped_w = np.where(command.closed, np.minimum(np.maximum(ramped_w, low_w), high_w), 0.0)
    droop_w = command.droop_w + (state.droop_w - command.droop_w) * np.exp(
        -dt_s / np.maximum(command.droop_lag_s, 1e-6)
    )
    wanted_w = np.minimum(np.maximum(ramped_w + droop_w, low_w), high_w)
    keep = math.exp(-dt_s / kind.lag_s) if kind.lag_s > 0.0 else 0.0
    power_w = wanted_w + (state.power_w - wanted_w) * keep
    power_w = np.where(command.closed, np.minimum(np.maximum(power_w, low_w), high_w), 0.0)
    eta = math.sqrt(kind.round_trip_frac)
    inside_w = np.maximum(power_w, 0.0) / eta + np.minimum(power_w, 0.0) * eta + kind.auxiliary_w
    energy_j = np.minimum(np.maximum(state.energy_j - inside_w * dt_s, 0.0), kind.energy_j)
    return State(ramped_w=ramped_w, power_w=power_w, energy_j=energy_j, droop_w=droop_w)


def possible(kind: UnitKind, state: State, limit_w: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest power that each unit can take now [W]."""
    soc = state.energy_j / kind.energy_j
    taper = max(kind.taper_frac, 1e-6)
    high_w = limit_w * np.minimum(np.maximum((soc - kind.low_frac) / taper, 0.0), 1.0)
    low_w = -limit_w * np.minimum(np.maximum((kind.high_frac - soc) / taper, 0.0), 1.0)
    return low_w, high_w
