"""A network packed for sampling, and blocks of samples: durations, fixed logic, crews at work.

Activities are renumbered by their place in the list that crews follow. `pack_network` is the one place that reads a
`Network`; `pack` takes plain arrays, so that any network will do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.streams import word
from gigasite.schedule import crew_kernels, risk_kernels
from gigasite.schedule.graph import rows
from gigasite.schedule.hazards import LEAD, Struck, lay
from gigasite.schedule.network import SLOT_H, halls_of, slots
from gigasite.schedule.spread import normal, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.hazards import Hazards
    from gigasite.schedule.network import Network

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Shorts = NDArray[np.int32]
    Reals = NDArray[np.float32]

BLOCK = 64  # samples that are drawn together; a multiple of 4
# Share of the variance that activities of one rate have in common (the same crew, the same product): correlations of
# 0.3 to 0.7 are usual (Hulett); estimate. Lots of one delivery come from one supplier and share all of it.
COMMON = 0.5
MOST_SLOTS = int(100 * 365.25 * 24 / SLOT_H)  # a plan of a century is a mistake of the input, and fills the memory
_MODE = re.compile(r"\((order|stock|rental|reuse|divert)\): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A network for sampling, n activities by their place in the list; picklable, knows no campus.

    `order` gives the activity at each place. `uid` stands for its name, `key_uid` for a key's: luck goes by name, so
    that two variants of a network share it. `root`, `own` are roots of the shares of variance in common and alone.
    `low`, `span` [slots] and `shape` make durations of `tables`. `pptr`, `pidx`, `plag` list predecessors (CSR) with
    lags [slots], `sidx`, `slag` successors. `template` to `items` are what `crew_kernels.dispatch` takes.
    """

    order: Ints
    uid: NDArray[np.uint64]
    key: Shorts
    key_names: tuple[str, ...]
    key_uid: NDArray[np.uint64]
    root: Reals
    own: Reals
    shape: Shorts
    tables: Reals
    low: Reals
    span: Reals
    likely: Shorts
    pptr: Shorts
    pidx: Shorts
    plag: Shorts
    sidx: Shorts
    slag: Shorts
    template: Shorts
    crew_lanes: Shorts
    lane_crew: Shorts
    gang: Shorts
    base: Shorts
    items: Shorts
    capacity: Shorts
    hazards: Hazards
    slots: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Durations (n, B) [slots], and what made them: the keys' luck (keys, B), factors and delays of risks."""

    dur: Reals
    luck: Reals
    factor: Reals
    delay: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Activities by name, key, clock hours (n, 3), crew (-1: none) and people; links (m, 2) with lags [slots].

    `shapes` of the durations by key; `capacity` in people per crew; `absent` are activities that are people's absences.
    """

    names: Sequence[str]
    key: Ints
    key_names: Sequence[str]
    shapes: Sequence[str]
    hours: Floats
    crew: Ints
    people: Ints
    capacity: Ints
    links: Ints
    lag: Ints
    absent: Ints


def pack_network(net: Network, order: Ints, campus: Campus, design: Design) -> Pack:
    """Pack a campus's network, with the shapes and risks that its file asks for."""
    s = campus.schedule
    crews = [*net.crew_names, ""]
    keys = [net.key_names[k] for k in net.key.tolist()]
    found = [_MODE.search(name) for name in net.names]
    crew = net.crew.copy()
    crew[net.absent] = -1  # people's absences are no work that a shortage of people stretches
    at = Struck(
        keys=keys,
        crews=[crews[c] for c in crew.tolist()],
        modes=[m[1] if m and k.startswith(LEAD) else "" for m, k in zip(found, keys, strict=True)],
        halls=halls_of(net.places, design).tolist(),
        places=net.places,
        ends=_ends(net).tolist(),
    )
    work = Work(
        names=net.names,
        key=net.key,
        key_names=net.key_names,
        shapes=[s.deliveries if k.startswith(LEAD) else s.durations for k in net.key_names],
        hours=net.hours,
        crew=net.crew,
        people=net.people,
        capacity=net.capacity,
        links=net.links,
        lag=np.zeros(len(net.links), np.int64),
        absent=net.absent,
    )
    return pack(work, order, lay(campus.catalogue.risks, s.risks, at, SLOT_H * 3600.0), seed=campus.seed)


