"""What InfiniBand calls the ends of its cables: as discovery prints them, and as NVOS names them.

Inside, a port of a switch is `swp5` and one of a server `eth3`, whatever the network. InfiniBand tools know neither:
discovery prints a switch's port as its number and a server as one node for each adapter (`srv-000001 mlx5_3`, port 1);
NVOS calls the ports of the third cage `sw3p1` and `sw3p2`, and a server's adapter is `mlx5_3`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.ends import cage_share
from gigasite.cabling.export import book
from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from gigasite.cabling.export import Book
    from gigasite.cabling.types import CablePlan
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

ENDS = ("a", "z")
_ADAPTER = r"^(.*\S) mlx5_(\d+)$"


def infiniband(whole: Book, rows: pl.DataFrame) -> pl.Series:
    """Return which rows of the plan (follow `CABLES`) end at an InfiniBand switch."""
    return whole.network().gather(rows["z_port"].to_numpy() >> PORT_BITS) == "infiniband"


def shares(whole: Book) -> dict[str, int]:
    """Return the links that share one cage, by kind of those switches that are InfiniBand."""
    switches, speed = whole.campus.catalogue.switches, whole.design.link_speed_bit_per_s
    out = {}
    for kind, part in whole.devices.select("kind", "part").unique().sort("kind").iter_rows():
        if part in switches and switches[part].network == "infiniband":
            out[kind] = cage_share(switches[part], speed[FABRICS.index(kind.split("-")[0]), 0])
    return out


def discovered(sheet: pl.DataFrame, band: pl.Series) -> pl.DataFrame:
    """Return a pull sheet whose InfiniBand ends are called as `ibnetdiscover` prints them.

    Parameters
    ----------
    sheet
        Has `a_node, a_port, z_node, z_port`.
    band
        (n,) rows that are InfiniBand.

    >>> row = pl.DataFrame({"a_node": ["srv-1"], "a_port": ["eth3"], "z_node": ["leaf-1"], "z_port": ["swp5"]})
    >>> discovered(row, pl.Series([True])).row(0)
    ('srv-1 mlx5_3', '1', 'leaf-1', '5')
    """
    columns = []
    for end in ENDS:
        node, port = pl.col(f"{end}_node"), pl.col(f"{end}_port")
        host = pl.lit(band) & port.str.starts_with("eth")
        columns += [
            pl.when(host).then(pl.format("{} mlx5_{}", node, port.str.strip_prefix("eth"))).otherwise(node),
            pl.when(host)
            .then(pl.lit("1"))
            .when(pl.lit(band))
            .then(port.str.strip_prefix("swp"))
            .otherwise(port)
            .alias(f"{end}_port"),
        ]
    return sheet.with_columns(columns)


def undiscovered(table: pl.DataFrame) -> pl.DataFrame:
    """Return a plan with the names of `discovered` turned back into those of the plan.

    >>> row = pl.DataFrame({"a_node": ["srv-1 mlx5_3"], "a_port": ["1"], "z_node": ["leaf-1"], "z_port": ["5"]})
    >>> undiscovered(row).row(0)
    ('srv-1', 'eth3', 'leaf-1', 'swp5')
    """
    columns = []
    for end in ENDS:
        node, port = pl.col(f"{end}_node"), pl.col(f"{end}_port")
        host = node.str.contains(_ADAPTER)
        columns += [
            pl.when(host).then(node.str.extract(_ADAPTER, 1)).otherwise(node),
            pl.when(host)
            .then("eth" + node.str.extract(_ADAPTER, 2))
            .when(port.str.contains(r"^\d+$"))
            .then("swp" + port)
            .otherwise(port)
            .alias(f"{end}_port"),
        ]
    return table.with_columns(columns)


def nvos(port: pl.Expr, each: pl.Expr) -> pl.Expr:
    """Return names of ports as NVOS and the adapters' driver have them.

    Parameters
    ----------
    port
        `swp5` or `eth3`.
    each
        Links that share one cage of the port's switch; null for ends that are not InfiniBand, which stay as they are.
        At servers any number will do.
    """
    number = port.str.strip_prefix("swp").cast(pl.Int64, strict=False) - 1
    return (
        pl.when(each.is_null())
        .then(port)
        .when(port.str.starts_with("eth"))
        .then("mlx5_" + port.str.strip_prefix("eth"))
        .otherwise(pl.format("sw{}p{}", number // each + 1, number % each + 1))
    )


def nvos_sheet(whole: Book, rows: pl.DataFrame, sheet: pl.DataFrame) -> pl.DataFrame:
    """Return the pull sheet of these rows with the ports of InfiniBand ends as `nvos` has them."""
    band, each = infiniband(whole, rows), shares(whole)
    columns = []
    for end in ENDS:
        kind = whole.devices["kind"].gather(rows[f"{end}_port"].to_numpy() >> PORT_BITS)
        number = kind.replace_strict(each, default=1, return_dtype=pl.Int64)
        of = pl.when(pl.lit(band)).then(pl.lit(number))
        columns.append(nvos(pl.col(f"{end}_port"), of).alias(f"{end}_port"))
    return sheet.with_columns(columns)


def ethernet_only(whole: Book, what: str) -> Book:
    """Return the book without its InfiniBand cables.

    Raises
    ------
    InfeasibleError
        All of them are InfiniBand.
    """
    rows = whole.rows.filter(~infiniband(whole, whole.rows))
    if rows.is_empty():
        raise InfeasibleError(f"all chosen cables are InfiniBand, and {what}")
    return replace(whole, rows=rows)


def discovered_ends(campus: Campus, design: Design, cables: CablePlan) -> pl.DataFrame:
    """Return the campus's own plan in the four columns of `plan.csv`, called as discovery prints them."""
    made = book(campus, design, cables)
    return discovered(made.sheet(), infiniband(made, made.rows)).select("a_node", "a_port", "z_node", "z_port")


def placed(places: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return places (a column `node` and others) with a row for each adapter that discovery sees as a node.

    >>> ends = pl.DataFrame({"a_node": ["srv-1 mlx5_0"], "z_node": ["leaf-1"]})
    >>> placed(pl.DataFrame({"node": ["srv-1"], "u": [5]}), ends).rows()
    [('srv-1', 5), ('srv-1 mlx5_0', 5)]
    """
    seen = pl.concat([ends["a_node"], ends["z_node"]]).unique().sort().alias("adapter").to_frame()
    adapters = seen.filter(pl.col("adapter").str.contains(_ADAPTER)).with_columns(
        node=pl.col("adapter").str.extract(_ADAPTER, 1)
    )
    found = adapters.join(places, on="node", how="inner", maintain_order="left").with_columns(node=pl.col("adapter"))
    return pl.concat([places, found.select(places.columns)])
