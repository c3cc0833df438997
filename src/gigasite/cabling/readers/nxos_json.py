"""Cisco NX-OS `| json` of LLDP, CDP and transceivers: `TABLE_x` with `ROW_x`, one an object, many a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import Finder, documents, listed, neighbour, number, optics, text_of
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.capture import Dump

_LLDP = ("ROW_nbor", "ROW_nbor_detail")
_CDP = ("ROW_cdp_neighbor_brief_info", "ROW_cdp_neighbor_detail_info")


@readers.part("nxos-json")
class NxosJson:
    """Bare, or within the envelope of NX-API."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the tables."""
        text = dump.text[:20000]
        return (
            0.95
            if any(f'"TABLE_{k}' in text for k in ("nbor", "cdp_neighbor", "interface")) and "ROW_" in text
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours and what modules say."""
        docs, found, cut = documents(dump)
        finder = Finder(dump)
        rows: list[Sighting | None] = []
        for key, item in (r for doc in docs for r in _rows(doc, 0)):
            port = text_of(item, "l_port_id") or text_of(item, "intf_id") or text_of(item, "interface")
            line = finder.line(f'"{port}"')
            if key in _LLDP:
                rows.append(_lldp(dump, port, item, line))
            elif key in _CDP:
                rows.append(_cdp(dump, port, item, line))
            elif "sfp" in item or "partnum" in item:
                rows.append(_module(dump, port, item, line))
        return Read([r for r in rows if r is not None], found, cut=cut)


def _rows(value: Any, depth: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in listed(value):
        if not isinstance(item, dict) or depth > 10:
            continue
        for key, inner in item.items():
            if key in {*_LLDP, *_CDP, "ROW_interface"}:
                yield from ((key, r) for r in listed(inner) if isinstance(r, dict))
            elif isinstance(inner, (dict, list)):
                yield from _rows(inner, depth + 1)


def _lldp(dump: Dump, port: str, item: dict[str, Any], line: int) -> Sighting | None:
    chassis = text_of(item, "chassis_id")
    return neighbour(
        dump.node,
        port,
        name=text_of(item, "sys_name") or ("" if "sys_name" in item else _name(chassis)),
        chassis=chassis,
        port_id=text_of(item, "port_id"),
        port_descr=text_of(item, "port_desc"),
        ip=text_of(item, "mgmt_addr"),
        ttl_s=number(text_of(item, "ttl") or text_of(item, "hold_time") or None),
        line=line,
    )


def _name(chassis: str) -> str:
    """Return the chassis id of the brief form, which is the system name where there is one."""
    from gigasite.cabling.ids import NAME, identity  # noqa: PLC0415

    return chassis if identity(chassis)[0] == NAME else ""


def _cdp(dump: Dump, port: str, item: dict[str, Any], line: int) -> Sighting | None:
    device = text_of(item, "device_id")
    return neighbour(
        dump.node,
        port,
        name=text_of(item, "sysname") or device.split("(", 1)[0],
        chassis=device,
        port_id=text_of(item, "port_id"),
        ip=text_of(item, "v4mgmtaddr") or text_of(item, "v4addr"),
        ttl_s=number(text_of(item, "ttl") or None),
        protocol="cdp",
        line=line,
    )


def _module(dump: Dump, port: str, item: dict[str, Any], line: int) -> Sighting | None:
    table: Any = next(iter(listed(item.get("TABLE_lane"))), {})
    lanes = [r for r in listed(table.get("ROW_lane") if isinstance(table, dict) else None) if isinstance(r, dict)]
    lanes = lanes or [item]
    return optics(
        dump.node,
        port,
        rx_dbm=[number(text_of(r, "rx_pwr") or None) for r in lanes],
        tx_dbm=[number(text_of(r, "tx_pwr") or None) for r in lanes],
        bias_ma=[number(text_of(r, "current") or None) for r in lanes],
        temperature_degc=number(text_of(lanes[0], "temperature") or None),
        serial=text_of(item, "serialnum").strip(),
        part_number=text_of(item, "partnum").strip(),
        vendor=text_of(item, "name").strip(),
        state=text_of(item, "sfp"),
        line=line,
    )
