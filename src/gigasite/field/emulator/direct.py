"""The registers of a fleet without a socket: for simulations that run faster than the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError
from gigasite.field.modbus.frames import EXCEPTIONS, READ_HOLDING, WRITE_MANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.modbus.server import Handle


class Direct:
    """Registers behind a device's own handler; futures that are done when they are returned.

    Parameters
    ----------
    handle
        Of an emulated device: (unit, function, address, count, data) -> registers, exception code or None.
    name
        In messages.
    """

    def __init__(self, handle: Handle, name: str) -> None:
        self._handle, self._name = handle, name

    def read(self, unit: int, address: int, count: int, function: int = READ_HOLDING, /) -> asyncio.Future[bytes]:
        """Read registers now."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        answer = self._handle(unit, function, address, count, b"")
        if isinstance(answer, bytes):
            future.set_result(answer)
        else:
            future.set_exception(self._error(answer, address))
        return future

    def read_all(self, unit: int, reads: Sequence[tuple[int, int, int]], /) -> list[asyncio.Future[bytes]]:
        """Read several ranges (address, count, function) now."""
        return [self.read(unit, *r) for r in reads]

    def write(self, unit: int, address: int, registers: bytes, /) -> asyncio.Future[None]:
        """Write registers now."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self._handle(unit, WRITE_MANY, address, len(registers) // 2, registers)
        if isinstance(answer, bytes):
            future.set_result(None)
        else:
            future.set_exception(self._error(answer, address))
        return future

    def _error(self, answer: int | None, address: int) -> FieldError:
        words = "no answer" if answer is None else EXCEPTIONS.get(answer, f"exception {answer}")
        kind = "timeout" if answer is None else "exception"
        return FieldError(f"{self._name} register {address}: {words}", address=address, kind=kind, code=answer)
