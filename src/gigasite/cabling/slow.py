"""Links below their tier, and devices of which all are: what `slow_link` and `wrong_setting` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.evidence import below_majority, kinds, once, tiers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.evidence import Bools, Floats, Ints, Look, Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Which ports run below their tier (n,).

    Parameters
    ----------
    tier
        From `tiers`.
    any
        For whatever reason.
    slower
        By speed: a setting can do that, a plug too.
    told
        By speed or width, of those that tell their speed: for shares.
    narrow
        By width.
    width, speed
        What most of a tier have and how much of it that is, by tier from -1 on: see `below_majority`.
    """

    tier: Ints
    any: Bools
    narrow: Bools
    slower: Bools
    capable: Bools
    told: Bools
    width: tuple[Floats, Floats]
    speed: tuple[Floats, Floats]

    def share(self, port: int) -> float:
        """Return how much of the port's tier runs as its majority does; 1 where the port itself says what it could."""
        at = self.tier[port] + 1
        if self.narrow[port]:
            return float(self.width[1][at])
        return float(self.speed[1][at]) if self.slower[port] else float(self.capable[port])

    def usual(self, port: int) -> str:
        """Say at what speed most of the port's tier run."""
        at = self.tier[port] + 1
        return f"{self.speed[1][at]:.0%} of its tier {self.speed[0][at] / 1e9:g} Gb/s"

    def words(self, seen: Look, port: int) -> list[str]:
        """Say what is slow about a port."""
        name, at, out = seen.case.port(port), self.tier[port] + 1, []
        if self.narrow[port]:
            usual = f"{self.width[1][at]:.0%} of its tier {self.width[0][at]:g}x"
            out.append(f"{name} runs {seen.text('width', port)}, {usual}")
        if self.slower[port]:
            out.append(f"{name} runs {seen.text('speed', port)}, {self.usual(port)}")
        if self.capable[port]:
            out.append(f"{name} says: {seen.text('capable', port)}")
        return out


@once
def slow(seen: Look, limits: Thresholds) -> Slow | None:
    """Judge widths and speeds against each port's tier; None where nobody tells any."""
    width, speed, capable = seen.measured("width"), seen.measured("speed"), seen.said("capable")
    if width is None and speed is None and capable is None:
        return None
    tier = tiers(seen)
    none = np.zeros(len(tier), bool)
    blank = np.full(int(tier.max(initial=-1)) + 2, np.nan)
    narrow, *wide = (none, blank, blank) if width is None else below_majority(width, tier, limits)
    slower, *fast = (none, blank, blank) if speed is None else below_majority(speed, tier, limits)
    could = none if capable is None else few(capable, tier, limits)
    return Slow(
        tier=tier,
        any=narrow | slower | could,
        narrow=narrow,
        slower=slower,
        capable=could,
        told=none if speed is None else ~np.isnan(speed),
        width=(wide[0], wide[1]),
        speed=(fast[0], fast[1]),
    )


def few(flag: NDArray[np.bool_], tier: Ints, limits: Thresholds) -> Bools:
    """Return flags of tiers in which they are few (n,).

    A tier of which a fifth runs slower is built of two speeds; eight ports may all be faults in a small lab.
    """
    if not flag.any():
        return flag
    count, total = np.bincount(tier + 1, flag), np.bincount(tier + 1)
    good = (count <= np.maximum(8, limits.mix_frac * total)) & (count < total)
    good[0] = False  # without neighbour
    out: Bools = flag & good[tier + 1]
    return out


def whole(seen: Look, flag: Bools, judged: Bools, tier: Ints, limits: Thresholds) -> list[tuple[int, Ints]]:
    """Return (device, ports) where flagged ports are (almost) all that a device has in a tier, largest first.

    Network adapters of one server count as one device (`Case.host`); its tiers are judged one by one.
    """
    at = np.flatnonzero(flag & (tier >= 0))
    if not len(at):
        return []
    many = int(tier.max()) + 1
    owner = seen.case.host[seen.case.node].astype(np.int64)
    key = owner * many + tier
    groups, group = np.unique(key[at], return_inverse=True)
    mine = key[judged & np.isin(owner, owner[at], kind="table")]
    here = np.minimum(np.searchsorted(groups, mine), len(groups) - 1)
    total = np.bincount(here[groups[here] == mine], minlength=len(groups))
    at = at[(np.bincount(group) >= limits.whole_frac * total)[group]]
    owners, of = np.unique(owner[at], return_inverse=True)
    count = np.bincount(of, minlength=len(owners))
    parts = np.split(at[np.argsort(of, kind="stable")], np.cumsum(count)[:-1])
    ranked = sorted(np.flatnonzero(count >= limits.least_ports).tolist(), key=lambda g: (-count[g], g))
    return [(int(seen.case.node[parts[g][0]]), parts[g]) for g in ranked]


def wrong_settings(seen: Look, found: Slow, limits: Thresholds) -> list[tuple[int, Ints]]:
    """Return (device, ports): all that a device has in a tier run at the same lower speed. A plug never does that.

    Where many devices of one kind do, they are built so.
    """
    out, used = [], np.zeros(len(found.tier), bool)
    for device, ports in whole(seen, found.slower, found.told, found.tier, limits):
        mine = ports[~used[ports]]
        if len(mine) >= limits.least_ports and len({seen.text("speed", int(p)) for p in mine}) == 1:
            used[mine] = True
            used[seen.far[mine][seen.far[mine] >= 0]] = True
            out.append((device, mine))
    if not out:
        return []
    kind = kinds(seen.case)
    total, count = np.bincount(kind), np.bincount(kind[[d for d, _ in out]], minlength=len(np.bincount(kind)))
    return [(d, ports) for d, ports in out if count[kind[d]] <= max(2, limits.mix_frac * total[kind[d]])]


@once
def slow_links(seen: Look, limits: Thresholds) -> tuple[Slow, Bools] | None:
    """Return what is slow, and which ports of links that are up are so for themselves (n,); None where nobody tells."""
    found = slow(seen, limits)
    if found is None:
        return None
    flag = found.any & seen.lit
    for _, ports in wrong_settings(seen, found, limits):
        flag[ports] = False
        flag[seen.far[ports]] = False
    return found, few(flag, found.tier, limits)
