"""The TextFSM templates of ntc-templates (Apache-2.0) behind one door: which fits a text, and the rows it gives.

The templates end in a rule that raises on a line they do not know. A text that a template reads without raising is
taken as its own; else the lines that it does not know are counted and told, and the template with the most rows and
the fewest such lines is taken.
"""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import textfsm

if TYPE_CHECKING:
    from collections.abc import Iterator

WANTED = re.compile(
    r"^(?!.*_show_ap_|huawei_(?:ont|smartax))(\w+?)_(lldp_show_.*|(?:show|display|diagnose)_(?:.*lldp.*|.*cdp_n.*|.*transceiver.*|.*optic.*))\.textfsm$"
)
_LITERAL = re.compile(r"\\[a-zA-Z]|\$\{\w+\}|\(\?P<\w+>|\[[^\]]*\]|[^A-Za-z]")
"""What a pattern holds that is no letter of the text."""
_CDP = re.compile(r"cdp|platform|hldtme|outgoing port", re.IGNORECASE)
"""Words that a table of CDP has and one of LLDP has not."""
_NOISE = re.compile(
    r"\s*$|[-=+* ]+$|\s*capability codes|\s*\([A-Za-z]+\) [A-Z]\w+.*,?|\s*total entries|.*[#>$%]\s*$|"
    r"\s*local intf service instance|\s*peer source mac|\s*device id\s+local int|\s*\^\s*$|\s*\{master",
    re.IGNORECASE,
)
"""Lines that stand around any table and tell of no port."""
MOST_LINE = 2000
"""Characters of a line that a template sees: their patterns are not made for longer ones."""
_CLASS = re.compile(r"\\[a-zA-Z]|\$\{\w+\}|\(\?P<\w+>|\[[^\]]*\]")
MOST_LOOSE = 8
"""Templates that are tried on a text of which none knows every line."""
LEAST_WORDS = 8
"""Letters of heads or titles that a template must know: one that knows only columns reads any table, and wrongly."""
MOST_LINES = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Rows of one template with the number of the line at which each ends, and the lines that it does not know."""

    template: str
    rows: list[tuple[int, dict[str, Any]]]
    unknown: list[int]
    words: int = 0
    """Letters of the text that its rules name: heads and titles that are its own."""

    @property
    def score(self) -> float:
        """Say how much the template makes of the text: rows that tell a port and something of it."""
        good = sum(1 for _, r in self.rows if useful(r))
        full = sum(sum(1 for v in r.values() if v) for _, r in self.rows)
        return 10.0 * good - 5.0 * (len(self.rows) - good) - 3.0 * len(self.unknown) + 0.1 * full + 0.02 * self.words


def useful(row: dict[str, Any]) -> bool:
    """Say whether a row tells of a port: whom it sees, or what its module reads."""
    port = field(row, PORT)
    # a port or a neighbour's port in a table that does not fit is a piece of a word or of a MAC address
    if not port or not re.match(r"[\w/.: -]{1,60}$", port) or not re.search(r"\d|^mgmt", port):
        # old IOS tells the neighbour, not the port
        return not port and bool(field(row, CHASSIS) and field(row, ("NEIGHBOR_PORT_ID",)))
    return bool(field(row, NAME) or field(row, CHASSIS) or field(row, PORT_ID) or field(row, MODULE))


PORT = ("LOCAL_INTERFACE", "LOCAL_PORT", "INTERFACE", "PORT", "NAME")
NAME = ("NEIGHBOR_NAME", "NEIGHBOR", "REMOTE_SYSTEM_NAME", "SYSTEM_NAME_DATA")
CHASSIS = ("CHASSIS_ID", "REMOTE_CHASSIS_ID", "CHASSIS_DATA")
PORT_ID = ("NEIGHBOR_PORT_ID", "NEIGHBOR_INTERFACE", "REMOTE_PORT", "PORT_ID_DATA", "MAC_ADDRESS")
DESCR = ("NEIGHBOR_PORT_DESCRIPTION", "NEIGHBOR_INTERFACE_DESCRIPTION", "PORT_DESC_DATA", "NEIGHBOR_INTERFACE")
IP = ("MGMT_ADDRESS", "MANAGEMENT_IP", "INTERFACE_IP", "REMOTE_MGMT_IPV4_ADDRESS")
MODULE = (
    *(
        "TEMP",
        "TEMPERATURE",
        "TEMPERATURE_VALUE",
        "MEASURED_MODULE_TEMP",
        "RX_PWR",
        "RX_POWER",
        "RX_VALUE",
        "CURRENT_VALUE",
    ),
    *("STATUS", "TYPE", "PHYSICAL_DEVICE", "VENDOR_NAME", "MANUFACTURER", "SERIAL", "MODULE_PRESENCE", "MEDIA_TYPE"),
)


def field(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the first field that holds anything, lists joined."""
    for name in names:
        value = row.get(name)
        if isinstance(value, list):
            value = next((str(v) for v in value if v), "")
        if value and str(value).strip():
            return str(value).strip()
    return ""


