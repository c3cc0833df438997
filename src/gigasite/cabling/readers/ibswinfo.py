"""`ibswinfo`: what a switch says of itself, its GUID and serial number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.ids import GUID, SERIAL, guid
from gigasite.cabling.reader import Local, Read, note, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_FIELD = re.compile(r"\s*([A-Za-z/#0-9 ()]+?)\s*\|\s*(.*?)\s*$")


@readers.part("ibswinfo")
class Ibswinfo:
    """The head is the node description; unmanaged switches share one, so that the GUID tells them apart."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the table."""
        head = dump.text[:2000]
        return (
            0.9
            if re.search(r"^serial number\s+\|", head, re.MULTILINE) and re.search(r"^GUID\s+\|", head, re.MULTILINE)
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return identities; a tool that failed is a finding."""
        lines = dump.lines()
        fields: dict[str, tuple[str, int]] = {}
        for index, text in enumerate(lines):
            if pair := _FIELD.match(text):
                fields.setdefault(pair[1].lower(), (pair[2], dump.at(index)))
        title = next((t.strip() for t in lines if t.strip() and not t.startswith("=") and "|" not in t), "")
        mine, line = fields.get("guid", ("", 0))
        value = guid(mine)
        if not value:
            return Read([], [note(dump.file, line, f"'{mine[:30]}' is no GUID; the switch cannot be told from others")])
        name = title if title and not title.endswith("Mellanox Technologies") else value
        serial, place = fields.get("serial number", ("", 0))
        nodes = [Local(name, GUID, value, line)] + ([Local(name, SERIAL, serial, place)] if serial else [])
        return Read([], [], nodes)
