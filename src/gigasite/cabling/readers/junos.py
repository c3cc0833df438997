"""Juniper Junos: `show lldp neighbors [detail] | display xml`, `| display json`; text goes to the templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import Finder, documents, listed, neighbour, number, text_of
from gigasite.cabling.reader import Read, Sighting, note, readers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gigasite.cabling.capture import Dump

_ENTRY = re.compile(r"<lldp-neighbor-information[^>]*>(.*?)</lldp-neighbor-information>", re.DOTALL)


@readers.part("junos")
class Junos:
    """XML and JSON hold the same elements; older releases write `lldp-local-interface` for `lldp-local-port-id`."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the elements."""
        return (
            0.95
            if "lldp-neighbors-information" in dump.text[:4000] or "lldp-neighbor-information" in dump.text[:4000]
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours."""
        return _xml(dump) if dump.text.find("<lldp-neighbor") >= 0 else _json(dump)


def _xml(dump: Dump) -> Read:
    rows, found, end = [], [], 0
    cut: tuple[str, ...] = ()
    for entry in _ENTRY.finditer(dump.text):
        line, end = dump.at(dump.text.count("\n", 0, entry.start())), entry.end()
        body = entry[1]

        def get(name: str, body: str = body) -> str:
            value = re.search(rf"<{name}[^>]*>([^<]*)</{name}>", body)
            return value[1].strip() if value else ""

        row = _row(dump, get, line)
        rows += [row] if row else []
        if row is None:
            found.append(note(dump.file, line, "an entry without port or neighbour; left out"))
    if "<lldp-neighbor-information" in dump.text[end:]:
        line = dump.at(dump.text.count("\n", 0, dump.text.rfind("<lldp-neighbor-information")))
        found.append(note(dump.file, line, "an entry is cut off; left out"))
        cut = (dump.node,)
    return Read(rows, found, cut=cut)


def _json(dump: Dump) -> Read:
    docs, found, cut = documents(dump)
    finder = Finder(dump)
    rows = []
    for item in (i for doc in docs for i in _items(doc, 0)):
        port = text_of(item, "lldp-local-port-id") or text_of(item, "lldp-local-interface")
        row = _row(dump, lambda name, item=item: text_of(item, name), finder.line(f'"{port}"'))  # type: ignore[misc]
        rows += [row] if row else []
    return Read(rows, found, cut=cut)


def _items(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    for item in listed(value):
        if not isinstance(item, dict) or depth > 10:
            continue
        for key, inner in item.items():
            if key == "lldp-neighbor-information":
                yield from (i for i in listed(inner) if isinstance(i, dict))
            elif isinstance(inner, (dict, list)):
                yield from _items(inner, depth + 1)


def _row(dump: Dump, get: Callable[[str], str], line: int) -> Sighting | None:
    return neighbour(
        dump.node,
        get("lldp-local-port-id") or get("lldp-local-interface"),
        name=get("lldp-remote-system-name"),
        chassis=get("lldp-remote-chassis-id"),
        chassis_kind=get("lldp-remote-chassis-id-subtype"),
        port_id=get("lldp-remote-port-id"),
        port_kind=get("lldp-remote-port-id-subtype"),
        port_descr=get("lldp-remote-port-description"),
        ip=get("lldp-remote-management-address"),
        ttl_s=number(get("lldp-ttl") or get("lldp-timetolive") or None),
        line=line,
    )
