"""Logs of links that go down: of Linux, SONiC, EOS, NX-OS, IOS and Junos, with the time of syslog or ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from gigasite.cabling.reader import Read, Sighting, note, readers

if TYPE_CHECKING:
    from gigasite.cabling.capture import Dump

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = re.compile(
    r"(?:<\d+>)?\s*[*.]?(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|(?:(?P<year>\d{4})\s+)?(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2})\s+(?:(?P<later>\d{4})\s+)?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:\s+[A-Z]{3,4}:?)?)[:\s]+(?P<rest>.*)"
)
_DOWN = tuple(
    re.compile(text)
    for text in (
        r"%LINE(?:PROTO)?-\d-UPDOWN: (?:Line protocol on )?Interface (?P<port>\S+?),? changed state to down",
        r"%LINK-\d-UPDOWN: Interface (?P<port>\S+?),? changed state to down",
        r"%ETHPORT-\d-IF_DOWN_\w+: Interface (?P<port>\S+) is down",
        r"SNMP_TRAP_LINK_DOWN: .*\bifName (?P<port>[\w/.:-]+)",
        r"Port (?P<port>\S+) oper state set from up to down",
        r"\b(?P<port>[A-Za-z][\w./-]*\d): (?:NIC )?[Ll]ink (?:is )?[Dd]own\b",
        r"\b(?P<port>[A-Za-z][\w./-]*\d) NIC Link is Down\b",
    )
)
_NODE = re.compile(r"(?P<node>[A-Za-z][\w.-]*)\s+(?!\S*UPDOWN)\S")
DAY_S = 86400.0
ANY_YEAR = 2000
"""Syslog tells no year, so none is compared: one with a leap day takes every date."""
LOOKED_AT = 200
"""Lines that are looked at to recognise a log."""


class _Down(NamedTuple):
    node: str
    port: str
    time_s: float
    text: str
    line: int


@readers.part("link-log")
class LinkLog:
    """How often each port went down, and how long before the end of the log last: to tell bursts from lone flaps."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for a line with a time that says that a link went down."""
        lines = dump.text[:60000].split("\n")[:LOOKED_AT]
        return 0.9 if any(_down(dump, line, 0) for line in lines) else 0.0

    def read(self, dump: Dump, /) -> Read:
        """Return one row a port that went down; messages of one port in one second are one event."""
        events, found, last = [], [], float("-inf")
        for index, line in enumerate(dump.lines()):
            event = _down(dump, line, index)
            if event is not None:
                events.append(event)
            at = _seconds(line)
            last = last if at == float("-inf") else at  # a log is in order of time
        ports: dict[tuple[str, str], list[_Down]] = {}
        for event in events:
            ports.setdefault((event.node, event.port), []).append(event)
        rows = [_row(node, port, mine, last) for (node, port), mine in ports.items()]
        if any(not node for node, _ in ports):
            found.append(note(dump.file, 0, "some lines name no device, and the file's name does not either"))
        return Read([r for r in rows if r.node], found)


def _row(node: str, port: str, events: list[_Down], last_s: float) -> Sighting:
    late = max(events, key=lambda e: e.time_s)
    count = len({e.time_s for e in events})
    # over New Year the end of the log lies before its beginning
    age = max(0.0, last_s - late.time_s) if last_s > late.time_s - DAY_S else last_s - late.time_s + 366 * DAY_S
    return Sighting(node, port, link_downs=float(count), time=late.text, age_s=age, line=events[0].line)


def _down(dump: Dump, line: str, index: int) -> _Down | None:
    """Return the event of a line, if it is one."""
    if "own" not in line and "DOWN" not in line:
        return None
    timed = _TIME.match(line)
    hit = next((h for pattern in _DOWN if (h := pattern.search(line))), None) if timed else None
    if timed is None or hit is None:
        return None
    named = _NODE.match(timed["rest"])
    node = named["node"].rstrip(":") if named and named.end("node") < hit.start("port") - timed.start("rest") else ""
    # a daemon's name in place of the host's: the log is of one device, which the file names
    node = dump.node if not node or node in {"kernel", "mib2d", "last"} else node
    at = line[: timed.start("rest")].strip(" :")
    return _Down(node, hit["port"].rstrip(",:"), _seconds(line), at, dump.at(index))


def _seconds(line: str) -> float:
    """Return the time of a line, to be compared within one log [s]; minus infinity where there is none."""
    found = _TIME.match(line)
    if found is None:
        return float("-inf")
    try:
        if found["iso"]:
            at = datetime.fromisoformat(found["iso"].replace(" ", "T"))
            return at.replace(year=ANY_YEAR, tzinfo=UTC).timestamp()
        month = _MONTHS.index(found["month"].lower()) + 1
        hour, minute, second = (int(t) for t in found["clock"].split(":"))
        return datetime(ANY_YEAR, month, int(found["day"]), hour, minute, min(second, 59), tzinfo=UTC).timestamp()
    except ValueError:
        return float("-inf")
