"""The door: a campus file to a `Campus`, or every mistake in it at once."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import CampusFileError, InputFileError, Problem
from gigasite._core.files import read_text
from gigasite._core.registry import unknown
from gigasite.campus import checks
from gigasite.campus.catalogue_file import builtin, overlay
from gigasite.campus.change import apply
from gigasite.campus.nodes import Document, dotted, read
from gigasite.campus.schema import Campus, CampusFile, Place
from gigasite.campus.typed import typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_BYTES = 4 * 1024**2  # a campus of 1M GPUs takes 5 kB; more is the wrong file


def load(
    path: str | Path,
    names: Mapping[str, list[str]] | None = None,
    parts: Mapping[str, checks.Mistakes] | None = None,
    changes: Sequence[str] = (),
) -> Campus:
    """Read a campus file.

    Parameters
    ----------
    path
        YAML file, UTF-8, at most 4 MiB.
    names
        Known names of parts of the code by key (`network.fabric`, `power.controller.kind`, ...), for "did you
        mean"; `gigasite.plan.load` gives them. Without it those keys are checked when they are used.
    parts
        What finds the mistakes in the settings of a chosen part, by key (`power.controller`, `power.limits[]`).
    changes
        `KEY=VALUE` each: values that stand in place of the file's (see `change.apply`).

    Returns
    -------
    Campus
        Frozen, SI.

    Raises
    ------
    CampusFileError
        With every mistake, each with line, column and remedy.

    Examples
    --------
    >>> load(reference("lab")).compute.gpus
    512
    """
    try:
        text = read_text(Path(path), MOST_BYTES)
    except InputFileError as error:
        message = str(error).removeprefix(f"{error.file}:{error.line}: ").removeprefix(f"{error.file}: ")
        raise CampusFileError(
            [
                Problem(
                    file=error.file,
                    line=error.line,
                    column=1 if error.line else 0,
                    key="",
                    message=message,
                )
            ]
        ) from error
    return loads(text, str(path), names, parts, changes)


def loads(
    text: str,
    file: str = "campus.yaml",
    names: Mapping[str, list[str]] | None = None,
    parts: Mapping[str, checks.Mistakes] | None = None,
    changes: Sequence[str] = (),
) -> Campus:
    """Read the text of a campus file; as `load`."""
    doc = read(text, file)
    problems = list(doc.problems)
    if doc.broken or not isinstance(doc.data, dict):
        if not problems:
            problems = [doc.problem((), "is empty or not a campus: start one with `gigasite new FILE`")]
        raise CampusFileError(problems)
    for change in changes:
        apply(doc, change)
    parsed, wrong = typed(CampusFile, doc.data, doc)
    problems += wrong
    catalogue, wrong = overlay(builtin(), doc.data.get("parts"), doc)
    problems += wrong
    if parsed is not None:
        problems += checks.ranges(parsed, doc)
        problems += checks.part_ranges(catalogue, doc)
        problems += checks.references(parsed, catalogue, doc)
        problems += checks.names(parsed, names or {}, doc)
        problems += checks.choices(parsed, (), parts or {}, doc)
        problems += checks.sense(parsed, catalogue, doc)
    if problems or parsed is None:
        raise CampusFileError(problems)
    chapters: dict[str, Any] = {f.name: getattr(parsed, f.name) for f in dataclasses.fields(parsed)}
    chapters.pop("parts")
    return Campus(
        name=chapters.pop("campus"),
        catalogue=catalogue,
        file=file,
        places=_places(doc),
        **chapters,
    )


def _places(doc: Document) -> dict[str, Place]:
    return {dotted(p): Place(line=line, column=column) for p, (line, column) in doc.places.items()}


def reference(name: str) -> Path:
    """Return the path of a reference campus: memphis, next or lab.

    Raises
    ------
    UnknownPartError
        No such campus ships with the package.
    """
    folder = Path(__file__).parent / "reference"
    known = sorted(p.stem for p in folder.glob("*.yaml") if p.stem != "sites")
    if name not in known:
        raise unknown("reference campus", name, known)
    return folder / f"{name}.yaml"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a campus file, for editors."""
    from gigasite.campus.typed import adapter  # noqa: PLC0415  # pydantic's schema writer is slow to import

    schema = adapter(CampusFile).json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gigasite campus",
    } | schema
