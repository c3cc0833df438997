"""The format of PSPLIB (.sm, .mm: Kolisch & Sprecher, EJOR 96 (1996) 205-216) and of MMLIB.

Sections under headings; requests have one line per mode, with the number of the activity on the first of them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite.schedule.solver.problem import FINISH_START, Problem
from gigasite.schedule.solver.reader import Words, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_KINDS = 1000  # resources of one sort


class _Mode(NamedTuple):
    line: int
    duration: int
    needs: list[int]


@readers.part("psplib")
class Psplib:
    """One or more modes per activity, renewable and nonrenewable resources."""

    suffixes = (".sm", ".mm")

    def sniff(self, text: str, /) -> bool:
        """Return whether the two headings are there."""
        return "PRECEDENCE RELATIONS" in text and "REQUESTS/DURATIONS" in text

    def read(self, text: str, file: str, /) -> Problem:
        """Return the problem; see `Reader`."""
        lines = text.splitlines()
        n = _setting(lines, file, r"jobs.*", 1)
        kinds, spent, both = (
            _setting(lines, file, r"\s*-\s*" + k, 0) for k in ("renewable", "nonrenewable", "doubly constrained")
        )
        if both:
            text = "doubly constrained resources are not read; write each as a renewable and a nonrenewable one"
            raise InputFileError(file, 0, text)
        counts, links = _relations(lines, file, n)
        modes = _requests(lines, file, counts, kinds + spent)
        words = Words(file, *_section(lines, file, r"RESOURCE\s*AVAILABILITIES"))
        have = words.numbers(kinds + spent, "the availability of a resource")
        words.end()
        _fits(file, modes, have[:kinds])
        rows = [m for of in modes for m in of]
        needs = np.array([m.needs for m in rows], np.int64).reshape(len(rows), kinds + spent)
        return Problem(
            name=Path(file).stem,
            names=tuple(str(i + 1) for i in range(n)),
            mode_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            duration=np.array([m.duration for m in rows], np.int64),
            demand=needs[:, :kinds],
            use=needs[:, kinds:],
            cost_usd=np.zeros(len(rows)),
            capacity=np.array(have[:kinds], np.int64).reshape(kinds, 1),
            total=np.array(have[kinds:], np.int64),
            links=links,
            kind=np.full(len(links), FINISH_START),
            lag=np.zeros(len(links), np.int64),
        )


def _setting(lines: list[str], file: str, name: str, least: int) -> int:
    """Return the number behind `name :`."""
    for k, line in enumerate(lines, 1):
        found = re.match(name + r"\s*:\s*(\S+)", line)
        if found:
            most = MOST_KINDS if least == 0 else 10**6
            value = Words(file, [found[1]], k).number(name.strip(r"\s*-.") or name, least)
            if value > most:
                raise InputFileError(file, k, f"{value} is more than {most:,}, the most that is read")
            return value
    raise InputFileError(file, 0, f"there is no line '{name.replace(chr(92) + 's*', ' ').strip(' .*')} : number'")


def _section(lines: list[str], file: str, heading: str) -> tuple[list[str], int]:
    """Return the lines with data under a heading and the number of the first; column titles and rules are blanked."""
    for k, line in enumerate(lines):
        if re.match(heading, line.strip()):
            body: list[str] = []
            for text in lines[k + 1 :]:
                if text.startswith("*") and body:
                    break
                body.append("" if re.match(r"\s*[A-Za-z*-]{1,}(?!\d)", text) and not _numeric(text) else text)
            return body, k + 2
    shown = heading.replace(r"\s*", " ")
    raise InputFileError(file, 0, f"there is no section '{shown}'; is the file complete?")


def _numeric(text: str) -> bool:
    return re.match(r"\s*-?\d", text) is not None


def _relations(lines: list[str], file: str, n: int) -> tuple[list[int], np.ndarray]:
    words = Words(file, *_section(lines, file, "PRECEDENCE RELATIONS"))
    counts, links = [], []
    for i in range(n):
        _expect(words, words.number(f"activity {i + 1}"), i + 1)
        counts.append(words.number(f"the number of modes of activity {i + 1}", 1))
        links += [(i, z) for z in words.successors(i, n)]
    words.end()
    return counts, np.array(sorted(set(links)), np.int64).reshape(-1, 2)


def _expect(words: Words, found: int, wanted: int) -> None:
    if found != wanted:
        text = f"activity {wanted} should follow here, but {found} does: a count of successors or modes is wrong"
        raise InputFileError(words.file, words.line, text)


def _requests(lines: list[str], file: str, counts: list[int], kinds: int) -> list[list[_Mode]]:
    """Return the modes of each activity."""
    body, at = _section(lines, file, "REQUESTS/DURATIONS")
    rows = ((at + k, text) for k, text in enumerate(body) if text.strip())
    out: list[list[_Mode]] = []
    for i, count in enumerate(counts):
        out.append([_mode(rows, file, i, m, kinds) for m in range(count)])
    left = next(rows, None)
    if left is not None:
        raise InputFileError(file, left[0], "a line is left after the last activity: a number of modes is wrong")
    return out


def _mode(rows: Iterator[tuple[int, str]], file: str, i: int, m: int, kinds: int) -> _Mode:
    line, text = next(rows, (0, ""))
    if not line:
        raise InputFileError(file, 0, f"mode {m + 1} of activity {i + 1} is missing; is the file complete?")
    words = Words(file, [text], line)
    have = len(text.split())
    if have == kinds + 3:
        _expect(words, words.number("the activity"), i + 1)
    elif have != kinds + 2 or m == 0:
        wanted = f"activity, mode, duration and {kinds} needs"
        raise InputFileError(file, line, f"there are {have} numbers, not {kinds + 3} ({wanted})")
    if words.number("the mode") != m + 1:
        raise InputFileError(file, line, f"mode {m + 1} of activity {i + 1} should stand here: a count is wrong")
    duration = words.number(f"the duration of activity {i + 1}")
    return _Mode(line, duration, words.numbers(kinds, f"a need of activity {i + 1}"))


def _fits(file: str, modes: list[list[_Mode]], capacity: list[int]) -> None:
    """Refuse an activity none of whose modes fits, with its line."""
    for i, of in enumerate(modes):
        over = [next((r for r, c in enumerate(capacity) if m.needs[r] > c), -1) for m in of]
        if min(over) >= 0:
            found = f"activity {i + 1} needs {of[0].needs[over[0]]} of resource {over[0] + 1}"
            raise InputFileError(file, of[0].line, f"{found}, which has {capacity[over[0]]}; correct one of them")
