"""Safe files: write beside, then rename; a run that is interrupted leaves nothing half-written."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gigasite._core.errors import InputFileError, OutputError

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_BYTES = 2 * 1024**3
PIECE = 16 * 1024**2


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file of at most `most` bytes.

    Raises
    ------
    InputFileError
        Absent, a folder, not permitted, or larger than `most`.
    """
    try:
        # piece by piece, not by the size that the file system tells: pipes and devices tell 0 and never end
        data = bytearray()
        with path.open("rb") as file:
            while len(data) <= most and (piece := file.read(PIECE)):
                data += piece
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputFileError(str(path), 0, f"cannot be read: {reason}") from error
    if len(data) > most:
        raise InputFileError(str(path), 0, f"is larger than {most / 1e6:,.0f} MB, the most that is read")
    return bytes(data)


def read_text(path: Path, most: int = MOST_BYTES) -> str:
    """Return the text of a UTF-8 file, or of one that begins as UTF-16 (byte-order marks are dropped, CRLF kept).

    Raises
    ------
    InputFileError
        As `read_bytes`, with the line of the first byte that is not UTF-8, or UTF-16 that breaks off.
    """
    data = read_bytes(path, most)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputFileError(str(path), 0, "begins as UTF-16 and breaks off") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputFileError(
            str(path),
            line,
            f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8 text",
        ) from error


@contextmanager
def folder_beside(out: Path) -> Generator[Path]:
    """Give a new folder beside `out`; on success its files move into `out`, on failure it is removed.

    Files already in `out` that this run did not write again stay. Each file is renamed whole, so that a reader
    sees the old or the new one, never half of it.

    Raises
    ------
    OutputError
        `out` is a file, or the place cannot be written.
    """
    beside: Path | None = None
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file; give a folder")
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        yield beside
        out.mkdir(exist_ok=True)
        for path in sorted(beside.rglob("*")):
            target = out / path.relative_to(beside)
            if path.is_dir():
                target.mkdir(exist_ok=True)
            else:
                path.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole: beside, then rename.

    Raises
    ------
    OutputError
        The place cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file whole; as `write_text`."""
    if not path.name:
        raise OutputError(f"cannot write {path}: it names a folder, not a file")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
