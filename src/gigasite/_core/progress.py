"""Progress: rooms report, `show` renders. A room never prints."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Something that is told how far the work is."""

    def step(self, chapter: str, done: int, total: int, /) -> None:
        """Take note that `done` of `total` pieces of `chapter` are finished."""
        ...


class Silent:
    """Progress that nobody watches."""

    def step(self, chapter: str, done: int, total: int, /) -> None:
        """Do nothing."""


SILENT = Silent()
