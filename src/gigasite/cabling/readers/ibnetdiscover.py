"""`ibnetdiscover`: a block per switch and host, or one line a port with `-p`; read as columns, not line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.ids import GUID
from gigasite.cabling.infiniband import guid_text, name_text, table_of, unread
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump

_NODE = r'^(?:Switch|Ca|Rt|Router)\s+\d+\s+"([SHR])-([0-9a-fA-F]+)"(?:\s*#\s*"([^"]*)")?'
_PORT = (
    r'^\s*\[(\d+)\](?:\[[^\]]*\])?(?:\(([0-9a-fA-F]+)\))?\s+"[SHR]-([0-9a-fA-F]+)"\[(\d+)\](?:\[[^\]]*\])?'
    r'(?:\(([0-9a-fA-F]+)\))?\s*(?:#(?:\s*lid\s+\d+\s+lmc\s+\d+)?(?:\s*"([^"]*)")?(?:\s+lid\s+\d+)?'
    r"(?:\s+(\d+x)\s*(\S+))?)?"
)
_LINE = (
    r"^\s*(?:CA|SW|RT)\s+\d+\s+(\d+)\s+0x([0-9a-fA-F]+)\s+(\d+x|\?+)\s*(\S+)\s+-\s+"
    r"(?:CA|SW|RT)\s+\d+\s+(\d+)\s+0x([0-9a-fA-F]+)\s+\(\s*'(.*?)'\s+-\s+'(.*)'\s*\)\s*$"
)
_DANGLING = r"^\s*(?:CA|SW|RT)\s+\d+\s+\d+\s+0x[0-9a-fA-F]+\s+(?:\d+x|\?+)\s*\S+\s+[^-(\s]"
_IGNORED = r"^\s*(?:#.*|$|(?:vendid|devid|(?:sysimg|switch|ca|rt|rtr|chassis)guid)\s*=.*|Chassis .*|.*Initiated from.*)"


@readers.part("ibnetdiscover")
class IbNetDiscover:
    """Both forms. A port with no far end (`-p`) is no cable; GUIDs are the identity, descriptions the name."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for a block or a port line."""
        head = dump.text[:6000]
        sure = "# Topology file" in head or re.search(
            r'^(?:switchguid|caguid)=|^(?:Switch|Ca)\s+\d+\s+"[SH]-|^(?:CA|SW|RT)\s+\d+\s+\d+\s+0x', head, re.MULTILINE
        )
        return 0.95 if sure else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return every port that names a far end."""
        lines = pl.DataFrame({"text": dump.lines()}).with_row_index("at")
        if lines["text"].str.contains(_NODE).any() or not lines["text"].str.contains(_LINE).any():
            return _blocks(dump, lines)
        return _ports(dump, lines)


def _blocks(dump: Dump, lines: pl.DataFrame) -> Read:
    text = pl.col("text")
    node = text.str.extract_groups(_NODE)
    port = text.str.extract_groups(_PORT)
    table = lines.with_columns(n=node, p=port)
    heads = table.filter(pl.col("n").struct.field("2").is_not_null()).select(
        "at", guid=guid_text(pl.col("n").struct.field("2")), name=name_text(pl.col("n").struct.field("3"))
    )
    names = heads.filter(pl.col("name") != "").unique("guid", keep="first", maintain_order=True)
    rows = table.filter(pl.col("p").struct.field("1").is_not_null()).select("at", pl.col("p").struct.unnest())
    rows = rows.join_asof(heads.rename({"guid": "node_id", "name": "node"}), on="at")
    orphans = rows.filter(pl.col("node_id").is_null())["at"]
    rows = rows.filter(pl.col("node_id").is_not_null()).with_columns(identity=guid_text(pl.col("3")))
    rows = rows.join(names.select(identity="guid", known="name"), on="identity", how="left", maintain_order="left")
    out = rows.select(
        "at",
        node=_or(pl.col("node"), pl.col("node_id")),
        port=pl.col("1"),
        seen_node=_or(pl.col("known"), name_text(pl.col("6")), pl.col("identity")),
        seen_port=pl.col("4"),
        identity="identity",
        node_id="node_id",
        width=pl.col("7").fill_null(""),
        speed=pl.col("8").fill_null(""),
    )
    found = unread(dump, lines, (_NODE, _PORT, _IGNORED)) + unread(
        dump, lines.filter(pl.col("at").is_in(orphans.implode())), (), "a port before any node; left out"
    )
    nodes = [Local(n or g, GUID, g, dump.at(at)) for at, g, n in heads.select("at", "guid", "name").iter_rows()]
    out, cut, told = _cut(dump, out, nodes[-1].node if nodes else "")
    return Read([], found + told, nodes, table_of(dump, out), cut=cut)


def _cut(dump: Dump, rows: pl.DataFrame, last: str) -> tuple[pl.DataFrame, tuple[str, ...], list[Finding]]:
    """Return rows, and the last device where others see some that are not told of: then the dump ends too early."""
    if rows.is_empty() and last:
        return rows, (last,), [note(dump.file, 0, f"ends before any port of {last}: cut short?")]
    ids = rows["node_id"].unique()
    lacking = rows.filter((pl.col("identity") != "") & ~pl.col("identity").is_in(ids.implode()))
    if lacking.is_empty():
        return rows, (), []
    if rows["seen_node"][-1] == rows["identity"][-1]:  # cut within the line, before the name
        rows = rows[:-1]
    names = lacking["seen_node"].unique(maintain_order=True).to_list()
    what = f"{len(names)} devices that others see have no part of their own ({', '.join(names[:3])}): cut short?"
    more = f" Ports that the last device, {last}, does not tell of are not taken for dark"
    return rows, (last,), [note(dump.file, dump.at(int(lacking["at"][-1])), what + more)]


def _or(*columns: pl.Expr) -> pl.Expr:
    """Return the first text that is not empty."""
    return pl.coalesce(*(pl.when(c != "").then(c) for c in columns)).fill_null("")


def _ports(dump: Dump, lines: pl.DataFrame) -> Read:
    groups = pl.col("text").str.extract_groups(_LINE)
    rows = lines.with_columns(p=groups).filter(pl.col("p").struct.field("1").is_not_null())
    rows = rows.select("at", pl.col("p").struct.unnest())
    out = rows.select(
        "at",
        node=_or(name_text(pl.col("7")), guid_text(pl.col("2"))),
        port=pl.col("1"),
        seen_node=_or(name_text(pl.col("8")), guid_text(pl.col("6"))),
        seen_port=pl.col("5"),
        identity=guid_text(pl.col("6")),
        node_id=guid_text(pl.col("2")),
        width=pl.when(pl.col("3").str.contains("x")).then("3").otherwise(pl.lit("")),
        speed=pl.when(pl.col("4").str.contains("?", literal=True)).then(pl.lit("")).otherwise("4"),
    )
    nodes = [
        Local(n, GUID, g, dump.at(at))
        for at, n, g in out.unique(["node", "node_id"], maintain_order=True).select("at", "node", "node_id").iter_rows()
    ]
    out, cut, told = _cut(dump, out, nodes[-1].node if nodes else "")
    return Read([], unread(dump, lines, (_LINE, _DANGLING, _IGNORED)) + told, nodes, table_of(dump, out), cut=cut)
