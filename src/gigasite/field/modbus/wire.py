"""One connection: requests go out, answers are paired with them by transaction id, and nothing else is believed.

An answer that comes late, twice, from another unit or for nobody is counted and dropped. Bytes that are no frames end
the connection, and everything in flight fails at once. One timer serves all transactions of a connection: they all have
the same time to live, so that they expire in the order in which they were asked.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, fields
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from gigasite._core.errors import FieldError
from gigasite.field.modbus import frames
from gigasite.field.modbus.frames import FAILED, LostStreamError, Parser, exception_words

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT = 3.0
"""Times the time to live, asked and without a byte in answer, until a connection is given up: of a peer that vanished
behind a switch TCP itself tells nothing for minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What became of the transactions of a device."""

    sent: int = 0
    answered: int = 0
    timeouts: int = 0
    exceptions: int = 0
    mismatches: int = 0
    """Answers with the right transaction id and anything else wrong."""
    late_answers: int = 0
    """For a transaction that had timed out."""
    strays: int = 0
    """Twice, or for nobody."""
    protocol_errors: int = 0
    """Connections ended because their bytes were no frames."""
    reconnects: int = 0
    round_trip_s: float = 0.0
    """Of the last answer."""


class Tally:
    """The counts behind `Stats`, shared by the connections of one device."""

    __slots__ = tuple(f.name for f in fields(Stats))

    sent: int
    answered: int
    timeouts: int
    exceptions: int
    mismatches: int
    late_answers: int
    strays: int
    protocol_errors: int
    reconnects: int
    round_trip_s: float

    def __init__(self) -> None:
        for f in fields(Stats):
            setattr(self, f.name, f.default)

    def stats(self) -> Stats:
        """Return the counts as they are now."""
        return Stats(**{name: getattr(self, name) for name in self.__slots__})


class Ask:
    """One transaction: the bytes to send, what the answer must say, and who waits for it."""

    __slots__ = ("address", "data", "dies_s", "expect", "future", "sent_s", "transaction", "unit")

    def __init__(self, unit: int, address: int, data: bytes, expect: bytes, future: asyncio.Future[Any]) -> None:
        self.unit, self.address, self.data, self.expect, self.future = unit, address, data, expect, future
        self.transaction = -1
        self.dies_s = self.sent_s = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a device is asked; as `Client`."""

    timeout_s: float
    gap_s: float
    in_flight: int


