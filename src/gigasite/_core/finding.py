"""Findings: what is wrong with a campus, a design or a result, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(IntEnum):
    """How bad; `error` means that a limit is broken and the exit code is 1."""

    note = 0
    warning = 1
    error = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a reader must know.

    Parameters
    ----------
    severity
        `error`: a limit is broken; `warning`: close to it, or judged on weak input; `note`: worth knowing.
    chapter
        The room that found it: campus, design, training, schedule, power, cooling, cabling, plan, decide.
    where
        The thing concerned, in the user's words (`hall 2, row 7`, `intake`).
    what
        One sentence: what is wrong.
    limit, found
        The limit and the value, both with unit, "" where there is none.
    remedy
        What to do about it.
    """

    severity: Severity
    chapter: str
    where: str
    what: str
    limit: str = ""
    found: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        """Print one line for a terminal or a log."""
        known = [f"{word} {text}" for word, text in (("found", self.found), ("limit", self.limit)) if text]
        tail = f" ({', '.join(known)})" if known else ""
        cure = f" -> {self.remedy}" if self.remedy else ""
        return f"{self.severity.name}: {self.chapter}: {self.where}: {self.what}{tail}{cure}"

    def to_json(self) -> dict[str, Any]:
        """Return plain values, severity by name."""
        return asdict(self) | {"severity": self.severity.name}


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity (worst first), then chapter, place and text; drop exact repeats.

    >>> a = Finding(severity=Severity.note, chapter="design", where="hall 1", what="x")
    >>> b = Finding(severity=Severity.error, chapter="power", where="intake", what="y")
    >>> [f.where for f in worst_first([a, b, a])]
    ['intake', 'hall 1']
    """
    return tuple(sorted(set(findings), key=lambda f: (-f.severity, f.chapter, f.where, f.what, f.found)))
