"""lldpd's `-f json0` and `-f json`, as `lldpcli`, SONiC, Cumulus' `net show lldp json` and others print it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite.cabling.ids import identity
from gigasite.cabling.neighbour import Finder, documents, listed, neighbour, seconds, text_of
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump
    from gigasite.cabling.reader import Sighting


@readers.part("lldpd-json")
class LldpdJson:
    """Every level is a list in json0; in json one is an object, many a list, and names are keys: all are accepted."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the two outermost keys."""
        head = dump.text[:3000]
        return (
            0.95
            if "{" in head and ('"lldp"' in head or '"local-chassis"' in head) and '"neighbor"' not in head
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return the neighbours, or what the node says of itself."""
        docs, found, cut = documents(dump)
        rows: list[Sighting] = []
        nodes: list[Local] = []
        finder = Finder(dump)
        for doc in docs:
            if not isinstance(doc, dict):
                continue
            own = [
                c for b in listed(doc.get("local-chassis")) if isinstance(b, dict) for c in _chassis(b.get("chassis"))
            ]
            nodes += _locals(own, dump)
            for block in listed(doc.get("lldp")):
                for name, interface in _interfaces(block):
                    rows += _rows(dump, name, interface, finder.line(f'"{name}"'), found)
        return Read(rows, found, nodes, cut=cut)


def _locals(own: list[tuple[str, Any]], dump: Dump) -> list[Local]:
    out = []
    for name, chassis in own:
        kind, value = identity(text_of(chassis, "id"), _type(chassis))
        out.append(Local(dump.node if dump.named else name or dump.node, kind, value, dump.at(0)))
    return out


def _rows(dump: Dump, name: str, interface: dict[str, Any], line: int, found: list[Finding]) -> list[Sighting]:
    out = []
    for (far, chassis), port in zip(_chassis(interface.get("chassis")), listed(interface.get("port")), strict=False):
        row = neighbour(
            dump.node,
            name,
            name=far,
            chassis=text_of(chassis, "id"),
            chassis_kind=_type(chassis),
            port_id=text_of(port, "id"),
            port_kind=_type(port),
            port_descr=text_of(port, "descr"),
            ip=text_of(chassis, "mgmt-ip"),
            protocol=(text_of(interface, "via") or "lldp").lower()[:20],
            age_s=seconds(interface.get("age")),
            ttl_s=seconds(text_of(port, "ttl") or text_of(interface, "ttl") or None),
            line=line,
        )
        if row is not None:
            out.append(row)
    if not out:
        found.append(note(dump.file, line, f"port {name[:40]} has an entry without chassis or port; left out"))
    return out


def _type(value: Any) -> str:
    first = next(iter(listed(value.get("id"))), None) if isinstance(value, dict) else None
    kind = first.get("type") if isinstance(first, dict) else ""
    return kind if isinstance(kind, str) else ""


def _interfaces(block: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, interface) from json0's list with `name`, or json's objects keyed by name."""
    out: list[tuple[str, dict[str, Any]]] = []
    for item in listed(block.get("interface") if isinstance(block, dict) else None):
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("name"), str):
            out.append((item["name"], item))
        else:
            out += [(str(k), e) for k, v in item.items() for e in listed(v) if isinstance(e, dict)]
    return out


def _chassis(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, chassis) of each; json keys a chassis by its name where it has one."""
    out: list[tuple[str, dict[str, Any]]] = []
    for item in listed(value):
        if not isinstance(item, dict):
            continue
        if "id" in item or "name" in item:
            out.append((text_of(item, "name"), item))
        else:
            out += [(str(k), v) for k, v in item.items() if isinstance(v, dict)]
    return out
