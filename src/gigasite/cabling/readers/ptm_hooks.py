"""What the hooks of PTM (`if-topo-pass`, `if-topo-fail`) find in their environment, as a log of `PTM_*` variables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.neighbour import neighbour
from gigasite.cabling.reader import Read, note, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump
    from gigasite.cabling.reader import Sighting

_FIELD = re.compile(r"\s*(?:export )?PTM_(\w+)=['\"]?(.*?)['\"]?\s*$")


@readers.part("ptm-hooks")
class PtmHooks:
    """A record a call of a hook; `ACTNBR` is the neighbour that was seen, `node:port`."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the variables."""
        return 0.9 if "PTM_PORT=" in dump.text[:20000] else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return the neighbour of each port as last told."""
        rows: dict[str, Sighting] = {}
        found = []
        entry: dict[str, tuple[str, int]] = {}
        for index, line in enumerate([*dump.lines(), "if-topo-end"]):
            pair = _FIELD.match(line)
            if line.strip().startswith("if-topo") or (pair and pair[1] in entry):
                if row := _row(dump, entry):
                    rows[row.port] = row
                elif entry:
                    at = next(iter(entry.values()))[1]
                    found.append(note(dump.file, at, "a record without PTM_PORT or PTM_ACTNBR; left out"))
                entry = {}
            if pair:
                entry[pair[1]] = (pair[2], dump.at(index))
        return Read(list(rows.values()), found)


def _row(dump: Dump, entry: dict[str, tuple[str, int]]) -> Sighting | None:
    port, line = entry.get("PORT", ("", 0))
    far, _, far_port = entry.get("ACTNBR", ("", 0))[0].rpartition(":")
    if not port or not far or not far_port:
        return None
    return neighbour(
        dump.node, port, name=far, port_id=far_port, port_kind="ifname", state=entry.get("CBL", ("", 0))[0], line=line
    )
