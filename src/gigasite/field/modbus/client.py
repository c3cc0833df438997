"""A client of one device: one connection that is kept up, many transactions in flight, no task per transaction."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError
from gigasite.field.modbus.frames import READ_HOLDING
from gigasite.field.modbus.tls import client_context
from gigasite.field.modbus.wire import Ask, Pace, Stats, Tally, Wire, fail, read_ask, write_ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.modbus.tls import TlsFiles


class Client:
    """One device over Modbus TCP.

    Parameters
    ----------
    host, port
        Of the device.
    timeout_s
        A transaction ends within this time of being asked, answered or not [s].
    connect_timeout_s
        For connecting, and for the test read under TLS [s].
    gap_s
        Least pause between an answer and the next request [s]; above 0 one transaction is in flight at a time.
    in_flight
        Most transactions at a time; others wait in order. 1 for devices that drop pipelined requests.
    retry_s
        First and longest pause before connecting again; it doubles [s].
    tls
        Files of mutual TLS; None: plain.
    name
        In messages; "": host:port.

    Notes
    -----
    Every failure is a `FieldError` whose `kind` is `timeout`, `refused`, `reset`, `exception`, `protocol`, `closed` or
    `mismatch`. While there is no connection, transactions fail at once with the kind of the last failure: a control
    loop must not wait for a dead device.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout_s: float,
        connect_timeout_s: float = 1.0,
        gap_s: float = 0.0,
        in_flight: int = 8,
        retry_s: tuple[float, float] = (0.05, 5.0),
        tls: TlsFiles | None = None,
        name: str = "",
    ) -> None:
        if not timeout_s > 0.0 or not connect_timeout_s > 0.0 or gap_s < 0.0 or in_flight < 1:
            raise FieldError(f"{name or host}: times must be above 0, and at least one transaction in flight")
        if not 0.0 < retry_s[0] <= retry_s[1]:
            raise FieldError(f"{name or host}: pauses before connecting again must be above 0, the first the shorter")
        self.name = name or f"{host}:{port}"
        self._host, self._port, self._connect_s, self._retry_s = host, port, connect_timeout_s, retry_s
        self._pace = Pace(timeout_s=timeout_s, gap_s=gap_s, in_flight=in_flight)
        self._tls, self._context = tls, client_context(tls) if tls else None
        self._tally = Tally()
        self._wire: Wire | None = None
        self._up: Wire | None = None
        self._down = asyncio.Event()
        self._one = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._last = self._error("is not connected", "closed")

    @property
    def connected(self) -> bool:
        """Say whether transactions can be sent now."""
        return self._up is not None

    @property
    def stats(self) -> Stats:
        """Return what became of the transactions so far."""
        return self._tally.stats()

    async def connect(self) -> None:
        """Connect; afterwards, even if this failed, a background task keeps trying until `close`.

        Raises
        ------
        FieldError
            `refused`, `timeout`, `reset` or `closed`.
        """
        try:
            await self._connect_once()
        finally:
            if self._keeper is None:
                self._keeper = asyncio.get_running_loop().create_task(self._keep(), name=f"keep {self.name}")

    def read(self, unit: int, address: int, count: int, function: int = READ_HOLDING) -> asyncio.Future[bytes]:
        """Ask for `count` registers (1 to 125) from `address`: two bytes each, big endian.

        Raises
        ------
        FieldError
            At once: registers that one request cannot name. In the future: everything else.
        """
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._ask(read_ask(unit, address, count, function, future))
        return future

    def read_all(self, unit: int, reads: Sequence[tuple[int, int, int]]) -> list[asyncio.Future[bytes]]:
        """Ask for several ranges (address, count, function): as `read` each, sent in one piece as far as they may fly.

        One piece is one call of the system here and at the device, where two requests would be two.
        """
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[bytes]] = [loop.create_future() for _ in reads]
        self._ask(*(read_ask(unit, *r, future) for r, future in zip(reads, futures, strict=True)))
        return futures

    def write(self, unit: int, address: int, registers: bytes) -> asyncio.Future[None]:
        """Write 1 to 123 registers in one piece (FC16); as `read`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ask(write_ask(unit, address, registers, future))
        return future

    def drop(self, words: str = "dropped by the user") -> None:
        """End the connection; the background task makes a new one."""
        self._give_up(self._error(words, "closed"))

    async def close(self) -> None:
        """End the connection and the background task; transactions then fail as `closed`."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        self._up, self._last = None, self._error("is closed", "closed")
        self._give_up(self._last)
        if self._wire is not None:
            await self._down.wait()

    def _ask(self, *asks: Ask) -> None:
        if self._up is not None:
            self._up.ask(*asks)
            return
        words = str(self._last).removeprefix(f"{self.name}: ")
        for ask in asks:
            fail(ask.future, self._error(words, self._last.kind, ask.address))

    async def _connect_once(self) -> None:
        """Connect unless somebody else just has."""
        async with self._one:
            if self._up is None:
                await self._connect()

    async def _connect(self) -> None:
        """Make a connection, and prove it by a read where TLS could refuse us late."""
        name = (self._tls.server_name or self._host) if self._tls else None
        loop = asyncio.get_running_loop()
        if self._wire is not None:  # the one before is ending
            await self._down.wait()
        try:
            async with asyncio.timeout(self._connect_s):
                await loop.create_connection(self._new, self._host, self._port, ssl=self._context, server_hostname=name)
                if self._tls is not None:
                    await self._probe(*self._tls.probe)
        except (OSError, FieldError) as error:  # TimeoutError and SSLError are OSErrors
            self._last = self._refusal(error)
            self._give_up(self._last)
            raise self._last from error
        self._up = self._wire

    def _new(self) -> Wire:
        self._down.clear()
        self._wire = Wire(self.name, self._pace, self._tally, self._lost)
        return self._wire

    async def _probe(self, unit: int, address: int) -> None:
        """Read two registers; an exception is an answer too."""
        assert self._wire is not None  # made by the connection
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._wire.ask(read_ask(unit, address, 2, READ_HOLDING, future))
        try:
            await future
        except FieldError as error:
            if error.kind != "exception":
                raise

    def _give_up(self, why: FieldError) -> None:
        if self._wire is not None and self._wire.open:
            self._wire.end(why)
        else:
            # made for a connection that never came about: nobody will tell us of its end
            self._wire = None

    def _lost(self, wire: Wire, why: FieldError) -> None:
        if wire is self._wire:
            self._last, self._up, self._wire = why, None, None
            self._down.set()

    async def _keep(self) -> None:
        """Connect again and again until `close`; pauses double until a connection has brought an answer."""
        first_s, most_s = self._retry_s
        pause_s = first_s
        while True:
            if self._wire is not None:
                before = self._heard()
                await self._down.wait()
                # a device that accepts and resets at once is not to be hammered
                pause_s = first_s if self._heard() > before else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(2.0 * pause_s, most_s)
            with suppress(FieldError):
                await self._connect_once()
                self._tally.reconnects += 1

    def _heard(self) -> int:
        return self._tally.answered + self._tally.exceptions

    def _refusal(self, error: Exception) -> FieldError:
        """Say in our words why there is no connection."""
        if isinstance(error, FieldError):
            return self._error(str(error).removeprefix(f"{self.name}: "), error.kind)
        if isinstance(error, TimeoutError):
            return self._error(f"no connection within {self._connect_s:g} s", "timeout")
        if isinstance(error, ssl.SSLError):
            return self._error(f"TLS: {error.reason or error}", "refused")
        if isinstance(error, ConnectionResetError | BrokenPipeError):
            return self._error("reset while connecting", "reset")
        return self._error(f"no connection: {getattr(error, 'strerror', None) or error}", "refused")

    def _error(self, words: str, kind: str, address: int | None = None) -> FieldError:
        where = f"{self.name} register {address}" if address is not None else self.name
        return FieldError(f"{where}: {words}", device=self.name, address=address, kind=kind)
