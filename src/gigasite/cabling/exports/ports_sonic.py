"""SONiC: port descriptions as a part of config_db.json, one file a switch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gigasite.cabling.dialect import ethernet_only
from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book
    from gigasite.campus.parts import Switch

LANES = {"osfp": 8, "qsfp112": 4, "qsfp28": 4, "rj45": 1}
"""Lanes of a cage: ports are named by their first lane, counted over all cages."""


@exports.part("ports-sonic")
class PortsSonic:
    """`Ethernet0` is the first lane of the first cage; `config load` takes each file."""

    title = "port descriptions for SONiC (Ethernet switches; sonic/SWITCH.json)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch.

        Raises
        ------
        InfeasibleError
            All chosen cables are InfiniBand, or none ends at a switch.
        """
        book = ethernet_only(book, "SONiC runs on Ethernet switches only; take ports-nvue")
        place = folder / "sonic"
        place.mkdir()
        part = dict(zip(book.devices["node"], book.devices["part"], strict=True))
        for node, ports in switch_ports(book):
            switch = book.campus.catalogue.switches[part[node]]
            rows = ports.select("cage", "sub", "share", "text").iter_rows()
            named = {
                f"Ethernet{_lane(switch, cage, sub, share)}": {"description": text} for cage, sub, share, text in rows
            }
            (place / f"{node}.json").write_text(json.dumps({"PORT": named}, indent=1) + "\n", encoding="utf-8")


def _lane(switch: Switch, cage: int, sub: int, share: int) -> int:
    """Return the first lane of a port: cages toward nodes first, those of uplinks after them."""
    own, up = LANES[switch.cage], LANES[switch.uplink_cage]
    beyond = max(cage - 1 - switch.cages, 0) if switch.uplinks else 0
    first = (cage - 1 - beyond) * own + beyond * up
    lanes = up if switch.uplinks and cage > switch.cages else own
    return first + sub * (lanes // share)
