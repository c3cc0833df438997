"""Plans on what a job announces, made in another process: a program of a second or two must not make a cycle late."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError
from gigasite.field.battery.announce import informed

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from gigasite.field.battery.decide import Core

MOST_S = 60.0
"""So long a plan may take; by then it would be one for a load that is over."""


class Planner:
    """One process that makes plans, one after the other; started with the first, or before by `warm`."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()
        self._closed = False

    def warm(self) -> None:
        """Start the process, so that the first plan does not wait for its imports."""
        self._running().submit(int)

    async def plan(self, core: Core, order: str) -> Any:
        """Return the controller with its plan.

        Raises
        ------
        GigasiteError
            What is announced cannot be planned on.
        FieldError
            It took too long, or the process died; the next plan gets a new one.
        """
        async with self._turn:
            return await self._plan(core, order)

    async def _plan(self, core: Core, order: str) -> Any:
        if self._closed:
            raise FieldError("the loop is ending")
        try:
            async with asyncio.timeout(MOST_S):
                return await asyncio.get_running_loop().run_in_executor(self._running(), informed, core, order)
        except TimeoutError as error:
            self._end()
            raise FieldError(f"no plan was found within {MOST_S:g} s; announce fewer stretches") from error
        except BrokenProcessPool as error:
            self._pool = None
            raise FieldError("the process that makes plans died; announce again") from error

    def _running(self) -> ProcessPoolExecutor:
        if self._pool is None:
            os.environ["PYTHONSAFEPATH"] = "1"  # a file named like a module, where the loop was started, is not run
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_quiet)
        return self._pool

    def close(self) -> None:
        """End the process; there will be no other."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((pool._processes or {}).values())  # noqa: SLF001  # a plan under way is of no more use
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()


def _quiet() -> None:
    """Leave Ctrl-C to the loop, and end with it, however it ends: one that is killed cannot say so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent_process(),), name="battery planner's end", daemon=True).start()


def _end_with(parent: BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os._exit(1)
