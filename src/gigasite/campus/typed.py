"""Plain values to typed ones, and pydantic's errors to the file's mistakes in the user's words."""

from __future__ import annotations

import dataclasses
import typing
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from gigasite._core.quantity import yaml_key

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from gigasite._core.errors import Problem
    from gigasite.campus.nodes import Document, Path

T = TypeVar("T")


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return pydantic's reader of one class, built once."""
    return cast("TypeAdapter[T]", _adapter(cast("Hashable", kind)))


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def typed(kind: type[T], data: Any, doc: Document, base: Path = ()) -> tuple[T | None, list[Problem]]:
    """Read `data` as `kind`; on mistakes return None and all of them, placed in the file under `base`."""
    try:
        return adapter(kind).validate_python(data), []
    except ValidationError as error:
        problems = []
        for each in error.errors(include_url=False):
            path = (*base, *(s for s in each["loc"] if s != "[key]"))
            problems.append(doc.problem(path, _message(kind, each, path[len(base) :])))
        return None, problems


def _message(kind: type, error: Any, path: Path) -> str:
    own: dict[str, Callable[[], str]] = {
        "value_error": lambda: str(error["msg"]).removeprefix("Value error, "),
        "missing": lambda: f"is missing{_meaning(kind, path)}",
        "unexpected_keyword_argument": lambda: _unknown_key(kind, path),
        "dataclass_type": lambda: (
            f"needs a chapter with the keys {', '.join(keys_of(kind, path)) or '...'}{_but(error)}"
        ),
        "tuple_type": lambda: f"needs a list ('- ...' lines or [a, b]){_but(error)}",
        "dict_type": lambda: f"needs 'name: value' entries{_but(error)}",
        "literal_error": lambda: _literal(error),
    }
    make = own.get(error["type"])
    return make() if make else f"{error['msg']}{_but(error)}"


def _but(error: Any) -> str:
    return f"; found {_found(error)}"


def _found(error: Any) -> str:
    value = error["input"]
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _literal(error: Any) -> str:
    wanted = str(error["ctx"]["expected"])
    names = [w.strip(" '") for w in wanted.replace(" or ", ",").split(",")]
    near = get_close_matches(str(error["input"]), names, 1, 0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"must be one of {', '.join(names)}; {hint}found {_found(error)}"


def _unknown_key(kind: type, path: Path) -> str:
    known = keys_of(kind, path[:-1])
    near = get_close_matches(str(path[-1]), known, 1, 0.6)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return f"unknown key{hint} Known here: {', '.join(known)}"


def _meaning(kind: type, path: Path) -> str:
    klass = _class_at(kind, path[:-1])
    names = [f.name for f in dataclasses.fields(klass)] if klass is not None else []
    for name in names:
        if yaml_key(name) == path[-1] and name != path[-1]:
            shown = example(klass, name)
            return f" (with a unit, such as {shown})" if shown else ""
    return ""


def example(klass: type, field: str) -> str:
    """Return an example value of a quantity field, from its JSON schema; "" when it is none."""
    properties = adapter(klass).json_schema(by_alias=True).get("properties", {})
    return str(next(iter(properties.get(yaml_key(field), {}).get("examples", [])), ""))


def keys_of(kind: type, path: Path) -> list[str]:
    """Return the keys that are known at `path` of a file of this kind."""
    klass = _class_at(kind, path)
    return [yaml_key(f.name) for f in dataclasses.fields(klass)] if klass is not None else []


def _class_at(kind: type, path: Path) -> Any:
    """Follow keys through the classes; None where the path leaves them."""
    here: Any = kind
    for step in path:
        if isinstance(step, int):
            continue
        if not dataclasses.is_dataclass(here):
            return None
        hints = _hints(cast("Hashable", here))
        here = _inner(hints.get(str(step)))
    return here if dataclasses.is_dataclass(here) else None


@cache
def _hints(klass: Hashable) -> dict[str, Any]:
    return {yaml_key(n): t for n, t in typing.get_type_hints(klass).items()}


def _inner(hint: Any) -> Any:
    """Return the dataclass inside `tuple[X, ...]`, `X | None`, `Annotated[X, ...]`."""
    if dataclasses.is_dataclass(hint):
        return hint
    for argument in typing.get_args(hint):
        found = _inner(argument)
        if found is not None:
            return found
    return None
