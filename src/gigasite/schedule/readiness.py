"""What is ready on which day, and the first day on which enough of everything is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.plant import derated
from gigasite.schedule.types import Staircase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.network import Network

    Floats = NDArray[np.float64]

NAMES = ("racks", "network", "power", "cooling")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What becomes ready, unit by unit: worked out once for a network, looked at for every plan."""

    gpus: Floats
    """Of each array."""
    heat_w: Floats
    """Of each hall."""
    genset_w: Floats
    """Of each genset, at the summer's temperature."""


def amounts(campus: Campus, design: Design) -> Amounts:
    """Return what becomes ready."""
    outside = campus.site.climate.summer_degc
    units = [w for g in campus.power.gensets for w in [derated(campus, g.model, outside)] * g.count]
    return Amounts(gpus=_array_gpus(design), heat_w=_hall_heat(design), genset_w=np.array(units, dtype=np.float64))


def staircases(campus: Campus, net: Network, finish_day: Floats) -> tuple[Staircase, ...]:
    """Return racks and network [GPUs], power and cooling [W] by day.

    A GPU rack is ready when its array is tested; network when the array's links and switches are verified; power is
    grid (from its day, not before the intake is tied) plus every tested genset, less the spare ones; cooling comes
    with the plant start-up of each hall.
    """
    amounts = net.amounts
    return (
        _stairs("racks", finish_day[net.made["array ready"]], amounts.gpus),
        _stairs("network", finish_day[net.made["array network"]], amounts.gpus),
        _power(campus, net, finish_day),
        _stairs("cooling", finish_day[net.made["plant"]], amounts.heat_w),
    )


def _stairs(name: str, day: Floats, amount: Floats) -> Staircase:
    sort = np.argsort(day, kind="stable")
    return Staircase(name=name, day=day[sort], amount=np.cumsum(amount[sort]))


def _array_gpus(design: Design) -> Floats:
    """Return the GPUs of each array."""
    racks = design.racks.filter(design.racks["kind"] == "compute")
    gpus = racks["gpus"].to_numpy().astype(np.float64)
    return np.bincount(racks["array"].to_numpy(), weights=gpus, minlength=design.arrays).astype(np.float64)


def _hall_heat(design: Design) -> Floats:
    """Return the heat [W] of each hall."""
    total = design.cooling.liquid_w + design.cooling.air_w
    gpus = np.array([h.gpus for h in design.halls], dtype=np.float64)
    out: Floats = total * gpus / gpus.sum()
    return out


def _power(campus: Campus, net: Network, finish_day: Floats) -> Staircase:
    tie = float(finish_day[net.made["intake"]][0])
    days, watts, before = [], [], 0.0
    for g in campus.power.grid:
        days.append(max(g.day, tie))
        watts.append(g.capacity_w - before)
        before = g.capacity_w
    units = net.amounts.genset_w
    ready = finish_day[net.made["genset"]] if len(units) else np.zeros(0)
    # the largest units that are ready stand by as spares: the first ones to come count for nothing
    sort = np.argsort(ready, kind="stable")
    firm = _without_spares(units[sort], campus.power.spare_gensets) if len(units) else units
    day = np.concatenate([np.array(days), ready[sort]])
    step = np.concatenate([np.array(watts), firm])
    return _stairs("power", day, step)


def _without_spares(units: Floats, spare: int) -> Floats:
    """Return what each further unit adds to the sum of all but the `spare` largest so far."""
    total = np.cumsum(units)
    if spare <= 0:
        return units
    held = np.array([np.sort(units[: i + 1])[::-1][:spare].sum() for i in range(len(units))])
    out: Floats = np.diff(total - held, prepend=0.0)
    return out


def needs(campus: Campus, design: Design, gpus: float) -> tuple[float, float, float, float]:
    """Return what `gpus` running GPUs need of racks, network [GPUs], power and cooling [W]."""
    share = gpus / campus.compute.gpus
    heat = design.cooling.liquid_w + design.cooling.air_w
    return gpus, gpus, design.power.peak_w * share, heat * share


def day_when(stairs: Sequence[Staircase], need: Sequence[float]) -> tuple[float, int]:
    """Return the first day on which every staircase reaches its need, and the index of the last one to do so.

    Days are infinite when a staircase never gets there. Needs are met within a millionth, so that rounding of sums
    of thousands of racks decides nothing.
    """
    days = []
    for s, n in zip(stairs, need, strict=True):
        reached = np.flatnonzero(s.amount >= n * (1 - 1e-6))
        days.append(float(s.day[reached[0]]) if len(reached) else math.inf)
    worst = int(np.argmax(days))
    return days[worst], worst
