"""People who are not there: a crew before it is at full strength, and closed days, as activities that hold people.

So every schedule generation with constant capacities knows crews by day, and the driving path can say that it waited
for people. Absences come first in every list and start when they are due.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.schedule.trade import Builder

    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """Ids of absences and of what delays them, and their clock hours."""

    ids: Ints
    hours: NDArray[np.float64]

    def first(self, order: Ints) -> Ints:
        """Return a list with the absences at its head; delays have lower ids than what they delay."""
        mine = np.isin(order, self.ids)
        return np.concatenate([self.ids, order[~mine]]).astype(np.int64)


def absences(b: Builder, capacity: dict[str, int]) -> Absences:
    """Add the absences of a campus to its network.

    Parameters
    ----------
    b
        The network with all its work.
    capacity
        People per crew at full strength.
    """
    ids, hours = [], []
    for crew, begin, end, people in _spells(b.campus, capacity):
        if begin > 0.0:
            ids += b.add(_kind("", 0), f"Until day {begin:g}, crew {crew}", ["campus"], np.zeros((1, 3))).tolist()
            hours.append(begin * 24.0)
        title = f"Crew {crew} without {people}, day {begin:g} to {end:g}"
        ids += b.add(_kind(crew, people), title, ["campus"], np.zeros((1, 3))).tolist()
        hours.append((end - begin) * 24.0)
        if begin > 0.0:
            b.link(np.array([ids[-2]]), np.array([ids[-1]]))
    return Absences(ids=np.array(ids, np.int64), hours=np.array(hours, np.float64))


def _kind(crew: str, people: int) -> Kind:
    return Kind(trade="absence", key="absence", crew=crew, people=people)


def _spells(campus: Campus, capacity: dict[str, int]) -> Iterator[tuple[str, float, float, int]]:
    """Yield crew, first day, last day and people missing: spells without overlap, so that they never exceed a crew."""
    plan = campus.schedule
    closed = [(c.day, c.day + c.days) for c in plan.closed]
    for crew in sorted(capacity):
        steps = plan.crew_ramp.get(crew, ())
        if not steps and not closed:
            continue
        cuts = {0.0, *(s.until for s in steps), *(day for spell in closed for day in spell)}
        days = sorted(cuts)
        for begin, end in pairwise(days):
            there = next((s.people for s in steps if begin < s.until), capacity[crew])
            if any(first <= begin < last for first, last in closed):
                there = 0
            if there < capacity[crew]:
                yield crew, begin, end, capacity[crew] - there
