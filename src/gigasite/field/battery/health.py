"""Which units may be used, and why the others may not: judged from what they say and from what they do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from gigasite.field.battery.image import Point, Quality, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.field.battery.image import Units

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Hold(IntEnum):
    """Why a unit is not used; the first that applies, worst first. What is done with it stands in `HANDS_OFF`."""

    NONE = 0
    SILENT = 1
    """No complete answer for too long."""
    LOCAL = 2
    """Somebody took it over on site."""
    FOREIGN = 3
    """It holds a set point that this loop did not write: another master."""
    ALARM = 4
    STOPPED = 5
    HEARTBEAT = 6
    """Its counter stands still: the network part answers, the rest is dead."""
    QUALITY = 7
    """Power, state of charge or set point cannot be trusted."""
    SOC = 8
    """Its state of charge jumps, stands still under load, or lies outside 0 to 1."""
    IGNORES = 9
    """It does not take set points, or is not enabled by them, whether it acknowledges or refuses them."""
    DIRECTION = 10
    """It charges when told to discharge, or the other way round."""
    LAYOUT = 11
    """Its registers are not those of the device that was found: what a write would hit there nobody knows."""


HANDS_OFF = frozenset({Hold.SILENT, Hold.LAYOUT, Hold.LOCAL, Hold.FOREIGN})
"""Units that get no set point at all; the other holds are driven to zero and released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a unit is held [s, share of rating]; estimates, all in the settings."""

    stale_s: float
    heartbeat_s: float
    foreign_quiet_s: float
    """So long must another master be silent before the unit is used again."""
    ignores_s: float
    direction_s: float
    direction_frac: float
    """Power in the wrong direction below this share of the rating is noise."""
    recover_s: float
    """So long must a unit be well before it is used again."""
    soc_jump_frac: float
    """Larger changes between two cycles than the power explains."""
    soc_frozen_frac: float
    """So much should it have moved without moving at all."""
    saturated_frac: float
    """Further from its set point than this share of the rating..."""
    saturated_s: float
    """...for so long: the unit cannot give it; its share is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is remembered of n units, all (n,)."""

    hold: NDArray[np.uint8]
    since_s: Floats
    """When the hold began, or last applied."""
    heartbeat: Floats
    beat_s: Floats
    """When the counter last moved."""
    soc: Floats
    """Last good state of charge."""
    soc_seen_s: Floats
    owed: Floats
    """Change of the state of charge that power explains, since it last moved."""
    wrong_s: Floats
    """How long it has run in the wrong direction."""
    deaf_s: Floats
    """How long it has not taken what it acknowledged."""
    short_s: Floats
    """How long it has been short of its set point."""
    held_w: Floats
    """The set point that it held at the last good reading."""
    alien: Floats
    """Readings with somebody else's set point since the unit was last used: one may be torn, two are another master."""
    cap: Floats
    """Share of the rating that it is trusted with, 1 but after saturation."""


