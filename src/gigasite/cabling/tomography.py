"""Which links and switches lose packets that no counter shows: from end-to-end measurements over known paths.

A greedy search for the likeliest set of failed parts, in the manner of Flock (Harsh, Meng, Agrawal, Godfrey, CoNEXT
2023, arXiv 2305.03348): losses of a measurement are Poisson, their mean the sum over the links that it crosses; parts
are added while they raise the likelihood by more than chance would among so many suspects, and let go again when others
explain their losses better. Links and whole devices compete on equal terms. Parts that every measurement crosses alike
cannot be told apart: they are reported as one group, and `measure_next.py` says what tells them apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from gigasite._core.table import Column, Schema
from gigasite.cabling import tomography_kernels as kernels
from gigasite.cabling.ecmp import routes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.cabling.ecmp import Routes
    from gigasite.cabling.measure import Measured

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

SUSPECTS = Schema(
    "suspects",
    (
        Column("group", "Int32", "parts of one group cannot be told apart by these measurements"),
        Column("kind", "String", "link or device"),
        Column("a_node", "String", "the device, or one end of the link"),
        Column("a_port", "String", "'' of a device"),
        Column("z_node", "String", ""),
        Column("z_port", "String", ""),
        Column("rate_frac", "Float64", "share of packets that it loses, or of bandwidth that is missing"),
        Column("gain_nats", "Float64", "by how much it raises the likelihood"),
        Column("confidence_frac", "Float64", "that it is this one: shared by a group"),
        Column("link", "Int32", "row of the plan, -1 of a device"),
    ),
)


STEPS = 200
"""Of fitting all chosen parts together."""
MOST_ROUNDS = 60
"""Of adding and letting go; six are usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """When a part is held to be gray.

    Parameters
    ----------
    false_alarm_frac
        Share of named parts that are good, if losses are as the model says: the bar is lower the more parts are found,
        as Benjamini and Hochberg (1995) set it.
    least_rate_frac
        Lost share below which a part is not worth an order; estimate.
    other_frac
        Lost share of good paths at the start; it is found with the rest. Estimate.
    bandwidth_weight
        Packets that a measurement of bandwidth counts for: missing bandwidth is taken as loss. Estimate.
    sprayed
        Packets of one measurement take all paths between its ends. Else they keep to one of them: where any ping's
        path is not known, a ping with losses is one event, whatever their number. Where all paths are known (`via`, or
        there is but one) it makes no difference.
    noise
        Deviations (1.4826 times the median absolute deviation) by which a bandwidth may lie below its kind.
    """

    false_alarm_frac: float = 0.05
    least_rate_frac: float = 1e-4
    other_frac: float = 1e-6
    bandwidth_weight: float = 100.0
    sprayed: bool = False
    noise: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Localised:
    """What loses packets, and what stays open.

    Parameters
    ----------
    suspects
        Follows `SUSPECTS`, most certain first.
    other_frac
        Share that everything else loses.
    links_covered
        Links that measurements cross.
    """

    suspects: pl.DataFrame
    other_frac: float
    measurements: int
    measurements_lossy: int
    links: int
    links_covered: int
    routes: Routes
    findings: tuple[Finding, ...]


