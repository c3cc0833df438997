"""Which node of the plan each device is that was seen, by identity first and by name last; ports likewise.

`match_names.py` binds the devices; here ports get one numbering over plan and sightings, and each its peers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.lookup import KEY_BITS, Lookup
from gigasite.cabling.match_names import far_ids, node_names, plan_ids
from gigasite.cabling.port_names import port_key
from gigasite.cabling.types import BOUND_PORTS, UNBOUND
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.types import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Plan and sightings over one numbering of ports.

    Parameters
    ----------
    ports
        Follows `BOUND_PORTS`: row number is the port's index; those of the plan first, then others that were seen.
    plan_peer, seen_peer
        Index of the port at the other end, -1 for none (n,).
    packed
        `device << PORT_BITS | port` of each port (n,); devices in the order of `nodes`.
    nodes
        Names of devices: those of the plan first, then others.
    planned_nodes
        How many of `nodes` the plan has.
    sight
        Row of `Observed.sightings` that `seen_peer` rests on, -1 for none (n,).
    mutual
        The other end says the same (n,).
    unbound
        Follows `UNBOUND`: what could not be bound, and why.
    """

    ports: pl.DataFrame
    plan_peer: NDArray[np.int64]
    seen_peer: NDArray[np.int64]
    packed: NDArray[np.int64]
    nodes: tuple[str, ...]
    planned_nodes: int
    sight: NDArray[np.int64]
    mutual: NDArray[np.bool_]
    reporting: NDArray[np.bool_]
    """The port's node has a dump of its own, if only of itself, that is not cut before this port (n,)."""
    unbound: pl.DataFrame
    findings: tuple[Finding, ...]


def bind(ends: pl.DataFrame, observed: Observed) -> Bound:
    """Bind what was seen to a plan.

    Parameters
    ----------
    ends
        `a_node, a_port, z_node, z_port`; any of `a_guid, a_mac, a_serial` and the same of `z` name devices for good.
    observed
        From `observe`.
    """
    planned = plan_ids(ends)
    # only what is needed here: a table of millions of links is mostly empty columns, which a filter would fill
    seen = observed.sightings.select(_NEEDED).with_row_index("sight")
    if (seen["seen_node"] == "").any():
        seen = seen.filter(pl.col("seen_node") != "")
    names, told = node_names(pl.concat([ends["a_node"], ends["z_node"]]).unique().sort(), observed, planned)
    told_of = observed.nodes.select(text="node").unique().join(names, on="text")["name"]
    cut = pl.DataFrame({"text": observed.cut}, schema={"text": pl.String}).join(names, on="text")["name"]
    return _bound(ends, seen, _numbered(ends, seen, names, far_ids(observed, names)), (told, told_of, cut))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """Ends of cables and sightings as `node << KEY_BITS | port key`; key 0 is none."""

    nodes: tuple[str, ...]
    a: NDArray[np.int64]
    z: NDArray[np.int64]
    near: NDArray[np.int64]
    far: NDArray[np.int64]
    far_column: NDArray[np.int8]
    """Which column of the sightings names the far port; -1 the port that the far end itself reports."""
    far_row: NDArray[np.int64]
    """Sighting whose own port that is, where `far_column` is -1."""


_FAR = ("seen_port", "seen_port_raw", "seen_port_descr")
_NEEDED = ["node", "port", "seen_node", *_FAR, "identity", "ttl_s", "age_s", "file", "line"]