def fresh(n: int) -> Health:
    """Return the memory before the first image: every unit silent."""
    zero = np.zeros(n)
    return Health(
        hold=np.full(n, Hold.SILENT, np.uint8),
        since_s=np.full(n, -np.inf),
        heartbeat=np.full(n, np.nan),
        beat_s=zero,
        soc=np.full(n, np.nan),
        soc_seen_s=zero,
        owed=zero,
        wrong_s=zero,
        deaf_s=zero,
        short_s=zero,
        held_w=zero,
        alien=zero,
        cap=np.ones(n),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the loop told the units before this image; flags are (n,)."""

    set_w: Floats
    """(n,) the last one."""
    history_w: Floats
    """(k, n) of the last k cycles, newest first: a write that is lost or late leaves, or brings back, one of these."""
    wrote: Flags
    enabled: Flags
    """Whether the last write enabled the set point: what may still run on our word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What the units are, all (n,)."""

    rating_w: Floats
    energy_j: Floats
    step_w: Floats
    """Resolution of the set point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The instant of an image."""

    time_s: float
    dt_s: float
    steady: bool
    """Units follow set points alone; else what they do may be their own droop."""


def judge(h: Health, units: Units, told: Told, size: Size, rules: Rules, instant: Now) -> Health:
    """Return the memory after an image, with the hold of every unit.

    A hold goes on for `recover_s` after its cause is gone; another master must be silent for `foreign_quiet_s`. A set
    point that was somebody else's in a single reading was read while it changed: nothing is written on it, but it is no
    master.
    """
    time_s = instant.time_s
    h = _watch(h, units, told, size, rules, instant)
    now = _causes(h, units, told, size, rules, time_s)
    strange = (now == Hold.FOREIGN) & units.says(Status.ANSWERED)
    h = replace(
        h,
        held_w=np.where(units.good(Point.SET_W), units.of(Point.SET_W), h.held_w),
        alien=np.where(strange, h.alien + 1.0, np.where(h.hold == Hold.NONE, 0.0, h.alien)),
    )
    held = h.hold != Hold.NONE
    quiet = np.where((h.hold == Hold.FOREIGN) & (h.alien > 1.0), rules.foreign_quiet_s, rules.recover_s)
    first = ~np.isfinite(h.since_s)
    over = held & (now == Hold.NONE) & (first | (time_s - h.since_s >= quiet))
    hold = np.where(now != Hold.NONE, now, np.where(over, Hold.NONE, h.hold)).astype(np.uint8)
    # silence from the very start has no time to be well again after
    since = np.where((now != Hold.NONE) & (first <= np.isfinite(units.age_s)), time_s, h.since_s)
    return replace(h, hold=hold, since_s=since)


def _causes(h: Health, units: Units, told: Told, size: Size, rules: Rules, time_s: float) -> NDArray[np.uint8]:
    soc = units.of(Point.SOC_FRAC)
    power_good = units.good(Point.POWER_W, Point.SOC_FRAC, Point.SET_W)
    beating = np.isnan(h.heartbeat) | (time_s - h.beat_s <= rules.heartbeat_s)
    jumped = (h.owed < 0.0) & np.isfinite(h.owed)  # see `_soc`
    frozen = h.owed > rules.soc_frozen_frac
    outside = (soc < 0.0) | (soc > 1.0)
    tests = (
        (Hold.SILENT, units.age_s > rules.stale_s),
        (Hold.LAYOUT, units.quality[:, Point.SET_W] == Quality.LAYOUT),
        (Hold.LOCAL, ~units.says(Status.REMOTE)),
        (Hold.FOREIGN, foreign(h, units, told, size)),
        (Hold.ALARM, units.says(Status.ALARM)),
        (Hold.STOPPED, units.says(Status.STOPPED)),
        (Hold.HEARTBEAT, ~beating),
        (Hold.QUALITY, ~power_good),
        (Hold.SOC, jumped | frozen | outside),
        (Hold.IGNORES, h.deaf_s > rules.ignores_s),
        (Hold.DIRECTION, h.wrong_s > rules.direction_s),
    )
    out = np.zeros(len(soc), np.uint8)
    for cause, applies in reversed(tests):
        out = np.where(applies, np.uint8(cause), out)
    return out


def foreign(h: Health, units: Units, told: Told, size: Size) -> Flags:
    """Return which units hold an enabled set point that this loop has not told lately.

    A unit that is not enabled, or stands at zero, is nobody's. One that still holds what it held is deaf at worst,
    unless it was another master's already.
    """
    held = units.of(Point.SET_W)
    near = size.step_w * 1.01
    ours = (np.abs(held - told.history_w) <= near).any(axis=0)
    stays = (np.abs(held - h.held_w) <= near) & (h.hold != Hold.FOREIGN)
    out: Flags = units.says(Status.ENABLED) & units.good(Point.SET_W) & ~ours & ~stays & (np.abs(held) > near)
    return out


def _watch(h: Health, units: Units, told: Told, size: Size, rules: Rules, instant: Now) -> Health:
    time_s, dt_s = instant.time_s, instant.dt_s
    beat = units.of(Point.HEARTBEAT)
    moved = np.isfinite(beat) & (beat != h.heartbeat)
    power, held = units.of(Point.POWER_W), units.of(Point.SET_W)
    known = units.good(Point.POWER_W, Point.SET_W) & units.says(Status.ANSWERED)
    enabled = units.says(Status.ENABLED) & instant.steady
    noise = rules.direction_frac * size.rating_w
    wrong = known & enabled & (np.abs(power) > noise) & (power * told.set_w < 0.0) & (np.abs(told.set_w) > noise)
    # acknowledged or refused: what counts is what the unit then holds
    deaf = np.abs(held - told.history_w[:2]).min(axis=0) > size.step_w * 1.01
    # nor may one be relied upon whose set point would outlive the loop by more than was asked
    deaf = deaf | units.says(Status.LINGERS) | (told.enabled & ~units.says(Status.ENABLED))
    deaf = known & told.wrote & deaf
    short = known & enabled & (np.abs(power) < np.abs(told.set_w) - rules.saturated_frac * size.rating_w)
    short_s = np.where(short, h.short_s + dt_s, 0.0)
    h = _soc(h, units, size, rules, time_s, dt_s)
    return replace(
        h,
        heartbeat=np.where(np.isfinite(beat), beat, h.heartbeat),
        beat_s=np.where(moved | (np.isnan(h.heartbeat) & np.isfinite(beat)), time_s, h.beat_s),
        wrong_s=np.where(wrong, h.wrong_s + dt_s, np.where(known, 0.0, h.wrong_s)),
        deaf_s=np.where(deaf, h.deaf_s + dt_s, 0.0),
        short_s=short_s,
        cap=_caps(h.cap, short_s > rules.saturated_s, power, size, dt_s),
    )


RETURN_S = 30.0
"""Time in which a cut share returns to all of the rating; estimate."""


def _caps(cap: Floats, saturated: Flags, power_w: Floats, size: Size, dt_s: float) -> Floats:
    """Cut the share of a saturated unit to what it does give; let the others' return slowly."""
    gives = np.abs(np.nan_to_num(power_w)) / size.rating_w
    back = np.minimum(cap + dt_s / RETURN_S, 1.0)
    return np.where(saturated, np.clip(gives, 0.05, 1.0), back)


def _soc(h: Health, units: Units, size: Size, rules: Rules, time_s: float, dt_s: float) -> Health:
    """Follow the state of charge: `owed` counts what power should have moved it since it last moved.

    A change much larger than what power explains marks the unit with a negative `owed`; it is well again when the next
    changes are explained.
    """
    soc = units.of(Point.SOC_FRAC)
    good = units.good(Point.SOC_FRAC) & units.says(Status.ANSWERED)
    power = np.abs(np.nan_to_num(units.of(Point.POWER_W)))
    due = np.maximum(h.owed, 0.0) + power * dt_s / np.maximum(size.energy_j, 1.0)
    change = np.abs(soc - h.soc)
    first = np.isnan(h.soc)
    moved = good & ~first & (change > 0.0)
    # a unit may have been silent in between: then its change is explained by what it could have done at its rating
    gap_s = np.maximum(time_s - h.soc_seen_s, dt_s)
    explained = rules.soc_jump_frac + 1.5 * size.rating_w * gap_s / np.maximum(size.energy_j, 1.0)
    jump = moved & (change > explained)
    owed = np.where(jump, -1.0, np.where(moved | first, 0.0, np.where(good, due, h.owed)))
    return replace(
        h,
        soc=np.where(good, soc, h.soc),
        soc_seen_s=np.where(good, time_s, h.soc_seen_s),
        owed=owed,
    )
