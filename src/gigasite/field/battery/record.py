"""One cycle as bytes: all that went in, all that came out; the replay makes the same bytes again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.field.battery.assemble import Metered
    from gigasite.field.battery.decide import Decision
    from gigasite.field.battery.device import Read

_HEAD = Struct("<QddddddIIH")
_WORDS = "\x1f"
NONE = 0xFFFF
"""Length of the answer of a unit that did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a cycle began with."""

    number: int
    time_s: float
    dt_s: float
    missed: int
    metered: Metered | None
    orders: tuple[str, ...]
    acked: NDArray[np.bool_]
    """(n,) which set points of the cycle before were acknowledged. Units are judged by what they hold instead."""
    answers: tuple[tuple[bytes, ...] | None, ...]


def inputs_bytes(inputs: Inputs) -> bytes:
    """Return the inputs as bytes."""
    m = inputs.metered
    site = (m.load_w, m.source_w, m.frequency_hz, m.age_s) if m is not None else (0.0, 0.0, 0.0, -1.0)
    orders = _WORDS.join(inputs.orders).encode()
    n = len(inputs.answers)
    out = [_HEAD.pack(inputs.number, inputs.time_s, inputs.dt_s, *site, inputs.missed, len(orders), n), orders]
    out.append(np.packbits(inputs.acked).tobytes())
    sizes = [NONE if a is None else sum(map(len, a)) for a in inputs.answers]
    out.append(np.array(sizes, dtype="<u2").tobytes())
    out += [b"".join(a) for a in inputs.answers if a is not None]
    return b"".join(out)


def read_inputs(data: bytes, reads: Sequence[tuple[Read, ...]]) -> Inputs:
    """Take the bytes of `inputs_bytes` apart; `reads` says how the answers of each unit were asked for."""
    from gigasite.field.battery.assemble import Metered  # noqa: PLC0415  # only to replay

    number, time_s, dt_s, load_w, source_w, hz, age_s, missed, words, n = _HEAD.unpack_from(data)
    at = _HEAD.size
    orders = tuple(data[at : at + words].decode().split(_WORDS)) if words else ()
    at += words
    flags = (n + 7) // 8
    acked = np.unpackbits(np.frombuffer(data, np.uint8, flags, at), count=n).astype(np.bool_)
    at += flags
    sizes = np.frombuffer(data, "<u2", n, at)
    at += 2 * n
    answers: list[tuple[bytes, ...] | None] = []
    for size, asked in zip(sizes.tolist(), reads, strict=True):
        if size == NONE:
            answers.append(None)
            continue
        parts = []
        for r in asked:
            parts.append(data[at : at + 2 * r.size])
            at += 2 * r.size
        answers.append(tuple(parts))
    metered = None
    if age_s >= 0.0:
        metered = Metered(load_w=load_w, source_w=source_w, frequency_hz=hz, age_s=age_s)
    return Inputs(
        number=number,
        time_s=time_s,
        dt_s=dt_s,
        missed=missed,
        metered=metered,
        orders=orders,
        acked=acked,
        answers=tuple(answers),
    )


def first_cycle(data: bytes) -> int:
    """Return the number of the cycle whose inputs these bytes begin with."""
    number: int = _HEAD.unpack_from(data)[0]
    return number


def decision_bytes(d: Decision) -> bytes:
    """Return a decision as bytes: state, reasons, and every set point with all its bits."""
    g = d.granted
    words = _WORDS.join((d.state.value, d.cause, g.by, d.note)).encode()
    numbers = np.array([g.power_w, g.low_w, g.high_w, d.shortfall_w], dtype="<f8").tobytes()
    flags = [np.packbits(f).tobytes() for f in (d.write, d.enable, d.cut)]
    parts = (numbers, d.set_w.astype("<f8").tobytes(), *flags, d.hold.astype(np.uint8).tobytes(), words)
    return b"".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a decision's bytes say; arrays are (n,)."""

    state: str
    cause: str
    by: str
    note: str
    granted_w: float
    shortfall_w: float
    set_w: NDArray[np.float64]
    write: NDArray[np.bool_]
    hold: NDArray[np.uint8]


def read_decision(data: bytes, n: int) -> Said:
    """Take the bytes of `decision_bytes` apart."""
    granted_w, _, _, shortfall_w = np.frombuffer(data, "<f8", 4).tolist()
    at, flags = 32 + 8 * n, (n + 7) // 8
    state, cause, by, note = data[at + 3 * flags + n :].decode().split(_WORDS)
    return Said(
        state=state,
        cause=cause,
        by=by,
        note=note,
        granted_w=granted_w,
        shortfall_w=shortfall_w,
        set_w=np.frombuffer(data, "<f8", n, 32),
        write=np.unpackbits(np.frombuffer(data, np.uint8, flags, at), count=n).astype(np.bool_),
        hold=np.frombuffer(data, np.uint8, n, at + 3 * flags),
    )


_FRAME = Struct("<II")


def framed(inputs: bytes, decision: bytes) -> bytes:
    """Return one record: lengths, inputs, decision."""
    return _FRAME.pack(len(inputs), len(decision)) + inputs + decision


def records(block: bytes, where: str) -> list[tuple[bytes, bytes]]:
    """Return the records of an unpacked block.

    Raises
    ------
    InputFileError
        The block ends within a record.
    """
    out, at = [], 0
    while at < len(block):
        if at + _FRAME.size > len(block):
            raise InputFileError(where, 0, "a record is cut off")
        first, second = _FRAME.unpack_from(block, at)
        at += _FRAME.size
        if at + first + second > len(block):
            raise InputFileError(where, 0, "a record is cut off")
        out.append((block[at : at + first], block[at + first : at + first + second]))
        at += first + second
    return out


def crc(data: bytes) -> int:
    """Return the check sum of a block."""
    return zlib.crc32(data)
