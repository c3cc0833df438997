"""Changes of a campus file in passing: `KEY=VALUE`, as a what-if asks for them; checked as the file itself is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import CampusFileError, Problem
from gigasite.campus.nodes import read

if TYPE_CHECKING:
    from gigasite.campus.nodes import Document

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def apply(doc: Document, change: str) -> None:
    """Write a change into the values of a document; chapters that are not there are made.

    Raises
    ------
    CampusFileError
        No `KEY=VALUE`, a value that is no YAML, or a key that leads nowhere.

    Examples
    --------
    >>> doc = read("schedule: {crews: {pipe: 30}}", "x.yaml")
    >>> apply(doc, "schedule.crews.pipe=40")
    >>> doc.data
    {'schedule': {'crews': {'pipe': 40}}}
    """
    key, equals, text = change.partition("=")
    path = [name or int(number) for name, number in _STEP.findall(key.strip())]
    if not equals or not path:
        raise _wrong(change, "needs KEY=VALUE, such as schedule.crews.pipe=40")
    value = read(text, change)
    if value.problems:
        raise _wrong(change, value.problems[0].message)
    at: Any = doc.data
    for i, step in enumerate(path[:-1]):
        following: Any = _inside(at, step, change)
        if following is None:
            following = at[step] = [] if isinstance(path[i + 1], int) else {}
        at = following
    _inside(at, path[-1], change)
    at[path[-1]] = value.data


def _inside(at: Any, step: str | int, change: str) -> Any:
    """Return what stands under a step, nothing where a chapter has no such key yet."""
    if isinstance(at, dict) and isinstance(step, str):
        return at.get(step)
    if isinstance(at, list) and isinstance(step, int) and step < len(at):
        return at[step]
    held = f"{len(at)} entries, counted from 0" if isinstance(at, list) else "no such place"
    raise _wrong(change, f"'{step}' leads nowhere: there are {held}")


def _wrong(change: str, message: str) -> CampusFileError:
    return CampusFileError([Problem(file=change, line=0, column=0, key="", message=message)])
