"""containerlab topology: the network as containers, to try its configuration before it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.dialect import ethernet_only
from gigasite.cabling.export import exports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("containerlab")
class Containerlab:
    """Servers as plain Linux, switches as Cumulus, whose ports are called swp; take one fabric or hall at a time.

    A container's eth0 is containerlab's own, so that a server's eth0 is eth1 there, and so on.
    """

    title = "NAME.clab.yaml for containerlab (servers: linux, switches: cumulus_cvx; Ethernet)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write NAME.clab.yaml.

        Raises
        ------
        InfeasibleError
            All chosen cables are InfiniBand.
        """
        book = ethernet_only(book, "containers have Ethernet links only")
        name = book.campus.name
        used = book.used().with_columns(switch=book.network().gather(book.used()["device_id"].to_numpy()) != "")
        node = pl.format(
            "    {}: {{kind: {}}}",
            pl.col("node"),
            pl.when("switch").then(pl.lit("cumulus_cvx")).otherwise(pl.lit("linux")),
        )
        with (folder / f"{name}.clab.yaml").open("wb") as file:
            file.write(f"name: {name}\ntopology:\n  kinds:\n".encode())
            file.write(b"    linux: {image: alpine:latest}\n    cumulus_cvx: {image: networkop/cx:5.3.0}\n  nodes:\n")
            used.select(node).write_csv(file, include_header=False, quote_style="never")
            file.write(b"  links:\n")
            for rows in book.sheets():
                rows = rows.with_columns([_shifted(f"{e}_port") for e in ("a", "z")])  # noqa: PLW2901
                link = pl.format('    - endpoints: ["{}:{}", "{}:{}"]', "a_node", "a_port", "z_node", "z_port")
                rows.select(link).write_csv(file, include_header=False, quote_style="never")


def _shifted(column: str) -> pl.Expr:
    """Return port names with every server's port one on."""
    port = pl.col(column)
    number = port.str.strip_prefix("eth").cast(pl.Int64, strict=False)
    return pl.when(port.str.starts_with("eth")).then(pl.format("eth{}", number + 1)).otherwise(port)
