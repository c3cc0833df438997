"""opensm's `subnet.lst`: one line a direction, `{ CA ... } { SW ... } PHY=4x LOG=ACT SPD=2.5`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.ids import GUID
from gigasite.cabling.infiniband import guid_text, name_text, table_of, unread
from gigasite.cabling.reader import Local, Read, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_END = (
    r"\{ *(?:CA|SW|RT)[\w-]* +Ports:[0-9a-fA-F]+ +SystemGUID:[0-9a-fA-F]+ +NodeGUID:([0-9a-fA-F]+) "
    r".*?\{(.*?)\} +LID:\w+ +PN:([0-9a-fA-F]+) *\}"
)
_ROW = rf"^\s*{_END} *{_END} *(?:PHY=(\S+))?(?: +LOG=(\S+))?(?: +SPD=(\S+))?"


@readers.part("opensm-subnet")
class OpensmSubnet:
    """Port numbers are hexadecimal in this file (opensm prints them with %02X)."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for an end in braces."""
        return 0.95 if "SystemGUID:" in dump.text[:4000] and "NodeGUID:" in dump.text[:4000] else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return both directions as the file has them."""
        lines = pl.DataFrame({"text": dump.lines()}).with_row_index("at")
        rows = lines.with_columns(p=pl.col("text").str.extract_groups(_ROW))
        rows = rows.filter(pl.col("p").struct.field("1").is_not_null()).select("at", pl.col("p").struct.unnest())
        out = rows.select(
            "at",
            node_id=guid_text(pl.col("1")),
            node=name_text(pl.col("2")),
            port=_number("3"),
            identity=guid_text(pl.col("4")),
            seen_node=name_text(pl.col("5")),
            seen_port=_number("6"),
            width=pl.col("7").fill_null(""),
            state=pl.col("8").fill_null(""),
            speed=pl.col("9").fill_null(""),
        ).with_columns(
            node=pl.when(pl.col("node") == "").then("node_id").otherwise("node"),
            seen_node=pl.when(pl.col("seen_node") == "").then("identity").otherwise("seen_node"),
        )
        named = out.unique(["node", "node_id"], maintain_order=True)
        nodes = [Local(n, GUID, g, dump.at(at)) for at, n, g in named.select("at", "node", "node_id").iter_rows()]
        return Read([], unread(dump, lines, (_ROW, r"^\s*$")), nodes, table_of(dump, out))


def _number(column: str) -> pl.Expr:
    return pl.col(column).str.to_integer(base=16, strict=False).cast(pl.String).fill_null("")
