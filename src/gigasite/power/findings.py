"""What a study finds wrong with the plant itself, beside the limits of the campus file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.power.move_kernels import largest_moves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.drive import Run
    from gigasite.power.types import Plant, Swing

# Trip points of 60-Hz machines, as fractions of nominal: IEEE 1547-2018 category III defaults UF2
# 56.5 Hz and OF2 62.0 Hz, clearing after 0.16 s (public OpenDER table, secondary). A yardstick: on
# a private island the settings of the sets' own protection hold.
UNDER_FRAC, OVER_FRAC, CLEARING_S = 56.5 / 60.0, 62.0 / 60.0, 0.16
# Continuous operation in the same source: 58.8 to 61.2 Hz.
LOW_FRAC, HIGH_FRAC = 58.8 / 60.0, 61.2 / 60.0
STEP_S = 1.0  # a change of load within this time is a step for a genset; estimate
MEAN_S = 60.0  # minimum load is a matter of minutes: deposits, emissions; estimate
MOTORING_FRAC = 0.01  # of rating, over a minute: below the reverse-power relays of engines and turbines; estimate
END_FRAC = 1e-4  # of the charge: within it a battery is at its end
FULL_FRAC = 0.999  # of a rating: what counts as reached


def plant_findings(plant: Plant, swing: Swing, run: Run, wanted_s: float) -> list[Finding]:
    """Return findings of frequency, gensets, intake and battery.

    Parameters
    ----------
    plant, swing, run
        The study.
    wanted_s
        Length of the load's window [s]; a shorter run has collapsed.
    """
    out = _battery(plant, swing, run) + _stopped(plant, swing, wanted_s) + _voltage(plant, swing)
    if swing.islanded:
        out += ([] if swing.stopped else _frequency(plant, swing)) + _gensets(plant, swing)
    else:
        out += _intake(plant, swing)
    return out


def _stopped(plant: Plant, swing: Swing, wanted_s: float) -> list[Finding]:
    """Say that a run ended early: the plant is lost."""
    if not swing.stopped:
        return []
    ran_s = len(swing.frequency_hz) * swing.dt_s
    text = f"{swing.frequency_hz[-1]:.1f} Hz after {swing.start_s + ran_s:.1f} s of {swing.start_s + wanted_s:.0f} s"
    what = f"the plant collapses: {swing.stopped}"
    return [_make(Severity.error, "plant", what, ("", text, _steadier(plant, swing)))]


def _voltage(plant: Plant, swing: Swing) -> list[Finding]:
    """Say that the load's supplies give up at low voltage."""
    if swing.voltage_pu is None or swing.stopped:
        return []
    low = float(np.nanmin(swing.voltage_pu))
    if low >= plant.consumer.trip_pu:
        return []
    texts = (f"{plant.consumer.trip_pu:.2f} pu for {plant.consumer.trip_s * 1e3:g} ms", f"{low:.2f} pu", "")
    lost = bool(swing.load_w[-1] <= 0.0)
    what = "the load's supplies drop out at low voltage" if lost else "voltage falls to where supplies drop out"
    cure = "more machines on, a larger transformer, or grid-forming batteries"
    return [_make(Severity.error if lost else Severity.warning, "load", what, (*texts[:2], cure))]


def largest_step_w(power_w: NDArray[np.float64], dt_s: float, within_s: float = STEP_S) -> float:
    """Return the largest difference between two samples no further apart than `within_s` [W].

    >>> largest_step_w(np.array([0.0, 1.0, 5.0, 5.0, 4.0]), 0.5, 0.5)
    4.0
    """
    return max(largest_moves(np.ascontiguousarray(power_w), round(within_s / dt_s)))