@cache
def names() -> dict[str, tuple[str, str]]:
    """Return platform and command of each template, by name."""
    folder = importlib.resources.files("ntc_templates") / "templates"
    found = ((f.name, WANTED.match(f.name)) for f in folder.iterdir())
    return {n.removesuffix(".textfsm"): (m[1], m[2].replace("_", " ")) for n, m in sorted(found) if m}


@cache
def _source(name: str) -> str:
    return (importlib.resources.files("ntc_templates") / "templates" / f"{name}.textfsm").read_text(encoding="utf-8")


class _Machine(textfsm.TextFSM):  # type: ignore[misc]  # the library has no types
    """TextFSM that knows the line of each row, and on wish passes over lines that it does not know."""

    def __init__(self, source: str) -> None:
        import io  # noqa: PLC0415

        self.at: list[int] = []
        self.unknown: list[int] = []
        self.now = 0
        self.lenient = False
        self.words = 0
        self.letters: dict[str, int] = {}
        super().__init__(io.StringIO(source))

    def run(self, lines: list[str], *, lenient: bool) -> None:
        """Read all lines."""
        self.Reset()
        self.at, self.unknown, self.lenient, self.words = [], [], lenient, 0
        for self.now, line in enumerate(lines):  # the machine needs the number while it reads
            self._CheckLine(line)
            if self._cur_state_name in ("End", "EOF"):
                break
        if self._cur_state_name != "End" and "EOF" not in self.states:
            self._AppendRecord()

    def _AppendRecord(self) -> None:  # noqa: N802
        before = len(self._result)
        super()._AppendRecord()
        if len(self._result) > before:
            self.at.append(self.now)

    def _Operations(self, rule: Any, line: str) -> bool:  # noqa: N802
        self.words += self.letters.setdefault(rule.match, len(_LITERAL.sub("", rule.match)))
        try:
            return bool(super()._Operations(rule, line))
        except textfsm.TextFSMError:
            if _NOISE.match(line):
                return False
            self.unknown.append(self.now)
            if not self.lenient:
                raise
            return False  # the next rule is tried; there is none as a rule, and the line is passed over


@cache
def _machine(name: str) -> _Machine:
    return _Machine(_source(name))


def run(name: str, lines: list[str], *, lenient: bool) -> Fit | None:
    """Return what a template makes of lines; None when it does not know one and is not lenient."""
    machine = _machine(name)
    try:
        machine.run(lines, lenient=lenient)
    except textfsm.TextFSMError:
        return None
    header = machine.header
    rows = [(at, dict(zip(header, r, strict=False))) for at, r in zip(machine.at, machine._result, strict=False)]  # noqa: SLF001
    return Fit(template=name, rows=rows, unknown=list(machine.unknown), words=machine.words)


def fits(text: list[str], command: str) -> tuple[list[Fit], bool]:
    """Return what templates make of the lines, best first, and whether the best knows every line.

    Parameters
    ----------
    command
        As typed, "" when unknown: templates of that command come first among equals.
    """
    lines = [line[:MOST_LINE] for line in text[:MOST_LINES]]
    whole = "\n".join(lines[:5000])
    known = [n for n in names() if "_cdp_" not in n or _CDP.search(whole)]
    known = sorted(known, key=lambda n: (not _of(names()[n][1], command), n))
    strict = [f for n in known if (f := run(n, lines, lenient=False)) and f.rows]
    good = [f for f in strict if f.score > 0 and f.words >= LEAST_WORDS and any(useful(r) for _, r in f.rows)]
    if good:
        return sorted(good, key=lambda f: (not _of(names()[f.template][1], command), -f.score)), True
    loose = [
        f
        for n in _likely(known, whole)
        if (f := run(n, lines, lenient=True)) and f.score > 0 and f.words >= LEAST_WORDS
    ]
    return sorted(loose, key=lambda f: (not _of(names()[f.template][1], command), -f.score)), False


@cache
def _words(name: str) -> frozenset[str]:
    """Return the words of heads and titles that a template knows."""
    machine = _machine(name)
    rules = [rule.match for state in machine.states.values() for rule in state]
    return frozenset(w.lower() for r in rules for w in re.findall(r"[A-Za-z]{4,}", _CLASS.sub(" ", r)))


def _likely(known: list[str], text: str) -> list[str]:
    """Return the templates of which the text holds the most words: the others cannot read it."""
    have = {w.lower() for w in re.findall(r"[A-Za-z]{4,}", text)}
    return sorted(known, key=lambda n: (-len(_words(n) & have), n))[:MOST_LOOSE]


def _of(mine: str, typed: str) -> bool:
    """Say whether a typed command, with its words cut, is this one.

    >>> _of("show lldp neighbors detail", "sh lldp nei det"), _of("show lldp neighbors", "show lldp neighbors detail")
    (True, False)
    """
    words, want = typed.split("|", 1)[0].lower().split(), mine.split()
    return len(words) == len(want) and all(w.startswith(t) for w, t in zip(want, words, strict=True))


def rows_by_line(fit: Fit) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows with the line, from 0, at which each ends."""
    yield from fit.rows