def _codes(column: pl.Series, values: pl.Series, code: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the code of each text; `values` are all different texts that there are."""
    kind = pl.Enum(values)
    found: NDArray[np.int64] = code[column.cast(kind).to_physical().to_numpy()]
    return found


def _numbered(ends: pl.DataFrame, seen: pl.DataFrame, names: pl.DataFrame, by_id: pl.DataFrame) -> _Numbers:
    """Return numbers of all ends: each different text is looked at once."""
    plan = pl.concat([ends["a_node"], ends["z_node"]]).unique()
    nodes = pl.concat([plan, names["name"], by_id["name"]]).unique().sort()
    at = pl.DataFrame({"name": nodes, "code": np.arange(len(nodes), dtype=np.int64)})
    of_text = names.join(at, on="name", how="left", maintain_order="left")
    of_id = by_id.join(at, on="name", how="left", maintain_order="left")
    near = _codes(seen["node"], of_text["text"], of_text["code"].to_numpy())
    far = _codes(seen["seen_node"], of_text["text"], of_text["code"].to_numpy())
    if of_id.height:
        each = pl.DataFrame({"id": seen["identity"].unique().sort()}).join(
            of_id, on="id", how="left", maintain_order="left"
        )
        told = _codes(seen["identity"], each["id"], each["code"].fill_null(-1).to_numpy())
        far = np.where(told >= 0, told, far)
    texts = pl.concat([ends["a_port"], ends["z_port"], seen["port"], *(seen[c] for c in _FAR)]).unique().sort()
    keys = pl.Series([port_key(t) for t in texts.to_list()], dtype=pl.String)
    every = keys.filter(keys != "").unique().sort()
    number = keys.replace_strict(every, np.arange(1, len(every) + 1), default=0, return_dtype=pl.Int64).to_numpy()
    ports = {c: _codes(s, texts, number) for c, s in (("port", seen["port"]), *((c, seen[c]) for c in _FAR))}
    a, z = (
        _codes(ends[f"{e}_node"], nodes, at["code"].to_numpy()) << KEY_BITS | _codes(ends[f"{e}_port"], texts, number)
        for e in "az"
    )
    mine = near << KEY_BITS | ports["port"]
    there, column, row = _far_ports(far, [ports[c] for c in _FAR], mine, np.r_[a, z, mine])
    return _Numbers(nodes=tuple(nodes.to_list()), a=a, z=z, near=mine, far=there, far_column=column, far_row=row)


def _distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each value once, in order. Sorting is five times faster here than `np.unique`, which hashes since 2.3."""
    ordered = np.sort(values)
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]]] if len(ordered) else ordered


def _in(values: NDArray[np.int64], ordered: NDArray[np.int64]) -> NDArray[np.bool_]:
    at = np.searchsorted(ordered, values)
    return ordered[np.minimum(at, len(ordered) - 1)] == values if len(ordered) else np.zeros(len(values), bool)


