"""Which cable each link gets, and in what length.

Links that share a module must be alike: both ports of a twin-port module are multimode or both single-mode, and one
copper product fills the whole cage. Cages joined by links therefore form groups, and the cheapest part that reaches
for the longest link of a group is taken for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gigasite.cabling.ends import COPPER, form, joins, module_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.ends import Ends
    from gigasite.campus.parts import Cable
    from gigasite.campus.schema import Campus

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

NEVER = 1e12  # cost of a link that a part cannot serve: a group takes the part that leaves out fewest
NEAR_M = 1e-4
FAR, FAR_M = 10.0, 500.0
"""A part that reaches so many times its longest link, and so far, is told where nothing shorter fits."""
NONE = "none"
"""Stands for the part of links that no part serves; it is last in the list of parts (where there are such
links) and is never ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Links that no part serves."""

    speed_bit_per_s: float
    count: int
    why: str
    """`speed`: no part of this speed; `cage`: none fits the cages; `reach`: none is long enough."""
    reach_m: float
    longest_m: float
    devices: str
    cages: str
    """Forms of cage at both ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """Links whose part reaches many times their length, because none of shorter reach fits their cages."""

    part: str
    count: int
    reach_m: float
    longest_m: float
    devices: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Parts by name, part and length of each link, what is missed, and what sharing modules costs.

    `raised` links take a dearer part than their own length needs, because a link that shares their modules is longer;
    `raised_usd` is the price of that.
    """

    names: tuple[str, ...]
    part: NDArray[np.uint8]
    length_m: NDArray[np.float32]
    missed: tuple[Miss, ...]
    raised: int
    raised_usd: float
    far: tuple[Far, ...] = ()


def choose(campus: Campus, ends: Ends, need_m: NDArray[np.float32], extra_m: NDArray[np.float32]) -> Chosen:
    """Choose part and length of every link.

    Parameters
    ----------
    ends
        The links' ends.
    need_m
        (n,) length that each link needs, slack included.
    extra_m
        (n,) length that jumpers add to a fibre: it counts against the reach and is not ordered.
    """
    names = tuple(sorted(campus.catalogue.cables))
    part, length = np.full(len(need_m), len(names), np.uint8), need_m.astype(np.float32).copy()
    missed: list[Miss] = []
    far: list[Far] = []
    raised, raised_usd = 0, 0.0
    group, paired = groups(ends)
    kinds = ends.kinds()
    for index, speed in enumerate(ends.speeds):
        mine = np.flatnonzero(ends.speed == index)
        fitting = [i for i, n in enumerate(names) if campus.catalogue.cables[n].speed_bit_per_s == speed]
        if not fitting:
            missed.append(_miss(speed, "speed", need_m[mine], 0.0, ("all", "")))
            continue
        case = _Case(
            campus=campus, ends=ends, need_m=need_m[mine], extra_m=extra_m[mine], kind=kinds[mine], paired=paired[mine]
        )
        _, inside = np.unique(group[mine], return_inverse=True)
        parts = [campus.catalogue.cables[names[i]] for i in fitting]
        taken, cost, own = _cheapest(case, parts, inside.reshape(-1))
        part[mine] = np.where(case.fitting(parts), np.array(fitting, np.uint8)[taken], len(names))
        more = np.where(cost < NEVER, cost - own, 0.0)
        raised, raised_usd = raised + int((more > 1.0).sum()), raised_usd + float(more.sum())
        length[mine] = _lengths(campus, names, part[mine], need_m[mine], inside.reshape(-1), cost < NEVER)
        missed += _misses(case, parts, speed, cost >= NEVER)
        far += _fars(
            case, dict(zip(fitting, parts, strict=True)), names, np.where(cost < NEVER, part[mine], len(names))
        )
    return Chosen(
        names=(*names, NONE) if (part == len(names)).any() else names,
        part=part,
        length_m=length,
        missed=tuple(missed),
        raised=raised,
        raised_usd=raised_usd,
        far=tuple(far),
    )


def groups(ends: Ends) -> tuple[Ints, Flags]:
    """Return the group of each link, and whether every cage of the link has all its links to one far cage."""
    between = ends.a_cage >= 0
    shared = between & ((ends.a_share > 1) | (ends.z_share > 1))
    twin = between & (ends.a_share > 1) & (ends.z_share > 1)
    a, z = ends.a_cage[shared], ends.z_cage[shared]
    graph = coo_matrix((np.ones(len(a), np.int8), (a, z)), shape=(ends.cages, ends.cages))
    label = connected_components(graph, directed=False)[1].astype(np.int64)
    paired = np.ones(len(ends.a_cage), bool)
    if len(a):
        far = [np.full(ends.cages, -1), np.full(ends.cages, np.iinfo(np.int64).max)]
        for here, there in ((a, z), (z, a)):
            np.maximum.at(far[0], here, there)
            np.minimum.at(far[1], here, there)
        alike = far[0] == far[1]
        paired[twin] = alike[ends.a_cage[twin]] & alike[ends.z_cage[twin]]
    return label[ends.z_cage], paired


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Links of one speed."""

    campus: Campus
    ends: Ends
    need_m: NDArray[np.float32]
    extra_m: NDArray[np.float32]
    kind: Ints
    paired: Flags

    def per_kind(self, cable: Cable) -> tuple[Flags, Floats]:
        """Return for each number of kind whether the cable fits, and the price of modules for one link [USD]."""
        most = int(self.kind.max(initial=0)) + 1
        fits, usd = np.zeros(most, bool), np.zeros(most)
        for number in np.flatnonzero(np.bincount(self.kind)).tolist():
            _, a, z = self.ends.kind(number)
            fits[number] = joins(self.campus, cable, a, z)
            usd[number] = sum(_module_usd(self.campus, cable, p) for p in (a, z))
        return fits, usd

    def fitting(self, cables: list[Cable]) -> Flags:
        """Return which links have a part at all that fits both cages."""
        any_fits = np.zeros(int(self.kind.max(initial=0)) + 1, bool)
        for cable in cables:
            any_fits |= self.per_kind(cable)[0]
        served: Flags = any_fits[self.kind]
        return served

    def cost(self, cable: Cable) -> Floats:
        """Return the price of each link with this cable [USD]; NEVER where it does not serve."""
        fits, usd = self.per_kind(cable)
        at, steps = _step(cable, self.need_m)
        good = (at < len(steps)) & fits[self.kind]
        if cable.links > 1:
            good &= self.paired
        metres = steps[np.minimum(at, len(steps) - 1)]
        if not is_copper(cable):
            good &= metres + self.extra_m <= cable.reach_m + NEAR_M
        price = cable.price_usd + cable.price_per_length_usd_per_m * metres + usd[self.kind]
        return np.where(good, price, NEVER)


