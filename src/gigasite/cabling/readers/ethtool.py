"""`ethtool -m`, text and JSON, and its like (SONiC `sfputil show eeprom -d`, Junos optics): a module on itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import documents, listed, number, optics
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_FIELD = re.compile(r"\s*([A-Za-z][^:=]*?)\s*[:=]\s*(.*?)\s*$")
_PORT = re.compile(
    r"(?:.*ethtool\s+(?:-m|--module-info|-j|--json|\s)+\s*|(?:settings for|===+|#+|interface:?)\s+)([A-Za-z][\w.-]*)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"(?:Physical interface:\s*(\S+)|(\S+): (?:SFP EEPROM|Module) (?:detected|present).*)$", re.IGNORECASE
)
_NAMES = re.compile(r"identifier|vendor (?:name|pn|sn)|laser receiver power|rx\s?\d*\s?power")
_RX = r"(?:rcvr signal avg optical power|receiver signal average optical power|laser receiver power|rx\s?\d*\s?power)"
_TX = r"(?:transmit avg optical power|laser (?:output|tx) power|tx\s?\d*\s?power)"
_BIAS = r"(?:laser (?:tx )?bias(?: current)?|tx\s?\d*\s?bias)"


@readers.part("ethtool-module")
class EthtoolModule:
    """The port is named by the command, by a title, or by the file's name (`host.eth0.txt`)."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the fields that every module has."""
        head = dump.text[:20000].lower()
        named = re.search(r'"?identifier"?\s*[:=]', head) and re.search(r"vendor[ _](?:pn|name)", head)
        return 0.9 if named or "laser receiver power" in head else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return one row a module."""
        port = _of_command(dump)
        if dump.text.lstrip()[:1] in {"[", "{"}:
            docs, found, _ = documents(dump)
            flat = [
                {str(k).lower().replace("_", " "): v for k, v in m.items()}
                for d in docs
                for m in listed(d)
                if isinstance(m, dict)
            ]
            rows = [_row(dump, str(m.get("ifname", port)), m, 1) for m in flat]
            return Read([r for r in rows if r], found)
        rows = [_row(dump, name or port, values, line) for name, values, line in _blocks(dump)]
        return Read([r for r in rows if r], [])


def _of_command(dump: Dump) -> str:
    found = _PORT.match(dump.command) if dump.command else None
    if found:
        return found[1]
    parts = dump.file.rsplit("/", 1)[-1].split(".")
    middle = [p for p in parts[1:-1] if re.fullmatch(r"[A-Za-z][\w-]*\d\w*", p) and not p.lower().startswith("json")]
    return middle[0] if middle else "module"


def _blocks(dump: Dump) -> list[tuple[str, dict[str, Any], int]]:
    """Return (port, values by key, line) of each module; a key that comes again, lane by lane, has several values."""
    out: list[tuple[str, dict[str, Any], int]] = []
    name, fresh = "", True
    for index, line in enumerate(dump.lines()):
        other = _OTHER.match(line.strip())
        title = other or _PORT.match(line.strip())
        if title and (other or not _FIELD.match(line.replace(title[0], "", 1))):
            name, fresh = title[1] or title[2], True
            continue
        pair = _FIELD.match(line)
        if not pair:
            continue
        key = pair[1].lower()
        if fresh or (key == "identifier" and key in out[-1][1]):
            out.append((name, {}, dump.at(index)))
            fresh = False
        out[-1][1].setdefault(key, []).append(pair[2])
    return [b for b in out if any(_NAMES.fullmatch(k) for k in b[1])]


def _row(dump: Dump, port: str, values: dict[str, Any], line: int) -> Sighting | None:
    return optics(
        dump.node,
        port,
        rx_dbm=_readings(values, _RX, power=True),
        tx_dbm=_readings(values, _TX, power=True),
        bias_ma=_readings(values, _BIAS, power=False),
        temperature_degc=number(_first(values, "module temperature") or _first(values, "temperature")),
        serial=str(_first(values, "vendor sn") or "").strip(),
        part_number=str(_first(values, "vendor pn") or "").strip(),
        vendor=str(_first(values, "vendor name") or "").strip(),
        line=line,
    )


def _first(values: dict[str, Any], key: str) -> Any:
    value = next(iter(listed(values.get(key))), None)
    if isinstance(value, dict):
        value = value.get("value")
    return value


def _readings(values: dict[str, Any], pattern: str, *, power: bool) -> list[float]:
    """Return a reading a lane: text `0.5 mW / -3.01 dBm`, or JSON in milliwatt and dBm or a list."""
    out: list[float] = []
    wanted = re.compile(pattern + r"(?:\s*\(?(?:channel|ch)\s*\d+\)?)?", re.IGNORECASE)
    for key, value in values.items():
        if not wanted.fullmatch(key.strip()):
            continue
        for one in listed(value):
            out += _reading(one, power=power)
    return out


def _reading(value: Any, *, power: bool) -> list[float]:
    if isinstance(value, dict):
        return [
            v
            for inner in value.values()
            for v in (_reading(inner, power=power) if isinstance(inner, (dict, list)) else [])
        ] or [number(value.get("dbm", value.get("value")))]
    if isinstance(value, str) and power:
        found = re.search(r"(-?\s?(?:inf|\d+(?:\.\d+)?))\s*dBm", value, re.IGNORECASE)
        return [number(found[1])] if found else []
    return [number(value)]
