"""One neighbour from whatever a tool prints: which text is the port, which the name, which the identity."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.ids import IP, NAME, identity, mac_of, said
from gigasite.cabling.port_names import looks_like_port
from gigasite.cabling.reader import Sighting, note

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump

_DAYS = re.compile(r"(?:(\d+)\s*days?,?\s*)?(\d+):(\d+):(\d+)(?:\.\d+)?")
_UNITS = {
    **dict.fromkeys(("w", "week"), 604800),
    **dict.fromkeys(("d", "day"), 86400),
    **dict.fromkeys(("h", "hour", "hr"), 3600),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("s", "sec", "second"), 1),
}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


def neighbour(  # each is one TLV of LLDP (IEEE 802.1AB section 8.5)
    node: str,
    port: str,
    *,
    name: str = "",
    chassis: str = "",
    chassis_kind: str = "",
    port_id: str = "",
    port_kind: str = "",
    port_descr: str = "",
    ip: str = "",
    serial: str = "",
    protocol: str = "lldp",
    portless: bool = False,
    **more: Any,
) -> Sighting | None:
    """Return what one port sees; None when no port (unless `portless`) or no neighbour is told.

    The neighbour's port is its id when that is a name of an interface, else the description when that is one, else
    the id: hosts send a MAC address or a number as id and the interface as description.
    """
    port, name, chassis = said(port), said(name).strip('"'), said(chassis).strip('"')
    port_id, port_descr = said(port_id).strip('"'), said(port_descr).strip('"')
    kind, value = identity(chassis, chassis_kind)
    if not kind or kind == NAME:
        kind, value = _second(serial, name, chassis, kind, value)
    seen = name or (value if kind != NAME else chassis) or chassis or _by_port(port_id)
    if not seen or not (port or (portless and port_id)):
        return None
    if not kind:
        kind, value = ("mac", mac_of(port_id)) if mac_of(port_id) and not name else (NAME, seen)
    return Sighting(
        node=node,
        port=port,
        seen_node=seen,
        seen_port=_far_port(port_id, port_kind.lower(), port_descr),
        seen_port_raw=port_id,
        seen_port_descr=port_descr,
        identity_kind=kind,
        identity=value,
        seen_ip=_address(ip) or (value if kind == IP else ""),
        protocol=protocol,
        **more,
    )


def _address(text: str) -> str:
    kind, value = identity(text)
    return value if kind == IP else ""


def _second(serial: str, name: str, chassis: str, kind: str, value: str) -> tuple[str, str]:
    """Return the next best identity where the chassis id is a mere name, as CDP's are: `name(SERIAL)`."""
    if said(serial):
        return "serial", said(serial)
    bracket = re.fullmatch(r"[\w.-]+\(([A-Z0-9]{8,15})\)", chassis or name)
    return ("serial", bracket[1]) if bracket else (kind, value)


def _by_port(port_id: str) -> str:
    return mac_of(port_id)


def _far_port(port_id: str, kind: str, descr: str) -> str:
    named = "ifname" in kind or ("interface" in kind and "alias" not in kind) or kind == "5"
    if port_id and (named or looks_like_port(port_id)):
        return port_id
    if looks_like_port(descr):
        return descr
    return port_id or descr


def seconds(text: object) -> float:
    """Return a time in seconds, NaN for none.

    >>> seconds("1 day, 00:01:02"), seconds("12 seconds"), seconds("0:01:11 ago"), seconds("1w2d"), seconds("110")
    (86462.0, 12.0, 71.0, 777600.0, 110.0)
    """
    if isinstance(text, bool):
        return math.nan
    if isinstance(text, (int, float)):
        return float(text) if math.isfinite(text) else math.nan
    if not isinstance(text, str):
        return math.nan
    found = _DAYS.search(text[:80])
    if found:
        days, hours, minutes, secs = (int(g or 0) for g in found.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + secs)
    pieces = [(float(n), u.lower()) for n, u in _PIECE.findall(text[:80])]
    known = [n * _UNITS[k] for n, u in pieces if (k := u if u in _UNITS else u.rstrip("s")) in _UNITS]
    if known:
        return sum(known)
    return number(text)


def number(text: object) -> float:
    """Return the first number of a text, NaN for none; minus infinity dBm, a dark lane, is -40.

    >>> number("-2.31 dBm"), number("7.234 mA"), number("N/A"), number("-Inf")
    (-2.31, 7.234, nan, -40.0)
    """
    if isinstance(text, bool):
        return math.nan
    if isinstance(text, (int, float)):
        return float(text) if math.isfinite(text) else -40.0 if text == -math.inf else math.nan
    if not isinstance(text, str):
        return math.nan
    if re.match(r"\s*-\s?inf", text, re.IGNORECASE):
        return -40.0
    found = _NUMBER.search(text[:60])
    value = float(found[0]) if found else math.nan
    return value if math.isfinite(value) else math.nan


