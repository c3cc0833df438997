"""NVUE (Cumulus): port descriptions as `nv set` commands, one file a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.export import exports
from gigasite.cabling.port_text import switch_ports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("ports-nvue")
class PortsNvue:
    """Ports that share a cage are `swp1s0`, `swp1s1`; a whole cage is `swp1`."""

    title = "port descriptions for NVUE (nvue/SWITCH.sh)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch."""
        place = folder / "nvue"
        place.mkdir()
        for node, ports in switch_ports(book):
            lines = [
                f"nv set interface swp{cage}{f's{sub}' if share > 1 else ''} description '{text}'"
                for cage, sub, share, text in ports.select("cage", "sub", "share", "text").iter_rows()
            ]
            (place / f"{node}.sh").write_text("\n".join([*lines, "nv config apply -y", ""]), encoding="utf-8")
