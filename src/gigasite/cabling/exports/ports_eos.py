"""Arista EOS: port descriptions as configuration, one file a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.dialect import ethernet_only
from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book
    from gigasite.campus.parts import Switch

LANES = {"osfp": 8, "qsfp112": 4, "qsfp28": 4, "rj45": 1}
"""Lanes of a cage; a port of one lane has no second number."""


@exports.part("ports-eos")
class PortsEos:
    """`Ethernet1/1` is the first lane of a cage, `Ethernet1/5` its second half; copper ports are `Ethernet1` on."""

    title = "port descriptions for Arista EOS (Ethernet switches; eos/SWITCH.cfg)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch.

        Raises
        ------
        InfeasibleError
            All chosen cables are InfiniBand, or none ends at a switch.
        """
        book = ethernet_only(book, "EOS runs on Ethernet switches only; take ports-nvue")
        place = folder / "eos"
        place.mkdir()
        part = dict(zip(book.devices["node"], book.devices["part"], strict=True))
        for node, ports in switch_ports(book):
            switch = book.campus.catalogue.switches[part[node]]
            lines = [
                f"interface Ethernet{_port(switch, cage, sub, share)}\n   description {text}\n!"
                for cage, sub, share, text in ports.select("cage", "sub", "share", "text").iter_rows()
            ]
            (place / f"{node}.cfg").write_text(
                "\n".join([f"hostname {node}", "!", *lines, "end", ""]), encoding="utf-8"
            )


def _port(switch: Switch, cage: int, sub: int, share: int) -> str:
    """Return the number of a port: cage, and first lane within it."""
    lanes = LANES[switch.uplink_cage if switch.uplinks and cage > switch.cages else switch.cage]
    return f"{cage}/{1 + sub * (lanes // share)}" if lanes > 1 else f"{cage}"
