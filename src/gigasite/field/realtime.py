"""Time from the operating system: scheduler class, locked memory, and the service manager's watchdog."""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass

PRIORITY = 50
"""SCHED_FIFO: above everything ordinary, below the kernel's own threads."""
_ALL = 3  # MCL_CURRENT | MCL_FUTURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """What was granted."""

    scheduler: bool
    memory: bool
    why: str
    """Why something was not; "" when all was."""

    def __str__(self) -> str:
        """Say it in a line."""
        return f"SCHED_FIFO {_yes(self.scheduler)}, locked memory {_yes(self.memory)}" + (
            f" ({self.why})" if self.why else ""
        )


def _yes(flag: bool) -> str:  # noqa: FBT001  # reads as what it says
    return "yes" if flag else "no"


def claim(priority: int = PRIORITY) -> Realtime:
    """Ask for SCHED_FIFO and locked memory for this process; go on without what is not permitted, and say so.

    Threads that run already (log, metrics) get the priority below the caller's: one without any, set aside by the rest
    of the machine while it holds the interpreter, would hold up the caller too.

    The class of the scheduler decides how late a cycle begins (20 ms loop, two busy cores: 1 ms instead of 127 ms at
    p99.9); which event loop runs matters little. Measured for this project.
    """
    why = []
    gc.collect()
    gc.freeze()
    scheduler = memory = False
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
        for thread in threading.enumerate():
            if thread.native_id not in {None, threading.get_native_id()}:
                with suppress(ProcessLookupError):  # it ended just now
                    os.sched_setscheduler(thread.native_id or 0, os.SCHED_FIFO, os.sched_param(priority - 1))
        scheduler = True
    except (OSError, AttributeError) as error:
        why.append(f"scheduler: {getattr(error, 'strerror', None) or error}; it takes root or CAP_SYS_NICE")
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        memory = libc.mlockall(_ALL) == 0
        if not memory:
            why.append(f"memory: {os.strerror(ctypes.get_errno())}; it takes root or CAP_IPC_LOCK")
    except (OSError, AttributeError) as error:
        why.append(f"memory: {error}")
    return Realtime(scheduler=scheduler, memory=memory, why="; ".join(why))


class Notifier:
    """Tells the service manager that the loop lives (systemd: Type=notify, WatchdogSec); silent where there is none."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        address = os.environ.get("NOTIFY_SOCKET", "")
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._address = "\0" + address[1:] if address.startswith("@") else address

    def say(self, words: str) -> None:
        """Send a state, such as READY=1 or WATCHDOG=1."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(words.encode(), self._address)
        except OSError:
            return  # the manager is gone or slow: its watchdog will tell

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
