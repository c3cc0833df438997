"""SONiC: port descriptions as a part of config_db.json, one file a switch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

LANES = 8  # of a cage: ports are named by their first lane


@exports.part("ports-sonic")
class PortsSonic:
    """`Ethernet0` is the first lane of the first cage; `config load` takes each file."""

    title = "port descriptions for SONiC (sonic/SWITCH.json)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch."""
        place = folder / "sonic"
        place.mkdir()
        for node, ports in switch_ports(book):
            rows = ports.select("cage", "sub", "share", "text").iter_rows()
            named = {
                f"Ethernet{(cage - 1) * LANES + sub * (LANES // share)}": {"description": text}
                for cage, sub, share, text in rows
            }
            (place / f"{node}.json").write_text(json.dumps({"PORT": named}, indent=1) + "\n", encoding="utf-8")