def _frequency(plant: Plant, swing: Swing) -> list[Finding]:
    f, f0 = swing.frequency_hz, plant.frequency_hz
    cure = _steadier(plant, swing)
    out = []
    for name, trip, edge, sign in (
        ("under", UNDER_FRAC, LOW_FRAC, -1.0),
        ("over", OVER_FRAC, HIGH_FRAC, 1.0),
    ):
        worst = swing.nadir_hz if sign < 0 else swing.peak_hz
        beyond = sign * (f - trip * f0) > 0
        if longest(beyond) * swing.dt_s >= CLEARING_S:
            what = f"{name}-frequency protection would trip the sets"
            limit = f"{trip * f0:.1f} Hz for {CLEARING_S:g} s"
            text = f"{worst:.2f} Hz, {_when(swing, beyond)}"
            out.append(_make(Severity.error, "island", what, (limit, text, cure)))
        elif sign * (worst - edge * f0) > 0:
            what = f"{name}-frequency outside the band for continuous operation"
            limit = f"{edge * f0:.1f} Hz"
            out.append(_make(Severity.warning, "island", what, (limit, f"{worst:.2f} Hz", cure)))
    return out


def _when(swing: Swing, bad: NDArray[np.bool_]) -> str:
    """Say when something is first true, as the limits' findings do."""
    return f"first at {swing.start_s + int(np.argmax(bad)) * swing.dt_s:.6g} s"


