"""The supervisor: a process of its own that outlives the loop's hangs, kills it, and brings the units to zero.

It gets a record a cycle through a pipe: how the loop stands, and which units run on its word. When none came for too
long while units ran, it kills the loop (by its process id); then, or when the pipe closed without the loop's farewell,
it writes zero and release to those units, and to no others: what somebody took over on site, or another master has, is
not touched. Behind it stands the device's own reversion time, which needs nobody.
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

import numpy as np

from gigasite._core.errors import FieldError
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.tls import TlsFiles
from gigasite.field.realtime import PRIORITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.field.battery.device import Unit
    from gigasite.field.battery.settings import Address

ALIVE, ARMED, FAREWELL, ZERO, DIED = b".", b"a", b"q", b"z", b"d"
PATIENCE_S, PATIENCE_CYCLES = 1.0, 3.0
"""Silence after which the loop is taken for dead: time, or cycles where those are long."""
TLS_FILES = ("authority", "certificate", "key")
TRY_S = 2.0
"""So long it tries to reach a unit."""
CLOSE_S = 10.0
"""So long the loop waits for it at its end."""


class Supervisor:
    """The loop's side: starts the process, feeds it, says farewell."""

    def __init__(
        self,
        addresses: Sequence[Address],
        units: Sequence[Unit],
        patience_s: float = PATIENCE_S,
        tls: TlsFiles | None = None,
        *,
        realtime: bool = False,
    ) -> None:
        zero = [[(w.address, w.registers.hex()) for w in u.setpoint(0.0, enable=False)] for u in units]
        rows = [
            {"host": a.host, "port": a.port, "unit": a.unit, "gap_s": a.gap_s, "writes": writes}
            for a, writes in zip(addresses, zero, strict=True)
        ]
        self.units = len(rows)
        read, self._write = os.pipe()
        files = None if tls is None else {k: str(getattr(tls, k)) for k in TLS_FILES}
        task = json.dumps(
            {"pid": os.getpid(), "patience_s": patience_s, "rows": rows, "tls": files, "realtime": realtime}
        )
        # a child of its own session: what ends the loop's terminal does not end it
        self._process = subprocess.Popen(  # noqa: S603  # our own module, no shell
            # -P: a file named like a module, in the folder where the loop was started, is not run
            [sys.executable, "-P", "-m", "gigasite.field.battery.supervisor", str(read)],
            stdin=subprocess.PIPE,
            pass_fds=(read,),
            start_new_session=True,
        )
        os.close(read)
        assert self._process.stdin is not None  # asked for above
        with suppress(OSError):  # one that died at once is seen by `alive`
            self._process.stdin.write(task.encode())
            self._process.stdin.close()
        os.set_blocking(self._write, False)

    @property
    def pid(self) -> int:
        """Return the process id of the supervisor."""
        return self._process.pid

    def feed(self, running: NDArray[np.bool_]) -> None:
        """Say that the loop lives, and which units (n,) would have to be brought to zero."""
        self._say(ARMED if running.any() else ALIVE, running)

    def _say(self, how: bytes, running: NDArray[np.bool_]) -> None:
        # a full pipe or a dead supervisor must not end the loop; records are short enough to go whole or not at all
        try:
            os.write(self._write, how + np.packbits(running).tobytes())
        except BlockingIOError:  # it has read nothing for thousands of records: it hangs, and is as good as dead
            self._process.kill()
        except OSError:
            return

    def alive(self) -> bool:
        """Return whether the supervisor itself lives."""
        return self._process.poll() is None

    def drop(self) -> None:
        """Forget a supervisor that died."""
        os.close(self._write)

    def close(self, running: NDArray[np.bool_]) -> bool:
        """Say farewell; units (n,) that still run it brings to zero. Return whether it ended well."""
        self._say(ZERO if running.any() else FAREWELL, running)
        os.close(self._write)
        try:
            return self._process.wait(timeout=CLOSE_S) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False


