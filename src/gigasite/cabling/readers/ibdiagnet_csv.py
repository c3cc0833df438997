"""ibdiagnet's `db_csv`: sections between `START_X` and `END_X`, each a CSV with its own header."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

from gigasite.cabling.ids import GUID, guid
from gigasite.cabling.neighbour import number
from gigasite.cabling.reader import Local, Read, Sighting, note, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump

_SPEED = {1: "SDR", 2: "DDR", 4: "QDR", 256: "FDR", 512: "EDR", 1024: "HDR", 2048: "NDR", 4096: "XDR", 65536: "FDR10"}
"""As ibutils keeps them: LinkSpeedActive, LinkSpeedExtActive << 8, Mellanox's own << 16."""
_WIDTH = {1: "1x", 2: "4x", 4: "8x", 8: "12x", 16: "2x"}
"""InfiniBand Architecture Specification, PortInfo: LinkWidthActive, LinkSpeedActive and its extensions."""


@readers.part("ibdiagnet-csv")
class IbdiagnetCsv:
    """NODES gives names, LINKS the cables, PORTS widths and speeds, CABLE_INFO modules, PM_INFO counters."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the beginning of a section."""
        head = dump.text[:20000]
        return 0.95 if head.startswith("START_") or "\nSTART_" in head else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return links both ways, and for each port what the other sections say."""
        found: list[Finding] = []
        sections: dict[str, list[tuple[int, dict[str, str]]]] = {}
        for name, rows in _sections(dump, found):
            sections.setdefault(name, []).extend(rows)
        names = {guid(_get(r, "NodeGUID")): _name(_get(r, "NodeDesc")) for _, r in sections.get("NODES", [])}
        names.pop("", None)
        nodes = [Local(n or g, GUID, g) for g, n in names.items()]
        ports = _evidence(sections)
        out = []
        for line, r in sections.get("LINKS", []):
            ends = [(guid(_get(r, f"NodeGuid{i}")), _get(r, f"PortNum{i}")) for i in (1, 2)]
            if not all(g and p for g, p in ends):
                found.append(note(dump.file, line, "a link without GUID or port; left out"))
                continue
            for (g, p), (far, q) in (ends, ends[::-1]):
                out.append(_row(names, ports, (g, p), (far, q), line))
        linked = {(s.node_id, s.port) for s in out}
        out += [
            Sighting(node=names.get(g) or g, port=p, node_kind=GUID, node_id=g, **values)
            for (g, p), values in ports.items()
            if (g, p) not in linked and g
        ]
        return Read(out, found, nodes)


def _row(
    names: dict[str, str],
    ports: dict[tuple[str, str], dict[str, Any]],
    near: tuple[str, str],
    far: tuple[str, str],
    line: int,
) -> Sighting:
    values: dict[str, Any] = {"line": line} | {k: v for k, v in ports.get(near, {}).items() if k != "line"}
    return Sighting(
        node=names.get(near[0]) or near[0],
        port=near[1],
        seen_node=names.get(far[0]) or far[0],
        seen_port=far[1],
        identity_kind=GUID,
        identity=far[0],
        node_kind=GUID,
        node_id=near[0],
        protocol="ib",
        **values,
    )


def _name(text: str) -> str:
    text = text.strip()
    return text[4:].split(":", 1)[0] if text.startswith("MF0;") else text


def _get(row: dict[str, str], *names: str) -> str:
    """Return the first column that is there; the tool changed its capitals over the years."""
    for name in names:
        value = row.get(name.lower(), "").strip().strip('"')
        if value and value.upper() not in {"N/A", "NA", "0XFFFFFFFFFFFFFFFE", "UNKNOWN"}:
            return value
    return ""


def _sections(dump: Dump, found: list[Finding]) -> Iterator[tuple[str, list[tuple[int, dict[str, str]]]]]:
    name, start = "", 0
    body: list[str] = []
    for index, line in enumerate(dump.lines()):
        text = line.strip()
        if text.startswith("START_"):
            if name:
                found.append(note(dump.file, dump.at(start), f"section {name} has no end; read as far as it goes"))
                yield name, _table(dump, name, start, body, found)
            name, start, body = text[6:], index, []
        elif text.startswith("END_") and name:
            yield name, _table(dump, name, start, body, found)
            name, body = "", []
        elif name:
            body.append(line)
    if name:
        found.append(note(dump.file, dump.at(start), f"section {name} has no end; read as far as it goes"))
        yield name, _table(dump, name, start, body, found)


def _table(
    dump: Dump, name: str, start: int, body: list[str], found: list[Finding]
) -> list[tuple[int, dict[str, str]]]:
    if name not in {"NODES", "LINKS", "PORTS", "CABLE_INFO", "PM_INFO", "EXTENDED_PORT_INFO", "PHY_DB16", "NODES_INFO"}:
        return []
    out: list[tuple[int, dict[str, str]]] = []
    header: list[str] = []
    for offset, line in enumerate(body, start=1):
        if not line.strip():
            continue
        try:
            cells = next(csv.reader(io.StringIO(line)), [])
        except csv.Error:
            cells = []
        if not header:
            header = [c.strip().lower() for c in cells]
        elif len(cells) < min(len(header), 3):
            found.append(note(dump.file, dump.at(start + offset), f"cannot be read: {line[:60]!r}"))
        else:
            out.append((dump.at(start + offset), dict(zip(header, cells, strict=False))))
    return out


def _evidence(sections: dict[str, list[tuple[int, dict[str, str]]]]) -> dict[tuple[str, str], dict[str, Any]]:
    ports: dict[tuple[str, str], dict[str, Any]] = {}
    for section, read in (("CABLE_INFO", _cable), ("PM_INFO", _counters), ("PORTS", _rates)):
        for line, r in sections.get(section, []):
            key = (guid(_get(r, "NodeGuid")), _get(r, "PortNum", "PortNumber"))
            if all(key):
                ports.setdefault(key, {"line": line}).update(read(r))
    return ports


def _cable(r: dict[str, str]) -> dict[str, Any]:
    rx = [number(_get(r, f"RXPowerLane{i}", f"RX{i}Power", f"RX power lane {i}")) for i in range(1, 9)]
    good = [v for v in rx if not math.isnan(v)]
    out: dict[str, Any] = {
        "vendor": _get(r, "Vendor"),
        "part_number": _get(r, "PN"),
        "serial": _get(r, "SN"),
        "temperature_degc": number(_get(r, "Temperature")),
    }
    return out | ({"rx_dbm": min(good), "rx_lanes_dbm": " ".join(f"{v:g}" for v in good)} if good else {})


def _counters(r: dict[str, str]) -> dict[str, Any]:
    return {
        "link_downs": number(_get(r, "LinkDownedCounterExt", "LinkDownedCounter")),
        "symbol_errors": number(_get(r, "SymbolErrorCounterExt", "SymbolErrorCounter")),
    }


def _rates(r: dict[str, str]) -> dict[str, Any]:
    width, speed = (
        number(_get(r, "LinkWidthActv", "LinkWidthActive")),
        number(_get(r, "LinkSpeedActv", "LinkSpeedActive")),
    )
    return {
        "width": "" if math.isnan(width) else _WIDTH.get(int(width), ""),
        "speed": "" if math.isnan(speed) else _SPEED.get(int(speed), f"code {int(speed)}"),
        "state": {"1": "Down", "2": "Init", "3": "Armed", "4": "Active"}.get(_get(r, "PortState"), ""),
    }