def longest(true: NDArray[np.bool_]) -> int:
    """Return the length of the longest unbroken run of True.

    >>> longest(np.array([True, False, True, True]))
    2
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[0::2]).max(initial=0))


def _steadier(plant: Plant, swing: Swing) -> str:
    """Say what battery would take the steps: the largest change of load within a second."""
    need = largest_step_w(swing.load_w, swing.dt_s)
    have = plant.battery.rating_w if plant.battery else 0.0
    if have < need:
        lack = show(need - have, "MW")
        return f"{lack} more battery power, for steps of {show(need, 'MW')} within 1 s"
    return "a controller that acts on the measured load within 20 ms, or more units on"


def _gensets(plant: Plant, swing: Swing) -> list[Finding]:
    if not plant.machines:
        return []  # a battery alone forms this island
    out = []
    rating = sum(m.count * m.rating_w for m in plant.machines)
    unit = max(m.rating_w for m in plant.machines)
    # inertia carries what is shorter than a second
    lasting_w = _means(swing.source_w, swing.dt_s, STEP_S)
    worst = max(float(swing.mechanical_w.max()), float(lasting_w.max()))
    if worst > FULL_FRAC * rating:
        over = swing.mechanical_w > FULL_FRAC * rating
        # a mean is known at the end of its window
        over[len(over) - len(lasting_w) :] |= lasting_w > FULL_FRAC * rating
        # what droop asks for beyond the rating is not known: one unit at least
        more = max(1, math.ceil((worst - FULL_FRAC * rating) / unit))
        cure = f"run {more} more units of {show(unit, 'MW')}"
        texts = (show(rating, "MW"), f"{show(worst, 'MW')}, {_when(swing, over)}", cure)
        out.append(_make(Severity.error, "gensets", "are overloaded", texts))
    floor = sum(m.count * m.rating_w * m.min_load_frac for m in plant.machines)
    lowest = float(_means(swing.mechanical_w, swing.dt_s, MEAN_S).min())
    if lowest < -MOTORING_FRAC * rating:
        texts = ("0 MW", show(lowest, "MW"), f"give them {show(-lowest, 'MW')} of load bank or charging battery")
        out.append(_make(Severity.error, "gensets", "are driven as motors: reverse-power protection trips them", texts))
    elif floor > 0.0 and lowest < floor:
        units = sum(m.count for m in plant.machines)
        off = min(math.ceil((floor - lowest) / (floor / units)), units - 1)
        stop = f"stop {off} of {units} units while the job idles, or " if off else ""
        cure = f"{stop}give them {show(floor - lowest, 'MW')} of load bank or charging battery"
        texts = (show(floor, "MW"), show(lowest, "MW"), cure)
        out.append(_make(Severity.warning, "gensets", "run below their minimum load", texts))
    most = sum(m.count * m.rating_w * m.step_frac for m in plant.machines)
    step = largest_step_w(swing.source_w, swing.dt_s)
    if step > most:
        texts = (show(most, "MW"), show(step, "MW"), _steadier(plant, swing))
        what = "see steps within 1 s that they do not accept"
        out.append(_make(Severity.warning, "gensets", what, texts))
    return out


def _means(power_w: NDArray[np.float64], dt_s: float, window_s: float) -> NDArray[np.float64]:
    n = min(max(1, round(window_s / dt_s)), len(power_w))
    sums = np.concatenate([[0.0], np.cumsum(power_w)])
    out: NDArray[np.float64] = (sums[n:] - sums[:-n]) / n
    return out


def _intake(plant: Plant, swing: Swing) -> list[Finding]:
    assert plant.grid is not None  # an island has no intake
    out = []
    high, low = float(swing.grid_w.max()), float(swing.grid_w.min())
    if high > plant.grid.capacity_w:
        lack = show(high - plant.grid.capacity_w, "MW")
        texts = (
            show(plant.grid.capacity_w, "MW"),
            f"{show(high, 'MW')}, {_when(swing, swing.grid_w > plant.grid.capacity_w)}",
            f"{lack} more of gensets, or fewer GPUs at a time",
        )
        out.append(_make(Severity.error, "intake", "takes more than its capacity", texts))
    if low < 0.0:
        cure = "stop gensets while the job idles, or agree on export"
        texts = ("0 MW", show(low, "MW"), cure)
        out.append(_make(Severity.warning, "intake", "power flows into the grid", texts))
    if swing.controller == "droop" and plant.battery is not None:
        cure = "ramp-limit acts on the load itself"
        what = "droop does nothing on a grid that holds the frequency"
        out.append(_make(Severity.note, "battery", what, ("", "", cure)))
    return out


def _battery(plant: Plant, swing: Swing, run: Run) -> list[Finding]:
    b = plant.battery
    if b is None or b.rating_w <= 0.0:
        return []
    out = []
    if run.wanted_w > b.rating_w * (1 + 1e-9):
        lack = show(run.wanted_w - b.rating_w, "MW")
        texts = (show(b.rating_w, "MW"), show(run.wanted_w, "MW"), f"{lack} more battery power")
        out.append(_make(Severity.warning, "battery", "runs at its full power", texts))
    elif swing.battery_peak_w > FULL_FRAC * b.rating_w:
        texts = (show(b.rating_w, "MW"), show(swing.battery_peak_w, "MW"), "more battery power")
        out.append(_make(Severity.warning, "battery", "runs at its full power", texts))
    low, high = float(swing.soc_frac.min()), float(swing.soc_frac.max())
    if run.missing_j > 0.0 or run.battery_trip_s is not None:
        lack = f"at least {show(run.missing_j, 'MWh')} more energy; " if run.missing_j > 0 else ""
        cure = f"{lack}a faster ramp of the source, or stops that are announced"
        ends = (swing.soc_frac <= low + END_FRAC) if low < 1.0 - high else (swing.soc_frac >= high - END_FRAC)
        texts = ("0 to 100 %", f"{low:.0%} to {high:.0%}, {_when(swing, ends)}", cure)
        trip = "" if run.battery_trip_s is None else f" and opens its breaker at {run.battery_trip_s:.2f} s"
        out.append(_make(Severity.error, "battery", f"runs empty or full{trip}", texts))
    return out


def _make(severity: Severity, where: str, what: str, texts: tuple[str, str, str]) -> Finding:
    limit, found, remedy = texts
    return Finding(
        severity=severity,
        chapter="power",
        where=where,
        what=what,
        limit=limit,
        found=found,
        remedy=remedy,
    )
