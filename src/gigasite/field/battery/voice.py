"""The loop's voice: words for the terminal, told from a thread of their own."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING = 1000
"""Words that may wait, before the newest are dropped."""
CLOSE_S = 1.0


class Voice:
    """Tells what happens without waiting for who listens.

    A terminal that stands still (Ctrl-S, a pager, a log service that hangs) holds whoever prints to it; a loop that is
    held is killed by its supervisor. A closed terminal or a full disk behind `say` is no reason to end either.

    Parameters
    ----------
    say
        Where the words go.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._words: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="battery voice", daemon=True)
        self._thread.start()

    def __call__(self, words: str) -> None:
        """Take words; never waits, never fails."""
        if self._words.qsize() < WAITING:
            self._words.put(words)

    def close(self, seconds: float = CLOSE_S) -> None:
        """Tell what waits, for so long at most [s]."""
        self._words.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        while (words := self._words.get()) is not None:
            with suppress(OSError, ValueError):
                self._say(words)
