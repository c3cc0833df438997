"""The registry of parts: one file is one part, found by scanning the kind's folder and the entry points."""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from gigasite._core.errors import GigasiteError, UnknownPartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

P = TypeVar("P")
C = TypeVar("C")


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownPartError:
    """Make the error for a name that nobody knows, with the nearest known name."""
    names = sorted(known)
    near = get_close_matches(name, names, 1, 0.6)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return UnknownPartError(f"no {kind} is called '{name[:60]}'{hint} Known: {', '.join(names[:30])}")


class Registry(Generic[P]):
    """Parts of one kind by name.

    Parameters
    ----------
    group
        Package whose modules are the parts, and name of the entry-point group through which others ship theirs.
    kind
        What one part is called in messages.

    Notes
    -----
    The dictionary belongs to the instance: a class attribute would show the parts of one kind in another.
    """

    def __init__(self, group: str, kind: str) -> None:
        self.group, self.kind = group, kind
        self._parts: dict[str, P] = {}
        self._scanned = False

    def part(self, name: str) -> Callable[[C], C]:
        """Register the decorated class (or function) under `name`."""

        def register(made: C) -> C:
            if name in self._parts and self._parts[name] is not made:
                raise GigasiteError(f"two {self.kind} parts are called '{name}'; rename one")
            self._parts[name] = cast("Any", made)  # the contract tests check the Protocol
            return made

        return register

    def __getitem__(self, name: str) -> P:
        """Return the part called `name`.

        Raises
        ------
        UnknownPartError
            With the nearest known name.
        """
        self._scan()
        if name not in self._parts:
            raise unknown(self.kind, name, self._parts)
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        self._scan()
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def names(self) -> list[str]:
        """Return all names, sorted."""
        self._scan()
        return sorted(self._parts)

    def _scan(self) -> None:
        if self._scanned:
            return
        self._scanned = True
        package = importlib.import_module(self.group)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            importlib.import_module(f"{self.group}.{module.name}")
        for point in sorted(entry_points(group=self.group), key=lambda p: p.name):
            point.load()
