"""A watched folder: whenever dumps arrive, look at the cabling again and keep what was found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from gigasite._core.errors import FieldError, GigasiteError
from gigasite.cabling.diagnose import Diagnosis, diagnose
from gigasite.cabling.reader import observe
from gigasite.cabling.snapshots import save, snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.plan_file import PlanFile

MOST_FILES = 1_000_000
"""A folder with more is no folder of dumps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: number of the snapshot, and what was found; `error` where the dumps could not be judged."""

    number: int
    time: str
    found: Diagnosis | None
    error: str = ""


class Report(Protocol):
    """Someone who is told of each look."""

    def __call__(self, look: Look, /) -> None:
        """Take note."""
        ...


def watch(plan: PlanFile, dumps: Path, store: Path, report: Report, *, poll_s: float = 10.0, once: bool = False) -> int:
    """Look at a folder of dumps whenever it has changed and has then been quiet for one poll; return how many looks.

    Dumps that cannot be judged are told and do not end the watch.

    Parameters
    ----------
    plan
        What is wanted.
    dumps, store
        Folder of dumps, and folder of snapshots.
    poll_s
        Time between two looks at the folder [s].
    once
        One look, changed or not; errors are raised.

    Raises
    ------
    FieldError
        `dumps` is no folder.
    """
    if not dumps.is_dir():
        raise FieldError(f"{dumps} is no folder; give the folder into which dumps are copied")
    if once:
        report(_look(plan, dumps, store))
        return 1
    done, last, count = None, None, 0
    while True:
        now = marks(dumps)
        # files that are still being copied differ from one poll to the next
        if now and now == last and now != done:
            try:
                report(_look(plan, dumps, store))
            except GigasiteError as error:
                report(Look(number=0, time=_now(), found=None, error=str(error)))
            done, count = now, count + 1
        last = now
        time.sleep(poll_s)


def _look(plan: PlanFile, dumps: Path, store: Path) -> Look:
    at = _now()
    found = diagnose(plan.ends, observe(dumps))
    if not found.case.observed.readers:
        return Look(number=0, time=at, found=found, error=f"nothing in {dumps} is in a format that is read")
    return Look(number=save(store, snapshot(plan, found, at)), time=at, found=found)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def marks(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return name, size and time of change of every file: equal while nothing changes."""
    out = []
    for path in sorted(folder.rglob("*")):
        try:
            told = path.stat()
        except OSError:  # went away while we looked
            continue
        if path.is_file():
            out.append((str(path.relative_to(folder)), told.st_size, told.st_mtime_ns))
        if len(out) > MOST_FILES:
            raise FieldError(f"{folder} holds more than {MOST_FILES:,} files; watch the folder of dumps alone")
    return tuple(out)
