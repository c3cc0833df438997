"""What a file format of planners is; reading a file of any of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Exchange

MOST_BYTES = 400 * 1024**2


class Format(Protocol):
    """A file format of projects."""

    suffixes: tuple[str, ...]
    title: str

    def sniff(self, text: str, /) -> bool:
        """Return whether a text looks like this format."""
        ...

    def read(self, text: str, file: str, /) -> Exchange:
        """Return the project; what could not be taken is in its findings.

        Raises
        ------
        InputFileError
            With the line and the remedy.
        """
        ...

    def write(self, exchange: Exchange, /) -> bytes:
        """Return the file."""
        ...

    def losses(self, exchange: Exchange, /) -> tuple[Finding, ...]:
        """Return what the format cannot hold of this project."""
        ...


formats: Registry[type[Format]] = Registry("gigasite.schedule.formats", "project format")


def decoded(data: bytes, file: str) -> str:
    """Return text in whatever encoding planners' programs write: UTF-16, UTF-8 with or without mark, else Windows-1252.

    Raises
    ------
    InputFileError
        It is binary.
    """
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        text = data.decode("utf-16", errors="replace")
    elif re.match(rb"(?:[^\0]\0){4}", data):
        text = data.decode("utf-16-le", errors="replace")  # without its mark
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            # five bytes mean nothing in Windows-1252: they stay control characters, as in every browser
            text = "".join(chr(b) if b in _UNUSED else bytes([b]).decode("cp1252") for b in range(256))
            text = data.decode("latin-1").translate(dict(enumerate(text)))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputFileError(file, line, "is binary, not text; export the project as XER, XML or CSV")
    return text


_UNUSED = (0x81, 0x8D, 0x8F, 0x90, 0x9D)


def read_project(path: Path) -> Exchange:
    """Read a project file; the format is known by its content, else by its suffix.

    Raises
    ------
    InputFileError
        No format fits, or what is wrong with which line.
    """
    text = decoded(read_bytes(path, MOST_BYTES), str(path))
    if not text.strip():
        raise InputFileError(str(path), 0, "is empty; export the project again")
    kinds = [formats[name]() for name in formats.names()]
    fits = [k for k in kinds if k.sniff(text)] or [k for k in kinds if path.suffix.lower() in k.suffixes]
    if not fits:
        known = ", ".join(s for k in kinds for s in k.suffixes)
        raise InputFileError(str(path), 0, f"is no project file that is known; give one of {known}")
    return fits[0].read(text, str(path))
