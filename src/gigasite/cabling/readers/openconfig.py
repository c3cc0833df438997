"""OpenConfig LLDP as gNMI gives it: whole trees, or notifications of one path each (gnmic, gnmi_cli)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import Finder, documents, listed, neighbour, number, seconds, text_of
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.capture import Dump

_PATH = re.compile(
    r"interface\[name=([^\]]+)\]/neighbors/neighbor\[id=([^\]]+)\](?:/(?:[\w-]+:)?state(?:/(?:[\w-]+:)?([\w-]+))?)?"
)


@readers.part("openconfig")
class Openconfig:
    """`openconfig-lldp:lldp/interfaces/interface/neighbors/neighbor/state`; prefixes of modules may be there or not."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the module or its paths."""
        text = dump.text[:200000]
        tree = '"neighbors"' in text and ('"chassis-id"' in text or ":chassis-id" in text)
        return 0.93 if "openconfig-lldp" in text[:20000] or "/neighbors/neighbor[" in text or tree else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours."""
        docs, found, cut = documents(dump)
        finder = Finder(dump)
        states: dict[tuple[str, str, str], dict[str, Any]] = {}
        for doc in docs:
            for host, port, which, state in _states(doc, "", "", 0):
                states.setdefault((host, port, which), {}).update(state)
        rows = [_row(dump, host, port, state, finder.line(f"{port}")) for (host, port, _), state in states.items()]
        return Read([r for r in rows if r is not None], found, cut=cut)


def _bare(key: str) -> str:
    return key.rsplit(":", 1)[-1]


def _states(value: Any, host: str, prefix: str, depth: int) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield (target, port, neighbour's id, state) from trees and from paths."""
    for item in listed(value):
        if not isinstance(item, dict) or depth > 12:
            continue
        here = item.get("source") if isinstance(item.get("source"), str) else host
        head = item.get("prefix") if isinstance(item.get("prefix"), str) else prefix
        path = item.get("Path") or item.get("path")
        if isinstance(path, str) and (found := _PATH.search(f"{head}/{path}")):
            yield from _of_path(here or "", found, item)
        elif isinstance(item.get("neighbors"), dict) and isinstance(item.get("name"), str):
            yield from _of_tree(here or "", item)
        else:
            for inner in item.values():
                if isinstance(inner, (dict, list)):
                    yield from _states(inner, here or "", head or "", depth + 1)


def _of_path(host: str, found: re.Match[str], item: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    values = item.get("values")
    got = next(iter(values.values()), None) if isinstance(values, dict) else item.get("val", item.get("value"))
    if found[3]:
        yield host, found[1], found[2], {found[3]: got}
    elif isinstance(got, dict):
        inner = {_bare(k): v for k, v in got.items()}
        state = inner.get("state", inner)
        if isinstance(state, dict):
            yield host, found[1], found[2], {_bare(k): v for k, v in state.items()}


def _of_tree(host: str, item: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    inner = {_bare(k): v for k, v in item["neighbors"].items()}
    for number_, far in enumerate(listed(inner.get("neighbor"))):
        if isinstance(far, dict):
            state = {_bare(k): v for k, v in far.items()}.get("state", far)
            if isinstance(state, dict):
                yield host, item["name"], str(far.get("id", number_)), {_bare(k): v for k, v in state.items()}


def _row(dump: Dump, host: str, port: str, state: dict[str, Any], line: int) -> Sighting | None:
    node = dump.node if dump.named or not host else re.sub(r":\d+$", "", host)
    age = number(text_of(state, "age") or None)
    return neighbour(
        node,
        port,
        name=text_of(state, "system-name"),
        chassis=text_of(state, "chassis-id"),
        chassis_kind=text_of(state, "chassis-id-type"),
        port_id=text_of(state, "port-id"),
        port_kind=text_of(state, "port-id-type"),
        port_descr=text_of(state, "port-description"),
        ip=text_of(state, "management-address"),
        age_s=age / 1e9 if age > 1e9 else age,  # the model says nanoseconds, many devices seconds
        ttl_s=seconds(text_of(state, "ttl") or None),
        line=line,
    )
