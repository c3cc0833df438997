"""containerlab topology: the network as containers, to try its configuration before it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.export import exports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("containerlab")
class Containerlab:
    """Servers as plain Linux, switches as SONiC; take one fabric or hall, a laptop does not hold a campus."""

    title = "NAME.clab.yaml for containerlab (servers: linux, switches: sonic-vs)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write NAME.clab.yaml."""
        name = book.campus.name
        used = book.used().with_columns(switch=book.network().gather(book.used()["device_id"].to_numpy()) != "")
        node = pl.format("    {}: {{kind: {}}}", pl.col("node"), pl.when("switch").then(pl.lit("sonic-vs")).otherwise(pl.lit("linux")))
        with (folder / f"{name}.clab.yaml").open("wb") as file:
            file.write(f"name: {name}\ntopology:\n  kinds:\n".encode())
            file.write(b"    linux: {image: alpine:latest}\n    sonic-vs: {image: docker-sonic-vs:latest}\n  nodes:\n")
            used.select(node).write_csv(file, include_header=False, quote_style="never")
            file.write(b"  links:\n")
            for rows in book.sheets():
                link = pl.format('    - endpoints: ["{}:{}", "{}:{}"]', "a_node", "a_port", "z_node", "z_port")
                rows.select(link).write_csv(file, include_header=False, quote_style="never")
