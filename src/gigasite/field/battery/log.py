"""The append-only log: every reading, decision and reason; written by another thread, never waited for by the loop.

A file begins with `MAGIC`, the length of its header and the header (JSON: settings, units, controller). Blocks follow:
length, check sum, zlib. A run that was killed leaves at most its last second unwritten; a block that is cut off is
told and left out when read.
"""

from __future__ import annotations

import json
import threading
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from struct import Struct
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InputFileError, OutputError
from gigasite._core.files import read_bytes
from gigasite.field.battery.record import crc, first_cycle, records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"gigasite battery log 2\n"
BEFORE = b"gigasite battery log 1\n"
_LENGTH = Struct("<I")
_BLOCK = Struct("<II")
BLOCK_BYTES = 1 << 18
BLOCK_S = 1.0
WAITING = 256 << 20
"""Bytes of records that may wait for a slow disk, before the newest are dropped (and counted): all memory is locked."""


class LogWriter:
    """Writes records from another thread.

    Parameters
    ----------
    folder
        Where files `battery-NNNNNN.gslog` go; numbers go on from those that are there.
    header
        Of every file; plain values.
    roll_s
        A new file begins after so long.
    """

    def __init__(self, folder: Path, header: dict[str, Any], roll_s: float = 3600.0) -> None:
        self.lost = 0
        """Records that could not be written."""
        self.trouble = ""
        """Why; "" while all is well."""
        self._folder, self._roll_s = folder, roll_s
        self._header = json.dumps(header, sort_keys=True).encode()
        self._waiting: deque[bytes] = deque()  # the loop appends while the writer takes from the other end
        # bytes, each counted by one thread alone
        self._put = self._taken = 0
        self._ends = threading.Event()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            numbers = [int(p.stem.removeprefix("battery-")) for p in folder.glob("battery-*.gslog")]
            self._number = max(numbers, default=0)
            self._file = self._open()
        except (OSError, ValueError) as error:
            raise OutputError(f"cannot write the log in {folder}: {error}") from error
        self._thread = threading.Thread(target=self._run, name="battery log", daemon=True)
        self._thread.start()

    def put(self, record: bytes) -> None:
        """Take a record; never waits.

        The writer wakes by itself once a second: one that woke for every record would hold the interpreter just when
        the set points are to go out.
        """
        if self._put - self._taken > WAITING:
            self.lost += 1
            self.trouble = "the disk is too slow: records are dropped"
            return
        self._put += len(record)
        self._waiting.append(record)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._ends.set()
        self._thread.join()

    def _open(self) -> Any:
        self._number += 1
        path = self._folder / f"battery-{self._number:06d}.gslog"
        file = path.open("xb", buffering=0)  # a buffer would keep what a full disk refused, and write half of it later
        try:
            _whole(file, MAGIC + _LENGTH.pack(len(self._header)) + self._header)
        except OSError:  # on a full disk: half a header would be taken for a damaged log
            with suppress(OSError):
                file.close()
            path.unlink(missing_ok=True)
            raise
        return file

    def _run(self) -> None:
        import time  # noqa: PLC0415  # only this thread

        opened = time.monotonic()
        while True:
            ends = self._ends.wait(BLOCK_S)
            for block in self._blocks():
                self._write(b"".join(block), len(block))
            if ends:
                with suppress(OSError):
                    self._file.close()
                return
            if time.monotonic() - opened > self._roll_s:
                opened = time.monotonic()
                self._roll()

    def _blocks(self) -> Iterator[list[bytes]]:
        """Take the records that wait, in blocks."""
        block: list[bytes] = []
        size = 0
        while self._waiting:
            block.append(self._waiting.popleft())
            size += len(block[-1])
            self._taken += len(block[-1])
            if size >= BLOCK_BYTES:
                yield block
                block, size = [], 0
        if block:
            yield block

    def _write(self, data: bytes, count: int) -> None:
        packed = zlib.compress(data, 1)
        at = 0
        try:
            at = self._file.tell()
            _whole(self._file, _BLOCK.pack(len(packed), crc(packed)) + packed)
            self.trouble = ""
        except (OSError, ValueError) as error:  # a full disk must not stop the loop; it is told and counted
            self.lost += count
            self.trouble = f"the log cannot be written: {error}"
            self._undo(at)

    def _undo(self, at: int) -> None:
        """Cut off half a block, so that what follows can be read."""
        with suppress(OSError, ValueError):
            self._file.seek(at)
            self._file.truncate(at)

    def _roll(self) -> None:
        try:
            new = self._open()
        except OSError as error:
            self.trouble = f"no new log file: {error}"
            return
        with suppress(OSError):
            self._file.close()
        self._file = new


def _whole(file: Any, data: bytes) -> None:
    """Write all of it; a disk that fills up takes a part first and then says so."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log that was read."""

    path: Path
    header: dict[str, Any]
    blocks: tuple[bytes, ...]
    """Unpacked."""
    cut: str
    """What was wrong at its end; "" when nothing was."""

    @property
    def begins(self) -> bool:
        """Return whether a run begins with it: its first record is that of cycle 0."""
        return any(first_cycle(given) == 0 for given, _ in islice(self, 1))

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield inputs and decision of each record."""
        for block in self.blocks:
            yield from records(block, str(self.path))


def read_log(path: Path) -> Log:
    """Read a log file.

    Raises
    ------
    InputFileError
        It is no log of a battery loop, or damaged before its end.
    """
    data = read_bytes(path)
    where = str(path)
    if data.startswith(BEFORE):
        raise InputFileError(where, 0, "is a log of an earlier version: replay it with the version that wrote it")
    if not data.startswith(MAGIC):
        raise InputFileError(where, 0, "is no log of a battery loop (battery-NNNNNN.gslog)")
    at = len(MAGIC)
    try:
        (length,) = _LENGTH.unpack_from(data, at)
        header = json.loads(data[at + 4 : at + 4 + length])
    except Exception as error:
        raise InputFileError(where, 0, "its header is damaged") from error
    at += 4 + length
    blocks, cut = [], ""
    while at < len(data):
        left = len(data) - at
        size, check = _BLOCK.unpack_from(data, at) if left >= _BLOCK.size else (0, 0)
        packed = data[at + _BLOCK.size : at + _BLOCK.size + size]
        if left < _BLOCK.size or len(packed) < size:
            cut = f"the last block is cut off after {left} bytes: the run was killed while it wrote"
            break
        if crc(packed) != check:
            raise InputFileError(where, 0, f"is damaged at byte {at}: a block does not have its check sum")
        blocks.append(zlib.decompress(packed))
        at += _BLOCK.size + size
    return Log(path=path, header=header, blocks=tuple(blocks), cut=cut)