class Wire(asyncio.Protocol):
    """The transactions of one connection."""

    def __init__(self, device: str, pace: Pace, tally: Tally, lost: Callable[[Wire, FieldError], None]) -> None:
        self._device, self._pace, self._tally, self._lost = device, pace, tally, lost
        self._loop = asyncio.get_running_loop()
        self._parser = Parser()
        self._flying: dict[int, Ask] = {}
        self._waiting: deque[Ask] = deque()
        self._deadlines: deque[Ask] = deque()
        self._expired: deque[int] = deque(maxlen=256)
        self._next = 0
        self._free_s = 0.0
        self._unheard_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gap_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._why: FieldError | None = None

    @property
    def open(self) -> bool:
        """Say whether there is a connection, good or ending."""
        return self._transport is not None

    # ---- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail everything in flight at once, and tell the client."""
        kind = "reset" if exc is not None else "closed"
        why = self._why or self._error("the connection was reset" if exc else "the device closed", kind)
        self._transport = None
        for timer in (self._timer, self._gap_timer):
            if timer is not None:
                timer.cancel()
        for ask in (*self._flying.values(), *self._waiting):
            self._fail(ask, self._error(str(why), why.kind, ask.address))
        self._flying.clear()
        self._waiting.clear()
        self._deadlines.clear()
        self._lost(self, why)

    def data_received(self, data: bytes) -> None:
        """Pair answers with requests."""
        self._unheard_s = None
        try:
            for transaction, unit, pdu in self._parser.feed(data):
                ask = self._flying.pop(transaction, None)
                if ask is None:
                    self._stray(transaction)
                else:
                    self._answer(ask, unit, pdu)
        except LostStreamError as error:
            self._tally.protocol_errors += 1
            self.end(self._error(str(error), "protocol"))
            return
        if self._waiting:
            self._send()

    # ---- what the client calls

    def ask(self, *asks: Ask) -> None:
        """Send now, or as soon as the device may be asked; their futures end within the time to live in any case."""
        dies_s = self._loop.time() + self._pace.timeout_s
        for ask in asks:
            ask.dies_s = dies_s
        self._deadlines += asks
        self._waiting += asks
        if self._timer is None and asks:
            self._timer = self._loop.call_at(dies_s, self._expire)
        self._send()

    def end(self, why: FieldError) -> None:
        """Drop the connection; what is in flight fails with `why`."""
        if self._transport is not None and self._why is None:
            self._why = why
            self._transport.abort()

    # ---- inside

    def _send(self) -> None:
        """Send what may be sent: no more in flight than allowed, no sooner than the gap after an answer."""
        # the loop's own clock may count whole milliseconds, from the start of its turn
        pace, now_s = self._pace, monotonic()
        most = 1 if pace.gap_s > 0.0 else pace.in_flight
        out = b""
        while self._waiting and len(self._flying) < most and self._transport is not None and self._why is None:
            if now_s < self._free_s:
                if self._gap_timer is None:
                    self._gap_timer = self._loop.call_later(self._free_s - now_s, self._gap_over)
                break
            ask = self._waiting.popleft()
            if ask.future.done():
                continue
            while self._next in self._flying:
                self._next = (self._next + 1) & 0xFFFF
            ask.transaction, ask.sent_s = self._next, now_s
            self._flying[self._next] = ask
            out += self._next.to_bytes(2, "big") + ask.data
            self._next = (self._next + 1) & 0xFFFF
            self._tally.sent += 1
        if out and self._transport is not None:
            self._transport.write(out)

    def _gap_over(self) -> None:
        self._gap_timer = None
        self._send()

    def _stray(self, transaction: int) -> None:
        if transaction in self._expired:
            self._expired.remove(transaction)
            self._tally.late_answers += 1
        else:
            self._tally.strays += 1

    def _answer(self, ask: Ask, unit: int, pdu: bytes) -> None:
        tally, expect = self._tally, ask.expect
        now_s = monotonic()
        tally.round_trip_s = now_s - ask.sent_s
        self._free_s = now_s + self._pace.gap_s if self._pace.gap_s else 0.0
        if unit == ask.unit and pdu.startswith(expect):
            # a read says how many bytes come; a write echoes address and count and nothing more
            rest = pdu[2:] if len(expect) == 2 else pdu
            if len(rest) == (expect[1] if len(expect) == 2 else len(expect)):
                tally.answered += 1
                if not ask.future.done():
                    ask.future.set_result(rest if len(expect) == 2 else None)
                return
            self._flying[ask.transaction] = ask  # fails with the others
            raise LostStreamError(f"an answer holds {len(rest)} bytes and says another number")
        if unit == ask.unit and len(pdu) == 2 and pdu[0] == expect[0] | FAILED:
            tally.exceptions += 1
            self._fail(ask, self._error(exception_words(pdu[1]), "exception", ask.address, pdu[1]))
            return
        tally.mismatches += 1
        self._fail(ask, self._error(f"an answer of unit {unit} is not to what was asked", "mismatch", ask.address))

    def _expire(self) -> None:
        """Fail what is too old; the timer then waits for the oldest that is left."""
        self._timer = None
        now_s = self._loop.time()
        while self._deadlines and (self._deadlines[0].future.done() or self._deadlines[0].dies_s <= now_s):
            ask = self._deadlines.popleft()
            if self._flying.get(ask.transaction) is ask:
                del self._flying[ask.transaction]
                self._expired.append(ask.transaction)
                # also where who asked gave up before: a control loop always does, and must still get another connection
                self._unheard_s = ask.sent_s if self._unheard_s is None else self._unheard_s
            if not ask.future.done():
                self._tally.timeouts += 1
                self._fail(ask, self._error(f"no answer in {self._pace.timeout_s:g} s", "timeout", ask.address))
        if self._deadlines:
            self._timer = self._loop.call_at(self._deadlines[0].dies_s, self._expire)
        if self._unheard_s is not None and monotonic() - self._unheard_s >= SILENT * self._pace.timeout_s:
            self.end(self._error("does not answer any more", "timeout"))
        elif self._waiting:
            self._send()

    def _fail(self, ask: Ask, error: FieldError) -> None:
        if not ask.future.done():
            fail(ask.future, error)

    def _error(self, words: str, kind: str, address: int | None = None, code: int | None = None) -> FieldError:
        words = words.removeprefix(f"{self._device}: ")
        where = f"{self._device} register {address}" if address is not None else self._device
        return FieldError(f"{where}: {words}", device=self._device, address=address, kind=kind, code=code)


def fail(future: asyncio.Future[Any], error: FieldError) -> None:
    """End a future with an error that nobody needs to fetch: a loop that gave up on a cycle is no bug."""
    future.set_exception(error)
    future.exception()


def read_ask(unit: int, address: int, count: int, function: int, future: asyncio.Future[bytes]) -> Ask:
    """Return a transaction that reads; as `frames.read_request`."""
    return Ask(unit, address, *_reading(unit, address, count, function), future)


@lru_cache(maxsize=4096)
def _reading(unit: int, address: int, count: int, function: int) -> tuple[bytes, bytes]:
    """Return what is sent after the transaction id, and how the answer begins: a loop asks the same in every cycle."""
    return frames.read_request(0, unit, address, count, function)[2:], bytes((function, 2 * count))


def write_ask(unit: int, address: int, registers: bytes, future: asyncio.Future[None]) -> Ask:
    """Return a transaction that writes; as `frames.write_request`."""
    data = frames.write_request(0, unit, address, registers)
    return Ask(unit, address, data[2:], data[7:12], future)
