"""Find the models of a device: from the mark "SunS" to the end, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gigasite._core.errors import FieldError
from gigasite.field.sunspec.model import counted, lay, model, shipped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from gigasite.field.sunspec.model import Layout, Model

MARK = b"SunS"
END = 0xFFFF
MOST_REGISTERS = 8192
"""Of one model: the largest published one is a tenth of it."""
MOST_BLOCKS = 128
MOST_READ = 125


class Reader(Protocol):
    """What can read registers; `modbus.client.Client` is one."""

    def read(self, unit: int, address: int, count: int, /) -> Awaitable[bytes]:
        """Return `count` registers from `address`, two bytes each."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One model of a device: its number, first register, and length with id and length."""

    model: int
    address: int
    length: int


async def discover(client: Reader, unit: int, bases: tuple[int, ...] = (40000, 0, 50000)) -> tuple[Block, ...]:
    """Return the models of a device in their order.

    Raises
    ------
    FieldError
        No mark at any base; a chain without end, beyond the address space or with absurd lengths; no answer.
    """
    base = await _base(client, unit, bases)
    blocks: list[Block] = []
    at = base + 2
    while at <= 0xFFFE:
        head = await client.read(unit, at, 2)
        number, length = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:], "big")
        if number == END:
            return tuple(blocks)
        # the chain only moves on, so that a loop is an address space of models without length
        if not 0 < length <= MOST_REGISTERS or len(blocks) >= MOST_BLOCKS or number == 0:
            raise _broken(unit, at, f"model {number} of {length} registers as number {len(blocks) + 1} of the chain")
        blocks.append(Block(model=number, address=at, length=length + 2))
        at += length + 2
    raise _broken(unit, at, "the chain leaves the address space")


async def _base(client: Reader, unit: int, bases: tuple[int, ...]) -> int:
    last: FieldError | None = None
    for base in bases:
        try:
            if await client.read(unit, base, 2) == MARK:
                return base
        except FieldError as error:
            if error.kind != "exception":
                raise
            last = error
    raise FieldError(
        f"unit {unit}: no mark 'SunS' at {', '.join(map(str, bases))}: no SunSpec device; use a CSV map",
        address=bases[0] if bases else None,
        kind="mismatch",
    ) from last


def _broken(unit: int, address: int, what: str) -> FieldError:
    return FieldError(
        f"unit {unit} register {address}: {what}: no chain of SunSpec models", address=address, kind="mismatch"
    )


async def read_block(client: Reader, unit: int, block: Block) -> tuple[Layout, bytes]:
    """Read a whole block in as few requests as possible, none of which cuts a point in two.

    Values of different requests are not of one instant: read what must be together in one request.

    Raises
    ------
    FieldError
        No answer; a model that does not come with the package, or has another length than published.
    """
    if block.model not in shipped():
        raise FieldError(f"unit {unit} register {block.address}: model {block.model} does not come with gigasite")
    own = model(block.model)
    fixed = _whole(own, min(block.length, MOST_READ))
    head = await client.read(unit, block.address, fixed)
    layout = lay(own, counted(own, head), block.length)
    parts = [head]
    for at, count in _cuts(layout, fixed):
        parts.append(await client.read(unit, block.address + at, count))
    data = b"".join(parts)
    if data[:4] != block.model.to_bytes(2, "big") + (block.length - 2).to_bytes(2, "big"):
        raise FieldError(f"unit {unit} register {block.address}: the block has changed since", kind="mismatch")
    return layout, data


def _whole(own: Model, most: int) -> int:
    """Return how many registers from the start end with a point, `most` at most."""
    at = 0
    for point in own.group.points:
        if at + point.size > most:
            break
        at += point.size
    return at


def _cuts(layout: Layout, start: int) -> Iterator[tuple[int, int]]:
    """Cut the registers from `start` on into requests, at the borders of points."""
    places = sorted(layout.places.values(), key=lambda p: p.offset)
    end = start
    for place in places:
        after = place.offset + place.point.size
        if after <= start:
            continue
        if after - start > MOST_READ:
            yield start, end - start
            start = end
        end = after
    if end > start:
        yield start, end - start
