"""The catalogue: YAML entries with their origins to a frozen `Catalogue`; a campus's own `parts` are laid over it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args, get_type_hints

from gigasite._core.errors import CampusFileError, Problem
from gigasite._core.origin import Origin
from gigasite.campus.door import DOOR, Day, Text
from gigasite.campus.nodes import Document, Path, dotted, read
from gigasite.campus.parts import Catalogue
from gigasite.campus.typed import typed

KINDS: dict[str, type] = {
    name: get_args(hint)[1] for name, hint in get_type_hints(Catalogue).items() if name != "origins"
}
_STAMP = ("source", "as_of", "trust")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """The three words that every number needs."""

    __pydantic_config__ = DOOR
    source: Text
    as_of: Day
    trust: Literal["published", "derived", "estimate"]


@cache
def builtin() -> Catalogue:
    """Return the catalogue that ships with the package.

    Raises
    ------
    CampusFileError
        An entry is wrong: the package is damaged.
    """
    parts: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    for kind in sorted(KINDS):
        for name, text in _texts(kind):
            doc = read(text, f"catalogue/{name}")
            problems += doc.problems
            if doc.broken:
                continue
            made, where, wrong = entries(kind, doc.data, doc, ())
            parts[kind] |= made
            origins |= where
            problems += wrong
    if problems:
        raise CampusFileError(problems)
    return Catalogue(**parts, origins=origins)


def _texts(kind: str) -> list[tuple[str, str]]:
    """Return name and text of the files of one kind: one file, or a folder of them."""
    folder = files("gigasite.campus") / "catalogue"
    if (folder / kind).is_dir():
        several = sorted((f for f in (folder / kind).iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
        return [(f"{kind}/{f.name}", f.read_text(encoding="utf-8")) for f in several]
    return [(f"{kind}.yaml", (folder / f"{kind}.yaml").read_text(encoding="utf-8"))]


def overlay(base: Catalogue, data: Any, doc: Document) -> tuple[Catalogue, list[Problem]]:
    """Lay the `parts` chapter of a campus file over a catalogue."""
    problems: list[Problem] = []
    parts = {kind: dict(getattr(base, kind)) for kind in KINDS}
    origins = dict(base.origins)
    for kind, block in (data or {}).items() if isinstance(data, dict) else ():
        if kind not in KINDS:
            known = ", ".join(sorted(KINDS))
            problems.append(doc.problem(("parts", str(kind)), f"unknown kind of part. Known: {known}"))
            continue
        made, where, wrong = entries(kind, block, doc, ("parts", kind))
        parts[kind] |= made
        origins |= where
        problems += wrong
    return dataclasses.replace(base, **parts, origins=origins), problems


def entries(kind: str, data: Any, doc: Document, base: Path) -> tuple[dict[str, Any], dict[str, Origin], list[Problem]]:
    """Read all entries of one kind: parts by name, origins by `kind.name.field`, mistakes."""
    made: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    problems: list[Problem] = []
    if not isinstance(data, dict):
        return made, origins, [doc.problem(base, "needs 'name: {...}' entries")]
    for name, entry in data.items():
        path = (*base, str(name))
        if not isinstance(entry, dict):
            problems.append(doc.problem(path, "needs the fields of a part"))
            continue
        values, found, wrong = _unstamp(entry, doc, path)
        part, more = typed(KINDS[kind], values, doc, path)
        problems += wrong + more
        if part is not None:
            made[str(name)] = part
            origins |= {dotted((kind, str(name), key)): origin for key, origin in found.items()}
    return made, origins, problems


def _unstamp(
    entry: dict[str, Any], doc: Document, path: Path
) -> tuple[dict[str, Any], dict[str, Origin], list[Problem]]:
    """Split an entry into values and origins; a field may carry its own stamp."""
    problems: list[Problem] = []
    own = _stamp(entry, doc, path, problems)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for key, value in entry.items():
        if key in _STAMP:
            continue
        origin = own
        values[key] = value
        if isinstance(value, dict) and "value" in value:
            values[key] = value["value"]
            origin = _stamp(value, doc, (*path, key), problems)
            extra = set(value) - {"value", *_STAMP}
            problems += [doc.problem((*path, key, k), "unknown key beside value") for k in sorted(extra)]
        if origin is not None:
            origins[key] = origin
    return values, origins, problems


def _stamp(entry: dict[str, Any], doc: Document, path: Path, problems: list[Problem]) -> Origin | None:
    stamp, wrong = typed(_Stamp, {k: entry[k] for k in _STAMP if k in entry}, doc, path)
    problems += wrong
    return None if stamp is None else Origin(source=stamp.source, as_of=stamp.as_of, trust=stamp.trust)
