"""YAML to plain values, with the place of every key: duplicate keys, odd scalars and bombs are mistakes here.

Events are read one by one with an explicit stack, so that neither deep nesting nor aliases can hurt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from gigasite._core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

MOST_DEPTH = 40
MOST_NODES = 400_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?\d{1,40}")
_FLOAT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?")


def dotted(path: Path) -> str:
    """Write a path as people do.

    >>> dotted(("power", "grid", 1, "capacity"))
    'power.grid[1].capacity'
    """
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


@dataclass(slots=True)
class Document:
    """The values of a file, the place of every path and the mistakes of its form."""

    file: str
    lines: list[str]
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: bool = False
    """The rest of the file was not read: what is missing there is no mistake of its own."""

    def problem(self, path: Path, message: str, *, at: tuple[int, int] | None = None) -> Problem:
        """Make the mistake at `path`, placed at its nearest known ancestor."""
        line, column = at or self._place(path)
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        shown = text[:200]
        return Problem(
            file=self.file,
            line=line,
            column=column,
            key=dotted(path),
            message=message,
            text=shown if column <= len(shown) + 1 else "",
        )

    def _place(self, path: Path) -> tuple[int, int]:
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come."""

    value: Any
    path: Path
    key: str | None = None


class _StopReadingError(Exception):
    """The rest of the file would not help."""


def read(text: str, file: str) -> Document:
    """Parse YAML text; mistakes of form are in `problems`, and `data` holds what could be read."""
    doc = Document(file, text.splitlines())
    try:
        _build(doc, yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        doc.broken = True
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        doc.problems.append(doc.problem((), f"is not YAML: {error.problem or error.context}", at=at))
    except yaml.YAMLError as error:
        doc.broken = True
        first = str(error).splitlines()[0] if str(error) else "cannot be read"
        doc.problems.append(doc.problem((), f"is not YAML: {first}", at=(1, 1)))
    except _StopReadingError:
        doc.broken = True
    return doc


def _build(doc: Document, events: Iterator[Any]) -> None:
    stack: list[_Open] = []
    for count, event in enumerate(events):
        at = (event.start_mark.line + 1, event.start_mark.column + 1)
        if count > MOST_NODES or len(stack) > MOST_DEPTH:
            doc.problems.append(doc.problem((), "is too large or nested too deep for a campus file", at=at))
            raise _StopReadingError
        if isinstance(event, yaml.AliasEvent):
            doc.problems.append(doc.problem((), f"alias '*{event.anchor}' is not allowed; write the values", at=at))
            _put(doc, stack, None, at)
        elif isinstance(event, yaml.ScalarEvent):
            _scalar(doc, stack, event, at)
        elif isinstance(event, yaml.CollectionStartEvent):
            value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            stack.append(_Open(value, _put(doc, stack, value, at)))
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and doc.data is not None:
            doc.problems.append(doc.problem((), "holds a second document ('---'); keep one", at=at))
            raise _StopReadingError


def _scalar(doc: Document, stack: list[_Open], event: Any, at: tuple[int, int]) -> None:
    top = stack[-1] if stack else None
    if top is not None and isinstance(top.value, dict) and top.key is None:
        _key(doc, top, event.value, at)
        return
    _put(doc, stack, event.value if event.style else _resolve(event.value), at)


def _key(doc: Document, top: _Open, key: str, at: tuple[int, int]) -> None:
    path = (*top.path, key)
    if key in top.value:
        first = doc.places[path][0]
        doc.problems.append(doc.problem(path, f"is given twice (first in line {first})", at=at))
    doc.places[path] = at
    top.key = key


def _put(doc: Document, stack: list[_Open], value: Any, at: tuple[int, int]) -> Path:
    if not stack:
        doc.data = value
        return ()
    top = stack[-1]
    if isinstance(top.value, list):
        path = (*top.path, len(top.value))
        doc.places[path] = at
        top.value.append(value)
        return path
    if top.key is None:  # a collection or alias where a key should be
        doc.problems.append(doc.problem(top.path, "a key must be a plain word", at=at))
        raise _StopReadingError
    path = (*top.path, top.key)
    top.value[top.key] = value
    top.key = None
    return path


def _resolve(text: str) -> Any:
    """Give a plain scalar its YAML 1.2 meaning; `yes`, `on`, dates and quantities stay text."""
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "True", "false", "False"}:
        return text in {"true", "True"}
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
