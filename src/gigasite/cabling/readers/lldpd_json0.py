"""`lldpcli show neighbors details -f json0`, and its cousin `json`."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.reader import Sighting, note, readers

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.reader import Dump

_AGE = re.compile(r"(\d+) days?, (\d+):(\d+):(\d+)")


@readers.part("lldpd-json0")
class LldpdJson0:
    """Every level is a list in json0; json has objects keyed by name where there is one: both are accepted."""

    def sniff(self, dump: Dump, /) -> bool:
        """Look for the two outermost keys."""
        head = dump.text[:400].lstrip()
        return head.startswith("{") and ('"lldp"' in head or '"local-chassis"' in head)

    def read(self, dump: Dump, /) -> tuple[list[Sighting], list[Finding]]:
        """Return the neighbours; a chassis file has none. The local node is the file's name."""
        try:
            data = json.loads(dump.text)
        except (json.JSONDecodeError, RecursionError) as error:
            line = getattr(error, "lineno", 0)
            return [], [
                note(
                    dump.file,
                    line,
                    f"is broken JSON: {getattr(error, 'msg', 'nested too deep')}; is it cut off?",
                )
            ]
        if not isinstance(data, dict):
            return [], [note(dump.file, 1, "is JSON but no lldpd output")]
        sightings: list[Sighting] = []
        found: list[Finding] = []
        for block in _list(data.get("lldp")):
            for name, interface in _interfaces(block):
                seen = _neighbours(dump.node, name, interface)
                sightings += seen
                if len(seen) > 1:
                    found.append(
                        note(
                            dump.file,
                            0,
                            f"port {name} sees {len(seen)} neighbours: an unmanaged switch or stale data",
                        )
                    )
                if not seen:
                    found.append(
                        note(
                            dump.file,
                            0,
                            f"port {name} has an entry without chassis or port; left out",
                        )
                    )
        return sightings, found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _interfaces(block: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (name, interface) from json0's list with `name`, or json's objects keyed by name."""
    out: list[tuple[str, dict[str, Any]]] = []
    for item in _list(block.get("interface") if isinstance(block, dict) else None):
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("name"), str):
            out.append((item["name"], item))
        else:
            out += [(str(k), v) for k, v in item.items() if isinstance(v, dict)]
    return out


def _neighbours(node: str, port: str, interface: dict[str, Any]) -> list[Sighting]:
    out = []
    for chassis, far in zip(_chassis(interface.get("chassis")), _list(interface.get("port")), strict=False):
        name, identity = chassis
        port_name = _port(far)
        if (name or identity) and port_name:
            out.append(
                Sighting(
                    node=node,
                    port=port,
                    seen_node=name or identity,
                    seen_port=port_name,
                    identity=identity,
                    age_s=_age(interface.get("age")),
                )
            )
    return out


def _chassis(value: Any) -> list[tuple[str, str]]:
    """Return (name, id) of each chassis; json keys a chassis by its name."""
    out = []
    for item in _list(value):
        if not isinstance(item, dict):
            continue
        if "id" in item or "name" in item:
            out.append((_value(item.get("name")), _value(item.get("id"))))
        else:
            out += [(str(k), _value(v.get("id"))) for k, v in item.items() if isinstance(v, dict)]
    return out


def _value(value: Any) -> str:
    first = next(iter(_list(value)), "")
    if isinstance(first, dict):
        first = first.get("value", "")
    return first if isinstance(first, str) else ""


def _port(value: Any) -> str:
    """Return the far port: its id when that is an interface name, else its description, else its id."""
    if not isinstance(value, dict):
        return ""
    first: Any = next(iter(_list(value.get("id"))), {})
    kind = first.get("type") if isinstance(first, dict) else ""
    return _value(value.get("id")) if kind == "ifname" else _value(value.get("descr")) or _value(value.get("id"))


def _age(value: Any) -> float:
    found = _AGE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return math.nan
    days, hours, minutes, seconds = map(int, found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
