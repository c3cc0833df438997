"""What switches print on a terminal: LLDP, CDP, transceivers, by the templates of ntc-templates and by plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling import plain_words
from gigasite.cabling.ids import identity, said
from gigasite.cabling.neighbour import neighbour, number, optics, seconds
from gigasite.cabling.reader import Local, Read, Sighting, note, readers
from gigasite.cabling.templates import CHASSIS, DESCR, IP, NAME, PORT, PORT_ID, Fit, field, fits, run, useful

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gigasite._core.finding import Finding
    from gigasite.cabling.capture import Dump

_HINT = re.compile(
    r"lldp|cdp|chassis[ -]?id|device[- ]id|local ?(?:intf|port|interface)|transceiver|\bsfp\b|rx ?power|optical|"
    r"neighbou?r|chassis\.|media type|remote ?(?:port|device|host|system)|port ?id|(?:tx|rx) (?:pwr|dbm)|\(dbm\)",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"device id\s+local int|capability codes|total entries displayed|total neighbou?r entries|sfp module|"
    r"not advertised|lldp neighbou?rs?\b|local interface.*(?:chassis|port)|transceiver is|"
    r"neighbor information:|LLDP is not enabled|interface information:.*enable|transceiver\b.*\bnot present",
    re.IGNORECASE,
)
_CODE = re.compile(r"^\s*(?:def |import |#include|<html|<!doctype|function )", re.MULTILINE | re.IGNORECASE)


@readers.part("switch-text")
class SwitchText:
    """The platform of a bare dump is unknown: the template that makes the most of it is taken; `reader` names it."""

    most_sure = 0.4

    def __init__(self) -> None:
        self._last: tuple[Dump, Read | None] | None = None

    def sniff(self, dump: Dump, /) -> float:
        """Look for words of the trade, then whether anything can be read."""
        head = dump.text[:200_000]
        if head[:200].lstrip()[:1] in {"{", "<"} or not _HINT.search(head) or _CODE.search(head[:4000]):
            return 0.0
        return self.most_sure if self._read(dump) is not None else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return all neighbours and what modules say."""
        return self._read(dump) or Read([], [])

    def _read(self, dump: Dump) -> Read | None:
        # reading is the only way to know; what sniffing read is kept for the reading that follows
        if self._last is None or self._last[0] is not dump:
            self._last = (dump, _read(dump))
        return self._last[1]


def _read(dump: Dump) -> Read | None:
    lines = _unindented(dump.lines())
    got, whole = fits(lines, dump.command)
    fits_ = [f for f in got if _rows(dump, f, [])]
    by_words = _by_words(dump, lines)
    best = fits_[0] if fits_ else None
    if best is not None and (whole or len(_rows(dump, best, [])) >= len(by_words)):
        found: list[Finding] = []
        rows = _rows(dump, best, found)
        rows = _completed(rows, by_words, whole=whole)
        found += [note(dump.file, dump.at(i), f"cannot be read: {lines[i].strip()[:60]!r}") for i in best.unknown]
        found += _ambiguous(dump, [f for f in fits_ if whole], rows)
        return Read(rows, found, _locals(dump, best), which=best.template)
    if by_words:
        return Read(by_words, [], which="plain-words")
    if got:
        return Read([], [], _locals(dump, got[0]), which=got[0].template)
    return Read([], [], which="no-neighbour") if _EMPTY.search(dump.text[:200_000]) else None


def _completed(rows: list[Sighting], words: list[Sighting], *, whole: bool) -> list[Sighting]:
    """Add neighbours that plain words tell on ports of which the template tells none.

    Templates lose names that a table wraps, and blocks with an id that their pattern does not foresee.
    """
    have = {s.port for s in rows}
    more = [w for w in words if w.port and w.port not in have and w.seen_port]
    return sorted([*rows, *more], key=lambda s: s.line) if more and (not whole or rows) else rows


def _unindented(lines: list[str]) -> list[str]:
    """Return the lines without blanks that all have in front, as logs of test tools indent what a switch printed."""
    full = [line for line in lines if line.strip()]
    indent = min((len(line) - len(line.lstrip(" ")) for line in full), default=0)
    return [line[indent:] for line in lines] if indent > 2 else lines


def _protocol(template: str) -> str:
    return "cdp" if "_cdp_" in template else "lldp"


def _rows(dump: Dump, fit: Fit, found: list[Finding]) -> list[Sighting]:
    """Return the rows of a template as sightings; rows that tell of nobody are none."""
    if "transceiver" in fit.template or "optic" in fit.template:
        return _modules(dump, fit) + _inventory(dump, fit)
    if fit.template.endswith("local-device"):
        return []
    out = []
    for at, r in fit.rows:
        if not useful(r):
            continue
        row = _row(dump, fit.template, dump.at(at), r)
        if row is None:
            continue
        if not row.port:
            found.append(note(dump.file, dump.at(at), f"does not say on which port {row.seen_node} is seen"))
        out.append(row)
    return out


def _row(dump: Dump, template: str, line: int, r: dict[str, Any]) -> Sighting | None:
    chassis = field(r, CHASSIS)
    name = said(_joined(r.get("NEIGHBOR_NAME")) if template.startswith("cisco_s300") else field(r, NAME))
    if _protocol(template) == "cdp":
        name = name or re.sub(r"\([A-Z0-9]{8,15}\)$", "", chassis)
    return neighbour(
        dump.node,
        field(r, PORT),
        name=name,
        chassis=chassis,
        chassis_kind=field(r, ("NEIGHBOR_CHASSIS_TYPE", "CHASSIS_TYPE", "CHASSIS_SUBTYPE", "CHASSIS_TYPE_TXT")),
        port_id=_joined(r.get("NEIGHBOR_INTERFACE")) if template.startswith("cisco_s300") else field(r, PORT_ID),
        port_descr=field(r, DESCR),
        ip=field(r, IP),
        serial=field(r, ("SERIAL",)) if "lldp" in template else "",
        protocol=_protocol(template),
        portless=True,
        age_s=seconds(field(r, ("AGE", "DISCOVERED_TIME")) or None),
        ttl_s=seconds(field(r, ("TTL", "HOLDTIME", "EXPIRED_TIME")) or None),
        line=line,
    )


