"""The other end: a server for emulated devices, with hooks for everything that a bad device does to its answers."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from gigasite._core.errors import FieldError
from gigasite.field.modbus.frames import LostStreamError, Parser, answer_to, exception, frame, request_of

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence


class Handle(Protocol):
    """The device behind the server."""

    def __call__(self, unit: int, function: int, address: int, count: int, data: bytes, /) -> bytes | int | None:
        """Return the registers read (2 x count bytes), b"" for a write that was done, or an exception code.

        None: no such unit here; nothing is answered.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is sent, and when.

    Parameters
    ----------
    pieces
        Each is sent by itself.
    after_s, gap_s
        Time before the first, and between two [s].
    close
        Reset the connection afterwards.
    """

    pieces: tuple[bytes, ...] = ()
    after_s: float = 0.0
    gap_s: float = 0.0
    close: bool = False


class Server:
    """One listening port.

    Parameters
    ----------
    handle
        The device.
    spoil
        What a fault makes of an answer: (unit, function, whole frame) -> what is sent in its place; None: sent as it
        is. May be set while running.
    most
        Connections at a time; more are closed at once.
    context
        TLS; None: plain.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        spoil: Callable[[int, int, bytes], Sequence[Sending]] | None = None,
        most: int = 64,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.handle, self.spoil, self.most = handle, spoil, most
        self.host, self.port = "", 0
        self.lines: set[_Line] = set()
        self.requests = self.refused = self.lost = 0
        self._context = context
        self._listener: asyncio.Server | None = None
        self._hole: list[socket.socket] = []

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begin to accept; port 0 takes a free one, which `port` then tells.

        Raises
        ------
        FieldError
            The port is taken or not permitted.
        """
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                lambda: _Line(self), host, port, ssl=self._context, reuse_address=True, backlog=256
            )
        except OSError as error:
            raise FieldError(f"cannot listen on {host}:{port}: {error.strerror or error}", kind="refused") from error
        self.host, self.port = host, self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the port and all connections: connecting is refused until `listen`."""
        self._fill()
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.close()
            self.reset()
            await listener.wait_closed()

    async def swallow(self) -> None:
        """Become a black hole: connecting neither succeeds nor fails until `listen`."""
        await self.refuse()
        hole = socket.socket()
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((self.host, self.port))
        hole.listen(0)
        self._hole.append(hole)
        # two connections fill a queue of length 0: from then on the kernel drops every SYN
        for _ in range(4):
            filler = socket.socket()
            filler.settimeout(0.0)
            with suppress(BlockingIOError, OSError):
                filler.connect((self.host, self.port))
            self._hole.append(filler)

    async def back(self) -> None:
        """Listen again on the same port after `refuse` or `swallow`."""
        self._fill()
        if self._listener is None:
            await self.listen(self.host, self.port)

    def reset(self) -> None:
        """Reset every connection."""
        for line in tuple(self.lines):
            line.abort()

    async def close(self) -> None:
        """End."""
        await self.refuse()

    def _fill(self) -> None:
        for each in self._hole:
            each.close()
        self._hole.clear()


class _Line(asyncio.Protocol):
    """One connection of a server."""

    def __init__(self, server: Server) -> None:
        self._server, self._parser = server, Parser()
        self._transport: asyncio.Transport | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._queue: deque[list[bytes | None]] = deque()
        self._gaps: deque[float] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept, unless there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.lines.add(self)
        if len(self._server.lines) > self._server.most:
            self._server.refused += 1
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget what was still to be sent."""
        self._transport = None
        self._server.lines.discard(self)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def pause_writing(self) -> None:
        """Take no more requests of a client that does not fetch its answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Take requests again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def abort(self) -> None:
        """Reset the connection."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every whole request; bytes that are no frames end the connection."""
        server, out = self._server, bytearray()
        try:
            for transaction, unit, pdu in self._parser.feed(data):
                server.requests += 1
                answer = self._answer(unit, pdu)
                if answer is None:
                    continue
                whole = frame(transaction, unit, answer)
                if server.spoil is None:
                    out += whole
                else:
                    for sending in server.spoil(unit, pdu[0], whole):
                        self._later(sending)
        except LostStreamError:
            server.lost += 1
            self.abort()
            return
        if out and self._transport is not None:
            self._transport.write(bytes(out))

    def _answer(self, unit: int, pdu: bytes) -> bytes | None:
        asked = request_of(pdu)
        if isinstance(asked, int):
            return exception(pdu[0], asked)
        given = self._server.handle(unit, asked.function, asked.address, asked.amount, asked.data)
        return None if given is None else answer_to(asked, given)

    def _later(self, sending: Sending) -> None:
        if sending.after_s <= 0.0:
            self._begin(sending)
        else:
            self._after(sending.after_s, lambda: self._begin(sending))

    def _begin(self, sending: Sending) -> None:
        """Send, or wait until what dribbles is out: answers never mix."""
        self._queue.append([*sending.pieces, None] if sending.close else list(sending.pieces))
        self._gaps.append(sending.gap_s)
        if len(self._queue) == 1:
            self._pump()

    def _pump(self) -> None:
        while self._queue:
            pieces, gap_s = self._queue[0], self._gaps[0]
            while pieces:
                piece = pieces.pop(0)
                if piece is None:
                    self.abort()
                elif self._transport is not None:
                    self._transport.write(piece)
                if gap_s > 0.0 and pieces:
                    self._after(gap_s, self._pump)
                    return
            self._queue.popleft()
            self._gaps.popleft()

    def _after(self, wait_s: float, then: Callable[[], None]) -> None:
        handle: asyncio.TimerHandle

        def fire() -> None:
            self._timers.discard(handle)
            then()

        handle = asyncio.get_running_loop().call_later(wait_s, fire)
        self._timers.add(handle)
