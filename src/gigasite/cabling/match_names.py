"""Which name of the plan each name or number that was seen stands for.

The order of evidence: GUID, MAC address, serial number (where the plan has them, and where one device's own dump tells
what another only sees as a number), then the name as it is, without case, without domain, cut at twenty characters by a
table. What several devices share is no identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.ids import identity

if TYPE_CHECKING:
    from gigasite.cabling.types import Observed

LEAST_CUT = 15
"""Characters of a name that a table may have cut; shorter beginnings bind nothing."""
_STRONG = ("guid", "mac", "serial")


def plan_ids(ends: pl.DataFrame) -> pl.DataFrame:
    """Return (node, kind, id) from columns such as `a_guid`."""
    parts = [
        ends.select(node=f"{end}_node", kind=pl.lit(kind), text=pl.col(f"{end}_{kind}"))
        for end in "az"
        for kind in _STRONG
        if f"{end}_{kind}" in ends.columns
    ]
    if not parts:
        return pl.DataFrame(schema={"node": pl.String, "kind": pl.String, "id": pl.String})
    table = pl.concat(parts).filter(pl.col("text").fill_null("") != "").unique(maintain_order=True)
    ids = [identity(t, k)[1] for k, t in table.select("kind", "text").iter_rows()]
    return table.select("node", "kind").with_columns(id=pl.Series(ids, dtype=pl.String)).filter(pl.col("id") != "")


def own_ids(observed: Observed) -> pl.DataFrame:
    """Return (node, kind, id) of devices as they tell of themselves, and as neighbours name them beside an id."""
    s = observed.sightings
    parts = [
        observed.nodes.select("node", kind="identity_kind", id="identity", own=pl.lit(value=True)),
        s.filter(pl.col("node_id") != "").select("node", kind="node_kind", id="node_id", own=pl.lit(value=True)),
        s.filter((pl.col("seen_node") != "") & (pl.col("identity") != "")).select(
            node="seen_node", kind="identity_kind", id="identity", own=pl.lit(value=False)
        ),
    ]
    table = pl.concat(parts).filter(
        pl.col("kind").is_in(_STRONG) & (pl.col("id") != "") & (pl.col("node") != pl.col("id"))
    )
    return table.group_by("node", "kind", "id", maintain_order=True).agg(pl.col("own").any())


def node_names(plan: pl.Series, observed: Observed, planned: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Return (text, name, how): each name that was seen, and the plan's name for it, itself where there is none."""
    s = observed.sightings
    texts = pl.concat([s["node"], s["seen_node"], observed.nodes["node"]]).unique().sort()
    table = pl.DataFrame({"text": texts.filter(texts != "")})
    ids, found = _shared_ids(own_ids(observed))
    by_id = _by_plan_id(ids, planned, found)
    table = table.join(by_id, on="text", how="left", maintain_order="left")
    table = table.with_columns(by_name=_by_name(table["text"], plan))
    table = table.with_columns(by_alias=_by_alias(table, ids))
    found += _renamed(table)
    how = (
        pl.when(pl.col("by_id").is_not_null()).then(pl.lit("id"))
        .when(pl.col("by_name").is_not_null()).then(pl.lit("name"))
        .when(pl.col("by_alias").is_not_null()).then(pl.lit("other name of the same id"))
        .otherwise(pl.lit(""))
    )  # fmt: skip
    return table.select("text", name=pl.coalesce("by_id", "by_name", "by_alias", "text"), how=how), found


def _shared_ids(ids: pl.DataFrame) -> tuple[pl.DataFrame, list[Finding]]:
    """Return ids that one device has, and findings on those that several tell of themselves."""
    short = pl.col("node").str.to_lowercase().str.replace_all("_", "-").str.split(".").list.first()
    told = (
        ids.with_columns(short=short)
        .group_by("kind", "id")
        .agg(pl.col("short").unique().sort(), pl.col("node").unique().sort())
    )
    many = told.filter(pl.col("short").list.len() > 1)
    clash = [_several(names) for names in many["short"].to_list()]
    shared = many.filter(pl.Series(clash, dtype=pl.Boolean)).sort("kind", "id")
    found = [
        _told(
            "observation",
            f"{r['kind']} {r['id']} is told of {len(r['node'])} devices ({', '.join(r['node'][:4])}): no identity",
            "give each device its own id first; until then names are taken",
        )
        for r in shared.to_dicts()
        if r["kind"] != "serial"
    ]
    return ids.join(shared.select("kind", "id"), on=["kind", "id"], how="anti", maintain_order="left"), found


def _several(names: list[str]) -> bool:
    """Say whether names are of several devices: one that begins another may be the same, cut by a table.

    >>> _several(["leaf-of-hall-one-row", "leaf-of-hall-one-row-07"]), _several(["h1", "h2"]), _several(["h1", "h10"])
    (False, True, True)
    """
    longest = max(names, key=len)
    return not all(longest == n or (len(n) >= LEAST_CUT and longest.startswith(n)) for n in names)


