"""lldpd's `-f keyvalue`: `lldp.swp1.chassis.mac=...`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.ids import identity
from gigasite.cabling.neighbour import neighbour, seconds
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump
    from gigasite.cabling.reader import Sighting

_LINE = re.compile(
    r"lldp\.(.+?)\.(via|rid|age|(?:chassis|port|ttl|vlan|ppvid|pi|lldp-med|unknown-tlvs?|custom|power|mfs|location)\b[\w.-]*)=(.*)"
)
_LOCAL = re.compile(r"local-chassis\.chassis\.([\w-]+)=(.*)")
_IDS = ("mac", "ifname", "local", "ip", "ifalias", "ifport", "chassis", "unhandled")


@readers.part("lldpd-keyvalue")
class LldpdKeyvalue:
    """A new entry begins with `via`; ports may hold dots (`eth0.100`)."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for a line of either kind."""
        head = dump.text[:4000]
        return 0.95 if re.search(r"^(?:lldp\..+|local-chassis\.chassis\.[\w-]+)=", head, re.MULTILINE) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return the neighbours, or what the node says of itself."""
        rows: list[Sighting] = []
        found: list[Finding] = []
        own: dict[str, str] = {}
        entry: dict[str, str] = {}
        at = (0, "")
        whole: dict[str, set[str]] = {}
        for index, line in enumerate(dump.lines()):
            if local := _LOCAL.match(line):
                own.setdefault(local[1], local[2])
            elif pair := _LINE.match(line):
                if pair[2] == "via" or pair[1] != at[1]:
                    _close(dump, entry, at, rows, found)
                    whole.setdefault(entry.get("via", ""), set(entry))
                    entry, at = {}, (index, pair[1])
                entry.setdefault(pair[2], pair[3])
            elif line.startswith("lldp."):
                found.append(note(dump.file, dump.at(index), f"cannot be read: {line[:60]!r}"))
        # the last lines of an entry tell how long it is valid
        lacking = {"port.ttl", "ttl.ttl"} & whole.get(entry.get("via", ""), set()) - set(entry)
        if lacking:
            found.append(note(dump.file, dump.at(at[0]), "is cut off there; what came before is read"))
        if not lacking or dump.text.endswith("\n"):  # a name that is cut within is another name
            _close(dump, entry, at, rows, found)
        kind = next((k for k in _IDS if k in own), "")
        name = dump.node if dump.named else own.get("name") or dump.node
        nodes = [Local(name, *identity(own[kind], kind), dump.at(0))] if kind else []
        return Read(rows, found, nodes, cut=(dump.node,) if lacking else ())


def _close(dump: Dump, entry: dict[str, str], at: tuple[int, str], rows: list[Sighting], found: list[Finding]) -> None:
    if not entry:
        return
    far = next((k for k in _IDS if f"chassis.{k}" in entry), "")
    near = next((k for k in _IDS if f"port.{k}" in entry), "")
    row = neighbour(
        dump.node,
        at[1],
        name=entry.get("chassis.name", ""),
        chassis=entry.get(f"chassis.{far}", ""),
        chassis_kind=far,
        port_id=entry.get(f"port.{near}", ""),
        port_kind=near,
        port_descr=entry.get("port.descr", ""),
        ip=entry.get("chassis.mgmt-ip", ""),
        protocol=(entry.get("via") or "lldp").lower()[:20],
        age_s=seconds(entry.get("age")),
        ttl_s=seconds(entry.get("port.ttl") or entry.get("ttl.ttl")),
        line=dump.at(at[0]),
    )
    if row is not None:
        rows.append(row)
    else:
        found.append(
            note(dump.file, dump.at(at[0]), f"port {at[1][:40]} has an entry without chassis or port; left out")
        )
