"""Which node of the plan each device is that was seen, by identity first and by name last; ports likewise.

`match_names.py` binds the devices; here ports get one numbering over plan and sightings, and each its peers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.match_names import far_names, node_names, plan_ids
from gigasite.cabling.merge import mapped
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
    """The port's node has a dump of its own (n,)."""
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
    seen = observed.sightings.with_row_index("sight").filter(pl.col("seen_node") != "")
    names, told = node_names(pl.concat([ends["a_node"], ends["z_node"]]).unique().sort(), observed, planned)
    seen = seen.join(names.rename({"text": "node", "name": "near"}), on="node", how="left", maintain_order="left")
    far = far_names(seen, observed, names)
    seen = seen.with_columns(far=far)
    return _Ports(ends, seen, told).bound()


class _Ports:
    """Ports of plan and sightings under one numbering, and the peers of each."""

    def __init__(self, ends: pl.DataFrame, seen: pl.DataFrame, found: list[Finding]) -> None:
        self.ends, self.found = ends, found
        self.seen = seen.with_columns(
            near_k=mapped(seen["port"], port_key),
            far_k=mapped(seen["seen_port"], port_key),
            raw_k=mapped(seen["seen_port_raw"], port_key),
            descr_k=mapped(seen["seen_port_descr"], port_key),
        )

    def bound(self) -> Bound:
        """Return the result."""
        plan = pl.concat(
            [self.ends.select(node="a_node", port="a_port"), self.ends.select(node="z_node", port="z_port")]
        )
        plan = plan.with_columns(key=mapped(plan["port"], port_key), planned=pl.lit(value=True))
        self._far_ports(plan)
        good = self.seen.filter(pl.col("near_k") != "")
        more = pl.concat([
            good.select(node="near", port="port", key="near_k"),
            good.filter(pl.col("far_k") != "").select(node="far", port="seen_port", key="far_k"),
        ]).with_columns(planned=pl.lit(value=False))  # fmt: skip
        ports = pl.concat([plan, more]).unique(["node", "key"], keep="first", maintain_order=True)
        ports = ports.sort(~pl.col("planned"), "node", "key", maintain_order=True).with_row_index("index")
        return self._arrays(ports.with_columns(pl.col("index").cast(pl.Int64)))

    def _far_ports(self, plan: pl.DataFrame) -> None:
        """Name the far port by what the far end says, where its id is a MAC address, a number or nothing.

        A port that the plan has is taken as it is; so is one that reports itself.
        """
        have = pl.concat([plan.select("node", "key"), self.seen.select(node="near", key="near_k")]).unique()
        have = have.with_columns(known=pl.lit(value=True))
        seen = self.seen
        for column in ("far_k", "raw_k", "descr_k"):
            seen = seen.join(
                have.rename({"node": "far", "key": column, "known": f"{column}_known"}),
                on=["far", column],
                how="left",
                maintain_order="left",
            )
        back = self.seen.select(far="near", back_k="near_k", back_port="port", near="far", near_k="far_k")
        exact = back.unique(["far", "near", "near_k"], keep="none", maintain_order=True)
        seen = seen.join(exact, on=["far", "near", "near_k"], how="left", maintain_order="left")
        by_key, by_port = pl.col("back_k"), pl.col("back_port")
        for column, text in (("descr_k", "seen_port_descr"), ("raw_k", "seen_port_raw"), ("far_k", "seen_port")):
            known = pl.col(f"{column}_known").fill_null(value=False)
            by_key = pl.when(known).then(column).otherwise(by_key)
            by_port = pl.when(known).then(text).otherwise(by_port)
        self.seen = seen.with_columns(far_k=pl.coalesce(by_key, "far_k"), seen_port=pl.coalesce(by_port, "seen_port"))

    def _arrays(self, ports: pl.DataFrame) -> Bound:
        at = ports.select("node", "key", "index")
        n = ports.height
        plan_peer = np.full(n, -1, np.int64)
        a, z = (
            self._index(self.ends.select(node=f"{e}_node", key=mapped(self.ends[f"{e}_port"], port_key)), at)
            for e in "az"
        )
        plan_peer[a], plan_peer[z] = z, a
        rows = self.seen.with_columns(
            i=self._index(self.seen.select(node="near", key="near_k"), at),
            j=self._index(self.seen.select(node="far", key="far_k"), at),
        )
        seen_peer, sight, mutual, unbound = _peers(rows, n, plan_peer)
        order = pl.concat(
            [
                ports["node"].filter(ports["planned"]).unique().sort(),
                ports["node"].filter(~ports["planned"]).unique().sort(),
            ]
        )
        nodes = order.unique(maintain_order=True)
        device = ports["node"].replace_strict(nodes, np.arange(len(nodes)), return_dtype=pl.Int64).to_numpy()
        number = ports.select(pl.int_range(pl.len()).over("node")).to_series().to_numpy()
        reporting = ports["node"].is_in(self.seen["near"].unique().implode()).to_numpy()
        return Bound(
            ports=BOUND_PORTS.check(ports.select("node", "port", "planned")),
            plan_peer=plan_peer,
            seen_peer=seen_peer,
            packed=device << PORT_BITS | number,
            nodes=tuple(nodes.to_list()),
            planned_nodes=ports["node"].filter(ports["planned"]).n_unique(),
            sight=sight,
            mutual=mutual,
            reporting=reporting,
            unbound=UNBOUND.check(unbound),
            findings=(*self.found, *_one_way(seen_peer, mutual, reporting), *_unbound_findings(unbound)),
        )

    @staticmethod
    def _index(rows: pl.DataFrame, at: pl.DataFrame) -> NDArray[np.int64]:
        found = rows.join(at, on=["node", "key"], how="left", maintain_order="left")["index"]
        return found.fill_null(-1).to_numpy().astype(np.int64)