def _by_plan_id(ids: pl.DataFrame, planned: pl.DataFrame, found: list[Finding]) -> pl.DataFrame:
    if planned.is_empty():
        return pl.DataFrame(schema={"text": pl.String, "by_id": pl.String})
    twice = planned.filter(pl.col("node").n_unique().over("kind", "id") > 1)
    found += [
        _told("plan", f"{k} {i} stands at several devices: no identity", "correct the plan")
        for k, i in twice.select("kind", "id").unique().sort("kind", "id").iter_rows()
    ]
    single = planned.join(twice, on=["kind", "id"], how="anti")
    single = single.rename({"node": "by_id"})
    itself = single.select(node="id", kind="kind", id="id")  # a device that is known by nothing but its id
    both = pl.concat([ids.select("node", "kind", "id"), itself]).join(single, on=["kind", "id"], how="inner")
    rank = pl.col("kind").replace_strict({"guid": 0, "mac": 1, "serial": 2}, default=3)
    return both.sort(rank).unique("node", keep="first", maintain_order=True).select(text="node", by_id="by_id")


def _by_name(texts: pl.Series, plan: pl.Series) -> pl.Series:
    """Return the plan's name for each text: as it is, without case, without domain, cut by a table; null for none."""
    table = pl.DataFrame({"text": texts})
    out = pl.Series([None] * len(texts), dtype=pl.String)
    plain = pl.col("text").str.strip_chars().str.to_lowercase()
    ways = (pl.col("text"), plain, plain.str.replace_all("_", "-"), _short("text"))
    for way in ways:
        keys = pl.DataFrame({"text": plan}).with_columns(key=way).filter(pl.col("key").n_unique().over("key") == 1)
        keys = keys.filter(~pl.col("key").is_duplicated())
        hit = table.with_columns(key=way).join(
            keys.rename({"text": "name"}), on="key", how="left", maintain_order="left"
        )
        out = pl.select(pl.coalesce(pl.lit(out), pl.lit(hit["name"]))).to_series()
    return _cut(texts, plan, out)


def _short(column: str) -> pl.Expr:
    text = pl.col(column).str.strip_chars().str.to_lowercase()
    # an IPv4 address has dots and no domain
    return pl.when(text.str.contains(r"^[\d.]+$")).then(text).otherwise(text.str.split(".").list.first())


def _cut(texts: pl.Series, plan: pl.Series, out: pl.Series) -> pl.Series:
    """Bind what is the beginning of one name of the plan and no other's."""
    names = sorted(plan.str.to_lowercase().to_list())
    real = dict(zip(plan.str.to_lowercase().to_list(), plan.to_list(), strict=True))
    low = np.array(names, dtype=object)
    got = out.to_list()
    for i, (text, have) in enumerate(zip(texts.str.to_lowercase().to_list(), got, strict=True)):
        if have is not None or len(text) < LEAST_CUT or not len(low):
            continue
        at = int(np.searchsorted(low, text))
        hits = [n for n in names[at : at + 2] if n.startswith(text)]
        if len(hits) == 1:
            got[i] = real[hits[0]]
    return pl.Series(got, dtype=pl.String)


def _by_alias(table: pl.DataFrame, ids: pl.DataFrame) -> pl.Series:
    """Return the plan's name of another text that has the same id: a number seen from afar, a name that was cut."""
    bound = table.with_columns(name=pl.coalesce("by_id", "by_name")).filter(pl.col("name").is_not_null())
    known = ids.join(bound.select(node="text", name="name"), on="node", how="inner").select("id", "name").unique()
    known = known.filter(~pl.col("id").is_duplicated())
    by_node = ids.join(known, on="id", how="inner").unique("node", keep="first", maintain_order=True)
    as_id = known.rename({"id": "text", "name": "alias"})
    as_node = by_node.select(text="node", other="name")
    joined = (
        table.select("text")
        .join(as_node, on="text", how="left", maintain_order="left")
        .join(as_id, on="text", how="left", maintain_order="left")
    )
    return joined.select(pl.coalesce("other", "alias")).to_series()


def _renamed(table: pl.DataFrame) -> list[Finding]:
    other = table.filter(
        pl.col("by_id").is_not_null() & pl.col("by_name").is_not_null() & (pl.col("by_id") != pl.col("by_name"))
    )
    return [
        _told(
            r["text"],
            f"calls itself {r['text']}, but by its id it is {r['by_id']} of the plan; the id is taken",
            "correct the name or the plan",
        )
        for r in other.sort("text").to_dicts()
    ]


def far_ids(observed: Observed, names: pl.DataFrame) -> pl.DataFrame:
    """Return (id, name): ids that one device tells of itself, with the plan's name of it."""
    clear = _shared_ids(own_ids(observed))[0].filter(pl.col("own"))
    clear = clear.join(names.rename({"text": "node"}), on="node", how="inner")
    return clear.select("id", "name").unique(maintain_order=True).filter(~pl.col("id").is_duplicated()).sort("id")


def _told(where: str, what: str, remedy: str, severity: Severity = Severity.warning) -> Finding:
    return Finding(severity=severity, chapter="cabling", where=where, what=what, remedy=remedy)
