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
    """Ports that share a cage are `swp1s0`, `swp1s1`; a whole cage is `swp1`; on InfiniBand (NVOS) `sw1p1`, `sw1p2`."""

    title = "port descriptions for NVUE: Cumulus, and NVOS on InfiniBand (nvue/SWITCH.sh)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write one file a switch."""
        place = folder / "nvue"
        place.mkdir()
        network = dict(zip(book.devices["node"], book.network(), strict=True))
        for node, ports in switch_ports(book):
            band = network[node] == "infiniband"
            lines = [
                f"nv set interface {_port(cage, sub, share, band=band)} description '{text}'"
                for cage, sub, share, text in ports.select("cage", "sub", "share", "text").iter_rows()
            ]
            (place / f"{node}.sh").write_text("\n".join([*lines, "nv config apply -y", ""]), encoding="utf-8")


def _port(cage: int, sub: int, share: int, *, band: bool) -> str:
    if band:
        return f"sw{cage}p{sub + 1}"
    return f"swp{cage}{f's{sub}' if share > 1 else ''}"
