"""lldpd's plain text: `lldpcli show neighbors [details]`, `lldpctl`, SONiC's `show lldp neighbors`, Cumulus' alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.ids import identity
from gigasite.cabling.neighbour import neighbour, seconds
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump
    from gigasite.cabling.reader import Sighting

_HEAD = re.compile(r"\s*Interface:\s+(\S.*?),\s+via:\s+(\w+)(?:,\s+RID:\s+\d+)?(?:,\s+Time:\s+(.*))?")
_KEY = re.compile(r"\s+(ChassisID|SysName|MgmtIP|PortID|PortDescr|TTL):\s+(.*)")


@readers.part("lldpd-plain")
class LldpdPlain:
    """A block a neighbour; the block below `Local chassis` is the node itself."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the head of a block."""
        head = dump.text[:6000]
        return (
            0.95
            if re.search(r"^\s*Interface:\s+\S.*, via: ", head, re.MULTILINE)
            or ("Local chassis:" in head and "ChassisID:" in head)
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return the neighbours, or what the node says of itself."""
        rows: list[Sighting] = []
        found: list[Finding] = []
        nodes: list[Local] = []
        head: re.Match[str] | None = None
        entry: dict[str, str] = {}
        start = 0
        for index, line in enumerate([*dump.lines(), "Interface:"]):
            new = _HEAD.match(line)
            if new or line == "Interface:" or line.startswith("Local chassis:"):
                _close(dump, head, entry, dump.at(start), rows, found, nodes)
                head, entry, start = new, {}, index
            elif pair := _KEY.match(line):
                entry.setdefault(pair[1], pair[2].strip())
        if not _cut(dump.lines()):
            return Read(rows, found, nodes)
        found.append(note(dump.file, dump.at(len(dump.lines()) - 1), "is cut off there; what came before is read"))
        return Read(rows, found, nodes, cut=(dump.node,))


def _cut(lines: Sequence[str]) -> bool:
    """Say whether the end is missing: a dump that begins with a rule ends with one; a prompt may follow."""
    told = [line.strip() for line in lines if line.strip()]
    if not told or not told[0].startswith("----") or told[-1].startswith("----"):
        return False
    return not told[-2:-1] or not told[-2].startswith("----") or "Interface:".startswith(told[-1][:10])


def _close(  # the state of the loop above
    dump: Dump,
    head: re.Match[str] | None,
    entry: dict[str, str],
    line: int,
    rows: list[Sighting],
    found: list[Finding],
    nodes: list[Local],
) -> None:
    far_kind, _, far = entry.get("ChassisID", "").partition(" ")
    if head is None:
        if far:
            name = dump.node if dump.named else entry.get("SysName") or dump.node
            nodes.append(Local(name, *identity(far, far_kind), line))
        return
    near_kind, _, near = entry.get("PortID", "").partition(" ")
    row = neighbour(
        dump.node,
        head[1],
        name=entry.get("SysName", ""),
        chassis=far,
        chassis_kind=far_kind,
        port_id=near,
        port_kind=near_kind,
        port_descr=entry.get("PortDescr", ""),
        ip=entry.get("MgmtIP", ""),
        protocol=head[2].lower(),
        age_s=seconds(head[3]),
        ttl_s=seconds(entry.get("TTL")),
        line=line,
    )
    if row is not None:
        rows.append(row)
    else:
        found.append(note(dump.file, line, f"port {head[1][:40]} has an entry without chassis or port; left out"))
