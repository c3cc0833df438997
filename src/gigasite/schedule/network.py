"""All trades' activities as arrays: links in compressed rows, durations as three points, crews with capacities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.schedule import kernels
from gigasite.schedule.absences import absences
from gigasite.schedule.graph import rows, shortest_cycle
from gigasite.schedule.laydown import laydown
from gigasite.schedule.readiness import Amounts, amounts
from gigasite.schedule.trade import REFERENCE_GPUS, Builder, trades

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Ints = NDArray[np.int64]

WEEK = 7
SLOT_H = 0.25  # time grid: a quarter of an hour; a rack takes an hour to place


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The schedule's problem.

    `names` ... `trusts` have n entries; `hours` is (n, 3) clock hours low, likely, high; `links` (m, 2).
    `key` numbers the rate or lead time that an activity's duration comes from, `key_names` names them. `capacity` and
    `gang` hold the people per crew and the most that one activity takes of it.
    """

    names: list[str]
    trades: list[str]
    places: list[str]
    levels: list[str]
    """Commissioning level L1 to L5, or nothing."""
    zones: list[str]
    """Hall, or campus."""
    crew_names: tuple[str, ...]
    crew: Ints
    people: Ints
    capacity: Ints
    gang: Ints
    key: Ints
    key_names: tuple[str, ...]
    kind: Ints
    """Numbers what shares a key and a gang: the kernel remembers the first slot with room per kind."""
    trusts: list[str]
    hours: NDArray[np.float64]
    links: Ints
    ptr: Ints
    idx: Ints
    pptr: Ints
    pidx: Ints
    orders: tuple[Ints, ...]
    """Precedence-feasible lists: hall by hall (rolling hand-over), and by the longest chain that still follows."""
    made: dict[str, Ints]
    amounts: Amounts
    absent: Ints
    """Activities that are people's absences: first in every list."""


def network(campus: Campus, design: Design, modes: dict[str, str]) -> Network:
    """Build the network of a campus in a variant of delivery modes.

    Raises
    ------
    InfeasibleError
        The links form a cycle; the message names the shortest.
    """
    b = _built(campus, design, modes)
    crew_names = tuple(sorted(campus.catalogue.crews))
    gang = _gangs(b, crew_names)
    capacity = _capacity(campus, crew_names, gang)
    away = absences(b, dict(zip(crew_names, capacity.tolist(), strict=True)))
    links, n = np.unique(np.concatenate(b.links), axis=0), len(b.names)
    ptr, idx = rows(links[:, 0], links[:, 1], n)
    pptr, pidx = rows(links[:, 1], links[:, 0], n)
    topo = _ordered(b, ptr, idx, pptr)
    crew = np.array([crew_names.index(c) if c else -1 for c in b.crews], dtype=np.int64)
    people = np.array(b.people, dtype=np.int64)
    key_names, key = np.unique(np.array(b.keys), return_inverse=True)
    hours = _clock_hours(campus, np.concatenate(b.hours), crew, crew_names)
    hours[away.ids] = away.hours[:, None]
    hall = halls_of(b.places, design)
    return Network(
        names=b.names,
        trades=b.trades,
        places=b.places,
        levels=b.levels,
        zones=[f"H{h}" if h else "campus" for h in hall.tolist()],
        crew_names=crew_names,
        crew=crew,
        people=people,
        capacity=capacity,
        gang=np.maximum(gang, _gangs(b, crew_names)),  # a crew is never planned smaller than its absences
        key=key.astype(np.int64),
        # absences of all crews have one key
        kind=np.unique(np.column_stack([key, crew, people]), axis=0, return_inverse=True)[1]
        .reshape(-1)
        .astype(np.int64),
        key_names=tuple(key_names.tolist()),
        trusts=b.trusts,
        hours=hours,
        links=links,
        ptr=ptr,
        idx=idx,
        pptr=pptr,
        pidx=pidx,
        orders=tuple(away.first(o) for o in _orders(topo, ptr, idx, slots(hours[:, 1]), hall)),
        made=b.made,
        absent=away.ids,
        amounts=amounts(campus, design),
    )


