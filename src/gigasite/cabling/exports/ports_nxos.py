"""Cisco NX-OS: port descriptions as configuration, one file a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.dialect import ethernet_only
from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("ports-nxos")
class PortsNxos:
    """`Ethernet1/1/1` and `Ethernet1/1/2` share the first cage; a whole cage is `Ethernet1/1`."""

    title = "port descriptions for Cisco NX-OS (Ethernet switches; nxos/SWITCH.cfg)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch.

        Raises
        ------
        InfeasibleError
            All chosen cables are InfiniBand, or none ends at a switch.
        """
        book = ethernet_only(book, "NX-OS runs on Ethernet switches only; take ports-nvue")
        place = folder / "nxos"
        place.mkdir()
        for node, ports in switch_ports(book):
            lines = [
                f"interface Ethernet1/{cage}{f'/{sub + 1}' if share > 1 else ''}\n  description {text}"
                for cage, sub, share, text in ports.select("cage", "sub", "share", "text").iter_rows()
            ]
            (place / f"{node}.cfg").write_text("\n".join([f"hostname {node}", *lines, ""]), encoding="utf-8")
