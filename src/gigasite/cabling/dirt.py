"""Links that are up but sick, and links that come and go: what `dirty`, `flapping` and `common_cause` share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.evidence import middle, once, scatter, tiers
from gigasite.cabling.slow import few

if TYPE_CHECKING:
    from gigasite.cabling.evidence import Bools, Floats, Ints, Look, Thresholds


@once
def dirty(seen: Look, limits: Thresholds) -> tuple[Bools, list[tuple[Bools, Floats, str]]]:
    """Say which ports of links that are up receive badly (n,), and why: flag, value and words of each kind of sign."""
    signs: list[tuple[Bools, Floats, str]] = []
    tier: Ints | None = None
    for column, limit, words in (
        ("raw_ber", limits.raw_ber, "a raw bit error ratio of {:.1e}"),
        ("effective_ber", limits.effective_ber, "a bit error ratio of {:.1e} after correction"),
    ):
        value = seen.number(column)
        if value is not None and (value > limit).any():
            tier = tiers(seen) if tier is None else tier
            median = middle(value, tier)
            hit = seen.lit & (value > limit)
            # where much of the tier is bad it is the kind of link; where only the bad tell, no median holds
            usual = np.where(median > limit, 0.0, np.nan_to_num(median))
            signs.append((few(hit, tier, limits) & (value >= limits.over_median * usual), value, words))
    rx = seen.number("rx_dbm")
    if rx is not None:
        tier = tiers(seen) if tier is None else tier
        low = seen.lit & (rx < middle(rx, tier) - limits.low_light_db)
        if low.any():  # a tier may scatter more than that by itself
            low &= rx < middle(rx, tier) - limits.spread * scatter(rx, tier)
        signs.append((low, rx, "light of {:.1f} dBm, far below its tier"))
        lanes = _lanes(seen, limits)
        if lanes is not None:
            signs.append((seen.lit & lanes, rx, "light of {:.1f} dBm on one lane, far below its other lanes"))
    flag = np.zeros(len(seen.far), bool)
    for hit, _, _ in signs:
        flag |= hit
    return flag, signs


def _lanes(seen: Look, limits: Thresholds) -> Bools | None:
    """Say which ports have one lane far below the middle of their lanes (n,); None where nobody tells lanes."""
    told = seen.said("rx_lanes_dbm")
    if told is None:
        return None
    at = np.flatnonzero(told & seen.lit)
    texts = seen.case.observed.sightings["rx_lanes_dbm"].gather(seen.row[at])
    # three values of four bytes and blanks: parsed once a different text
    kinds = (
        texts.unique()
        .to_frame("t")
        .with_columns(v=pl.col("t").str.extract_all(r"-?\d+(?:\.\d+)?").cast(pl.List(pl.Float64)))
    )
    low = pl.col("v").list.median() - pl.col("v").list.min() >= limits.low_light_db
    kinds = kinds.with_columns(low=low.fill_null(value=False) & (pl.col("v").list.len() > 1))
    joined = texts.to_frame("t").join(kinds.select("t", "low"), on="t", how="left", maintain_order="left")
    flag = np.zeros(len(seen.far), bool)
    flag[at] = joined["low"].to_numpy()
    return flag


@once
def unsteady(seen: Look, limits: Thresholds) -> tuple[Bools, Floats] | None:
    """Say which ports went down more often than others of their tier, with the counts (n,); None without counts."""
    value = seen.number("link_downs")
    if value is None or not (value >= limits.flaps).any():
        return None
    median = middle(value, tiers(seen))
    # counts scatter as their root; their median deviation would take half a tier of bad ports for scatter
    usual = np.zeros(len(value)) if _few_told(value) else np.nan_to_num(median)
    return value >= usual + np.maximum(limits.flaps, limits.flap_spread * np.sqrt(usual)), value


def _few_told(value: Floats) -> bool:
    """Say whether only those that flap are told of: then there is no middle to compare with."""
    told = value[~np.isnan(value)]
    return bool((told > 0).all())


def bursts(seen: Look, often: Bools, limits: Thresholds) -> list[tuple[str, Ints]]:
    """Return (what, ports): ports of one device or line card that went down together, largest first.

    The tier is no matter here: a device that reboots takes its links up and down with it. Where devices tell since when
    they know a neighbour, those of a burst must agree on it.
    """
    case = seen.case
    owner = case.host[case.node].astype(np.int64)
    out, used = [], np.zeros(len(often), bool)
    told = seen.number("link_downs")
    judged = np.zeros(len(often), bool) if told is None else ~np.isnan(told)
    for ports, what in _candidates(seen, often, judged, owner, limits):
        mine = ports[~used[ports]]
        if len(mine) >= limits.burst_ports and _together(seen, mine, limits):
            used[mine] = True
            used[seen.far[mine][seen.far[mine] >= 0]] = True
            out.append((what, mine))
    return out


def _candidates(seen: Look, often: Bools, judged: Bools, owner: Ints, limits: Thresholds) -> list[tuple[Ints, str]]:
    case = seen.case
    at = np.flatnonzero(often)
    owners, of = np.unique(owner[at], return_inverse=True)
    count = np.bincount(of, minlength=len(owners))
    mine = owner[judged]
    here = np.minimum(np.searchsorted(owners, mine), max(len(owners) - 1, 0))
    total = np.bincount(here[owners[here] == mine], minlength=len(owners)) if len(owners) else count
    parts = np.split(at[np.argsort(of, kind="stable")], np.cumsum(count)[:-1]) if len(at) else []
    out: list[tuple[Ints, str]] = []
    for g, ports in enumerate(parts):
        if count[g] < limits.burst_ports:
            continue
        name = case.bound.nodes[int(case.node[ports[0]])]
        if count[g] >= limits.whole_frac * total[g]:
            out.append((ports, name))
            continue
        out += [(run, f"{name}, neighbouring ports") for run in _cards(seen, ports, limits)]
    return sorted(out, key=lambda c: (-len(c[0]), int(c[0][0])))


def _cards(seen: Look, ports: Ints, limits: Thresholds) -> list[Ints]:
    """Return runs of neighbouring ports of one device: a line card, a breakout block."""
    place = seen.case.line[ports]
    order = np.argsort(place, kind="stable")
    cut = np.flatnonzero((np.diff(place[order]) != 1) | (np.diff(seen.case.node[ports[order]]) != 0)) + 1
    return [run for run in np.split(ports[order], cut) if len(run) >= limits.burst_ports]


def _together(seen: Look, ports: Ints, limits: Thresholds) -> bool:
    """Say whether ports last changed in the same moment, as far as they tell."""
    age = seen.number("age_s")
    if age is None:
        return True
    told = age[ports][~np.isnan(age[ports])]
    return not len(told) or float((np.abs(told - np.median(told)) <= limits.burst_s).mean()) >= limits.majority_frac
