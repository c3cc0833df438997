"""Parts and lengths of edited rows: speed, cages, reach, lengths on sale, the way along the trays, all rules."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Severity
from gigasite.cabling import fill, patch
from gigasite.cabling.choose import Chosen, groups
from gigasite.cabling.ends import Ends, ends, joins
from gigasite.cabling.joints import grouped, mixed
from gigasite.cabling.routes import routes
from gigasite.cabling.rule import rules
from gigasite.cabling.sheet_mistake import Mistake, spread
from gigasite.cabling.trays import trays
from gigasite.design.types import TIERS, Links

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.export import Book
    from gigasite.cabling.sheet_links import Held

    Flags = NDArray[np.bool_]

COILED, COILED_M = 2.0, 10.0
"""A cable of more than so many times its way with slack, and so many metres more, is told: estimate."""


def parts_and_lengths(book: Book, held: Held, judged: Flags) -> list[Mistake]:
    """Return what is wrong with part or length of the judged rows."""
    if not judged.any():
        return []
    known = list(book.campus.catalogue.cables)
    number = held.part.replace_strict(known, range(len(known)), default=-1, return_dtype=pl.Int64).to_numpy()
    speeds = np.array([c.speed_bit_per_s for c in book.campus.catalogue.cables.values()])
    wanted = np.zeros(len(judged))
    for (fabric, tier), speed in book.design.link_speed_bit_per_s.items():
        wanted[held.net == fabric * len(TIERS) + tier] = speed
    slow = judged & (number >= 0) & (speeds[number] != wanted)
    out = [
        Mistake(
            column="part",
            what="is no cable of the catalogue",
            rows=judged & (number < 0),
            remedy="a name of the catalogue, or add it under parts.cables",
            found=held.part,
        ),
        Mistake(
            column="part",
            what="has another speed than the link",
            rows=slow,
            remedy="a part of the link's speed",
            limit=_gigabits(wanted),
            found=held.part + ", " + _gigabits(speeds[number]),
        ),
    ]
    metres = pl.Series(held.length_m.round(3)).cast(pl.String) + " m"
    none = judged & ~np.isfinite(held.length_m)
    out.append(
        Mistake(column="length_m", what="is missing, and the plan has none for it", rows=none, remedy="fill it in")
    )
    judged = judged & (number >= 0) & ~slow & ~none
    out += [replace(m, found=metres) for m in _ways(book, held, judged)]
    return out + _rules(book, held, number, judged)


def _gigabits(speed_bit_per_s: NDArray[np.float64]) -> pl.Series:
    return pl.Series([f"{s / 1e9:g} Gb/s" for s in np.unique(speed_bit_per_s)]).gather(
        np.unique(speed_bit_per_s, return_inverse=True)[1].reshape(-1)
    )


def _ways(book: Book, held: Held, judged: Flags) -> list[Mistake]:
    """Return lengths that do not reach along the trays, have no slack, or are far too long."""
    campus = book.campus
    made = routes(book.design, trays(book.design), fill.tray_height(campus), held.low, held.high)
    way = made.route_m.astype(np.float64)
    need = way * (1 + campus.network.slack_frac)
    length = held.length_m
    shown = pl.Series(way.round(2)).cast(pl.String) + " m along the trays"
    short, tight = length < way - 1e-3, length < need - 1e-3
    long = length > np.maximum(need * COILED, need + COILED_M)
    return [
        Mistake(
            column="length_m",
            what="is shorter than the way along the trays",
            rows=judged & short,
            remedy="the next length on sale above the way and its slack",
            limit=shown,
        ),
        Mistake(
            column="length_m",
            what="leaves less slack than planned",
            rows=judged & tight & ~short,
            remedy="the next length on sale above the way and its slack",
            limit=shown,
            severity=Severity.warning,
        ),
        Mistake(
            column="length_m",
            what="is much longer than the way along the trays",
            rows=judged & long,
            remedy="a length nearer to the way: what is coiled up fills trays",
            limit=shown,
            severity=Severity.warning,
        ),
    ]


def _rules(book: Book, held: Held, number: NDArray[np.int64], judged: Flags) -> list[Mistake]:
    """Return breaches of the rules of compatibility, and products that cannot serve their links."""
    campus = book.campus
    sound = (held.net >= 0) & (number >= 0) & np.isfinite(held.length_m) & (judged | ~held.edited)
    mine = held.some(sound)
    links = Links(
        fabric=(mine.net // len(TIERS)).astype(np.uint8),
        tier=(mine.net % len(TIERS)).astype(np.uint8),
        a_port=mine.low,
        z_port=mine.high,
    )
    far = _ends(book, links)
    chosen = Chosen(
        names=tuple(campus.catalogue.cables),
        part=number[sound].astype(np.uint8),
        length_m=mine.length_m.astype(np.float32),
        missed=(),
        raised=0,
        raised_usd=0.0,
    )
    ways = routes(book.design, trays(book.design), fill.tray_height(campus), mine.low, mine.high)
    extra = patch.patched_m(campus, chosen, patch.jumpers_m(campus, ways))
    broken = _broken(book, links, far, chosen, extra, judged[sound])
    broken += _products(book, far, chosen, judged[sound])
    return [spread(m, np.flatnonzero(sound), len(sound)) for m in broken]


def _ends(book: Book, links: Links) -> Ends:
    """Return the ends of these links: with those of the plan, for up-links are counted from where the plan begins."""
    plan = book.design.links
    both = {f.name: np.r_[getattr(plan, f.name), getattr(links, f.name)] for f in fields(Links)}
    every = ends(book.campus, replace(book.design, links=Links(**both)))
    return every.some(slice(len(plan), None))


def _broken(
    book: Book, links: Links, far: Ends, chosen: Chosen, extra_m: NDArray[np.float32], judged: Flags
) -> list[Mistake]:
    """Hold every kind of edited link of one part and length against every rule."""
    meets = mixed(far, chosen)
    apart = np.round(chosen.length_m * 1e3).astype(np.int64) * 2 + meets
    at = np.flatnonzero(judged)
    some = replace(chosen, part=chosen.part[at], length_m=chosen.length_m[at])
    near = far.some(at)
    few = Links(**{f.name: getattr(links, f.name)[at] for f in fields(Links)})
    joints, group = grouped(book.campus, few, near, some, extra_m[at], meets[at], apart[at])
    made = [rules[name]() for name in rules.names()]
    out = []
    for i, joint in enumerate(joints):
        rows = np.zeros(len(judged), bool)
        rows[at[group == i]] = True
        whole = pl.Series([f"{joint.part}, {joint.longest_m:g} m"])
        if not joins(book.campus, joint.cable, joint.a.device, joint.z.device):
            what = f"does not fit the cages of {joint.a.device} and {joint.z.device}"
            remedy = "a part that fits both ends"
            out.append(Mistake(column="part", what=what, rows=rows, remedy=remedy, found=_alike(whole, rows)))
            continue
        out += [
            Mistake(
                column="length_m" if name in {"reach", "lengths"} else "part",
                what=f.what.rsplit(" (", 1)[0],
                rows=rows,
                remedy=f.remedy,
                limit=_alike(pl.Series([f.limit]), rows),
                found=_alike(pl.Series([f"{joint.part}: {f.found}"]), rows),
                severity=f.severity,
            )
            for name, rule in zip(rules.names(), made, strict=True)
            for f in rule.broken(joint)
        ]
    return out


def _alike(text: pl.Series, rows: Flags) -> pl.Series:
    return text.gather(np.zeros(len(rows), np.int64))


def _products(book: Book, far: Ends, chosen: Chosen, judged: Flags) -> list[Mistake]:
    """Return links of copper that serves two at once and cannot here: other far cages, or legs of unlike length."""
    several = np.array([c.links > 1 for c in book.campus.catalogue.cables.values()])[chosen.part] & (far.a_cage >= -1)
    paired = groups(far)[1]
    low, high = np.full(far.cages + 1, np.inf), np.zeros(far.cages + 1)
    np.minimum.at(low, far.z_cage[several], chosen.length_m[several])
    np.maximum.at(high, far.z_cage[several], chosen.length_m[several])
    return [
        Mistake(
            column="part",
            what="serves two links of a cage at once, and these go to different cages",
            rows=judged & several & ~paired,
            remedy="fibre, or both links to one far cage",
        ),
        Mistake(
            column="length_m",
            what="differs from that of the other leg of the same product",
            rows=judged & several & (high - low > 1e-3)[far.z_cage],
            remedy="the same length for all links of the cage",
        ),
    ]
