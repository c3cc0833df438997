"""`perfquery -x` of one port: how often the link went down, symbol errors; blocks follow each other in one file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.ids import GUID, guid
from gigasite.cabling.neighbour import number
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_HEAD = re.compile(r"#\s*Port (?:extended )?counters:\s*Lid\s+(\d+)\s+port\s+(\d+)")
_FIELD = re.compile(r"(LinkDownedCounter|SymbolErrorCounter|PortSelect):\.*(\S+)")


@readers.part("perfquery")
class Perfquery:
    """The node is the file's name, a GUID as a rule: counters of many switches come as one file each."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the head of a block."""
        return 0.9 if _HEAD.search(dump.text[:4000]) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return one row a port."""
        out: list[Sighting] = []
        node = re.sub(r"-\d+$", "", dump.node)
        mine = guid(node) if re.fullmatch(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{16}", node) else ""
        for index, line in enumerate(dump.lines()):
            if head := _HEAD.match(line):
                out.append(
                    Sighting(
                        node=mine or node or f"lid {head[1]}",
                        port=head[2],
                        node_kind=GUID if mine else "",
                        node_id=mine,
                        line=dump.at(index),
                    )
                )
            elif out and (field := _FIELD.match(line)):
                out[-1] = _with(out[-1], field[1], number(field[2]))
        return Read(out, [])


def _with(row: Sighting, field: str, value: float) -> Sighting:
    if field == "LinkDownedCounter":
        return row._replace(link_downs=value)
    return row._replace(symbol_errors=value) if field == "SymbolErrorCounter" else row
