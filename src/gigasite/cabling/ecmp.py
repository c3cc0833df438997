"""Which links a measurement crosses, and with what share of its packets: all shortest paths over the planned fabric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Finding, Severity
from gigasite.cabling import route_kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

MOST_MEMBERS = 200_000_000
"""Links of all pairs together that are kept: 3.2 GB."""
_ROOM = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """Devices and links of a plan.

    Parameters
    ----------
    nodes
        Names, sorted (m,).
    a, z
        Devices at the ends of each link, a row of the plan (l,).
    first, to, link
        Neighbours of each device and the links to them, in one list.
    forwards
        Switches: devices that pass on what is not for them (m,).
    """

    ends: pl.DataFrame
    nodes: tuple[str, ...]
    a: Ints
    z: Ints
    first: Ints
    to: Ints
    link: Ints
    forwards: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """Links of measurements in two steps: `stages @ shares` is the share of each link in each measurement.

    Parameters
    ----------
    row
        Rows of the measurements that have a route (r,).
    stages
        Which stages each measurement is made of (r, k).
    shares
        Share of each link in the traffic of a stage (k, l).
    """

    fabric: Fabric
    row: Ints
    stages: sparse.csr_matrix
    shares: sparse.csr_matrix
    findings: tuple[Finding, ...]


def fabric(ends: pl.DataFrame, sources: pl.Series) -> Fabric:
    """Return the graph of a plan.

    Parameters
    ----------
    ends
        `a_node, a_port, z_node, z_port`.
    sources
        Where measurements start: devices of their kind (by name without digits) are hosts and forward nothing.
    """
    both = pl.concat([ends["a_node"], ends["z_node"]])
    nodes = both.unique().sort()
    code = both.cast(pl.Enum(nodes)).to_physical().to_numpy().astype(np.int64)
    a, z = code[: ends.height], code[ends.height :]
    order = np.argsort(np.r_[a, z], kind="stable")
    first = np.searchsorted(np.r_[a, z][order], np.arange(len(nodes) + 1))
    kind = nodes.str.to_lowercase().str.replace_all(r"\d+", "#")
    source = nodes.is_in(_device(nodes, sources).drop_nulls().implode())
    host = kind.is_in(kind.filter(source).implode()) & (source | (kind != nodes.str.to_lowercase()))
    return Fabric(
        ends=ends,
        nodes=tuple(nodes.to_list()),
        a=a,
        z=z,
        first=first.astype(np.int64),
        to=np.r_[z, a][order],
        link=np.tile(np.arange(ends.height), 2)[order],
        forwards=~host.to_numpy(),
    )


def _device(nodes: pl.Series, texts: pl.Series) -> pl.Series:
    """Return the device that each text names: as it is, without case, without domain, before `:port`; null for none."""
    known = pl.DataFrame({"name": nodes})
    asked = pl.DataFrame({"text": texts})
    out = pl.Series([None] * len(texts), dtype=pl.String)
    host = asked.select(text=pl.col("text").str.replace(r":[^:]*$", ""))
    for form, rows in ((pl.col, asked), (_low, asked), (_short, asked), (pl.col, host), (_low, host), (_short, host)):
        keys = known.with_columns(key=form("name")).unique("key", keep="none")
        hit = rows.with_columns(key=form("text")).join(keys, on="key", how="left", maintain_order="left")["name"]
        out = pl.select(pl.coalesce(pl.lit(out), pl.lit(hit))).to_series()
    return out


def _low(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().str.to_lowercase()


def _short(column: str) -> pl.Expr:
    return _low(column).str.split(".").list.first()


def routes(ends: pl.DataFrame, table: pl.DataFrame) -> Routes:
    """Return the links of each measurement.

    Where its path is known (`via`), between each two devices of it; else all shortest paths. A host with one neighbour
    enters the fabric there, which is kept apart: a million pairs of hosts are a few thousand pairs of leaves.

    Parameters
    ----------
    ends
        The plan: `a_node, a_port, z_node, z_port`.
    table
        Follows `MEASUREMENTS`.

    Raises
    ------
    InfeasibleError
        There are more paths than can be kept.
    """
    made = fabric(ends, table["src"].unique())
    hops, bad = _hops(made, table)
    kinds, stage = np.unique(hops[:, 1:], axis=0, return_inverse=True) if len(hops) else (hops[:, 1:], hops[:, 0])
    shares, lost = _stages(made, kinds)
    row = hops[:, 0]
    cut = np.unique(row[lost[stage.ravel()]]) if len(hops) else row
    good = np.setdiff1d(np.unique(row), cut)
    keep = np.isin(row, good)
    at = np.searchsorted(good, row[keep])
    stages = sparse.csr_matrix((np.ones(len(at)), (at, stage.ravel()[keep])), shape=(len(good), len(kinds)))
    told = [*bad, *_cut_off(table, cut)]
    return Routes(fabric=made, row=good, stages=stages, shares=shares, findings=tuple(told))


def _hops(made: Fabric, table: pl.DataFrame) -> tuple[Ints, list[Finding]]:
    """Return (row, device, device) of each stage of each measurement, and findings on devices that the plan has not.

    A stage from -1 to a link is that link: a port that the measurement names.
    """
    nodes = pl.Series(made.nodes)
    number = pl.DataFrame({"name": nodes, "at": np.arange(len(nodes))})
    long = table.with_row_index("row").select(
        "row", "src", "dst", way=pl.concat_list(pl.col("src"), pl.col("via").str.extract_all(r"\S+"), pl.col("dst"))
    )
    points = long.select("row", "way").explode("way")
    texts = points["way"].unique().sort()
    known = pl.DataFrame({"way": texts, "name": _device(nodes, texts)}).join(number, on="name", how="left")
    points = points.join(known.select("way", "at"), on="way", how="left", maintain_order="left")
    lost = points.filter(pl.col("at").is_null())
    bad = lost["row"].unique().to_numpy()
    points = points.filter(~pl.col("row").is_in(pl.Series(bad).implode()))
    row, at = points["row"].to_numpy().astype(np.int64), points["at"].to_numpy().astype(np.int64)
    port = _named_links(made, points["way"], at)
    hops = _entered(made, row, at, port)
    return hops, _unknown(table, lost)


def _named_links(made: Fabric, way: pl.Series, at: Ints) -> Ints:
    """Return the link of each point that names a port, -1 for none."""
    link = np.full(len(at), -1, np.int64)
    asked = np.flatnonzero(way.str.contains(":", literal=True).to_numpy())
    if len(asked):
        ends, rows = made.ends, np.arange(made.ends.height)
        ports = pl.concat(
            [
                ends.select(n=pl.Series(d), p=f"{e}_port", link=pl.Series(rows))
                for e, d in (("a", made.a), ("z", made.z))
            ]
        )
        want = pl.DataFrame({"n": at[asked], "p": way.gather(asked).str.extract(r":([^:]*)$")})
        got = want.join(ports, on=["n", "p"], how="left", maintain_order="left")["link"].fill_null(-1)
        link[asked] = got.to_numpy()
    return link


def _entered(made: Fabric, row: Ints, at: Ints, port: Ints) -> Ints:
    """Return stages between neighbouring points of a row, hosts with one neighbour, or a named port, cut off."""
    degree = np.diff(made.first)
    only = made.to[np.minimum(made.first[:-1], len(made.to) - 1)]
    # several cables to one neighbour are one way in as well
    same = np.maximum.reduceat(made.to, made.first[:-1]) == np.minimum.reduceat(made.to, made.first[:-1])
    single = ~made.forwards & same & (degree > 0)
    entry = np.where(
        port >= 0, np.where(made.a[port] == at, made.z[port], made.a[port]), np.where(single[at], only[at], at)
    )
    next_ = np.flatnonzero(row[1:] == row[:-1])
    first, last = np.r_[True, row[1:] != row[:-1]], np.r_[row[1:] != row[:-1], True]
    edge = np.flatnonzero((first | last) & (entry != at))
    outer = np.where(port[edge] >= 0, -1, at[edge]), np.where(port[edge] >= 0, port[edge], entry[edge])
    here, there = np.where(first, entry, at)[next_], np.where(last, entry, at)[next_ + 1]
    # two hosts on one leaf have no stage between; a way that ends at the leaf itself neither
    inner = here != there
    stages = np.c_[np.r_[row[edge], row[next_][inner]], np.r_[outer[0], here[inner]], np.r_[outer[1], there[inner]]]
    out: Ints = stages
    return out


def _stages(made: Fabric, kinds: Ints) -> tuple[sparse.csr_matrix, NDArray[np.bool_]]:
    """Return the share of links in each stage (k, l), and which stages have no way."""
    counts = np.zeros(len(kinds), np.int64)
    named = kinds[:, 0] < 0
    pairs = np.ascontiguousarray(np.where(named[:, None], 0, kinds))
    ask = np.flatnonzero(~named)
    got = np.zeros(len(ask), np.int64)
    links, parts, begin, room = [], [], 0, _ROOM
    while begin < len(ask):
        out_link, out_share = np.empty(room, np.int64), np.empty(room)
        stop, filled = route_kernels.spread(
            made.first, made.to, made.link, made.forwards, pairs[ask], begin, got, out_link, out_share
        )
        room = room * 4 if stop == begin else room
        begin = stop
        links.append(out_link[:filled])
        parts.append(out_share[:filled])
        if sum(map(len, links)) > MOST_MEMBERS or room > MOST_MEMBERS:
            raise InfeasibleError(
                f"the measurements cross more than {MOST_MEMBERS:,} links of equal-cost paths; name the devices on the"
                " way in a column via, or measure fewer pairs of leaves"
            )
    counts[ask], counts[named] = np.maximum(got, 0), 1
    lost = np.zeros(len(kinds), bool)
    lost[ask] = got < 0
    offset = np.r_[0, np.cumsum(counts)]
    index, data = np.empty(offset[-1], np.int64), np.ones(offset[-1])
    plain = np.repeat(~named, counts)
    index[plain] = np.concatenate(links) if links else []
    data[plain] = np.concatenate(parts) if parts else []
    index[~plain] = kinds[named, 1]
    shares = sparse.csr_matrix((data, index, offset), shape=(len(kinds), len(made.a)))
    shares.sum_duplicates()
    return shares, lost


def _unknown(table: pl.DataFrame, lost: pl.DataFrame) -> list[Finding]:
    each = lost.unique("way", keep="first", maintain_order=True)
    where = table.select("file", "line")[each["row"].to_numpy()].to_dicts()
    count = lost["row"].n_unique()
    return [
        _told(f"{w['file']}:{w['line']}", f"'{n[:60]}' is no device of the plan", f"{count} measurements are left out")
        for n, w in list(zip(each["way"].to_list(), where, strict=True))[:20]
    ]


def _cut_off(table: pl.DataFrame, rows: Ints) -> list[Finding]:
    few = table[rows[:20]].to_dicts()
    return [
        _told(
            f"{r['file']}:{r['line']}",
            f"the plan has no path from {r['src']} to {r['dst']}" + (f" by {r['via']}" if r["via"] else ""),
            f"{len(rows)} measurements are left out",
        )
        for r in few
    ]


def _told(where: str, what: str, found: str) -> Finding:
    return Finding(
        severity=Severity.warning,
        chapter="cabling",
        where=where,
        what=what,
        found=found,
        remedy="correct the name, or give the plan that the measurements belong to",
    )
