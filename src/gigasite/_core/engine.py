"""The engine: many tasks over a `concurrent.futures` executor, with the same results for any number of workers.

A task is a picklable value; randomness comes from `streams.stream(seed, chapter, task)`, never from the worker.
Ray plugs in here later: anything shaped like a `concurrent.futures.Executor` will do.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

from gigasite._core.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")

CHUNK_S = 1.0  # aim of one chunk's computing time: 0.5-2 s hides the cost of sending it


def _run(fn: Callable[[T], R], chunk: list[T]) -> list[R]:
    return [fn(task) for task in chunk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where many tasks run.

    Parameters
    ----------
    workers
        1 runs in this process; more start that many fresh processes (spawned, so no locks are inherited).
    executor
        Use this executor instead (a cluster's, say); `workers` then only sets how many chunks are in flight.
    progress
        Told after every chunk.
    """

    workers: int = 1
    executor: Executor | None = None
    progress: Progress = field(default=SILENT)

    def map(self, fn: Callable[[T], R], tasks: Sequence[T], chapter: str = "tasks") -> list[R]:
        """Return `[fn(t) for t in tasks]`, in the order of the tasks.

        The first task runs here, which sets the size of the chunks. An exception of `fn` reaches the caller.

        Examples
        --------
        >>> Engine().map(abs, [-1, 2])
        [1, 2]
        """
        if self.workers <= 1 and self.executor is None:
            return self._serial(fn, tasks, chapter)
        if not tasks:
            return []
        begin = time.perf_counter()
        first = fn(tasks[0])
        each_s = max(time.perf_counter() - begin, 1e-6)
        rest = list(tasks[1:])
        size = max(1, min(int(CHUNK_S / each_s), -(-len(rest) // max(self.workers, 1))))
        chunks = [rest[i : i + size] for i in range(0, len(rest), size)]
        if self.executor is not None:
            return [first, *self._spread(self.executor, fn, chunks, chapter)]
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            return [first, *self._spread(pool, fn, chunks, chapter)]

    def _serial(self, fn: Callable[[T], R], tasks: Sequence[T], chapter: str) -> list[R]:
        out = []
        for i, task in enumerate(tasks):
            out.append(fn(task))
            self.progress.step(chapter, i + 1, len(tasks))
        return out

    def _spread(self, pool: Executor, fn: Callable[[T], R], chunks: list[list[T]], chapter: str) -> list[R]:
        futures: dict[Future[Any], int] = {pool.submit(_run, fn, chunk): i for i, chunk in enumerate(chunks)}
        parts: list[list[R]] = [[] for _ in chunks]
        pending = set(futures)
        done_tasks, total = 1, 1 + sum(map(len, chunks))
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    parts[futures[future]] = future.result()
                    done_tasks += len(chunks[futures[future]])
                self.progress.step(chapter, done_tasks, total)
        except BaseException:
            for future in pending:
                future.cancel()
            raise
        return [r for part in parts for r in part]