def _module_usd(campus: Campus, cable: Cable, part: str) -> float:
    found = module_at(campus, cable, part)
    if found is None:
        return 0.0
    fibre = campus.catalogue.fibres.get(cable.fibre or "")
    return found[1].price_usd / (found[1].ports * (fibre.split if fibre and part in campus.catalogue.switches else 1))


def _step(cable: Cable, need_m: NDArray[np.float32]) -> tuple[Ints, NDArray[np.float32]]:
    """Return the index of the next length on sale, and the lengths."""
    steps = np.array([x for x in cable.lengths if x <= cable.reach_m] or [0.0], np.float32)
    return np.searchsorted(steps, need_m - np.float32(NEAR_M)), steps


def _cheapest(case: _Case, cables: list[Cable], group: Ints) -> tuple[Ints, Floats, Floats]:
    """Return for each link the index of the group's part, its cost, and the cost of the link's own cheapest part.

    Of parts that cost the same the one of shorter reach is taken.
    """
    groups_ = int(group.max(initial=0)) + 1
    best, taken = np.full(groups_, np.inf), np.zeros(groups_, np.int64)
    own, spent = np.full(len(group), np.inf), np.full(len(group), np.inf)
    for i in sorted(range(len(cables)), key=lambda i: cables[i].reach_m):
        cost = case.cost(cables[i])
        total = np.bincount(group, weights=cost, minlength=groups_)
        better = total < best * (1 - 1e-9)
        best, taken = np.where(better, total, best), np.where(better, i, taken)
        own = np.minimum(own, cost)
        spent = np.where(better[group], cost, spent)
    return taken[group], spent, own


