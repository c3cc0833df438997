"""A YAML file of one class: read, every mistake found at once, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gigasite._core.errors import CampusFileError, InputFileError, Problem
from gigasite._core.files import read_text
from gigasite._core.registry import unknown
from gigasite.campus import checks
from gigasite.campus.load import MOST_BYTES
from gigasite.campus.nodes import read
from gigasite.campus.typed import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gigasite.campus.nodes import Document
    from gigasite.campus.nodes import Path as Path_

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What types cannot see of a file."""

    bounds: Mapping[str, tuple[float, float]]
    """Key -> lowest, highest in SI."""
    sense: Callable[[Any], Sequence[tuple[Path_, str]]]
    """Finds entries that contradict each other."""
    empty: str
    """What is said of a file without entries."""
    names: Mapping[str, list[str]] = field(default_factory=dict)
    """Known kinds of parts by key."""
    parts: Mapping[str, checks.Mistakes] = field(default_factory=dict)
    """What finds the mistakes in the settings of a part, by key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFile(Generic[T]):
    """What was read, and the places of its entries: whoever finds more mistakes can say where they are."""

    value: T
    document: Document

    def refuse(self, wrong: Sequence[tuple[Path_, str]]) -> None:
        """Raise with every mistake (where it is and what it is); do nothing where there is none.

        Raises
        ------
        CampusFileError
            With file, line and column of each.
        """
        if wrong:
            raise CampusFileError([self.document.problem(path, message) for path, message in wrong])


def load_typed(
    kind: type[T], path: str | Path, rules: Rules, overrides: Mapping[str, str] | None = None
) -> TypedFile[T]:
    """Read a file of one class; `overrides` replace values of the file by key.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.
    """
    try:
        text = read_text(Path(path), MOST_BYTES)
    except InputFileError as error:
        raise CampusFileError(
            [Problem(file=error.file, line=error.line, column=0, key="", message=str(error))]
        ) from error
    doc = read(text, str(path))
    problems = list(doc.problems)
    if doc.broken or not isinstance(doc.data, dict):
        raise CampusFileError(problems or [doc.problem((), rules.empty)])
    for key, value in (overrides or {}).items():
        problems += _override(doc, key, value)
    found, wrong = typed(kind, doc.data, doc)
    problems += wrong
    if found is not None:
        problems += _beyond_types(found, doc, rules)
    if problems or found is None:
        raise CampusFileError(problems)
    return TypedFile(value=found, document=doc)


def _beyond_types(value: Any, doc: Document, rules: Rules) -> list[Problem]:
    """Return ranges, unknown parts, their settings and entries that contradict each other."""
    problems = checks.ranges_of(value, (), {k: k for k in rules.bounds}, doc, rules.bounds)
    problems += checks.choices(value, (), rules.parts, doc)
    for place, choice in checks.kinds(value, ()):
        known = rules.names.get(checks.pattern(place))
        if known is not None and choice.kind not in known:
            word = str(place[-1] if isinstance(place[-1], str) else place[-2]).removesuffix("s")
            problems.append(doc.problem((*place, "kind"), str(unknown(word, choice.kind, known))))
    return problems + [doc.problem(p, m) for p, m in rules.sense(value)]


def _override(doc: Document, key: str, value: str) -> list[Problem]:
    """Put a value into the document's data; the way to it must exist."""
    steps = [int(s) if s.isdigit() else s for s in re.findall(r"[^.\[\]]+", key)]
    here: Any = doc.data
    for step in steps[:-1]:
        if isinstance(here, dict) and step not in here and isinstance(step, str):
            here[step] = {}
        if not _inside(here, step):
            return [doc.problem((), f"no entry '{key}' to replace: '{step}' is not there")]
        here = here[step]
    if not steps or not (isinstance(here, dict) or _inside(here, steps[-1])):
        return [doc.problem((), f"no entry '{key}' to replace")]
    given = read(value, "value")
    here[steps[-1]] = value if given.data is None or given.problems else given.data
    return []


def _inside(here: Any, step: str | int) -> bool:
    if isinstance(here, dict):
        return step in here
    return isinstance(here, list) and isinstance(step, int) and step < len(here)