def watch(pipe: int, patience_s: float, units: int) -> tuple[bytes, NDArray[np.bool_]]:
    """Wait until the loop ends, or falls silent while units run.

    Returns
    -------
    `FAREWELL`: all was left in order; `ZERO`: the loop ended and asks for zero; `ARMED`: it hangs while units run;
    `DIED`: it died while units ran. With it the units that ran (n,).
    """
    size = 1 + (units + 7) // 8
    last, rest = ALIVE + bytes(size - 1), b""
    while True:
        ready, _, _ = select.select([pipe], [], [], patience_s)
        said = os.read(pipe, 65536) if ready else b""
        rest += said
        whole = len(rest) // size * size
        if whole:
            last, rest = rest[whole - size : whole], rest[whole:]
        how, running = last[:1], _flags(last[1:], units)
        if how in {FAREWELL, ZERO}:
            return how, running
        if ready and not said:  # the pipe closed
            return (DIED if how == ARMED else FAREWELL), running
        if not ready and how == ARMED:
            return how, running


def _flags(packed: bytes, units: int) -> NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=units).astype(np.bool_)


async def zero_all(rows: Sequence[dict[str, Any]], tls: TlsFiles | None = None, seconds: float = TRY_S) -> int:
    """Write zero and release to all units; return how many acknowledged.

    Units behind one address share one connection: a gateway has few.
    """
    doors: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        doors.setdefault((row["host"], row["port"]), []).append(row)
    return sum(await asyncio.gather(*(_zero(mine, tls, seconds) for mine in doors.values())))


async def _zero(rows: list[dict[str, Any]], tls: TlsFiles | None, seconds: float) -> int:
    """Bring the units behind one address to zero, again and again those that did not acknowledge."""
    gap_s = max(float(row["gap_s"]) for row in rows)
    # those that wait for their turn behind a gap must not run out of time for it
    timeout_s = 0.5 + len(rows) * gap_s
    client = Client(rows[0]["host"], rows[0]["port"], timeout_s=timeout_s, connect_timeout_s=0.5, gap_s=gap_s, tls=tls)
    ends, left = time.monotonic() + seconds, rows
    try:
        while left and time.monotonic() < ends:
            with suppress(FieldError):
                await client.connect()
                done = await asyncio.gather(*(_released(client, row) for row in left))
                left = [row for row, released in zip(left, done, strict=True) if not released]
            if left:
                await asyncio.sleep(0.05)
    finally:
        await client.close()
    return len(rows) - len(left)


async def _released(client: Client, row: dict[str, Any]) -> bool:
    try:
        for at, data in row["writes"]:
            await client.write(row["unit"], at, bytes.fromhex(data))
    except FieldError:
        return False
    return True


def _tls(said: dict[str, str] | None) -> TlsFiles | None:
    if said is None:
        return None
    return TlsFiles(authority=Path(said["authority"]), certificate=Path(said["certificate"]), key=Path(said["key"]))


def _above_the_loop() -> None:
    """Ask to run before the loop: one that turns in circles would leave no time to who must end it."""
    with suppress(OSError, AttributeError):  # not permitted: then the loop has none either
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY + 1))


def main() -> int:
    """Run as a process: the task on stdin, the pipe's number as the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the loop's matter
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    task = json.loads(sys.stdin.read())
    if task["realtime"]:
        _above_the_loop()
    how, running = watch(int(sys.argv[1]), float(task["patience_s"]), len(task["rows"]))
    if how == FAREWELL:
        return 0
    if how == ARMED:  # it hangs, and holds its process id; one that died does not
        with suppress(ProcessLookupError):
            os.kill(int(task["pid"]), signal.SIGKILL)
    rows = [row for row, runs in zip(task["rows"], running.tolist(), strict=True) if runs]
    done = asyncio.run(zero_all(rows, _tls(task["tls"])))
    words = "the loop ended" if how == ZERO else "the loop died"
    with suppress(OSError):  # the terminal may be gone
        print(f"supervisor: {words}; {done} of {len(rows)} running units brought to zero", file=sys.stderr)  # noqa: T201
    return 0 if done == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
