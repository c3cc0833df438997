"""SONiC's `show lldp table`: LocalPort, RemoteDevice, RemotePortID, Capability, RemotePortDescr."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.columns import fields, starts
from gigasite.cabling.neighbour import neighbour
from gigasite.cabling.reader import Read, note, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_HEAD = re.compile(r"\s*LocalPort\s+RemoteDevice\s+RemotePortID\b")


@readers.part("sonic-table")
class SonicTable:
    """Columns stand under their heads; the description, last, may hold blanks."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the heads."""
        return 0.95 if any(_HEAD.match(line) for line in dump.text[:4000].split("\n")) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return one neighbour a row."""
        rows, found = [], []
        heads: list[tuple[str, int]] = []
        for index, line in enumerate(dump.lines()):
            if _HEAD.match(line):
                heads = starts(line)
            elif heads and line.strip() and not set(line.strip()) <= set("- ") and not line.startswith("Total"):
                cell = fields(heads, line)
                row = neighbour(
                    dump.node,
                    cell.get("localport", ""),
                    name=cell.get("remotedevice", ""),
                    port_id=cell.get("remoteportid", ""),
                    port_descr=cell.get("remoteportdescr", ""),
                    line=dump.at(index),
                )
                if row is not None:
                    rows.append(row)
                else:
                    found.append(note(dump.file, dump.at(index), f"cannot be read: {line.strip()[:60]!r}"))
        return Read(rows, found)
