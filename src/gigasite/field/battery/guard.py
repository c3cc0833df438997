"""The guard: the last word before a set point leaves. It knows no controller and trusts nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What no set point may pass, whatever was asked."""

    rating_w: Floats
    """(n,) of each unit, both directions."""
    ramp_w_per_s: Floats
    """(n,) largest change of a set point."""
    soc_low_frac: float
    """At or below it no unit discharges."""
    soc_high_frac: float
    """At or above it no unit charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Set points that may leave, and what had to be changed."""

    set_w: Floats
    not_numbers: Flags
    """(n,) asked for NaN or infinity: these got 0."""
    cut: Flags
    """(n,) changed by rating, window, ramp or direction."""


def room(bounds: Bounds, soc_frac: Floats, charge_w: Floats, discharge_w: Floats) -> tuple[Floats, Floats]:
    """Return the most that each unit may charge and discharge now [W], both >= 0.

    A state of charge that is not known allows neither; an available power that is not known leaves the rating.
    """
    can_give = np.fmin(np.where(np.isnan(discharge_w), np.inf, np.maximum(discharge_w, 0.0)), bounds.rating_w)
    can_take = np.fmin(np.where(np.isnan(charge_w), np.inf, np.maximum(charge_w, 0.0)), bounds.rating_w)
    give = np.where(soc_frac > bounds.soc_low_frac, can_give, 0.0)
    take = np.where(soc_frac < bounds.soc_high_frac, can_take, 0.0)
    return take, give


def guard(bounds: Bounds, asked_w: Floats, last_w: Floats, limits_w: tuple[Floats, Floats], dt_s: float) -> Guarded:
    """Return the set points that may leave.

    In this order: what is no number becomes 0; ramp from the last set point; rating and window of the state of charge
    (these hold at once: a unit at its limit is cut without a ramp); direction: while some units still come down from
    the other side, none goes beyond 0.

    Parameters
    ----------
    bounds
        Of the plant.
    asked_w, last_w
        (n,) wanted, and set before.
    limits_w
        (n,) each: the most to charge and to discharge, of `room`.
    dt_s
        Since the last set points.
    """
    bad = ~np.isfinite(asked_w)
    wanted = np.clip(np.where(bad, 0.0, asked_w), -bounds.rating_w, bounds.rating_w)
    step = bounds.ramp_w_per_s * dt_s
    moved = np.clip(wanted, last_w - step, last_w + step)
    take, give = limits_w
    moved = np.clip(moved, -take, give)
    moved = one_direction(moved, wanted)
    return Guarded(set_w=moved, not_numbers=bad, cut=(moved != asked_w) & ~bad)


def one_direction(power_w: Floats, wanted_w: Floats) -> Floats:
    """Return the set points without units that charge while others discharge.

    Units that are on their way from the other side hold the new ones at 0 until all are there.
    """
    if not ((power_w > 0.0).any() and (power_w < 0.0).any()):
        return power_w
    new_side = 1.0 if float(wanted_w.sum()) >= 0.0 else -1.0
    if not (power_w * new_side < 0.0).any():
        return power_w
    return np.where(power_w * new_side > 0.0, 0.0, power_w)