def _joined(value: Any) -> str:
    """Return one text of the pieces into which a narrow column broke it."""
    return "".join(str(v) for v in value) if isinstance(value, list) else str(value or "")


def _modules(dump: Dump, fit: Fit) -> list[Sighting]:
    """Return one row a port: lanes of one port follow each other."""
    ports: dict[tuple[str, str], list[tuple[int, dict[str, Any]]]] = {}
    for at, r in fit.rows:
        if field(r, PORT) or field(r, ("VENDOR_PARTNER", "SERIAL")):
            ports.setdefault((field(r, PORT), field(r, ("SERIAL",))), []).append((at, r))
    out = []
    for (port, _), group in ports.items():
        rows = [r for _, r in group]
        named = {str(r.get("TYPE", "")).strip().lower(): r.get("CURRENT_VALUE") for r in rows if "CURRENT_VALUE" in r}
        row = optics(
            dump.node,
            port or "module",
            rx_dbm=_readings(rows, ("RX_POWER", "RX_PWR", "RX_VALUE", "MEASURED_RX_INPUT_POWER"), named, "rx power"),
            tx_dbm=_readings(rows, ("TX_POWER", "TX_PWR", "TX_VALUE", "MEASURED_TX_OUTPUT_POWER"), named, "tx power"),
            bias_ma=_readings(
                rows, ("BIAS_CURRENT", "CURRENT", "AMPS_VALUE", "MEASURED_TX_BIAS_CURRENT"), named, "current"
            ),
            temperature_degc=next(
                iter(
                    _readings(
                        rows, ("TEMP", "TEMPERATURE", "TEMPERATURE_VALUE", "MEASURED_MODULE_TEMP"), named, "temperature"
                    )
                ),
                float("nan"),
            ),
            serial=said(field(rows[0], ("SERIAL",))),
            part_number=said(field(rows[0], ("PART_NUMBER", "VENDOR_PARTNER"))),
            vendor=said(field(rows[0], ("MANUFACTURER", "VENDOR_NAME"))),
            state=said(field(rows[0], ("STATUS", "MODULE_PRESENCE"))),
            line=dump.at(group[0][0]),
        )
        out += [row] if row else []
    return out


def _inventory(dump: Dump, fit: Fit) -> list[Sighting]:
    """Return serial and part numbers that stand above the readings of NX-OS, whose template leaves them out."""
    if fit.template != "cisco_nxos_show_interface_transceiver_details":
        return []
    more = run("cisco_nxos_show_interface_transceiver", _unindented(dump.lines()), lenient=True)
    return _modules(dump, more) if more else []


def _readings(rows: list[dict[str, Any]], names: tuple[str, ...], named: dict[str, Any], what: str) -> list[float]:
    texts = [field(r, names) for r in rows] + [str(v) for k, v in named.items() if what in k and v]
    return [number(t.replace("(dBm)", "")) for t in texts if t]


def _by_words(dump: Dump, lines: list[str]) -> list[Sighting]:
    head = dump.text[:200_000].lower()
    protocol = "cdp" if "cdp" in head and "lldp" not in head else "lldp"
    read = [_sightings(dump, source(lines), protocol) for source in (plain_words.tables, plain_words.blocks)]
    return max(read, key=len)


def _sightings(dump: Dump, rows: Iterable[tuple[int, plain_words.Row]], protocol: str) -> list[Sighting]:
    out = []
    for at, r in rows:
        row = neighbour(
            dump.node,
            r.get("port", ""),
            name=r.get("name", ""),
            chassis=said(r.get("chassis", "")) or r.get("mac", ""),
            port_id=r.get("port_id", ""),
            port_descr=r.get("descr", ""),
            ip=r.get("ip", ""),
            protocol=protocol,
            portless=True,
            age_s=seconds(r.get("age")),
            ttl_s=seconds(r.get("ttl")),
            line=dump.at(at),
        )
        out += [row] if row else []
    return out


def _locals(dump: Dump, fit: Fit) -> list[Local]:
    if not fit.template.endswith("local-device") or not fit.rows:
        return []
    at, r = fit.rows[0]
    name = dump.node if dump.named else said(str(r.get("SYSTEM_NAME", ""))) or dump.node
    return [Local(name, *identity(str(r.get("CHASSIS_ID", "")), str(r.get("CHASSIS_TYPE", ""))), dump.at(at))]


def _ambiguous(dump: Dump, whole: list[Fit], rows: list[Sighting]) -> list[Finding]:
    """Return a finding where another template knows every line too, scores as well, and reads something else."""
    told = {(s.port, s.seen_node, s.seen_port) for s in rows}
    for other in whole[1:]:
        if (
            other.score >= whole[0].score - 0.5
            and {(s.port, s.seen_node, s.seen_port) for s in _rows(dump, other, [])} != told
        ):
            names = f"{whole[0].template} and {other.template}"
            return [
                note(dump.file, dump.at(0), f"reads as {names}, which differ; taken as the first: name the command")
            ]
    return []
