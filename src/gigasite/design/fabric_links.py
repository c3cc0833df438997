"""A fabric's wiring as a table with names: for people and for programs that check it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.design.types import NAME_DIGITS, TIERS

if TYPE_CHECKING:
    from gigasite.design.fabric import Wiring

FABRIC_LINKS = Schema(
    "fabric_links",
    (
        Column("tier", "UInt8", "0 node-leaf, 1 leaf-spine, 2 spine-core, 3 core-super"),
        Column(
            "a_node",
            "String",
            "lower end: node-000012, leaf-000007, ...; the fabric manager is the node behind the last",
        ),
        Column("a_port", "Int16", "from 1; of a node 1 + nic x planes + plane"),
        Column("z_node", "String", "upper end"),
        Column("z_port", "Int16", "from 1"),
    ),
)


def links_table(w: Wiring) -> pl.DataFrame:
    """Return all links. Follows `FABRIC_LINKS`."""
    stems = pl.Series(["node-", *(f"{t}-" for t in TIERS)])
    tier = w.tier.astype(np.int64)
    table = pl.DataFrame(
        {
            "tier": w.tier,
            "a_node": stems.gather(tier) + pl.Series(w.a).cast(pl.String).str.zfill(NAME_DIGITS),
            "a_port": w.a_port,
            "z_node": stems.gather(tier + 1) + pl.Series(w.z).cast(pl.String).str.zfill(NAME_DIGITS),
            "z_port": w.z_port,
        },
        schema=FABRIC_LINKS.polars(),
    )
    return FABRIC_LINKS.check(table)
