"""Orders to a running loop: a socket beside its log, for its owner alone.

One line per order (arm, disarm, stop, clear, or what a job announces); the answer is one line of JSON.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import socket
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError
from gigasite.field.battery.announce import is_announcement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

ORDERS = ("arm", "disarm", "stop", "clear")
MOST = 1 << 17
"""Bytes of one order."""


class OrderDesk:
    """Takes orders for a loop."""

    def __init__(self, path: Path, say: Callable[[str], Awaitable[str]]) -> None:
        self._path, self._say = path, say
        self._server: asyncio.AbstractServer | None = None
        self._lock: int | None = None

    async def open(self) -> None:
        """Begin.

        Raises
        ------
        FieldError
            Another loop runs here, or the place cannot be used.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self._path.with_suffix(".lock"))
        except BlockingIOError:
            raise FieldError(f"{self._path}: another loop runs with these settings") from None
        except OSError as error:
            raise self._unusable(error) from error
        try:
            await self._listen()
        except BaseException:
            self._unlock()
            raise

    async def _listen(self) -> None:
        if self._path.exists():
            if await asyncio.to_thread(_answers, self._path):
                raise FieldError(
                    f"{self._path}: another loop runs with these settings or this log; end it first (Ctrl-C, SIGTERM)"
                )
            self._path.unlink(missing_ok=True)  # left by a loop that was killed
        before = os.umask(0o177)  # not for the folder: nobody could enter it
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=MOST)
        except OSError as error:
            raise self._unusable(error) from error
        finally:
            os.umask(before)

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _unusable(self, error: OSError) -> FieldError:
        return FieldError(f"{self._path}: no orders can be taken: {error.strerror or error}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = (await asyncio.wait_for(reader.readline(), 5.0)).decode(errors="replace").strip()
            known = line in ORDERS or is_announcement(line)
            answer = await self._say(line) if known else f"orders are {', '.join(ORDERS)}"
            line = line if line in ORDERS else line.partition(" ")[0][:20]
            writer.write(json.dumps({"order": line, "answer": answer}).encode() + b"\n")
            await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # whoever asked is gone, or talks nonsense
        finally:
            writer.close()

    async def close(self) -> None:
        """End."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)
            self._server = None
        self._unlock()


def _locked(path: Path) -> int:
    """Return a lock that the system gives back when this process ends, however it ends.

    The socket alone would not do: of two loops that start at once, each may find that nobody holds it.
    """
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock


def _answers(path: Path) -> bool:
    """Return whether somebody holds the socket; a loop that is stopped holds it, though it does not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        try:
            s.connect(str(path))
        except OSError:
            return False
    return True


def tell(path: Path, order: str, seconds: float = 5.0) -> dict[str, Any]:
    """Give an order to the loop that runs behind `path`; return its answer.

    Raises
    ------
    FieldError
        No loop runs there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(seconds)
        try:
            s.connect(str(path))
            s.sendall(order.encode() + b"\n")
            said = b""
            while not said.endswith(b"\n") and (more := s.recv(4096)):
                said += more
        except OSError as error:
            raise FieldError(f"{path}: no loop runs there ({error.strerror or error})") from error
    try:
        answer: dict[str, Any] = json.loads(said or b"{}")
    except ValueError as error:
        raise FieldError(f"{path}: what answers there is no loop") from error
    return answer
