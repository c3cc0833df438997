"""`iblinkinfo`: blocks of a switch or host with its ports, or whole lines with `-l`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.ids import GUID
from gigasite.cabling.infiniband import guid_text, name_text, table_of, unread
from gigasite.cabling.reader import Local, Read, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_LINK = r"==\((.*?)\)==>"
_FAR = r'==>\s*(?:0x([0-9a-fA-F]+)\s+)?(?:\d+)?\s*(?:(\d+)\[[^\]]*\])?\s*(?:"([^"]*)")?\s*(?:\((.*)\)\s*)?$'
_WHOLE = r'^\s*0x([0-9a-fA-F]+)\s+"\s*([^"]*?)"\s+\d+\s+(\d+)\[[^\]]*\]\s*==\('
_INDENTED = r"^\s*(?:0x[0-9a-fA-F]+\s+)?\d+\s+(\d+)\[[^\]]*\]\s*==\("
_HEAD = r"^(?:Switch|CA|Router|RT):\s*(?:0x([0-9a-fA-F]+)\s+)?([^:\n]*(?::[^:\n/]*/U\d+)?):\s*$"
_RATE = r"^\s*(\d+[xX])\s+([\d.]+\s*G\w+|\S+)"


@readers.part("iblinkinfo")
class IbLinkInfo:
    """Both forms; `(Could be ...)` says that a link runs below what it can."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the arrow."""
        return 0.95 if re.search(r"\]\s*==\(.*?\)==>", dump.text[:20000]) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return every port that names a far end."""
        lines = pl.DataFrame({"text": dump.lines()}).with_row_index("at")
        text = pl.col("text")
        arrow = lines.filter(text.str.contains(_LINK)).select(
            "at",
            link=text.str.extract(_LINK),
            f=text.str.extract_groups(_FAR),
            w=text.str.extract_groups(_WHOLE),
            i=text.str.extract(_INDENTED),
        )
        heads = lines.filter(text.str.contains(_HEAD)).select("at", h=text.str.extract_groups(_HEAD))
        heads = heads.select(
            "at", guid=guid_text(pl.col("h").struct.field("1")), name=name_text(pl.col("h").struct.field("2"))
        )
        out = _table(arrow.join_asof(heads, on="at"))
        found = unread(dump, lines, (_LINK, _HEAD, r"^\s*(?:#.*)?$"))
        named = out.filter(pl.col("node_id") != "").unique(["node", "node_id"], maintain_order=True)
        nodes = [Local(n, GUID, g, dump.at(at)) for at, n, g in named.select("at", "node", "node_id").iter_rows()]
        return Read([], found, nodes, table_of(dump, out.filter(pl.col("node") != "")))


def _table(rows: pl.DataFrame) -> pl.DataFrame:
    far, whole = pl.col("f").struct, pl.col("w").struct
    rows = rows.with_columns(
        node_id=pl.when(whole.field("1").is_not_null())
        .then(guid_text(whole.field("1")))
        .otherwise(pl.col("guid"))
        .fill_null(""),
        node=pl.when(whole.field("1").is_not_null())
        .then(name_text(whole.field("2")))
        .otherwise(pl.col("name"))
        .fill_null(""),
        port=pl.coalesce(whole.field("3"), pl.col("i")),
        identity=guid_text(far.field("1")),
        seen_name=name_text(far.field("3")),
        capable=far.field("4").fill_null("").str.strip_chars(),
        width=pl.col("link").str.extract(_RATE, 1).fill_null("").str.to_lowercase(),
        speed=pl.col("link").str.extract(_RATE, 2).fill_null(""),
        state=pl.col("link").str.extract(r"(\w+\s*/\s*\w+)\s*$", 1).fill_null("").str.replace_all(" ", ""),
    )
    rows = rows.with_columns(
        node=pl.when(pl.col("node") == "").then("node_id").otherwise("node"),
        seen_node=pl.when(pl.col("seen_name") == "").then("identity").otherwise("seen_name"),
        seen_port=far.field("2").fill_null(""),
    )
    dark = pl.col("seen_port") == ""  # `[  ] "" ( )`: nothing is plugged in
    return rows.filter(~dark & pl.col("port").is_not_null()).select(
        "at", "node", "port", "seen_node", "seen_port", "identity", "node_id", "width", "speed", "capable", "state"
    )
