"""Cumulus NVUE: `nv show interface lldp -o json`, `nv show interface --view=lldp -o json`, one port or all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import Finder, documents, neighbour, number, optics, seconds, text_of
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.capture import Dump


@readers.part("nvue-json")
class NvueJson:
    """Neighbours are keyed by name below `lldp.neighbor` of a port, whatever stands around the ports."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the keys."""
        text = dump.text[:200000]
        return (
            0.9
            if '"neighbor"' in text and ('"lldp"' in text or '"system-name"' in text) and "openconfig" not in text
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours."""
        docs, found, cut = documents(dump)
        finder = Finder(dump)
        rows: list[Sighting] = []
        for port, lldp, whole in (p for doc in docs for p in _ports(doc, dump, 0)):
            line = finder.line(f'"{port}"')
            for name, far in _items(lldp.get("neighbor")):
                row = neighbour(
                    dump.node,
                    port,
                    name=text_of(far, "chassis", "system-name") or text_of(far, "system-name") or name,
                    chassis=text_of(far, "chassis", "chassis-id") or text_of(far, "chassis-id"),
                    port_id=text_of(far, "port", "name") or text_of(far, "port", "id"),
                    port_kind=text_of(far, "port", "type"),
                    port_descr=text_of(far, "port", "description"),
                    ip=text_of(far, "chassis", "management-address-ipv4")
                    or text_of(far, "chassis", "management-address"),
                    age_s=seconds(text_of(far, "age") or None),
                    ttl_s=seconds(text_of(far, "port", "ttl") or None),
                    speed=text_of(whole, "link", "speed"),
                    line=line,
                )
                rows += [row] if row else []
            rows += _module(dump, port, whole.get("pluggable") or whole.get("transceiver"), line)
        return Read(rows, found, cut=cut)


def _module(dump: Dump, port: str, module: Any, line: int) -> list[Sighting]:
    if not isinstance(module, dict):
        return []
    row = optics(
        dump.node,
        port,
        temperature_degc=number(text_of(module, "temperature") or None),
        serial=text_of(module, "vendor-sn"),
        part_number=text_of(module, "vendor-pn"),
        vendor=text_of(module, "vendor-name"),
        line=line,
    )
    return [row] if row else []


def _items(value: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(value, list):
        return [("", v) for v in value if isinstance(v, dict)]
    return [(str(k), v) for k, v in value.items() if isinstance(v, dict)] if isinstance(value, dict) else []


def _ports(value: Any, dump: Dump, depth: int, name: str = "") -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield (port, its `lldp`, all of it): keyed by the port, or the port's own when the command named one."""
    if depth > 6 or not isinstance(value, dict):
        return
    lldp = value.get("lldp")
    if isinstance(lldp, dict) and "neighbor" in lldp:
        yield name or _named(dump), lldp, value
    elif isinstance(value.get("neighbor"), (dict, list)):
        yield name or _named(dump), value, value
    else:
        for key, inner in value.items():
            yield from _ports(inner, dump, depth + 1, str(key))


def _named(dump: Dump) -> str:
    words = dump.command.split()
    return words[words.index("interface") + 1] if "interface" in words[:-1] else ""
