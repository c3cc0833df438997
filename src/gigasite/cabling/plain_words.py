"""Neighbours from text of no known platform: `key: value` blocks and tables whose heads say what they hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gigasite.cabling.columns import fields, starts

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, str]

_KEYS = {
    "port": "localinterface localintf localint localport localportid localportname localif localifname localportnumber "
    "lldplocalport ifname localslotport",
    "chassis": "chassisid remotechassisid chassisidentifier neighborchassisid chassis",
    "mac": "peersourcemac",
    "port_id": "portid remoteportid portidentifier remoteport portidoutgoingport neighborportid neighborport "
    "remoteinterface neighborinterface peerport",
    "descr": "portdescription portdescr portdesc remoteportdescription remoteportdescr remoteportdesc",
    "name": "systemname sysname remotesystemname deviceid neighborname neighborsystemname remotedevice remotehost "
    "neighbordevice peername remotename",
    "ip": "managementaddress mgmtaddress mgmtip managementip managementipv4address remotemanagementaddress ipaddress "
    "managementaddressipv4",
    "ttl": "timetolive ttl timeremaining holdtime holdtimer",
    "age": "age lastupdate discoveredtime uptime",
}
_ROLE = {key: role for role, keys in _KEYS.items() for key in keys.split()}
_HEADS = {
    "port": "localintf localinterface localport localif localintrfce localint lclport port interface intf "
    "localinterfaceid localportid locportid locport locintf",
    "name": "deviceid systemname sysname neighbordevice neighbordeviceid neighbor neighborid neighbour remotehost "
    "remotedevice remotesystem remotesystemname remhostname hostname neighborname device rmtsystemname systemid "
    "peer neighbordev neighborsystemname remsysname remsystemname",
    "chassis": "chassisid remotechassisid remchassisid neighborchassisid rmtchassisid chassis",
    "port_id": "portid remoteport remoteportid neighborport neighborportid portinfo remoteif remoteinterface "
    "neighborinterface remportid neighborintf rmtportid exitinterface remoteintf",
    "descr": "portdescription portdescr remoteportdescr remoteportdescription portdesc",
    "ttl": "ttl holdtime hold-time hldtme",
}  # fmt: skip
_HEAD = {key: role for role, keys in _HEADS.items() for key in keys.split()}
_PAIR = re.compile(r"^[\s|+*\-]*([A-Za-z][A-Za-z0-9 ()/._-]{1,40}?)\s*(?:[.\s]*[:=]|\.{2,})\s*(.*?)[\s|,]*$")
_TITLE = re.compile(
    r"^\W*(?:(?:local |remote lldp \w+ on local )?(?:interface|port|slot/port)|"
    r".*neighbou?r[- ]information of port)[\s:]*"
    r"(?:\d+\s*\[)?\s*([A-Za-z]*[\w/.:-]*\d[\w/.:-]*?)\]?(?:\s+(?:detected|has|:).*|:|\s*)$",
    re.IGNORECASE,
)
_IS_PORT = re.compile(r"(?:[A-Za-z][A-Za-z -]*)?[\w/.:-]*\d[\w/.:-]*|mgmt")
_CDP = re.compile(r"^\s*Interface:\s*(\S+),\s*Port ID \(outgoing port\):\s*(.*?)\s*$")


def blocks(lines: list[str]) -> Iterator[tuple[int, Row]]:
    """Yield (line from 0, roles) of each block of `key: value` lines that tells of a neighbour.

    A block ends where a role comes again that it has; a port that is named above several neighbours is theirs all.
    """
    row: Row = {}
    start, port = 0, ""
    for index, line in enumerate(lines):
        if len(line) > 2000:
            continue
        new, title = _roles(line)
        if title and _told(row):
            yield start, {"port": port} | row
            row = {}
        for role, value in new.items():
            if role in row and role in {"chassis", "port", "name", "port_id"} and _told(row):
                yield start, {"port": port} | row
                row = {}
            if not row:
                start = index
            if role == "port" and (title or not row):
                port = value
            row.setdefault(role, value)
    if _told(row):
        yield start, {"port": port} | row


def _roles(line: str) -> tuple[Row, bool]:
    """Return what a line says, and whether it is a title that names a port."""
    if cdp := _CDP.match(line):
        return {"port": cdp[1], "port_id": cdp[2]}, False
    if title := _TITLE.match(line):
        return {"port": title[1]}, True
    pair = _PAIR.match(line)
    role = _ROLE.get(re.sub(r"[^a-z0-9]", "", pair[1].lower())) if pair else None
    return ({role: pair[2]} if pair and role else {}), False


def _told(row: Row) -> bool:
    if row.get("port") and not _IS_PORT.fullmatch(row["port"]):
        return False
    return bool(row.get("chassis") or row.get("name") or row.get("mac")) and bool(row.get("port_id") or row.get("port"))


def tables(lines: list[str]) -> Iterator[tuple[int, Row]]:
    """Yield (line from 0, roles) of each row of a table whose heads name a local port and a neighbour."""
    heads: list[tuple[str, int]] = []
    kept = ""
    for index, line in enumerate(lines):
        if len(line) > 2000:
            continue
        text = line.replace("|", " ")
        found = _heads(text, lines[index + 1] if index + 1 < len(lines) else "")
        if found:
            heads, kept = found, ""
            continue
        if not heads or not text.strip() or set(text.strip()) <= set("-=+ "):
            if not text.strip():
                kept = ""
            continue
        if re.match(r"\s*total\b|.*[#>$]\s*$|.*\bentries\b", text, re.IGNORECASE):
            heads = []
            continue
        if len(text.split()) == 1 and not text[:1].isspace():
            kept = text.strip()  # a name too long for its column stands alone
            continue
        cells = fields(heads, text)
        first = heads[0][0]
        if kept and not cells.get(first):
            cells[first] = kept
        kept = ""
        row = {role: cells[h] for h, _ in heads if (role := _HEAD.get(h)) and cells.get(h)}
        if (
            _IS_PORT.fullmatch(row.get("port", ""))
            and not row.get("name", "").endswith(":")
            and (row.get("name") or row.get("chassis") or row.get("port_id"))
        ):
            yield index, row


def _heads(text: str, below: str) -> list[tuple[str, int]]:
    """Return the heads when the line is one of heads; a ruler below it says best where columns begin."""
    if not re.search(r"[A-Za-z]{3}.*\s.*[A-Za-z]{2}", text) or ": " in text:
        return []
    ruler = below.replace("|", " ").replace("+", " ")
    if len(ruler.split()) > 2 and set(ruler.strip()) <= set("-= "):
        at = [m.start() for m in re.finditer(r"[-=]+", ruler)]
        cut = [(re.sub(r"[\s_-]", "", text[a:b]).lower(), a) for a, b in zip(at, [*at[1:], None], strict=True)]
        if _enough(cut):
            return cut
    found = starts(text)
    return found if _enough(found) else []


def _enough(heads: list[tuple[str, int]]) -> bool:
    roles = [_HEAD.get(h) for h, _ in heads]
    return "port" in roles and ("name" in roles or "chassis" in roles) and len(heads) > 2