def _peers(
    rows: pl.DataFrame, n: int, plan_peer: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], pl.DataFrame]:
    """Return seen_peer, the row it rests on, whether both ends agree, and what was left out.

    Of several neighbours on one port the one is taken whose port says the same; then what lives (time to live), then
    what was seen last (least age), then what the plan wants, then the first. A port whose device gave no dump is where
    its neighbour says.
    """
    i, j = rows["i"].to_numpy(), rows["j"].to_numpy()
    ok = (i >= 0) & (j >= 0)
    both = ok & np.isin(j * n + i, i[ok] * n + j[ok])
    table = rows.select(
        "sight", "file", "line", "node", "port", "seen_node", "seen_port", "ttl_s", "age_s", "i", "j"
    ).with_columns(
        both=pl.Series(both), ok=pl.Series(ok), wanted=pl.Series(ok & (plan_peer[np.where(i >= 0, i, 0)] == j))
    )
    order = table.sort(
        ~pl.col("ok"), ~pl.col("both"), (pl.col("ttl_s") <= 0).fill_null(value=False),
        pl.col("age_s").fill_nan(None), ~pl.col("wanted"), "sight", nulls_last=True,
    )  # fmt: skip
    taken = order.filter("ok").unique("i", keep="first", maintain_order=True)
    seen_peer, sight, mutual = np.full(n, -1, np.int64), np.full(n, -1, np.int64), np.zeros(n, bool)
    ti = taken["i"].to_numpy()
    seen_peer[ti], sight[ti], mutual[ti] = taken["j"].to_numpy(), taken["sight"].to_numpy(), taken["both"].to_numpy()
    reports = rows["near"].unique().implode()
    silent = rows.with_row_index("k").filter(~pl.col("far").is_in(reports))["k"].to_numpy()
    silent = silent[ok[silent]]
    free = seen_peer[j[silent]] < 0
    silent = silent[free & (seen_peer[i[silent]] == j[silent])]
    seen_peer[j[silent]], sight[j[silent]] = i[silent], rows["sight"].to_numpy()[silent]
    return seen_peer, sight, mutual, _left_out(table, taken)


def _left_out(table: pl.DataFrame, taken: pl.DataFrame) -> pl.DataFrame:
    rest = table.join(taken.select("sight"), on="sight", how="anti")
    port_missing = (pl.col("i") < 0) | (pl.col("port") == "")
    why = (
        pl.when(port_missing).then(pl.lit("the dump does not say on which port"))
        .when(pl.col("j") < 0).then(pl.lit("the neighbour's port is not told"))
        .otherwise(pl.lit("another neighbour of the same port is taken"))
    )  # fmt: skip
    return rest.select("node", "port", "seen_node", "seen_port", "file", "line", why=why)


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