def lanes(values: list[float]) -> tuple[float, str]:
    """Return the least of the lanes and all of them as text.

    >>> lanes([-2.0, -9.5]), lanes([])
    ((-9.5, '-2 -9.5'), (nan, ''))
    """
    good = [v for v in values if not math.isnan(v)]
    return (min(good), " ".join(f"{v:g}" for v in good) if len(good) > 1 else "") if good else (math.nan, "")


def optics(  # one argument a reading
    node: str,
    port: str,
    *,
    rx_dbm: list[float] | None = None,
    tx_dbm: list[float] | None = None,
    bias_ma: list[float] | None = None,
    temperature_degc: float = math.nan,
    **more: Any,
) -> Sighting | None:
    """Return what a module says of its port; None without a port."""
    if not said(port):
        return None
    rx, each = lanes(rx_dbm or [])
    return Sighting(
        node=node,
        port=said(port),
        rx_dbm=rx,
        rx_lanes_dbm=each,
        tx_dbm=lanes(tx_dbm or [])[0],
        tx_bias_a=lanes(bias_ma or [])[0] / 1000,
        temperature_degc=temperature_degc,
        **more,
    )


def listed(value: Any) -> list[Any]:
    """Return a list, whatever the shape: tools print one as an object and many as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def text_of(value: Any, *path: str) -> str:
    """Return the text at a path of keys, through lists of one and `{"value": ...}`, `{"data": ...}`; "" when absent.

    >>> text_of({"id": [{"type": "mac", "value": "aa"}]}, "id"), text_of({"a": {"b": 3}}, "a", "b")
    ('aa', '3')
    """
    for key in path:
        value = next(iter(listed(value)), None)
        value = value.get(key) if isinstance(value, dict) else None
    value = next(iter(listed(value)), None)
    if isinstance(value, dict):
        value = value.get("value", value.get("data"))
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return ""
    return str(value)


MOST_DOCUMENTS = 10000
_CLOSE = {"{": "}", "[": "]"}


def documents(dump: Dump) -> tuple[list[Any], list[Finding], tuple[str, ...]]:
    """Return the JSON documents of a dump, with whatever stands before and between left out.

    A document that is cut off is closed where its last whole part ends, and a finding names the line; the device whose
    account that is comes with it (`Read.cut`). A prompt behind a whole document cuts nothing.
    """
    text, at = dump.text, 0
    decoder = json.JSONDecoder()
    out: list[Any] = []
    found: list[Finding] = []
    cut: tuple[str, ...] = ()
    while len(out) < MOST_DOCUMENTS:
        starts = [i for c in "{[" if (i := text.find(c, at)) >= 0]
        if not starts:
            break
        start = min(starts)
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            where = getattr(error, "pos", start)
            line = dump.at(text.count("\n", 0, where))
            why = getattr(error, "msg", "a number or a nesting out of all bounds")
            found.append(note(dump.file, line, f"is broken JSON: {why}; is it cut off?"))
            rescued = _closed(text, start, where)
            if rescued or not out:
                cut = (dump.node,)
            if rescued is not None:
                out.append(rescued)
            break
        out.append(value)
    return out, found, cut


def _closed(text: str, start: int, end: int) -> Any:
    """Return the document up to its last whole part, None when there is none."""
    stack: list[str] = []
    last: tuple[int, str] | None = None
    for found in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text[start:end]):
        mark = found[0]
        if mark in "{[":
            stack.append(_CLOSE[mark])
            if len(stack) > 200:
                return None
        elif mark in "}]":
            if not stack or stack.pop() != mark:
                return None
            last = (start + found.end(), "".join(reversed(stack)))
    if last is None:
        return None
    try:
        return json.loads(text[start : last[0]] + last[1])
    except (ValueError, RecursionError):
        return None


class Finder:
    """Lines of names in a text that is read from front to back."""

    def __init__(self, dump: Dump) -> None:
        self.dump, self.at, self.count = dump, 0, 0

    def line(self, needle: str) -> int:
        """Return the line of the next place of a text, the last one's when there is none."""
        where = self.dump.text.find(needle, self.at)
        if where >= 0:
            self.count += self.dump.text.count("\n", self.at, where)
            self.at = where
        return self.dump.at(self.count)
