"""`ibnetdiscover`: a block per switch and host, or one line a port with `-p`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.reader import Sighting, note, readers

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.reader import Dump

_NODE = re.compile(r'(Switch|Ca|Rt)\s+(\d+)\s+"([SHR]-[0-9a-fA-F]+)"\s*#\s*"([^"]*)"')
_PORT = re.compile(
    r'\[(\d+)\](?:\(([0-9a-fA-F]+)\))?\s+"([SHR]-[0-9a-fA-F]+)"\[(\d+)\](?:\(([0-9a-fA-F]+)\))?\s*'
    r'(?:#\s*(?:lid\s+\d+\s+lmc\s+\d+\s+)?"([^"]*)"(?:\s+lid\s+\d+)?(?:\s+(\d+x)\s*(\S+))?)?'
)
_LINE = re.compile(
    r"(CA|SW|RT)\s+\d+\s+(\d+)\s+0x([0-9a-fA-F]+)\s+(\d+x|\?+)?\s*(\S+)\s+-\s+"
    r"(CA|SW|RT)\s+\d+\s+(\d+)\s+0x([0-9a-fA-F]+)\s+\(\s*'(.*?)'\s+-\s+'(.*)'\s*\)"
)
_DANGLING = re.compile(r"(CA|SW|RT)\s+\d+\s+(\d+)\s+0x([0-9a-fA-F]+)\s")


def _name(description: str) -> str:
    """Return a managed switch's own name (`MF0;name:MODEL/U1`), else the description without outer blanks."""
    managed = re.fullmatch(r"MF0;([^:]+):.*", description.strip())
    return managed[1] if managed else description.strip()


@readers.part("ibnetdiscover")
class IbNetDiscover:
    """Both forms. A port with no far end (`-p`) is no cable; GUIDs are the identity, descriptions the name."""

    def sniff(self, dump: Dump, /) -> bool:
        """Look for a block or a port line."""
        head = dump.text[:4000]
        return bool(
            "# Topology file" in head
            or re.search(r"^(switchguid|caguid)=", head, re.MULTILINE)
            or re.match(r"\s*(CA|SW|RT)\s+\d+\s+\d+\s+0x", head)
        )

    def read(self, dump: Dump, /) -> tuple[list[Sighting], list[Finding]]:
        """Return every port that names a far end."""
        lines = dump.text.splitlines()
        if any(_NODE.match(line) for line in lines):
            return _blocks(dump, lines)
        return _ports(dump, lines)


def _blocks(dump: Dump, lines: list[str]) -> tuple[list[Sighting], list[Finding]]:
    out: list[Sighting] = []
    found: list[Finding] = []
    node = ""
    names = {m[3]: _name(m[4]) for line in lines if (m := _NODE.match(line))}
    for number, line in enumerate(lines, start=1):
        if head := _NODE.match(line):
            node = names[head[3]] or head[3]
        elif port := _PORT.match(line):
            if not node:
                found.append(note(dump.file, number, "a port before any node; left out"))
                continue
            far = names.get(port[3]) or _name(port[6] or "") or port[3]
            out.append(
                Sighting(
                    node=node,
                    port=port[1],
                    seen_node=far,
                    seen_port=port[4],
                    identity=port[3][2:],
                    width=port[7] or "",
                    speed=port[8] or "",
                    line=number,
                )
            )
        elif line.startswith("["):
            found.append(note(dump.file, number, f"cannot be read: {line[:60]!r}"))
    return out, found


def _ports(dump: Dump, lines: list[str]) -> tuple[list[Sighting], list[Finding]]:
    out: list[Sighting] = []
    found: list[Finding] = []
    for number, line in enumerate(lines, start=1):
        row = _LINE.match(line.strip())
        if row:
            speed = "" if "?" in row[5] else row[5]
            out.append(
                Sighting(
                    node=_name(row[9]),
                    port=row[2],
                    seen_node=_name(row[10]),
                    seen_port=row[7],
                    identity=row[8],
                    width=row[4] or "",
                    speed=speed,
                    line=number,
                )
            )
        elif line.strip() and not _DANGLING.match(line.strip()):
            found.append(note(dump.file, number, f"cannot be read: {line.strip()[:60]!r}"))
    return out, found
