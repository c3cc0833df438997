"""Faults of values: registers say what is not so. They need the SunSpec face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import FieldError
from gigasite._core.settings import setting
from gigasite.field.emulator.fault import faults

if TYPE_CHECKING:
    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet
    from gigasite.field.emulator.registers import SunspecFace

SOC = ((713, "SoC"), (802, "SoC"))


def _point(fleet: Fleet, model: int, point: str) -> None:
    """Refuse a point that units do not have, or that clients write: a fault could not hold it."""
    if model not in fleet.sunspec.layouts:
        raise FieldError(f"units have no model {model}; they have {', '.join(map(str, fleet.sunspec.layouts))}")
    if fleet.sunspec.writable(fleet.sunspec.at(model, point)):
        raise FieldError(f"{model}.{point} is what clients write: a fault cannot hold it")


@faults.part("not-implemented")
@dataclass(frozen=True, slots=True, kw_only=True)
class NoValue:
    """A value turns into the one that means "not implemented".

    Parameters
    ----------
    model, point
        As published, such as 701 and W.
    """

    model: int = setting(701, 1, 65535)
    point: str = "W"

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _point(fleet, self.model, self.point)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        self.fits(fleet)

        def paint(face: SunspecFace) -> None:
            for i in units:
                face.put(i, self.model, self.point, None)

        return fleet.paint(paint, units)


@faults.part("register")
@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register holds a value of its own, such as 0x7FFF, or a rating of 0.

    Parameters
    ----------
    model, point
        As published.
    value
        Of its first register, 0 to 65535.
    """

    model: int = setting(701, 1, 65535)
    point: str = "W"
    value: int = setting(0x7FFF, 0, 0xFFFF)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _point(fleet, self.model, self.point)

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        self.fits(fleet)
        at = fleet.sunspec.at(self.model, self.point)

        def paint(face: SunspecFace) -> None:
            face.image[list(units), at] = self.value

        return fleet.paint(paint, units)


@faults.part("rescale")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale:
    """The scale factor of power changes while running; the values follow it, and so are right for who reads it again.

    Parameters
    ----------
    by
        Powers of ten, 1 to 3, on top.
    """

    by: int = setting(1, 1, 3)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def paint(face: SunspecFace) -> None:
            for i in units:
                face.put(i, 701, "W_SF", face.scales.power + self.by)
                raw = round(float(face.units.power_w[i]) / 10.0 ** (face.scales.power + self.by))
                face.put(i, 701, "W", raw)

        return fleet.paint(paint, units)


@faults.part("swapped-words")
@dataclass(frozen=True, slots=True, kw_only=True)
class SwappedWords:
    """The two words of 32-bit values (frequency, heartbeat) are the wrong way round."""

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        rows = list(units)
        points = [fleet.sunspec.at(701, "Hz"), fleet.sunspec.at(715, "DERHb")]

        def paint(face: SunspecFace) -> None:
            for at in points:
                face.image[rows, at], face.image[rows, at + 1] = face.image[rows, at + 1], face.image[rows, at].copy()

        return fleet.paint(paint, units)


@faults.part("flipped-meter")
@dataclass(frozen=True, slots=True, kw_only=True)
class FlippedMeter:
    """Power is shown with the wrong sign."""

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def paint(face: SunspecFace) -> None:
            for i in units:
                face.put(i, 701, "W", -round(float(face.units.power_w[i]) / 10.0**face.scales.power))

        return fleet.paint(paint, units)


@faults.part("soc")
@dataclass(frozen=True, slots=True, kw_only=True)
class Soc:
    """The state of charge that is shown jumps to a value, such as 101 %.

    Parameters
    ----------
    to_frac
        What is shown.
    """

    to_frac: float = setting(1.01, 0.0, 6.0)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def paint(face: SunspecFace) -> None:
            for i in units:
                for model, point in SOC:
                    face.put(i, model, point, round(self.to_frac * 1e4))

        return fleet.paint(paint, units)


@faults.part("frequency")
@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """The frequency that is shown is wrong, such as 0.

    Parameters
    ----------
    to_hz
        What is shown.
    """

    to_hz: float = setting(0.0, 0.0, 1000.0)

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""

        def paint(face: SunspecFace) -> None:
            for i in units:
                face.put(i, 701, "Hz", round(self.to_hz * 1e3))

        return fleet.paint(paint, units)


@faults.part("frozen")
@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """All that is read stays as it is now: the unit answers, its measurements have stopped.

    Parameters
    ----------
    only_soc
        Only the state of charge.
    """

    only_soc: bool = False

    def fits(self, fleet: Fleet, /) -> None:
        """As `Picky`."""
        _ = fleet.sunspec

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        face = fleet.sunspec
        face.refresh()
        rows = list(units)
        ats = [face.at(*p) for p in SOC] if self.only_soc else [c.at + k for c in face.columns for k in range(c.size)]
        kept = [face.image[rows, at].copy() for at in ats]

        def paint(face: SunspecFace) -> None:
            for at, values in zip(ats, kept, strict=True):
                face.image[rows, at] = values

        return fleet.paint(paint, units)