def _built(campus: Campus, design: Design, modes: dict[str, str]) -> Builder:
    """Let all trades add their activities, in the order of their ranks."""
    b = Builder(campus=campus, design=design, modes=modes)
    for part in sorted((trades[name]() for name in trades.names()), key=lambda t: t.rank):
        part(b)
    laydown(b)
    return b


def _ordered(b: Builder, ptr: Ints, idx: Ints, pptr: Ints) -> Ints:
    """Return a topological order; a cycle is refused by its shortest way round."""
    topo = kernels.topological(ptr, idx, np.diff(pptr))
    if len(topo) < len(b.names):
        names = " -> ".join(b.names[i] for i in shortest_cycle(ptr, idx, topo))
        raise InfeasibleError(f"the links form a cycle: {names}; take one out of `after` in parts.activities")
    return topo


def slots(hours: NDArray[np.float64]) -> Ints:
    """Return durations in slots of the time grid, rounded to the nearest, at least one for any work."""
    whole = np.rint(hours / SLOT_H).astype(np.int64)
    out: Ints = np.where((hours > 0) & (whole == 0), 1, whole)
    return out


def _clock_hours(campus: Campus, hours: NDArray[np.float64], crew: Ints, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Stretch crew hours to clock hours: crews work `shifts` of 24 hours and `week_days` of 7, spread evenly."""
    days = np.array([campus.schedule.week_days.get(name, WEEK) for name in names] + [WEEK], dtype=np.float64)
    shifts = 24.0 / campus.schedule.shifts.hours_per_day
    stretch = np.where(crew >= 0, shifts * WEEK / days[crew], 1.0)
    out: NDArray[np.float64] = hours * stretch[:, None]
    return out


def _gangs(b: Builder, names: tuple[str, ...]) -> Ints:
    """Return the most people that one activity takes of each crew."""
    most = dict.fromkeys(names, 1)
    for crew, people in set(zip(b.crews, b.people, strict=True)):
        if crew:
            most[crew] = max(most[crew], people)
    return np.array([most[name] for name in names], dtype=np.int64)


def _capacity(campus: Campus, names: tuple[str, ...], gang: Ints) -> Ints:
    """Return people per crew: the campus's own number, else the catalogue's scaled with the GPUs; at least one gang."""
    scale = campus.compute.gpus / REFERENCE_GPUS
    default = [round(campus.catalogue.crews[name].people * scale) for name in names]
    wanted = [campus.schedule.crews.get(name, d) for name, d in zip(names, default, strict=True)]
    return np.maximum(np.array(wanted, dtype=np.int64), gang)


def _orders(topo: Ints, ptr: Ints, idx: Ints, dur: Ints, hall: Ints) -> tuple[Ints, ...]:
    """Return two lists; ties in topological order. Both keep predecessors first.

    Hall by hall: crews finish hall 1 before they start hall 2, as far as they have work. An activity takes the highest
    hall of what it waits for. By chain: the longest chain that still hangs on an activity goes first; a tail is never
    shorter than a successor's.
    """
    tail = kernels.latest(topo, ptr, idx, dur)
    wave = kernels.waves(topo, ptr, idx, hall)
    rank = np.empty(len(topo), np.int64)
    rank[topo] = np.arange(len(topo))
    rolling = np.lexsort((rank, -tail, wave)).astype(np.int64)
    return rolling, np.lexsort((rank, -tail)).astype(np.int64)


def halls_of(places: list[str], design: Design) -> Ints:
    """Return the hall of each place, 0 for those that serve all."""
    racks = design.racks.filter(design.racks["kind"] == "compute")
    array, first = np.unique(racks["array"].to_numpy(), return_index=True)
    of_array = dict(zip((array + 1).tolist(), racks["hall"].to_numpy()[first].tolist(), strict=True))
    found = {p: _hall(p, of_array) for p in set(places)}
    return np.array([found[p] for p in places], dtype=np.int64)


def _hall(place: str, of_array: dict[int, int]) -> int:
    if named := re.match(r"H(\d+)", place):
        return int(named[1])
    array = re.fullmatch(r"array (\d+)", place)
    return of_array.get(int(array[1]), 0) if array else 0
