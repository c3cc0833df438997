"""The ordinary answers of a unit, taken apart at once: a fleet of 168 is read ten times a second.

Only what is as expected goes this way: ids, lengths and scale factors as they were found, every value implemented and
within its limits. Anything else is left to `Field.value`, field by field, which says what is wrong with each.
"""

from __future__ import annotations

from operator import itemgetter
from struct import Struct, calcsize
from typing import TYPE_CHECKING, Any, NamedTuple

from gigasite.field.battery.device import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gigasite.field.battery.device import Field, Read

    Where = tuple[int, int, str]

NEVER = object()
"""Equal to no register: the field means all its values."""


class Ordinary(NamedTuple):
    """How the answers to the reads of one unit are taken apart."""

    shapes: tuple[Struct, ...]
    """One for each answer: all registers of interest, in their order."""
    fixed: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    """Picks what must be as it was found."""
    expected: tuple[int, ...]
    rules: tuple[tuple[int, float, Any, float, float], ...]
    """Of each value: place among the registers, factor to SI, the raw value that means "none", lowest and highest."""
    flags: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    """Picks plain numbers."""

    def take(self, answers: Sequence[bytes]) -> tuple[list[float], tuple[Any, ...]] | None:
        """Return values in SI and flags; None when anything is out of the ordinary."""
        raws: tuple[Any, ...] = ()
        for shape, answer in zip(self.shapes, answers, strict=True):
            raws += shape.unpack_from(answer)
        if self.fixed(raws) != self.expected:
            return None
        values = []
        for at, factor, absent, low, high in self.rules:
            raw = raws[at]
            value = raw * factor
            if raw == absent or not low <= value <= high:
                return None
            values.append(value)
        return values, self.flags(raws)


def ordinary(
    reads: Sequence[Read], values: Sequence[Field], flags: Sequence[Field], fixed: Mapping[Where, int]
) -> Ordinary:
    """Return how to take these apart: at least two of `flags` and of `fixed`, none with swapped words.

    Parameters
    ----------
    reads
        Of a cycle.
    values, flags
        Fields in the order in which they are wanted; the scale factors of `values` join `fixed`.
    fixed
        By answer, byte and type: what must stand there.
    """
    fixed = {**fixed, **{(*f.scale[:2], "h"): f.scale[2] for f in values if f.scale is not None}}
    wanted = sorted({*fixed, *(_where(f) for f in (*values, *flags))})
    index = {where: k for k, where in enumerate(wanted)}
    rules = tuple((index[_where(f)], f.factor, next(iter(_absent(f)), NEVER), *f.limits) for f in values)
    return Ordinary(
        shapes=tuple(_shape([w for w in wanted if w[0] == k]) for k in range(len(reads))),
        fixed=itemgetter(*(index[w] for w in fixed)),
        expected=tuple(fixed.values()),
        rules=rules,
        flags=itemgetter(*(index[_where(f)] for f in flags)),
    )


def _where(field: Field) -> Where:
    return field.read, field.at, field.code


def _absent(field: Field) -> frozenset[float]:
    return ABSENT[field.code] if field.absent else frozenset()


def _shape(wanted: Sequence[Where]) -> Struct:
    """Return the shape of one answer: what is wanted of it, and pad bytes between."""
    out, end = ">", 0
    for _, at, code in wanted:
        out += f"{at - end}x{code}"
        end = at + calcsize(f">{code}")
    return Struct(out)
