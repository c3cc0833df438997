"""Light on links that are down: what `polarity`, `wrong_setting` and `dead_optic` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.evidence import kinds, once, tiers
from gigasite.cabling.slow import whole

if TYPE_CHECKING:
    from gigasite.cabling.evidence import Bools, Ints, Look, Thresholds

MOST_TRUNK = 12
"""Links of the largest trunk that is pulled as one: an MPO-24 of twelve pairs."""
OFF = ("admin", "disabled", "notconnect")
"""What ports say that are switched off: no light is meant to leave them."""


@once
def down(seen: Look) -> Bools:
    """Say which planned ports are down at both ends, the far device or both telling (n,)."""
    far = np.maximum(seen.far, 0)
    reports = seen.case.bound.reporting
    dark = ~seen.lit & (seen.far >= 0) & (seen.case.plan >= 0)
    return dark & ~seen.lit[far] & (reports | reports[far] | (seen.row >= 0))


@once
def dead(seen: Look, limits: Thresholds) -> tuple[Bools, list[str]]:
    """Say which modules of links that are down send nothing or are unreadable, with a reason by port (n,)."""
    n = len(seen.far)
    out, why = np.zeros(n, bool), np.full(n, "", object)
    quiet = down(seen)
    if not quiet.any():
        return out, why.tolist()
    quiet &= ~_off(seen)
    for column, most, text in (
        ("tx_bias_a", 0.0, "its laser has no bias current"),
        ("tx_dbm", limits.dark_dbm, "it sends no light"),
        ("temperature_degc", 0.0, "its module tells no temperature"),
    ):
        value = seen.number(column)
        if value is not None:
            # a module that cannot be read tells zero; below zero is a cold hall
            hit = quiet & ((value == most) if most == 0.0 else (value <= most))
            why[hit & ~out] = text
            out |= hit
    return out, why.tolist()


@once
def _off(seen: Look) -> Bools:
    """Say which ports are switched off by their configuration (n,)."""
    out = np.zeros(len(seen.far), bool)
    told = seen.said("state")
    if told is not None:
        # few: only ports that are down are asked
        for port in np.flatnonzero(told & ~seen.lit).tolist():
            text = seen.text("state", port).lower()
            out[port] = any(word in text for word in OFF)
    return out


@once
def dark_with_light(seen: Look, limits: Thresholds) -> Bools:
    """Say which planned links are down though light comes in at both ends, or at the one that tells (n,)."""
    flag = down(seen)
    rx = seen.number("rx_dbm") if flag.any() else None
    if rx is None:
        return np.zeros(len(seen.far), bool)
    far = np.maximum(seen.far, 0)
    broken = dead(seen, limits)[0]
    light = rx > limits.dark_dbm  # NaN is no light
    told = ~np.isnan(rx)
    mine, theirs = light | ~told, light[far] | ~told[far]
    flag = flag & mine & theirs & (light | light[far]) & ~broken & ~broken[far] & ~_off(seen) & ~_off(seen)[far]
    both: Bools = flag & flag[far] | flag & (seen.far[far] != np.arange(len(far)))
    return both


@once
def dark_devices(seen: Look, limits: Thresholds) -> list[tuple[int, Ints]]:
    """Return (device, ports): all of a device's ports in a tier are dark with light, more than any trunk holds."""
    flag = dark_with_light(seen, limits)
    if not flag.any():
        return []
    out, used = [], np.zeros(len(flag), bool)
    for device, ports in whole(seen, flag, seen.case.plan >= 0, tiers(seen), limits):
        mine = ports[~used[ports]]
        if len(mine) > MOST_TRUNK:
            used[mine] = used[seen.far[mine]] = True
            out.append((device, mine))
    return out


def trunks(seen: Look, flag: Bools) -> list[Ints]:
    """Return flagged links by trunk: neighbouring ports of one device that lead to neighbouring ports of one other.

    Links of which only one end lies beside others (a trunk that fans out to several devices) are put together where
    all of them have the same kind of far device.
    """
    low = np.flatnonzero(flag & ((seen.far < 0) | (np.arange(len(flag)) < seen.far) | ~flag[np.maximum(seen.far, 0)]))
    kind = kinds(seen.case)
    joined = _runs(seen, low, fan=False, kind=kind)
    lone = np.array(sorted(int(r[0]) for r in joined if len(r) == 1), np.int64)
    wide = [r for side in (lone, seen.far[lone]) for r in _runs(seen, side, fan=True, kind=kind) if len(r) > 1]
    out = [r for r in joined if len(r) > 1]
    used: set[int] = set()
    for run in sorted(wide, key=lambda r: (-len(r), int(r[0]))):
        near = np.array([min(int(p), int(seen.far[p])) for p in run])
        if not used & set(near.tolist()):
            used |= set(near.tolist())
            out.append(near)
    out += [np.array([p]) for p in lone.tolist() if p not in used]
    return sorted(out, key=lambda r: int(r[0]))


def _runs(seen: Look, ports: Ints, *, fan: bool, kind: Ints) -> list[Ints]:
    """Cut ports, sorted by device and place, where the next does not continue the trunk."""
    if not len(ports):
        return []
    case = seen.case
    far = seen.far[ports]
    order = np.lexsort((case.line[ports], kind[case.node[far]] if fan else case.node[far], case.node[ports]))
    ports, far = ports[order], far[order]
    near = (np.diff(case.node[ports]) == 0) & (np.diff(case.line[ports]) == 1)
    if fan:
        near &= np.diff(kind[case.node[far]]) == 0
    else:
        near &= (np.diff(case.node[far]) == 0) & (np.abs(np.diff(case.line[far])) == 1)
    return np.split(ports, np.flatnonzero(~near) + 1)
