"""Rows of an edited sheet against the plan: whether each cable is one that this campus can have.

Every row that differs from the plan is held against what the plan keeps: which kinds of devices are joined, networks of
ports, the leaf of each rail, pairs of switches; speed, reach and lengths of the part, the way along the trays, and all
rules of compatibility.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite._core.finding import Severity
from gigasite.cabling.identity import texts
from gigasite.cabling.naming import labelled
from gigasite.cabling.sheet_mistake import Mistake
from gigasite.cabling.sheet_parts import parts_and_lengths
from gigasite.design.types import FABRICS, PORT_BITS, TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.export import Book

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

LOW = (1 << PORT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Rows whose devices and ports are known.

    Parameters
    ----------
    row
        (n,) row of the whole table.
    a, z
        (n,) port ids as the sheet has them.
    table
        (n rows) text, `metres` as number (null: none).
    has_part, has_length
        (n,) the row's sheet has such a column.
    """

    row: Ints
    a: Ints
    z: Ints
    table: pl.DataFrame
    has_part: Flags
    has_length: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Rows beside the plan.

    Parameters
    ----------
    low, high
        (n,) port ids, the lower tier first.
    flip
        (n,) the sheet has them the other way round.
    net
        (n,) fabric times tiers plus tier; -1: such devices are not joined in this plan.
    planned
        (n,) row of the plan whose lower end this is, else the one of the same name, else -1.
    same
        (n,) the plan joins these two ports.
    edited
        (n,) ends, part or length differ from the plan's.
    part
        (n,) name.
    length_m
        (n,) NaN: none.
    """

    low: Ints
    high: Ints
    flip: Flags
    net: Ints
    planned: Ints
    same: Flags
    edited: Flags
    part: pl.Series
    length_m: NDArray[np.float64]

    def some(self, keep: Flags) -> Held:
        """Return chosen rows."""
        taken: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            taken[field.name] = value.filter(pl.Series(keep)) if isinstance(value, pl.Series) else value[keep]
        return replace(self, **taken)


def against_plan(book: Book, lines: Lines) -> tuple[pl.DataFrame, list[Mistake]]:
    """Return the rows as the plan would write them, and what is wrong with them."""
    held = _held(book, lines)
    out = [*_joins(book, held), *_names(book, lines, held)]
    judged = held.edited & (held.net >= 0)
    out += parts_and_lengths(book, held, judged)
    made = _made(book, lines, held)
    return made, [*out, *_labels(lines, held, made)]


def _held(book: Book, lines: Lines) -> Held:
    net, flip = _nets(book, lines)
    low, high = np.where(flip, lines.z, lines.a), np.where(flip, lines.a, lines.z)
    plan = book.cables.cables
    known = plan["a_port"].to_numpy()
    at = np.minimum(np.searchsorted(known, low), max(len(known) - 1, 0))
    planned = np.where(known[at] == low, at, -1)
    same = (planned >= 0) & (plan["z_port"].to_numpy()[at] == high)
    by_name = pl.DataFrame({"cable": texts(book.devices, plan["cable_id"])}).with_row_index("at")
    named = lines.table.select("cable").join(by_name, on="cable", how="left", maintain_order="left")["at"]
    planned = np.where(planned >= 0, planned, named.fill_null(-1).cast(pl.Int64).to_numpy())
    there = np.maximum(planned, 0)
    name = pl.Series(list(book.cables.parts)).gather(plan["part"].to_numpy()[there])
    name = pl.select(pl.when(pl.Series(planned >= 0)).then(name).otherwise(pl.lit(""))).to_series()
    metres = np.where(planned >= 0, plan["length_m"].to_numpy()[there].astype(np.float64).round(3), np.nan)
    part = pl.select(pl.when(pl.Series(lines.has_part)).then(lines.table["part"]).otherwise(name)).to_series()
    told = lines.table["metres"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    length = np.where(lines.has_length, told, metres)
    alike = same & (part == name).to_numpy() & (np.abs(length - metres) < 5e-4)
    return Held(
        low=low,
        high=high,
        flip=flip,
        net=net,
        planned=planned,
        same=same,
        edited=~alike,
        part=part,
        length_m=length,
    )


def _nets(book: Book, lines: Lines) -> tuple[Ints, Flags]:
    """Return which network and tier joins devices of these kinds, and whether the upper one stands first."""
    links = book.design.links
    kinds = book.devices["kind"].unique().sort()
    code = book.devices["kind"].replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64).to_numpy()
    table = np.full((len(kinds), len(kinds)), -1)
    table[code[links.a_port >> PORT_BITS], code[links.z_port >> PORT_BITS]] = (
        links.fabric.astype(np.int64) * len(TIERS) + links.tier
    )
    a, z = code[lines.a >> PORT_BITS], code[lines.z >> PORT_BITS]
    flip = (table[a, z] < 0) & (table[z, a] >= 0)
    return np.where(flip, table[z, a], table[a, z]), flip


def _at(
    held: Held, *, low: bool, wrong: Flags, what: str, remedy: str, limit: pl.Series | None = None
) -> list[Mistake]:
    """Return a mistake of lower (or upper) ends, in the column in which each row has that end."""
    out = []
    for end in ("a", "z"):
        here = held.flip if (end == "z") == low else ~held.flip
        rows = wrong & here
        out.append(Mistake(column=f"{end}_port", what=what, rows=rows, remedy=remedy, limit=limit, also=f"{end}_node"))
    return out


def _joins(book: Book, held: Held) -> list[Mistake]:
    """Return ends that must not be joined: kinds, networks of ports, rails, pairs of switches."""
    names = book.devices["node"]
    out = [
        Mistake(
            column="z_node",
            what="is of a kind that no network of this campus joins to the other end's",
            rows=held.edited & (held.net < 0),
            remedy="a device of the tier above or below, as in the plan",
        )
    ]
    moved = held.edited & ~held.same & (held.net >= 0)
    for low in (True, False):
        wrong, right = _foreign(book, held, low=low)
        out += _at(
            held,
            low=low,
            wrong=moved & wrong,
            what="is a port of another network or speed",
            remedy="a port of the network of the other end",
            limit=right,
        )
        moved = moved & ~wrong
    plan = book.cables.cables
    far = np.where(held.planned >= 0, plan["z_port"].to_numpy()[np.maximum(held.planned, 0)] >> PORT_BITS, -1)
    mine = (held.planned >= 0) & (plan["a_port"].to_numpy()[np.maximum(held.planned, 0)] == held.low)
    host = held.net % len(TIERS) == 0
    rails = np.isin(held.net // len(TIERS), _railed(book))
    wrong = moved & host & rails & mine & (far != held.high >> PORT_BITS)
    out += _at(
        held,
        low=False,
        wrong=wrong,
        what="is not on the leaf of this rail",
        remedy="a port of the leaf that the limit names",
        limit=names.gather(np.maximum(far, 0)),
    )
    return out + _pairs(book, held, moved & ~host)


def _foreign(book: Book, held: Held, *, low: bool) -> tuple[Flags, pl.Series]:
    """Return ports that the plan uses in other networks, or at another speed, on every device of that kind."""
    links, speed = book.design.links, book.design.link_speed_bit_per_s
    kinds = book.devices["kind"].unique().sort()
    code = book.devices["kind"].replace_strict(kinds, range(len(kinds)), return_dtype=pl.Int64).to_numpy()
    values = sorted(set(speed.values()))
    of = np.zeros(len(FABRICS) * len(TIERS), np.int64)
    for (fabric, tier), s in speed.items():
        of[fabric * len(TIERS) + tier] = fabric * len(values) + values.index(s)
    least, most = (np.full(len(kinds) << PORT_BITS, x) for x in (1 << 20, -1))
    net = of[links.fabric.astype(np.int64) * len(TIERS) + links.tier]
    for ids in (links.a_port, links.z_port):
        key = code[ids >> PORT_BITS] << PORT_BITS | (ids & LOW)
        np.minimum.at(least, key, net)
        np.maximum.at(most, key, net)
    _unused(book, kinds, of, (least, most))
    end = held.low if low else held.high
    key = code[end >> PORT_BITS] << PORT_BITS | (end & LOW)
    mine = of[np.maximum(held.net, 0)]
    wrong = (most[key] >= 0) & ((mine < least[key]) | (mine > most[key]))
    words = [f"{f}, {s / 1e9:g} Gb/s" for f in FABRICS for s in values]
    return wrong, pl.Series(words).gather(np.maximum(most[key], 0))


def _unused(book: Book, kinds: pl.Series, of: Ints, spans: tuple[Ints, Ints]) -> None:
    """Give free ports of switches with cages of their own for up-links the network and speed of their cage."""
    switches = book.campus.catalogue.switches
    part = dict(book.devices.select("kind", "part").unique().iter_rows())
    for code, kind in enumerate(kinds.to_list()):
        switch = switches.get(part[kind])
        if switch is None or not switch.uplinks:
            continue
        first = FABRICS.index(kind.split("-")[0]) * len(TIERS)
        for number in range(1, switch.cages + switch.uplinks + 1):
            key = code << PORT_BITS | number
            if spans[1][key] < 0:
                spans[0][key] = spans[1][key] = of[first + (number > switch.cages)]


def _railed(book: Book) -> list[int]:
    """Return networks in which no two links of a host share a leaf: there each NIC has a leaf of its own."""
    links = book.design.links
    out = []
    for index in range(len(FABRICS)):
        mine = (links.fabric == index) & (links.tier == 0)
        pair = np.sort((links.a_port[mine] >> PORT_BITS) * len(book.devices) + (links.z_port[mine] >> PORT_BITS))
        if len(pair) and not (pair[1:] == pair[:-1]).any():
            out.append(index)
    return out


def _pairs(book: Book, held: Held, moved: Flags) -> list[Mistake]:
    """Return up-links between switches that the plan does not join, and pairs that got more links than planned."""
    plan, n = book.cables.cables, book.devices.height
    up = plan.filter(pl.col("tier") > 0)
    pairs, count = np.unique(
        (up["a_port"].to_numpy() >> PORT_BITS) * n + (up["z_port"].to_numpy() >> PORT_BITS), return_counts=True
    )
    mine = (held.low >> PORT_BITS) * n + (held.high >> PORT_BITS)
    at = np.minimum(np.searchsorted(pairs, mine), max(len(pairs) - 1, 0))
    known = pairs[at] == mine if len(pairs) else np.zeros(len(mine), bool)
    out = _at(
        held,
        low=False,
        wrong=moved & ~known,
        what="is on a switch that the plan does not join to the other end's",
        remedy="a switch of the same pod and plane, as in the plan",
    )
    _, inside, here = np.unique(mine, return_inverse=True, return_counts=True)
    over = moved & known & (here[inside.reshape(-1)] > (count[at] if len(pairs) else 0))
    more = _at(
        held,
        low=False,
        wrong=over,
        what="gives these two switches more links than planned: up-links are no longer striped evenly",
        remedy="move a link of the two away too, or accept the loss of bandwidth",
        limit=pl.Series(count[at] if len(pairs) else np.zeros(len(mine), np.int64)),
    )
    return out + [replace(m, severity=Severity.warning) for m in more]


def _names(book: Book, lines: Lines, held: Held) -> list[Mistake]:
    """Return cables that are called as another one: their ends are those of a cable with its own name."""
    plan = book.cables.cables
    right = texts(book.devices, plan["cable_id"].gather(np.maximum(held.planned, 0)))
    name = lines.table["cable"]
    wrong = (name != "") & (name != right) & pl.Series(held.same)
    return [
        Mistake(
            column="cable",
            what="is not the name of the cable between these ports",
            rows=wrong.to_numpy(),
            remedy="the name as in the plan, or other ports",
            limit=right,
        )
    ]


def _made(book: Book, lines: Lines, held: Held) -> pl.DataFrame:
    """Return the rows with the lower end first, labels made from their ports, parts filled in."""
    a, z = (labelled(book.devices, pl.Series(x), book.cables.label) for x in (held.low, held.high))
    return lines.table.with_columns(
        a_node=a["node"],
        a_port=a["port"],
        z_node=z["node"],
        z_port=z["port"],
        a_label=a["label"],
        z_label=z["label"],
        part=held.part,
        length_m=pl.Series(np.nan_to_num(held.length_m)),
        network=pl.Series([*FABRICS, ""]).gather(np.where(held.net < 0, len(FABRICS), held.net // len(TIERS))),
    )


def _labels(lines: Lines, held: Held, made: pl.DataFrame) -> list[Mistake]:
    """Return labels of the other end, and labels that changed with their port: these are made anew."""
    out = []
    flip = pl.Series(held.flip)
    for end, other in (("a", "z"), ("z", "a")):
        right, far = (
            pl.select(pl.when(flip).then(made[f"{y}_label"]).otherwise(made[f"{x}_label"])).to_series()
            for x, y in ((end, other), (other, end))
        )
        text = lines.table[f"{end}_label"]
        crossed = (text != "") & (text == far) & (text != right)
        stale = (text != "") & (text != right) & ~crossed
        out += [
            Mistake(
                column=f"{end}_label",
                what="is the label of the other end",
                rows=crossed.to_numpy(),
                remedy="exchange the two labels",
                limit=right,
            ),
            Mistake(
                column=f"{end}_label",
                what="is not the label of that port; the label is made anew",
                rows=stale.to_numpy(),
                remedy="print a new label",
                limit=right,
                severity=Severity.note,
            ),
        ]
    return out
