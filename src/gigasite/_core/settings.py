"""Settings of a part: its dataclass fields are its keys, their unit is in the name, their bounds beside them.

In a file a part is chosen as `{kind: ramp, up: 10 MW/min}`. The part itself says which settings it knows, so that a new
part needs no change of the file's schema.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from gigasite._core.errors import GigasiteError, InfeasibleError, QuantityError
from gigasite._core.quantity import UNITS, Quantity, show, suffix_of, yaml_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A part by its kind, with the raw values of its settings by key."""

    kind: str
    settings: Mapping[str, Any]


def setting(default: Any, low: float = 0.0, high: float = math.inf) -> Any:
    """Declare a setting with its default (None: not used) and the range in which it means anything.

    Examples
    --------
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Ramp:
    ...     up_w_per_s: float = setting(1e6, 1.0, 1e11)
    >>> round(read(Ramp, {"up": "10 MW/min"}).up_w_per_s)
    166667
    """
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


def of_kind(default: Any, kind: Callable[[Any], Any]) -> Any:
    """Declare a setting that is no single number; `kind` reads its raw value (raises QuantityError)."""
    return dataclasses.field(default=default, metadata={"read": kind})


def read(klass: type[T], given: Mapping[str, Any]) -> T:
    """Make a part from raw settings.

    Raises
    ------
    QuantityError
        The first mistake; `mistakes` gives all of them.
    """
    wrong = mistakes(klass, given)
    if wrong:
        raise QuantityError("; ".join(f"{key}: {message}" if key else message for key, message in wrong))
    return klass(**_values(klass, given)[0])


def mistakes(klass: type[Any], given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (key, message) of every mistake in raw settings; key "" means the part as a whole."""
    values, wrong = _values(klass, given)
    if not wrong:
        try:
            klass(**values)
        except (QuantityError, InfeasibleError) as error:
            wrong.append(("", str(error)))
    return wrong


def keys(klass: type[Any]) -> dict[str, dataclasses.Field[Any]]:
    """Return the settings of a part by key."""
    found = [f for f in dataclasses.fields(klass) if f.init]
    out = {yaml_key(f.name): f for f in found}
    if len(out) < len(found):
        raise GigasiteError(f"{klass.__name__}: two settings have the same key; rename one")
    return out


def default_texts(klass: type[Any]) -> dict[str, str]:
    """Return the defaults of a part by key, as a file would write them.

    >>> @dataclass(frozen=True, kw_only=True)
    ... class Ramp:
    ...     up_w_per_s: float = setting(dataclasses.MISSING, 1.0, 1e11)
    ...     window_s: float = setting(1.0, 0.001, 3600.0)
    >>> default_texts(Ramp)
    {'up': 'needed, MW/s', 'window': '1 s'}
    """
    return {key: _default_text(f) for key, f in keys(klass).items()}


def _default_text(f: dataclasses.Field[Any]) -> str:
    suffix = suffix_of(f.name)
    unit = next((next(iter(units)) for s, units in UNITS.values() if s == suffix), "")
    if f.default is dataclasses.MISSING:
        return f"needed, {unit}" if unit else "needed"
    if f.default is None:
        return f"not set, {unit}" if unit else "not set"
    if isinstance(f.default, int | float) and not isinstance(f.default, bool):
        return show(float(f.default), unit) if unit else f"{f.default:g}"
    if isinstance(f.default, tuple):
        return f"[{', '.join(map(str, f.default))}]"
    return str(f.default)


def _values(klass: type[Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    known = keys(klass)
    values: dict[str, Any] = {}
    wrong: list[tuple[str, str]] = []
    for key, raw in given.items():
        if key not in known:
            near = get_close_matches(key, list(known), 1, 0.6)
            hint = f"; did you mean '{near[0]}'?" if near else "."
            wrong.append((key, f"unknown setting{hint} Known here: {', '.join(known) or 'none'}"))
            continue
        try:
            values[known[key].name] = _value(known[key], raw)
        except QuantityError as error:
            wrong.append((key, str(error)))
    for key, f in known.items():
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING and key not in given:
            wrong.append((key, "is missing"))
    return values, wrong


def _value(f: dataclasses.Field[Any], raw: Any) -> Any:
    if "read" in f.metadata:
        return f.metadata["read"](raw)
    if isinstance(f.default, bool):
        if not isinstance(raw, bool):
            raise QuantityError(f"needs true or false, found {raw!r}"[:120])
        return raw
    if isinstance(f.default, str):
        if not isinstance(raw, str):
            raise QuantityError(f"needs a text, found {raw!r}"[:120])
        return raw
    if raw is None and f.default is None:
        return None
    return _number(f, raw)


def _number(f: dataclasses.Field[Any], raw: Any) -> float | int:
    suffix = suffix_of(f.name)
    low, high = f.metadata.get("low", 0.0), f.metadata.get("high", math.inf)
    if suffix:
        dimension = next(d for d, (s, _) in UNITS.items() if s == suffix)
        value = Quantity(dimension, "any").parse(raw)
    else:
        value = plain(raw)
    if not low <= value <= high:
        unit = next(iter(UNITS[dimension][1])) if suffix else ""
        texts = [show(v, unit) if unit else f"{v:g}" for v in (low, high)]
        raise QuantityError(f"must lie between {texts[0]} and {texts[1]}, found {str(raw)[:40]!r}")
    if isinstance(f.default, int) and not suffix:
        if value != int(value):
            raise QuantityError(f"needs a whole number, found {str(raw)[:40]!r}")
        return int(value)
    return value


def plain(raw: Any) -> float:
    """Read a finite plain number.

    Raises
    ------
    QuantityError
        It is none.
    """
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise QuantityError(f"needs a number, found {str(raw)[:40]!r}")
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        raise QuantityError(f"needs a plain number without a unit, found {str(raw)[:40]!r}") from None
    if not math.isfinite(value):
        raise QuantityError(f"must be finite, found {raw}")
    return value