def _ends(net: Network) -> NDArray[np.bool_]:
    """Return which activities are not followed by one of the same delivery: of its steps, the last one."""
    lead = np.array([name.startswith(LEAD) for name in net.key_names])[net.key]
    a, z = net.links[:, 0], net.links[:, 1]
    out = np.ones(len(net.names), np.bool_)
    out[a[lead[a] & (net.key[a] == net.key[z])]] = False
    return out


def pack(work: Work, order: Ints, hazards: Hazards, *, seed: int) -> Pack:
    """Pack activities, followed in `order` (n,), a list in which predecessors come first."""
    n = len(order)
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    low, high = work.hours[order, 0] / SLOT_H, work.hours[order, 2] / SLOT_H
    shape, made = tables([work.shapes[k] for k in work.key[order].tolist()], work.hours[order])
    share = np.array([1.0 if k.startswith(LEAD) else COMMON for k in work.key_names])
    side = _links(place[work.links], work.lag, n)
    lanes = _lanes(work.crew[order], work.people[order], len(work.capacity), side)
    lanes["template"][place[work.absent], crew_kernels.PLACE] = -1
    likely = slots(work.hours[order, 1])
    return Pack(
        order=np.asarray(order, np.int64),
        uid=np.array([word(name) for name in work.names], dtype=np.uint64)[order],
        key=work.key[order].astype(np.int32),
        key_names=tuple(work.key_names),
        key_uid=np.array([word(f"all of {k}") for k in work.key_names], dtype=np.uint64),
        root=np.sqrt(share).astype(np.float32),
        own=np.sqrt(1.0 - share)[work.key[order]].astype(np.float32),
        shape=shape,
        tables=made,
        low=low.astype(np.float32),
        span=(high - low).astype(np.float32),
        likely=likely.astype(np.int32),
        hazards=_reordered(hazards, order),
        capacity=work.capacity.astype(np.int32),
        slots=_first_slots(work, likely),
        seed=seed,
        pptr=side["pptr"],
        pidx=side["pidx"],
        plag=side["plag"],
        sidx=side["sidx"],
        slag=side["slag"],
        **lanes,
    )


def _links(links: Ints, lag: Ints, n: int) -> dict[str, Shorts]:
    """Return both sides of the links in compressed rows."""
    out: dict[str, Shorts] = {}
    for side, a, z in (("s", 0, 1), ("p", 1, 0)):
        ptr, idx = rows(links[:, a], links[:, z], n)
        sort = np.lexsort((links[:, z], links[:, a]))
        out |= {f"{side}ptr": ptr.astype(np.int32), f"{side}idx": idx.astype(np.int32)}
        out[f"{side}lag"] = lag[sort].astype(np.int32)
    return out


