"""Frames of Modbus TCP as bytes, without a socket: made, taken apart, and refused where they cannot be.

A frame is transaction id, protocol id 0, length of what follows, unit id (MBAP, 7 bytes), then function code and data.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from gigasite._core.errors import FieldError

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16
READS = frozenset({READ_HOLDING, READ_INPUT})
MOST_READ, MOST_WRITE = 125, 123
"""Registers of one request: an answer is at most 253 bytes."""
MOST_LENGTH = 254
FAILED = 0x80
"""Set in the function code of an answer that is an exception."""

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, DEVICE_FAILURE = 1, 2, 3, 4
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}

_HEAD = Struct(">HHHB")
_FIVE = Struct(">HHHBBHH")
_MANY = Struct(">HHHBBHHB")
_TWO = Struct(">BHH")


class Frame(NamedTuple):
    """One frame: transaction id, unit id, and function code with data."""

    transaction: int
    unit: int
    pdu: bytes


class Request(NamedTuple):
    """What a client wants: `amount` registers; `data` holds those of a write, big endian."""

    function: int
    address: int
    amount: int
    data: bytes


class LostStreamError(FieldError):
    """The bytes are no frames: where the next one begins is not known, and the connection is of no more use."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="protocol")


class Parser:
    r"""Takes bytes as they come and gives whole frames.

    Examples
    --------
    >>> parser = Parser()
    >>> request = read_request(7, 1, 40000, 2)
    >>> [f for byte in request for f in parser.feed(bytes([byte]))]
    [Frame(transaction=7, unit=1, pdu=b'\x03\x9c@\x00\x02')]
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are now whole.

        Raises
        ------
        LostStreamError
            A protocol id other than 0, or a length that no frame has (2 to 254).
        """
        data = self._rest + data if self._rest else data
        out, at, end = [], 0, len(data)
        while end - at >= 7:
            transaction, protocol, length, unit = _HEAD.unpack_from(data, at)
            if protocol:
                raise LostStreamError(f"protocol id {protocol} in place of 0: this is no Modbus TCP")
            if not 2 <= length <= MOST_LENGTH:
                raise LostStreamError(f"a frame of length {length}; 2 to {MOST_LENGTH} are possible")
            after = at + 6 + length
            if after > end:
                break
            out.append(Frame(transaction, unit, data[at + 7 : after]))
            at = after
        self._rest = data[at:]
        return out


def frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    """Return the bytes of one frame."""
    return _HEAD.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def read_request(transaction: int, unit: int, address: int, count: int, function: int = READ_HOLDING) -> bytes:
    """Return a request for `count` registers from `address`.

    Raises
    ------
    FieldError
        Not 1 to 125 registers, or beyond address 65535.
    """
    check(address, count, MOST_READ)
    return _FIVE.pack(transaction, 0, 6, unit, function, address, count)


def write_request(transaction: int, unit: int, address: int, registers: bytes) -> bytes:
    """Return a request that writes registers in one piece (FC16; 2 bytes each, big endian).

    Raises
    ------
    FieldError
        Half a register, not 1 to 123 of them, or beyond address 65535.
    """
    count, odd = divmod(len(registers), 2)
    if odd:
        raise FieldError(f"{len(registers)} bytes are no whole number of registers", address=address, kind="protocol")
    check(address, count, MOST_WRITE)
    return _MANY.pack(transaction, 0, 7 + 2 * count, unit, WRITE_MANY, address, count, 2 * count) + registers


def check(address: int, count: int, most: int) -> None:
    """Refuse registers that one request cannot name.

    Raises
    ------
    FieldError
        With the address.
    """
    if not 1 <= count <= most or address < 0 or address + count > 0x10000:
        raise FieldError(
            f"{count} registers from {address}: one request takes 1 to {most} of 0 to 65535",
            address=address,
            kind="protocol",
        )


def request_of(pdu: bytes) -> Request | int:
    """Return what a client's frame asks, or the exception code that it deserves."""
    function = pdu[0]
    if function in READS and len(pdu) == 5:
        _, address, count = _TWO.unpack(pdu)
        return _bounded(Request(function, address, count, b""), MOST_READ)
    if function == WRITE_ONE and len(pdu) == 5:
        return Request(function, int.from_bytes(pdu[1:3], "big"), 1, pdu[3:5])
    if function == WRITE_MANY and len(pdu) >= 6:
        _, address, count = _TWO.unpack_from(pdu)
        if pdu[5] != 2 * count or len(pdu) != 6 + 2 * count:
            return ILLEGAL_VALUE
        return _bounded(Request(function, address, count, pdu[6:]), MOST_WRITE)
    return ILLEGAL_VALUE if function in READS or function in {WRITE_ONE, WRITE_MANY} else ILLEGAL_FUNCTION


def _bounded(asked: Request, most: int) -> Request | int:
    if not 1 <= asked.amount <= most:
        return ILLEGAL_VALUE
    return asked if asked.address + asked.amount <= 0x10000 else ILLEGAL_ADDRESS


def answer_to(asked: Request, given: bytes | int) -> bytes:
    """Return the answer's function code and data: registers read, the echo of a write, or an exception code."""
    if isinstance(given, int):
        return exception(asked.function, given)
    if asked.function in READS:
        return bytes((asked.function, len(given))) + given
    if asked.function == WRITE_ONE:
        return bytes((WRITE_ONE,)) + asked.address.to_bytes(2, "big") + asked.data
    return _TWO.pack(asked.function, asked.address, asked.amount)


def exception(function: int, code: int) -> bytes:
    """Return the answer that a request failed."""
    return bytes((function & 0x7F | FAILED, code))


def exception_words(code: int) -> str:
    """Say what a Modbus exception means.

    >>> exception_words(2)
    'exception 2 (illegal data address)'
    """
    return f"exception {code} ({EXCEPTIONS.get(code, 'unknown')})"
