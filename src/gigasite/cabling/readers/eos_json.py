"""Arista EOS: `show lldp neighbors [detail] | json`, `show interfaces transceiver | json`, bare or as eAPI answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import Finder, documents, listed, neighbour, number, optics, seconds, text_of
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.capture import Dump


@readers.part("eos-json")
class EosJson:
    """`lldpNeighbors` is a list of rows, or an object keyed by port with the details."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the keys."""
        text = dump.text[:200000]
        return 0.95 if '"lldpNeighbors"' in text or ('"rxPower"' in text and '"interfaces"' in text) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours and what modules say."""
        docs, found, cut = documents(dump)
        finder = Finder(dump)
        rows: list[Sighting | None] = []
        for block in (b for doc in docs for b in _blocks(doc, 0)):
            seen = block.get("lldpNeighbors")
            rows += [_brief(dump, item, finder) for item in seen] if isinstance(seen, list) else []
            for port, info in seen.items() if isinstance(seen, dict) else ():
                line = finder.line(f'"{port}"')
                told = info.get("lldpNeighborInfo") if isinstance(info, dict) else None
                rows += [_detail(dump, port, far, line) for far in listed(told)]
            ports = block.get("interfaces")
            for port, module in ports.items() if isinstance(ports, dict) else ():
                if isinstance(module, dict) and {"rxPower", "vendorSn"} & set(module):
                    rows.append(_module(dump, port, module, finder.line(f'"{port}"')))
        return Read([r for r in rows if r is not None], found, cut=cut)


def _blocks(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the answers within an eAPI envelope, or the bare one."""
    for item in listed(value):
        if not isinstance(item, dict) or depth > 5:
            continue
        if "lldpNeighbors" in item or "interfaces" in item:
            yield item
        else:
            for key in ("result", "output", "data", "response"):
                yield from _blocks(item.get(key), depth + 1)


def _brief(dump: Dump, item: Any, finder: Finder) -> Sighting | None:
    port = text_of(item, "port")
    return neighbour(
        dump.node,
        port,
        name=text_of(item, "neighborDevice"),
        port_id=text_of(item, "neighborPort"),
        ttl_s=number(text_of(item, "ttl") or None),
        line=finder.line(f'"{port}"'),
    )


def _detail(dump: Dump, port: str, far: Any, line: int) -> Sighting | None:
    near: Any = next(iter(listed(far.get("neighborInterfaceInfo"))), {}) if isinstance(far, dict) else {}
    return neighbour(
        dump.node,
        port,
        name=text_of(far, "systemName"),
        chassis=text_of(far, "chassisId"),
        chassis_kind=text_of(far, "chassisIdType"),
        port_id=text_of(near, "interfaceId_v2") or text_of(near, "interfaceId"),
        port_kind=text_of(near, "interfaceIdType"),
        port_descr=text_of(near, "interfaceDescription"),
        ip=text_of(far, "managementAddresses", "address"),
        ttl_s=number(text_of(far, "ttl") or None),
        age_s=seconds(text_of(far, "age") or None),
        line=line,
    )


def _module(dump: Dump, port: str, module: dict[str, Any], line: int) -> Sighting | None:
    return optics(
        dump.node,
        port,
        rx_dbm=_lanes(module.get("rxPower")),
        tx_dbm=_lanes(module.get("txPower")),
        bias_ma=_lanes(module.get("txBias")),
        temperature_degc=number(module.get("temperature")),
        serial=text_of(module, "vendorSn"),
        vendor=text_of(module, "vendorName"),
        part_number=text_of(module, "vendorPn"),
        line=line,
    )


def _lanes(value: Any) -> list[float]:
    """Return one value a lane: a number, or an object keyed by channel."""
    if isinstance(value, dict):
        value = (
            list((value.get("channels") or value).values()) if isinstance(value.get("channels") or value, dict) else []
        )
    return [number(v) for v in listed(value)]
