"""The supervisor: a process of its own that outlives the loop's hangs, kills it, and brings the units to zero.

It gets a byte a cycle through a pipe. When none came for too long, or the pipe closed without the loop's farewell, it
kills the loop (by its process id) and writes zero and release to every unit that the loop had armed. Behind it stands
the device's own reversion time, which needs nobody.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.tls import TlsFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.battery.device import Unit
    from gigasite.field.battery.settings import Address

ALIVE, ARMED, FAREWELL, ZERO = b".", b"a", b"q", b"z"
PATIENCE_S = 1.0
"""Silence after which the loop is taken for dead; below the shortest reversion time of devices."""
TLS_FILES = ("authority", "certificate", "key")
TRY_S = 2.0
"""So long it tries to reach a unit."""


class Supervisor:
    """The loop's side: starts the process, feeds it, says farewell."""

    def __init__(
        self,
        addresses: Sequence[Address],
        units: Sequence[Unit],
        patience_s: float = PATIENCE_S,
        tls: TlsFiles | None = None,
    ) -> None:
        zero = [[(w.address, w.registers.hex()) for w in u.setpoint(0.0, enable=False)] for u in units]
        rows = [
            {"host": a.host, "port": a.port, "unit": a.unit, "writes": writes}
            for a, writes in zip(addresses, zero, strict=True)
        ]
        read, self._write = os.pipe()
        files = None if tls is None else {k: str(getattr(tls, k)) for k in TLS_FILES}
        task = json.dumps({"pid": os.getpid(), "patience_s": patience_s, "rows": rows, "tls": files})
        # a child of its own session: what ends the loop's terminal does not end it
        self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            [sys.executable, "-m", "gigasite.field.battery.supervisor", str(read)],
            stdin=subprocess.PIPE,
            pass_fds=(read,),
            start_new_session=True,
        )
        os.close(read)
        assert self._process.stdin is not None  # asked for above
        self._process.stdin.write(task.encode())
        self._process.stdin.close()
        os.set_blocking(self._write, False)

    @property
    def pid(self) -> int:
        """Return the process id of the supervisor."""
        return self._process.pid

    def feed(self, *, armed: bool) -> None:
        """Say that the loop lives, and whether units would have to be brought to zero."""
        with suppress(BlockingIOError):
            os.write(self._write, ARMED if armed else ALIVE)

    def alive(self) -> bool:
        """Return whether the supervisor itself lives."""
        return self._process.poll() is None

    def close(self, *, at_rest: bool) -> None:
        """Say farewell; where units are not at rest the supervisor brings them to zero."""
        with suppress(OSError):
            os.write(self._write, FAREWELL if at_rest else ZERO)
        os.close(self._write)
        self._process.wait(timeout=10.0)


def watch(pipe: int, patience_s: float) -> bytes:
    """Wait until the loop ends or falls silent.

    Returns
    -------
    `FAREWELL`: all was left in order; `ZERO`: the loop ended and asks for zero; `ARMED`: it hangs or died while units
    were armed; `ALIVE`: it hangs or died while nothing was written.
    """
    state = ALIVE
    while True:
        ready, _, _ = select.select([pipe], [], [], patience_s)
        said = os.read(pipe, 65536) if ready else b""
        if not said:
            return state
        if said[-1:] in {FAREWELL, ZERO}:
            return said[-1:]
        state = said[-1:]


async def zero_all(rows: Sequence[dict[str, Any]], tls: TlsFiles | None = None, seconds: float = TRY_S) -> int:
    """Write zero and release to all units; return how many acknowledged."""
    return sum(await asyncio.gather(*(_zero(row, tls, seconds) for row in rows)))


async def _zero(row: dict[str, Any], tls: TlsFiles | None, seconds: float) -> bool:
    client = Client(row["host"], row["port"], timeout_s=0.5, connect_timeout_s=0.5, tls=tls)
    ends = time.monotonic() + seconds
    try:
        while time.monotonic() < ends:
            with suppress(FieldError):
                await client.connect()
                for at, data in row["writes"]:
                    await client.write(row["unit"], at, bytes.fromhex(data))
                return True
            await asyncio.sleep(0.05)
    finally:
        await client.close()
    return False


def _tls(said: dict[str, str] | None) -> TlsFiles | None:
    if said is None:
        return None
    return TlsFiles(authority=Path(said["authority"]), certificate=Path(said["certificate"]), key=Path(said["key"]))


def main() -> int:
    """Run as a process: the task on stdin, the pipe's number as the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the loop's matter
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    task = json.loads(sys.stdin.read())
    how = watch(int(sys.argv[1]), float(task["patience_s"]))
    if how in {FAREWELL, ALIVE}:
        return 0
    if how == ARMED:
        with suppress(ProcessLookupError):
            os.kill(int(task["pid"]), signal.SIGKILL)
    t = task["tls"]
    tls = (
        None
        if t is None
        else TlsFiles(authority=Path(t["authority"]), certificate=Path(t["certificate"]), key=Path(t["key"]))
    )
    done = asyncio.run(zero_all(task["rows"], tls))
    print(f"supervisor: the loop died; {done} of {len(task['rows'])} units brought to zero", file=sys.stderr)  # noqa: T201
    return 0 if done == len(task["rows"]) else 1


if __name__ == "__main__":
    sys.exit(main())