def _lengths(
    campus: Campus,
    names: tuple[str, ...],
    part: NDArray[np.uint8],
    need_m: NDArray[np.float32],
    group: Ints,
    served: Flags,
) -> NDArray[np.float32]:
    """Return the length on sale; legs of one copper product are as long as its longest."""
    out = need_m.astype(np.float32).copy()
    for index, cable in used(campus, (*names, NONE), part):
        mine = np.flatnonzero((part == index) & served)
        at, steps = _step(cable, need_m[mine])
        out[mine] = steps[np.minimum(at, len(steps) - 1)]
        if cable.links > 1:
            longest = np.zeros(int(group.max(initial=0)) + 1, np.float32)
            np.maximum.at(longest, group[mine], out[mine])
            out[mine] = longest[group[mine]]
    return out


def used(campus: Campus, names: tuple[str, ...], part: NDArray[np.uint8]) -> list[tuple[int, Cable]]:
    """Return number and catalogue entry of every part that links take; `NONE` is left out."""
    numbers = np.flatnonzero(np.bincount(part, minlength=1)).tolist()
    return [(i, campus.catalogue.cables[names[i]]) for i in numbers if names[i] != NONE]


def _misses(case: _Case, cables: list[Cable], speed: float, miss: Flags) -> list[Miss]:
    """Say why links are not served, by kind of devices."""
    out = []
    for number in np.flatnonzero(np.bincount(case.kind[miss])).tolist() if miss.any() else ():
        _, a, z = case.ends.kind(number)
        fitting = [c for c in cables if joins(case.campus, c, a, z)]
        reach = max((c.reach_m for c in fitting), default=0.0)
        why = "reach" if fitting else "cage"
        cages = " to ".join(form(case.campus, p, speed) or "no cage of a NIC at this speed" for p in (a, z))
        need = case.need_m[miss & (case.kind == number)]
        out.append(_miss(speed, why, need, reach, (f"{a} to {z}", cages)))
    return out


def _fars(case: _Case, cables: dict[int, Cable], names: tuple[str, ...], part: Ints) -> list[Far]:
    """Return, by kind of devices, links of a part of far more reach than they need where no part of less reach fits."""
    out = []
    for number in np.flatnonzero(np.bincount(case.kind)).tolist():
        _, a, z = case.ends.kind(number)
        for index, cable in cables.items():
            mine = (case.kind == number) & (part == index)
            longest = float((case.need_m + case.extra_m)[mine].max(initial=0.0))
            if not mine.any() or cable.reach_m < max(FAR_M, FAR * longest):
                continue
            if any(
                c.reach_m < cable.reach_m and c.reach_m >= longest and joins(case.campus, c, a, z)
                for c in cables.values()
            ):
                continue
            out.append(
                Far(
                    part=names[index],
                    count=int(mine.sum()),
                    reach_m=cable.reach_m,
                    longest_m=longest,
                    devices=f"{a} to {z}",
                )
            )
    return out


def _miss(speed: float, why: str, need_m: NDArray[np.float32], reach_m: float, between: tuple[str, str]) -> Miss:
    return Miss(
        speed_bit_per_s=speed,
        count=len(need_m),
        why=why,
        reach_m=reach_m,
        longest_m=float(need_m.max(initial=0.0)),
        devices=between[0],
        cages=between[1],
    )


def is_copper(cable: Cable) -> bool:
    """Say whether a cable has its ends fixed."""
    return cable.medium in COPPER
