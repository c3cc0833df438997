"""Arista EOS: port descriptions as configuration, one file a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

LANES = 8


@exports.part("ports-eos")
class PortsEos:
    """`Ethernet1/1` is the first lane of the first cage, `Ethernet1/5` its second half."""

    title = "port descriptions for Arista EOS (eos/SWITCH.cfg)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch."""
        place = folder / "eos"
        place.mkdir()
        for node, ports in switch_ports(book):
            lines = [
                f"interface Ethernet{cage}/{1 + sub * (LANES // share)}\n   description {text}\n!"
                for cage, sub, share, text in ports.select("cage", "sub", "share", "text").iter_rows()
            ]
            (place / f"{node}.cfg").write_text(
                "\n".join([f"hostname {node}", "!", *lines, "end", ""]), encoding="utf-8"
            )
