"""lldpd's `-f xml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.ids import identity
from gigasite.cabling.neighbour import neighbour, seconds
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump
    from gigasite.cabling.reader import Sighting

# Read by patterns, not by an XML library: a dump that is cut off keeps its whole entries, and no entity is expanded.
_ENTRY = re.compile(r"<interface\b([^>]*)>(.*?)</interface>", re.DOTALL)
_CHASSIS = re.compile(r"<chassis\b[^>]*>(.*?)</chassis>", re.DOTALL)
_PORT = re.compile(r"<port\b[^>]*>(.*?)</port>", re.DOTALL)
_ID = re.compile(r'<id\b[^>]*?type="([^"]*)"[^>]*>([^<]*)</id>')
_END = re.compile(r"</(?:lldp|local-chassis)>|<lldp\b[^<>]*/>")  # one without entries closes itself
_ENTITY = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}


def _plain(text: str) -> str:
    for code, sign in _ENTITY.items():
        text = text.replace(code, sign)
    return text


def _attribute(text: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', text)
    return _plain(found[1]) if found else ""


def _element(text: str, name: str) -> str:
    found = re.search(rf"<{name}\b[^>]*>([^<]*)</{name}>", text)
    return _plain(found[1]) if found else ""


@readers.part("lldpd-xml")
class LldpdXml:
    """One `interface` an entry; `local-chassis` is the node itself."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the root elements."""
        head = dump.text[:2000]
        return 0.95 if "<lldp " in head or "<lldp>" in head or "<local-chassis" in head else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return the neighbours, or what the node says of itself."""
        rows: list[Sighting] = []
        found = []
        end = 0
        for entry in _ENTRY.finditer(dump.text):
            line = dump.at(dump.text.count("\n", 0, entry.start()))
            end = entry.end()
            row = _row(dump, entry[1], entry[2], line)
            if row is not None:
                rows.append(row)
            else:
                found.append(note(dump.file, line, "an entry without chassis or port; left out"))
        rest = dump.text.find("<interface", end)
        cut: tuple[str, ...] = ()
        if rest >= 0 or not _END.search(dump.text, end):
            cut = (dump.node,)
            line = dump.at(dump.text.count("\n", 0, rest if rest >= 0 else end))
            found.append(note(dump.file, line, "is cut off there; what came before is read"))
        return Read(rows, found, _own(dump), cut=cut)


def _row(dump: Dump, head: str, body: str, line: int) -> Sighting | None:
    chassis, port = _CHASSIS.search(body), _PORT.search(body)
    if chassis is None or port is None:
        return None
    far, near = _ID.search(chassis[1]), _ID.search(port[1])
    return neighbour(
        dump.node,
        _attribute(head, "name"),
        name=_element(chassis[1], "name"),
        chassis=_plain(far[2]) if far else "",
        chassis_kind=far[1] if far else "",
        port_id=_plain(near[2]) if near else "",
        port_kind=near[1] if near else "",
        port_descr=_element(port[1], "descr"),
        ip=_element(chassis[1], "mgmt-ip"),
        protocol=(_attribute(head, "via") or "lldp").lower()[:20],
        age_s=seconds(_attribute(head, "age")),
        ttl_s=seconds(_element(port[1], "ttl")),
        line=line,
    )


def _own(dump: Dump) -> list[Local]:
    at = dump.text.find("<local-chassis")
    chassis = _CHASSIS.search(dump.text, at) if at >= 0 else None
    mine = _ID.search(chassis[1]) if chassis else None
    if chassis is None or mine is None:
        return []
    name = dump.node if dump.named else _element(chassis[1], "name") or dump.node
    return [Local(name, *identity(_plain(mine[2]), mine[1]), dump.at(dump.text.count("\n", 0, at)))]
