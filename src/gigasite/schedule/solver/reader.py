"""What a reader of problem files is, and the words that all of them share: numbers with the line they stand on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gigasite._core.errors import InfeasibleError, InputFileError
from gigasite._core.files import read_text
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gigasite.schedule.solver.problem import Problem

MOST_BYTES = 200 * 1024**2
MOST = 2**31 - 1  # of any number in a file: more is a slip of the keyboard


class Reader(Protocol):
    """A file format of scheduling problems."""

    suffixes: tuple[str, ...]

    def sniff(self, text: str, /) -> bool:
        """Return whether a text looks like this format."""
        ...

    def read(self, text: str, file: str, /) -> Problem:
        """Return the problem.

        Raises
        ------
        InputFileError
            With the line and the remedy.
        """
        ...


readers: Registry[type[Reader]] = Registry("gigasite.schedule.solver.readers", "reader of scheduling problems")


@dataclass(slots=True)
class Words:
    """Words of a text one after another; every number is checked where it is read.

    Parameters
    ----------
    file
        For messages.
    lines
        The text.
    first
        Number of its first line.
    """

    file: str
    lines: list[str]
    first: int = 1
    line: int = 0
    """Of the word that was read last."""
    _each: Iterator[tuple[int, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._each = ((k, w) for k, text in enumerate(self.lines, self.first) for w in text.split())
        self.line = self.first

    def number(self, what: str, least: int = 0) -> int:
        """Return the next whole number.

        Raises
        ------
        InputFileError
            There is none, or it is none, or it is less than `least`.
        """
        found = next(self._each, None)
        if found is None:
            raise InputFileError(self.file, self.line, f"the file ends where {what} should stand; is it complete?")
        self.line, word = found
        try:
            value = float(word)
        except ValueError:
            value = math.nan
        if not (abs(value) <= MOST and value == int(value)):  # nan is not even small
            raise InputFileError(
                self.file, self.line, f"'{word[:40]}' is no whole number, but {what} should stand here"
            )
        if value < least:
            raise InputFileError(self.file, self.line, f"{what} is {int(value)}; it must be at least {least}")
        return int(value)

    def numbers(self, count: int, what: str, least: int = 0) -> list[int]:
        """Return the next `count` whole numbers."""
        return [self.number(what, least) for _ in range(count)]

    def successors(self, i: int, n: int) -> list[int]:
        """Return ids from 0 of the successors of activity `i` among `n`: their number, then each from 1."""
        count = self.number(f"the number of successors of activity {i + 1}")
        if count > n:
            raise InputFileError(self.file, self.line, f"activity {i + 1} has {count} successors of {n} activities")
        out = self.numbers(count, f"a successor of activity {i + 1}", 1)
        for z in out:
            if z > n:
                text = f"activity {i + 1} has successor {z}, but there are {n} activities; correct one of them"
                raise InputFileError(self.file, self.line, text)
        return [z - 1 for z in out]

    def end(self) -> None:
        """Refuse words that are left."""
        found = next(self._each, None)
        if found is not None:
            self.line, word = found
            text = f"'{word[:40]}' stands after the last activity: the number of activities or of successors is wrong"
            raise InputFileError(self.file, self.line, text)


def read_instance(path: Path) -> Problem:
    """Read a problem file; the format is known by its content, else by its suffix.

    Raises
    ------
    InputFileError
        No format fits, or what is wrong with which line.
    """
    text = read_text(path, MOST_BYTES)
    kinds = [readers[name]() for name in readers.names()]
    fits = [k for k in kinds if k.sniff(text)] or [k for k in kinds if path.suffix.lower() in k.suffixes]
    if "\0" in text or not text.strip() or not fits:
        known = ", ".join(f"{s}" for k in kinds for s in k.suffixes)
        why = "is empty" if not text.strip() else "is no scheduling problem that is known"
        raise InputFileError(str(path), 0, f"{why}; give a file in the format of PSPLIB or Patterson ({known})")
    try:
        return fits[0].read(text, str(path))
    except InfeasibleError as error:
        raise InputFileError(str(path), 0, str(error)) from error