def localise(ends: pl.DataFrame, measured: Measured, sense: Sense | None = None) -> Localised:
    """Find gray links and devices.

    Parameters
    ----------
    ends
        The plan, or what is really cabled: `a_node, a_port, z_node, z_port`.
    measured
        From `read_measurements`.
    """
    sense = sense or Sense()
    ways = routes(ends, measured.table)
    trials = counts(measured.table[ways.row], ways, sense)
    made = suspects(ways, trials)
    chosen, x, gain, other = _search(made, sense)
    x = x if sense.sprayed else _worst(made, chosen, x)
    order = np.argsort(-gain, kind="stable")
    table = _table(ways, made, chosen[order], x[order], gain[order])
    covered = int((made.crossed[: len(ways.fabric.a)] > 0).sum())
    return Localised(
        suspects=table,
        other_frac=other,
        measurements=len(ways.row),
        measurements_lossy=int((trials.lost > 0).sum()),
        links=len(ways.fabric.a),
        links_covered=covered,
        routes=ways,
        findings=(*measured.findings, *ways.findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What each measurement says (r,).

    Parameters
    ----------
    sent, lost
        Events, and those that went wrong.
    packets
        For what is lost everywhere.
    loss_frac
        Share lost, for the report.
    """

    sent: Floats
    lost: Floats
    packets: Floats
    loss_frac: Floats


def counts(table: pl.DataFrame, ways: Routes, sense: Sense) -> Trials:
    """Return packets sent and lost of each measurement; of bandwidth what is missing to the middle of its kind.

    The kind is the length of the path: pairs under one leaf are faster than pairs across the fabric.
    """
    sent, lost = table["sent"].to_numpy().copy(), table["lost"].to_numpy().copy()
    length = ways.stages @ np.asarray(ways.shares.sum(axis=1)).ravel()
    rate = table["gb_per_s"].to_numpy()
    at = np.flatnonzero(~np.isnan(rate))
    if len(at):
        hops = np.round(length).astype(np.int64)
        kinds = pl.DataFrame({"v": rate[at], "k": hops[at]}).with_columns(m=pl.col("v").median().over("k"))
        kinds = kinds.with_columns(d=(pl.col("v") - pl.col("m")).abs().median().over("k") * 1.4826)
        middle, scatter = kinds["m"].to_numpy(), kinds["d"].to_numpy()
        missing = np.clip(1.0 - rate[at] / np.maximum(middle, 1e-12), 0.0, 1.0)
        missing[rate[at] >= middle - np.maximum(sense.noise * scatter, 0.02 * middle)] = 0.0
        sent[at], lost[at] = sense.bandwidth_weight, sense.bandwidth_weight * missing
    packets, share = sent.copy(), lost / sent
    if not sense.sprayed:
        several = ways.stages @ np.diff(ways.shares.indptr) > length + 0.5
        ping = np.isnan(rate)
        if (several & ping).any():  # all of them, so that a part's share means the same everywhere
            sent[ping], lost[ping] = 1.0, lost[ping] > 0
    return Trials(sent=sent, lost=lost, packets=packets, loss_frac=share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """Links and devices as columns over the measurements that lost packets; parts that are crossed alike are one.

    Parameters
    ----------
    crossed
        Packets that cross each part: links first, then devices (p,).
    group
        Number of the column of each part, -1 for none (p,).
    first, rows, sends
        The columns, as `tomography_kernels.gains` takes them.
    weight
        Packets that cross a column's part (c,).
    size
        Links that a column stands for, 1 of a device (c,).
    sent, lost, loss_frac
        Of the measurements that lost packets: packets, events that went wrong, share lost (r,).
    total_sent
        Packets of all measurements.
    """

    crossed: Floats
    group: Ints
    first: Ints
    rows: Ints
    sends: Floats
    weight: Floats
    size: Floats
    sent: Floats
    lost: Floats
    loss_frac: Floats
    total_sent: float


def suspects(ways: Routes, trials: Trials) -> Suspects:
    """Return the parts that measurements can tell apart."""
    parts = _parts(ways)
    weight = parts.T @ (ways.stages.T @ trials.sent)
    group, pick = _alike(ways, parts, weight)
    hit = np.flatnonzero(trials.lost > 0)
    columns = (ways.stages[hit] @ parts[:, pick]).tocsc()
    columns.sort_indices()
    rows = columns.indices.astype(np.int64)
    links = group[: len(ways.fabric.a)]
    size = np.bincount(links[links >= 0], minlength=len(pick))
    return Suspects(
        crossed=weight,
        group=group,
        first=columns.indptr.astype(np.int64),
        rows=rows,
        sends=columns.data * trials.sent[hit][rows],
        weight=weight[pick],
        size=np.maximum(size, 1).astype(np.float64),
        sent=trials.packets[hit],
        lost=trials.lost[hit],
        loss_frac=trials.loss_frac[hit],
        total_sent=float(trials.packets.sum()),
    )


def _parts(ways: Routes) -> sparse.csc_matrix:
    """Return shares of links and, behind them, of devices: half of what their links carry: traffic passes through."""
    f = ways.fabric
    links, m = np.arange(len(f.a)), len(f.nodes)
    half = sparse.csr_matrix(
        (np.full(2 * len(links), 0.5), (np.tile(links, 2), np.r_[f.a, f.z])), shape=(len(links), m)
    )
    return sparse.hstack([ways.shares, ways.shares @ half], format="csc")


def _alike(ways: Routes, parts: sparse.csc_matrix, weight: Floats) -> tuple[Ints, Ints]:
    """Return the group of each part, -1 where nothing crosses it, and one part of each group, links before devices.

    Two parts are alike when their columns are proportional. Two random sums tell: the chance that they agree otherwise
    is nil.
    """
    rng = np.random.default_rng(1)  # any numbers do; the same ones give the same answer
    count = len(ways.row)
    base = parts.T @ (ways.stages.T @ np.ones(count))
    used = np.flatnonzero((base > 0) & (weight > 0))
    sums = [(parts.T @ (ways.stages.T @ rng.random(count)))[used] / base[used] for _ in range(2)]
    key = np.round(np.stack(sums, axis=1), 10)
    _, first, number = np.unique(key, axis=0, return_index=True, return_inverse=True)
    group = np.full(parts.shape[1], -1, np.int64)
    group[used] = number.ravel()
    return group, used[first]


def _search(made: Suspects, sense: Sense) -> tuple[Ints, Floats, Floats, float]:
    """Return chosen columns, what they lose, what they gain, and what everything else loses."""
    many = len(made.weight)
    chosen, x, other = np.zeros(0, np.int64), np.zeros(0), max(sense.other_frac, 1e-12)
    rate = other * made.sent
    if not len(made.lost) or not many:
        return chosen, x, x, 0.0
    # all losses as background is where it starts from: what is everywhere is no one's fault
    chosen, x, other, rate, gain = _fitted(made, chosen, x, other, sense, 0.0)
    for _ in range(MOST_ROUNDS):
        least = math.log(many / ((len(chosen) + 1) * sense.false_alarm_frac))
        found = kernels.gains(made.first, made.rows, made.sends, made.lost, rate, made.weight, made.size, 12)
        found[0, (found[1] < sense.least_rate_frac) | (found[0] < least)] = 0.0
        found[0, chosen] = 0.0
        lead = kernels.leaders(made.first, made.rows, made.sends, made.lost, rate, found) & (found[0] > 0)
        new = np.flatnonzero(lead)
        if not len(new):
            break
        before = set(chosen.tolist())
        chosen, x, other, rate, gain = _fitted(made, np.r_[chosen, new], np.r_[x, found[1, new]], other, sense, least)
        if set(chosen.tolist()) == before:
            break
    return chosen, x, gain, other


def _fitted(
    made: Suspects, chosen: Ints, x: Floats, other: float, sense: Sense, least: float
) -> tuple[Ints, Floats, float, Floats, Floats]:
    """Fit all chosen together and let go, the weakest first, of those whose losses the others explain."""
    while True:
        first, rows, sends = _columns(made, chosen)
        weight = made.weight[chosen]
        x, other, rate = kernels.refit(
            first,
            rows,
            sends,
            made.lost,
            made.sent,
            made.total_sent,
            weight,
            made.size[chosen],
            x,
            max(other, 1e-9),
            STEPS,
        )
        gain = kernels.leave_out(first, rows, sends, made.lost, rate, weight, x)
        weak = np.flatnonzero((gain < least) | (x < sense.least_rate_frac))
        if not len(weak):
            return chosen, x, other, rate, gain
        # half of them at a time: two that explain the same losses must not both go
        drop = weak[np.argsort(gain[weak], kind="stable")][: max(1, len(weak) // 2)]
        keep = np.setdiff1d(np.arange(len(chosen)), drop)
        chosen, x = chosen[keep], x[keep]


def _worst(made: Suspects, chosen: Ints, x: Floats) -> Floats:
    """Return the share lost by the measurements that each chosen part explains: x counts events, not packets."""
    out = x.copy()
    first, rows, sends = _columns(made, chosen)
    for c, share in enumerate(x.tolist()):
        at = slice(first[c], first[c + 1])
        weight = share * sends[at] * made.lost[rows[at]]
        if (made.sent[rows[at]] > made.lost[rows[at]]).any() and weight.sum() > 0 and (sends[at] <= 1.0).all():
            out[c] = float((weight * made.loss_frac[rows[at]]).sum() / weight.sum())
    return out


def _columns(made: Suspects, chosen: Ints) -> tuple[Ints, Ints, Floats]:
    count = made.first[chosen + 1] - made.first[chosen]
    first = np.r_[0, np.cumsum(count)].astype(np.int64)
    at = np.repeat(made.first[chosen] - first[:-1], count) + np.arange(first[-1])
    return first, made.rows[at], made.sends[at]


def _table(ways: Routes, made: Suspects, chosen: Ints, x: Floats, gain: Floats) -> pl.DataFrame:
    """Return the parts of each chosen column; devices only where no link is as likely.

    Where more is lost than one link of a group carries, it is the device that they share, or all of them.
    """
    f = ways.fabric
    links = len(f.a)
    part = np.flatnonzero(np.isin(made.group, chosen))
    group = pl.DataFrame({"column": chosen, "group": np.arange(len(chosen), dtype=np.int32), "x": x, "gain": gain})
    table = pl.DataFrame({"part": part, "column": made.group[part]}).join(group, on="column", how="left")
    table = table.with_columns(device=pl.col("part") >= links)
    together = (pl.col("x") > 1.0) & ~pl.col("device").all().over("group")
    share = pl.col("x") / (~pl.col("device")).sum().over("group").clip(1)
    table = table.with_columns(one=~together, x=pl.when(together).then(share).otherwise("x"))
    links_only = pl.col("one") | ~pl.col("device").any().over("group")
    table = table.filter(
        pl.when(links_only).then(~pl.col("device") | pl.col("device").all().over("group")).otherwise("device")
    )
    # several columns may round to one chance; a share among those that cannot be told apart
    table = table.with_columns(n=pl.len().over("group")).sort("group", "part")
    at = table["part"].to_numpy()
    is_link, row = at < links, np.where(at < links, at, 0)
    names = pl.Series(f.nodes, dtype=pl.String)
    device = names.gather(np.where(is_link, 0, at - links))
    columns = {c: f.ends[c].gather(row) for c in ("a_node", "a_port", "z_node", "z_port")}
    made_ = table.select("group").with_columns(
        kind=pl.Series(np.where(is_link, "link", "device"), dtype=pl.String),
        **{c: pl.when(pl.Series(is_link)).then(v).otherwise(pl.lit("")) for c, v in columns.items()},
        rate_frac=table["x"],
        gain_nats=table["gain"],
        confidence_frac=(1.0 - len(made.weight) * (-table["gain"]).exp()).clip(0.0, 1.0) / table["n"],
        link=pl.Series(np.where(is_link, at, -1), dtype=pl.Int32),
    )
    made_ = made_.with_columns(a_node=pl.when(pl.col("kind") == "device").then(device).otherwise("a_node"))
    return SUSPECTS.check(made_.select(SUSPECTS.polars().keys()).cast(pl.Schema(SUSPECTS.polars())))
