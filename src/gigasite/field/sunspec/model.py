"""The published models as frozen values, and where each of their points lies in a block of registers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from gigasite._core.errors import FieldError
from gigasite._core.registry import unknown

REGISTERS: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("int16", "uint16", "count", "acc16", "enum16", "bitfield16", "pad", "raw16", "sunssf"), 1),
        **dict.fromkeys(("int32", "uint32", "acc32", "enum32", "bitfield32", "ipaddr", "float32"), 2),
        **dict.fromkeys(("int64", "uint64", "acc64", "bitfield64", "float64", "eui48"), 4),
        "ipv6addr": 8,
    }
)
"""By type; a string has the size that its definition says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a model.

    Parameters
    ----------
    name, type, size
        As published; `size` in registers.
    scale
        Name of the point that holds its power of ten, or the power itself; None: none.
    writable, mandatory
        Access RW, and whether a device must have it.
    unit
        As published, "" where there is none.
    symbols
        Name by value of an enumeration, or by bit of a bitfield.
    """

    name: str
    type: str
    size: int
    scale: str | int | None = None
    writable: bool = False
    mandatory: bool = False
    unit: str = ""
    symbols: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Points and groups, one after the other.

    Parameters
    ----------
    count
        None: once; a name: as often as that point of the model says; 0: as often as the block's length allows.
    """

    name: str
    points: tuple[Point, ...]
    groups: tuple[Group, ...] = ()
    count: int | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One published model."""

    number: int
    label: str
    group: Group

    @property
    def repeats(self) -> bool:
        """Say whether its length depends on the device."""
        return _repeats(self.group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One point in a block: first register, and that of its scale factor (None: none, or fixed)."""

    point: Point
    offset: int
    scale_offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A model over a block of registers: every point by its path (`W`, `Prt[0].DCW`).

    Parameters
    ----------
    length
        Registers of the block, the two of id and length included.
    """

    model: Model
    places: Mapping[str, Place]
    length: int

    def __getitem__(self, path: str) -> Place:
        """Return where a point lies.

        Raises
        ------
        UnknownPartError
            With the nearest path.
        """
        if path not in self.places:
            raise unknown(f"point of model {self.model.number}", path, self.places)
        return self.places[path]


def shipped() -> tuple[int, ...]:
    """Return the numbers of all models that come with the package."""
    names = (f.name for f in files("gigasite.field.sunspec").joinpath("models").iterdir())
    return tuple(sorted(int(n[6:-5]) for n in names if n.startswith("model_") and n.endswith(".json")))


@cache
def model(number: int) -> Model:
    """Return a published model.

    Raises
    ------
    UnknownPartError
        It does not come with the package.

    Examples
    --------
    >>> lay(model(704), {})["WSet"].offset
    24
    """
    file = files("gigasite.field.sunspec").joinpath("models", f"model_{number}.json")
    if not file.is_file():
        raise unknown("SunSpec model", str(number), map(str, shipped()))
    read = json.loads(file.read_text(encoding="utf-8"))
    return Model(number=int(read["id"]), label=str(read["group"].get("label", "")), group=_group(read["group"]))


def _group(read: Mapping[str, Any]) -> Group:
    count = read.get("count")
    return Group(
        name=read["name"],
        points=tuple(_point(p) for p in read.get("points", ())),
        groups=tuple(_group(g) for g in read.get("groups", ())),
        count=int(count) if isinstance(count, str) and count.isdigit() else count,
    )


def _point(read: Mapping[str, Any]) -> Point:
    return Point(
        name=read["name"],
        type=read["type"],
        size=int(read["size"]),
        scale=read.get("sf"),
        writable=read.get("access") == "RW",
        mandatory=read.get("mandatory") == "M",
        unit=read.get("units", ""),
        symbols=MappingProxyType({int(s["value"]): s["name"] for s in read.get("symbols", ())}),
    )


def _repeats(group: Group) -> bool:
    return group.count is not None or any(_repeats(g) for g in group.groups)


def lay(model: Model, counts: Mapping[str, int], length: int | None = None) -> Layout:
    """Lay a model over registers.

    Parameters
    ----------
    counts
        Of the groups that repeat, by the name of the counting point (`NPrt`).
    length
        Registers of the block with id and length, where a group fills what is left; then also checked.

    Raises
    ------
    FieldError
        A count is missing or absurd, or the block has another length than its definition.
    """
    found: dict[str, tuple[Point, int]] = {}
    end = _lay(model, model.group, "", 0, (found, counts, length))
    # an older edition of model 1 has no pad at its end
    if length is not None and end != length and not (model.number == 1 and length == end - 1):
        raise FieldError(
            f"model {model.number} has {length} registers where its definition makes {end}; "
            "the device follows another edition: describe its registers in a CSV map"
        )
    end = end if length is None else length
    places = {k: _place(k, found) for k, (point, at) in found.items() if at + point.size <= end}
    return Layout(model=model, places=MappingProxyType(places), length=end)


def _place(path: str, found: Mapping[str, tuple[Point, int]]) -> Place:
    """Return a point with its scale factor: that of its own group, else that of the model."""
    point, at = found[path]
    scale = None
    if isinstance(point.scale, str):
        own = found.get(path.removesuffix(point.name) + point.scale) or found.get(point.scale)
        if own is None:
            raise FieldError(f"model definition: scale factor {point.scale} of {path} is not there")
        scale = own[1]
    return Place(point=point, offset=at, scale_offset=scale)


_Work = tuple[dict[str, tuple[Point, int]], Mapping[str, int], int | None]


def _lay(model: Model, group: Group, path: str, at: int, work: _Work) -> int:
    """Place one group; return the register after it."""
    for point in group.points:
        work[0][f"{path}{point.name}"] = (point, at)
        at += point.size
    for inner in group.groups:
        if inner.count is None:
            at = _lay(model, inner, f"{path}{inner.name}.", at, work)
            continue
        for i in range(_count(model, inner, at, work)):
            at = _lay(model, inner, f"{path}{inner.name}[{i}].", at, work)
    return at


def _count(model: Model, group: Group, at: int, work: _Work) -> int:
    _, counts, length = work
    if isinstance(group.count, str):
        count = counts.get(group.count)
        if count is None or not 0 <= count <= 1000:
            raise FieldError(
                f"model {model.number}: {group.count} is {count}; it must say how often {group.name} comes"
            )
        return count
    if group.count:
        return group.count
    size = sum(p.size for p in group.points)
    return max(0, (length or at) - at) // size


def counted(model: Model, data: bytes) -> dict[str, int]:
    """Return the counts that a block of registers says, from its first register on."""
    out, at = {}, 0
    names = set(_counters(model.group))
    for point in model.group.points:
        if point.name in names and 2 * at + 2 <= len(data):
            out[point.name] = int.from_bytes(data[2 * at : 2 * at + 2], "big")
        at += point.size
    return out


def _counters(group: Group) -> list[str]:
    own = [group.count] if isinstance(group.count, str) else []
    return own + [name for g in group.groups for name in _counters(g)]
