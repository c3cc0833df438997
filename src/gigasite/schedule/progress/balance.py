"""Line of balance: how one kind of work walks from array to array and from row to row, planned and as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.progress.work import DAY_SLOTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.schedule.progress.actuals import Actuals
    from gigasite.schedule.progress.replan import Replan
    from gigasite.schedule.progress.work import Work

    Floats = NDArray[np.float64]

FEWEST = 3  # units that make a line
ROW = re.compile(r"(H\d+-R\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One kind of work over its units: unit k is the k-th to be finished in the baseline.

    Days have one entry per unit; `done` says which are finished: their `finish_day` is actual, else forecast.
    """

    title: str
    trade: str
    unit: str
    """row or array."""
    places: tuple[str, ...]
    planned_day: Floats
    finish_day: Floats
    done: NDArray[np.bool_]


def lines(made: Work, a: Actuals, plan: Replan) -> tuple[Line, ...]:
    """Return a line for each kind of work that is repeated by array or row; that of racks counts by row.

    A row is finished with the last of its racks.
    """
    groups: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    for i, (title, place) in enumerate(zip(made.titles(), made.places, strict=True)):
        unit, name = _unit(place)
        if unit:
            groups.setdefault((title, made.trades[i], unit), {}).setdefault(name, []).append(i)
    out = []
    for (title, trade, unit), units in groups.items():
        if len(units) < FEWEST:
            continue
        planned = np.array([made.finish[ids].max() / DAY_SLOTS for ids in units.values()])
        now = np.array([plan.finish_day[ids].max() for ids in units.values()])
        done = np.array([bool(a.done[ids].all()) for ids in units.values()])
        sort = np.argsort(planned, kind="stable")
        names = list(units)
        out.append(
            Line(
                title=title,
                trade=trade,
                unit=unit,
                places=tuple(names[k] for k in sort.tolist()),
                planned_day=planned[sort],
                finish_day=now[sort],
                done=done[sort],
            )
        )
    return tuple(sorted(out, key=lambda x: (float(x.planned_day[0]), x.title)))


def _unit(place: str) -> tuple[str, str]:
    if place.startswith("array "):
        return "array", place
    found = ROW.fullmatch(place)
    return ("row", found[1]) if found else ("", "")
