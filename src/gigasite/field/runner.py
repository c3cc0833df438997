"""Run a coroutine on uvloop where it is there, else on asyncio's own loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns; transactions cost a third on uvloop."""
    try:
        import uvloop  # noqa: PLC0415  # optional: `pip install gigasite[fast]`
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