def _lanes(crew: Ints, people: Ints, crews: int, side: dict[str, Shorts]) -> dict[str, Shorts]:
    """Return lanes (who shares a crew and a number of people waits in one line), and the activities' template."""
    held = np.flatnonzero((crew >= 0) & (people > 0))
    pairs, number = np.unique(np.column_stack([crew[held], people[held]]), axis=0, return_inverse=True)
    number = number.reshape(-1)
    sort = np.argsort(number, kind="stable")
    length = np.bincount(number, minlength=len(pairs))
    inside = np.arange(len(held)) - np.repeat(np.cumsum(length) - length, length)
    words = -(-length // 64)
    base = np.cumsum(words) - words
    items = np.zeros(64 * int(words.sum()), np.int32)
    items[64 * base[number[sort]] + inside] = held[sort]
    template = np.zeros((len(crew) + 1, 8), np.int32)
    template[:-1, crew_kernels.WAITS] = np.diff(side["pptr"])
    template[:, crew_kernels.BY] = -1
    template[:, crew_kernels.LANE] = -1
    template[held, crew_kernels.LANE] = number
    template[:, crew_kernels.SUCCESSORS] = side["sptr"]
    template[held[sort], crew_kernels.PLACE] = inside
    return {
        "template": template,
        "crew_lanes": np.searchsorted(pairs[:, 0], np.arange(crews + 1)).astype(np.int32),
        "lane_crew": pairs[:, 0].astype(np.int32),
        "gang": pairs[:, 1].astype(np.int32),
        "base": base.astype(np.int32),
        "items": items,
    }


def _reordered(h: Hazards, order: Ints) -> Hazards:
    """Return risks over renumbered activities."""
    (fptr, fidx), (dptr, didx) = (_reordered_rows(p, i, order) for p, i in ((h.fptr, h.fidx), (h.dptr, h.didx)))
    return replace(h, fptr=fptr, fidx=fidx, dptr=dptr, didx=didx)


def _reordered_rows(ptr: Shorts, idx: Shorts, order: Ints) -> tuple[Shorts, Shorts]:
    count = np.diff(ptr)[order]
    inside = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    new = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    return new, idx[np.repeat(ptr[order], count) + inside].astype(np.int32)


def _first_slots(work: Work, likely: Ints) -> int:
    """Return a first length of the time grid: a guess, since `at_work` lengthens it when it is short."""
    load = np.bincount(np.maximum(work.crew, 0), weights=likely * work.people, minlength=len(work.capacity))
    most = float((load / np.maximum(work.capacity, 1)).max(initial=0.0))
    return int(min(2 * most + 3 * int(likely.max(initial=0)) + 4096, MOST_SLOTS))


def draw(p: Pack, first: int, many: int) -> Drawn:
    """Draw the samples `first` to `first + many`, both multiples of 4."""
    luck = np.empty((len(p.key_uid), many), np.float32)
    seed = np.uint64(p.seed)
    risk_kernels.lucks(seed, first, p.key_uid, normal(), luck)
    factor, delay = p.hazards.strike(p.seed, first, many)
    dur = np.empty((len(p.order), many), np.float32)
    risk_kernels.durations(
        seed,
        first,
        p.uid,
        normal(),
        luck * p.root[:, None],
        p.key,
        p.own,
        p.shape,
        p.tables,
        p.low,
        p.span,
        p.hazards.fptr,
        p.hazards.fidx,
        factor,
        p.hazards.dptr,
        p.hazards.didx,
        delay,
        dur,
    )
    return Drawn(dur=dur, luck=luck, factor=factor, delay=delay)


def fixed(p: Pack, dur: Reals) -> Reals:
    """Return finishes (n, B) [slots] of links alone, as if there were people for everything at once."""
    finish = np.empty_like(dur)
    risk_kernels.fixed(p.pptr, p.pidx, p.plag.astype(np.float32), dur, finish)
    return finish


def at_work(p: Pack, dur: Reals) -> tuple[Shorts, Shorts]:
    """Return starts [slots] and causes, both (B, n), of crews that follow the list.

    Raises
    ------
    InfeasibleError
        A sample takes more than a century.
    """
    start, cause = (np.empty(dur.shape[::-1], np.int32) for _ in range(2))
    grid = p.slots
    for k in range(dur.shape[1]):
        column = dur[:, k].astype(np.int32)
        while _dispatch(p, column, grid, start[k], cause[k]) < 0:
            grid *= 2
            if grid > MOST_SLOTS:
                raise InfeasibleError(
                    "the plan takes more than a century: look at the lead times, rates and crews of this campus"
                )
    return start, cause


def _dispatch(p: Pack, dur: Shorts, grid: int, start: Shorts, cause: Shorts) -> int:
    lanes = (p.crew_lanes, p.lane_crew, p.gang, p.base, p.items)
    return int(crew_kernels.dispatch(p.template, dur, p.sidx, p.slag, *lanes, p.capacity, grid, start, cause))