def _far_ports(
    far: NDArray[np.int64], ports: list[NDArray[np.int64]], mine: NDArray[np.int64], known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """Return the far end of each sighting: the first spelling that the plan or the far end itself has.

    Where none is (a MAC address, a number, nothing), the one port of the far end that sees this port is taken.
    """
    have = Lookup(_distinct(known[known & ((1 << KEY_BITS) - 1) != 0]))
    out = far << KEY_BITS | ports[0]
    column = np.zeros(len(far), np.int8)
    open_ = np.flatnonzero(have.find(out) < 0)
    for number, port in enumerate(ports[1:], start=1):
        other = far[open_] << KEY_BITS | port[open_]
        hit = have.find(other) >= 0
        out[open_[hit]], column[open_[hit]] = other[hit], number
        open_ = open_[~hit]
    row = np.full(len(far), -1, np.int64)
    if len(open_):
        # sightings of the far node that see this very port, when there is one alone
        back = pl.DataFrame({"far": mine >> KEY_BITS, "sees": out, "row": np.arange(len(far))})
        back = back.filter(pl.Series(_in(out, _distinct(mine[open_])))).unique(["far", "sees"], keep="none")
        ask = pl.DataFrame({"far": far[open_], "sees": mine[open_], "at": open_})
        got = ask.join(back, on=["far", "sees"], how="inner")
        i, j = got["at"].to_numpy(), got["row"].to_numpy()
        out[i], column[i], row[i] = mine[j], -1, j
    return out, column, row


def _bound(
    ends: pl.DataFrame, seen: pl.DataFrame, n: _Numbers, told: tuple[list[Finding], pl.Series, pl.Series]
) -> Bound:
    """Give ports their index, the plan's first, by node and spelling; and each its peers.

    `told` has findings, the names of devices that tell of themselves: they report though they may see nobody; and of
    devices whose account is cut: their ports report as far as they are told of.
    """
    low = (1 << KEY_BITS) - 1
    ids, first = np.unique(np.r_[n.a, n.z], return_index=True)
    ends_seen = np.r_[n.near[n.near & low != 0], n.far[n.far & low != 0]]
    planned = Lookup(ids)
    new = np.flatnonzero(planned.find(ends_seen) < 0)
    extra, extra_at = np.unique(ends_seen[new], return_index=True)
    extra_at = new[extra_at]
    every, others = np.r_[ids, extra], Lookup(extra)

    def index(values: NDArray[np.int64]) -> NDArray[np.int64]:
        found = planned.find(values)
        left = np.flatnonzero(found < 0)
        more = others.find(values[left])
        found[left] = np.where(more >= 0, len(ids) + more, -1)
        return found

    plan_peer = np.full(len(every), -1, np.int64)
    a, z = index(n.a), index(n.z)
    plan_peer[a], plan_peer[z] = z, a
    i = np.where(n.near & low != 0, index(n.near), -1)
    j = np.where(n.far & low != 0, index(n.far), -1)
    seen_peer, sight, mutual, unbound = _peers(seen, i, j, plan_peer, n)
    text = pl.concat([pl.concat([ends["a_port"], ends["z_port"]]).gather(first), _texts(seen, n, extra_at)])
    order, device = _devices(every >> KEY_BITS, ids >> KEY_BITS)
    number = pl.DataFrame({"d": device}).select(pl.int_range(pl.len()).over("d")).to_series().to_numpy()
    node = pl.Series(n.nodes).gather(every >> KEY_BITS)
    speaks = np.flatnonzero(pl.Series(n.nodes, dtype=pl.String).is_in(told[1].implode()).to_numpy())
    reporting = _in(every >> KEY_BITS, np.union1d(_distinct(n.near >> KEY_BITS), speaks))
    if told[2].len():
        reporting &= (sight >= 0) | ~node.is_in(told[2].implode()).to_numpy()
    ports = pl.DataFrame({"node": node, "port": text, "planned": np.arange(len(every)) < len(ids)})
    return Bound(
        ports=BOUND_PORTS.check(ports),
        plan_peer=plan_peer,
        seen_peer=seen_peer,
        packed=device << PORT_BITS | number,
        nodes=tuple(pl.Series(n.nodes).gather(order).to_list()),
        planned_nodes=len(_distinct(ids >> KEY_BITS)),
        sight=sight,
        mutual=mutual,
        reporting=reporting,
        unbound=UNBOUND.check(unbound),
        findings=(*told[0], *_one_way(seen_peer, mutual, reporting), *_unbound_findings(unbound)),
    )


def _texts(seen: pl.DataFrame, n: _Numbers, at: NDArray[np.int64]) -> pl.Series:
    """Return the spelling of ports that the plan has not, at positions of near ends and, behind them, far ends."""
    low = (1 << KEY_BITS) - 1
    near_rows, far_rows = np.flatnonzero(n.near & low != 0), np.flatnonzero(n.far & low != 0)
    mine = at < len(near_rows)
    row = np.r_[near_rows, far_rows][at]
    column = np.where(mine, -2, n.far_column[row])
    table: pl.DataFrame = seen.select("port", *_FAR)[row].with_columns(c=pl.Series(column))
    named = table.select(
        pl.when(pl.col("c") == -2).then("port").when(pl.col("c") == 1).then("seen_port_raw")
        .when(pl.col("c") == 2).then("seen_port_descr").otherwise("seen_port").alias("port")
    )  # fmt: skip
    texts: pl.Series = named.to_series()
    return texts


def _devices(of_port: NDArray[np.int64], planned: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nodes that have ports, the plan's first, and each port's number among them."""
    first = _distinct(planned)
    order = np.r_[first, np.setdiff1d(_distinct(of_port), first)]
    place = np.zeros(int(order.max()) + 1 if len(order) else 0, np.int64)
    place[order] = np.arange(len(order))
    return order, place[of_port]


def _peers(
    seen: pl.DataFrame, i: NDArray[np.int64], j: NDArray[np.int64], plan_peer: NDArray[np.int64], names: _Numbers
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], pl.DataFrame]:
    """Return seen_peer, the row it rests on, whether both ends agree, and what was left out.

    Of several neighbours on one port the one is taken whose port says the same; then what lives (time to live), then
    what was seen last (least age), then what the plan wants, then the first. A port whose device gave no dump is where
    its neighbour says.
    """
    n = len(plan_peer)
    ok = (i >= 0) & (j >= 0)
    both = _answered(n, i, j, ok)
    taken = _taken(seen, i, ok, both, plan_peer[np.where(i >= 0, i, 0)] == j) if n else np.zeros(0, np.int64)
    seen_peer, sight, mutual = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.zeros(n, bool)
    rows = seen["sight"].to_numpy().astype(np.int64)
    seen_peer[i[taken]], sight[i[taken]], mutual[i[taken]] = j[taken], rows[taken], both[taken]
    silent = taken[~_in(names.far[taken] >> KEY_BITS, _distinct(names.near >> KEY_BITS))]
    silent = silent[seen_peer[j[silent]] < 0]
    silent = silent[np.unique(j[silent], return_index=True)[1]]
    seen_peer[j[silent]], sight[j[silent]] = i[silent], rows[silent]
    rest = np.ones(len(i), bool)
    rest[taken] = False
    return seen_peer, sight, mutual, _left_out(seen, np.flatnonzero(rest), i, j)


def _answered(n: int, i: NDArray[np.int64], j: NDArray[np.int64], ok: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which sightings the far port answers with one of its own.

    Most ports have one sighting, which an address finds; pairs are sorted only where a port has several.
    """
    count = np.bincount(i[ok], minlength=n)
    one = np.full(n, -1, np.int64)
    one[i[ok]] = j[ok]
    out = np.zeros(len(i), bool)
    at = np.flatnonzero(ok)
    out[at] = one[j[at]] == i[at]
    several = at[count[j[at]] > 1]
    if len(several):
        many = at[count[i[at]] > 1]
        out[several] = _in(j[several] * n + i[several], _distinct(i[many] * n + j[many]))
    return out


def _taken(
    seen: pl.DataFrame, i: NDArray[np.int64], ok: NDArray[np.bool_], both: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return one sighting a port; see `_peers`."""
    at = np.flatnonzero(ok)
    count = np.bincount(i[at]) if len(at) else np.zeros(0, np.int64)
    single = count[i[at]] == 1
    several = at[~single]
    table = seen.select("ttl_s", "age_s")[several].with_columns(
        at=several, i=i[several], both=both[several], wanted=wanted[several]
    )
    order = table.sort(
        "i", ~pl.col("both"), (pl.col("ttl_s") <= 0).fill_null(value=False), pl.col("age_s").fill_nan(None),
        ~pl.col("wanted"), "at", nulls_last=True,
    )  # fmt: skip
    best = order.unique("i", keep="first", maintain_order=True)["at"].to_numpy()
    return np.sort(np.r_[at[single], best])


def _left_out(seen: pl.DataFrame, rest: NDArray[np.int64], i: NDArray[np.int64], j: NDArray[np.int64]) -> pl.DataFrame:
    table = seen[rest].with_columns(i=i[rest], j=j[rest])
    why = (
        pl.when(pl.col("i") < 0).then(pl.lit("the dump does not say on which port"))
        .when(pl.col("j") < 0).then(pl.lit("the neighbour's port is not told"))
        .otherwise(pl.lit("another neighbour of the same port is taken"))
    )  # fmt: skip
    return table.select("node", "port", "seen_node", "seen_port", "file", "line", why=why)


def _one_way(seen: NDArray[np.int64], mutual: NDArray[np.bool_], reporting: NDArray[np.bool_]) -> list[Finding]:
    """Return a finding on ports whose far end gave a dump that does not say the same."""
    far = np.where(seen >= 0, seen, 0)
    count = int(((seen >= 0) & reporting & reporting[far] & ~mutual).sum())
    if not count:
        return []
    return [
        Finding(
            severity=Severity.warning,
            chapter="cabling",
            where="observation",
            what=f"{count} ports see a neighbour whose own dump does not say the same",
            remedy="read both ends again; if it stays, look at the fibre pair or the optic",
        )
    ]


def _unbound_findings(unbound: pl.DataFrame) -> list[Finding]:
    return [
        Finding(
            severity=Severity.warning,
            chapter="cabling",
            where=f"{r['file']}:{r['line']}" if r["line"] else r["file"],
            what=f"{r['node']} {r['port']} sees {r['seen_node']} {r['seen_port']}: {r['why']}",
            remedy="kept as evidence, not compared",
        )
        for r in unbound.head(200).to_dicts()
    ]
