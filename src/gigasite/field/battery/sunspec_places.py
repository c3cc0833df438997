"""Where the points of a SunSpec unit lie that the loop reads in every cycle, and in which request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.field.battery.device import ANY, Field, place, spans
from gigasite.field.battery.image import Point
from gigasite.field.sunspec.model import lay, model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gigasite.field.sunspec.model import Layout

CODES = {
    "int16": "h",
    "uint16": "H",
    "enum16": "H",
    "sunssf": "h",
    "int32": "i",
    "uint32": "I",
    "bitfield32": "I",
}


def layout(number: int, found: tuple[int, int, Mapping[str, int]]) -> Layout:
    """Return where the points of a block lie."""
    return lay(model(number), found[2], found[1])


PLACES: Mapping[Point, tuple[int, str, float]] = {
    Point.POWER_W: (701, "W", 1.0),
    Point.FREQUENCY_HZ: (701, "Hz", 1.0),
    Point.SOC_FRAC: (713, "SoC", 0.01),
    Point.SET_W: (704, "WSet", 1.0),
    Point.CHARGE_W: (702, "WChaRteMax", 1.0),
    Point.DISCHARGE_W: (702, "WDisChaRteMax", 1.0),
}
"""Model, point, and factor to SI beside its scale factor."""
MOST = "WMax"
FLAGS = {"St": 701, "InvSt": 701, "Alrm": 701, "WSetEna": 704, "WSetMod": 704} | dict.fromkeys(
    ("WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms"), 704
)
MARKED = (701, 704, 713, 715)
"""Blocks whose id and length are read in every cycle; 702's would cost a request more, and lies between these."""
DER_CONTROL = {"LocRemCtl": 715, "DERHb": 715}


class Places:
    """Where the points of one unit lie, and in which read."""

    def __init__(self, blocks: Mapping[int, tuple[int, int, Mapping[str, int]]], scales: Mapping[str, int]) -> None:
        self._blocks, self._scales = blocks, scales
        self._layouts = {n: layout(n, found) for n, found in blocks.items()}
        self.flags = FLAGS | (DER_CONTROL if 715 in blocks else {})
        wanted = [self.at(n, p) for n, p, _ in PLACES.values()] + [self.at(n, p) for p, n in self.flags.items()]
        wanted += [(self._blocks[n][0], 2) for n in MARKED if n in blocks]
        wanted += [self.at(702, MOST), self.at(702, self._scale(702, MOST))]
        wanted += [self.at(n, self._scale(n, p)) for n, p, _ in PLACES.values()]
        self.reads = spans(wanted)

    def at(self, number: int, point: str) -> tuple[int, int]:
        """Return address and registers of a point."""
        where = self._layouts[number][point]
        return self._blocks[number][0] + where.offset, where.point.size

    def _scale(self, number: int, point: str) -> str:
        return str(self._layouts[number][point].point.scale)

    def scaled(self, number: int, point: str, factor: float, limits: tuple[float, float] = ANY) -> Field:
        """Return the field of a point with a scale factor; `limits` in SI."""
        power = self._scales[f"{number}.{point}"]
        scale = (*place(self.reads, *self.at(number, self._scale(number, point))), power)
        read, byte = place(self.reads, *self.at(number, point))
        code = CODES[self._layouts[number][point].point.type]
        return Field(read=read, at=byte, code=code, factor=factor * 10.0**power, scale=scale, limits=limits)

    def flag(self, number: int, point: str) -> Field:
        """Return the field of a plain number."""
        read, byte = place(self.reads, *self.at(number, point))
        code = CODES[self._layouts[number][point].point.type]
        return Field(read=read, at=byte, code=code, absent=False)

    def marks(self) -> tuple[tuple[Field, int], ...]:
        """Return id and length of every block, and what they must be."""
        out = []
        for number in MARKED:
            if number not in self._blocks:
                continue
            address, length, _ = self._blocks[number]
            for k, expected in enumerate((number, length - 2)):
                read, byte = place(self.reads, address + k, 1)
                out.append((Field(read=read, at=byte, code="H", absent=False), expected))
        return tuple(out)
