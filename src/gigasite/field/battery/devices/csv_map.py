"""CSV map: units that are not SunSpec, by a register map that says where each value lies and what it means."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.errors import FieldError
from gigasite.field.battery.device import Field, Read, Row, Write, makes, row
from gigasite.field.battery.image import Point, Quality, Status
from gigasite.field.battery.meter import FUNCTIONS, field_of, reads_of
from gigasite.field.sunspec.csv_map import Entry, read_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gigasite.field.battery.device import Link, Wanted

NEEDS = ("power_w", "soc_frac", "set_w")
POINTS = {
    "power_w": Point.POWER_W,
    "soc_frac": Point.SOC_FRAC,
    "frequency_hz": Point.FREQUENCY_HZ,
    "set_w": Point.SET_W,
    "heartbeat": Point.HEARTBEAT,
}
FLAGS = ("enable", "status", "alarm", "local", "revert_s")
RATING = "rating_w"
ON, OFF = 1.0, 0.0
"""What `enable` is written as where its map gives no `high` and `low`."""
ORDER = ("set_w", "revert_s", "enable")
"""What makes a set point; what enables it comes last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapUnit:
    """One unit by its map."""

    entries: Mapping[str, Entry]
    """By role; only those that a loop uses."""
    rating_w: float
    energy_j: float
    reversion_s: int
    reads: tuple[Read, ...]
    fields: Mapping[int, Field]
    flags: Mapping[str, Field]
    most: Field | None
    """Its rating as the device says it now; None: its map has none."""
    room_w: tuple[float, float]
    """The most to charge and to discharge that the register of the set point can hold."""
    step_w: float
    writable: tuple[tuple[int, int], ...]

    @property
    def reverts(self) -> bool:
        """Return whether its map has a reversion time."""
        return "revert_s" in self.entries

    def decode(self, answers: Sequence[bytes], /) -> Row:
        """Take the answers of a cycle apart; power beyond 1.5 times the rating is no power.

        A map says no power of the moment: the rating bounds it, and what the set point's register can hold.
        """
        out = row(self.fields, answers, self._status(answers))
        values, quality = list(out.values), list(out.quality)
        power = int(Point.POWER_W)
        if quality[power] == Quality.GOOD and abs(values[power]) > 1.5 * self.rating_w:
            values[power], quality[power] = math.nan, int(Quality.RANGE)
        most_w, known = (math.inf, Quality.MISSING) if self.most is None else self.most.value(answers)
        for point, room_w in zip((Point.CHARGE_W, Point.DISCHARGE_W), self.room_w, strict=True):
            values[point] = min(room_w, self.rating_w, most_w if known == Quality.GOOD else math.inf)
            quality[point] = int(Quality.GOOD)
        return out._replace(values=tuple(values), quality=tuple(quality))

    def _status(self, answers: Sequence[bytes]) -> int:
        said = {name: field.value(answers) for name, field in self.flags.items()}
        status = Status.ANSWERED
        if said.get("local", (0.0, Quality.GOOD)) == (0.0, Quality.GOOD):
            status |= Status.REMOTE
        if said.get("alarm", (0.0, Quality.GOOD)) != (0.0, Quality.GOOD):
            status |= Status.ALARM
        if said.get("status", (0.0, Quality.GOOD))[1] != Quality.GOOD:
            status |= Status.STOPPED
        time_s, known = said.get("revert_s", (1.0, Quality.GOOD))  # one that cannot be read is taken as written
        if known != Quality.GOOD or not 0.0 < time_s <= self.reversion_s:
            status |= Status.LINGERS
        if "enable" not in said or said["enable"][0] == self._switch(enable=True):
            status |= Status.ENABLED
        return int(status)

    def _switch(self, *, enable: bool) -> float:
        e = self.entries["enable"]
        bound = e.high if enable else e.low
        return bound if math.isfinite(bound) else (ON if enable else OFF)

    def setpoint(self, power_w: float, /, *, enable: bool) -> tuple[Write, ...]:
        """Return set point, reversion time and enable, joined where their registers follow each other.

        A unit without `enable` is set to zero in place of being released.
        """
        values = {
            "set_w": math.trunc(power_w / self.step_w + math.copysign(1e-6, power_w)) * self.step_w,
            "revert_s": float(self.reversion_s),
        }
        if "enable" in self.entries:
            values["enable"] = self._switch(enable=enable)
        elif not enable:
            values["set_w"] = 0.0
        parts = [(self.entries[r], self.entries[r].registers(values[r])) for r in ORDER if r in self.entries]
        return _joined([(e.address, data) for e, data in parts])

    def beat(self, count: int, /) -> Write | None:
        """Return the counter that the device wants to see moving."""
        e = self.entries.get("beat")
        if e is None:
            return None
        first, last, step = _counts(e)
        return Write(e.address, e.registers((first + count % (last - first + 1)) * step))

    def facts(self) -> dict[str, Any]:
        """Return what the unit was made of."""
        rows = {role: asdict(e) | {"low": _text(e.low), "high": _text(e.high)} for role, e in self.entries.items()}
        return {
            "entries": rows,
            "rating_w": self.rating_w,
            "energy_j": self.energy_j,
            "reversion_s": self.reversion_s,
        }


def _text(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _joined(writes: list[tuple[int, bytes]]) -> tuple[Write, ...]:
    """Return one block where all registers follow each other, in whatever order; else one write each, as given."""
    ordered = sorted(writes)
    adjacent = all(a + len(d) // 2 == b for (a, d), (b, _) in pairwise(ordered))
    if adjacent:
        return (Write(ordered[0][0], b"".join(d for _, d in ordered)),)
    return tuple(Write(a, d) for a, d in writes)


@makes.part("csv-map")
@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMap:
    """Units by a register map.

    Parameters
    ----------
    file
        The map (CSV); relative to the settings. Needs the roles power_w, soc_frac and set_w (readable and writable).
    """

    file: str = ""
    kind: ClassVar[str] = "csv-map"

    def at(self, folder: Path) -> CsvMap:
        """Return it with the file found from the settings' folder."""
        return replace(self, file=str(folder / self.file))

    async def find(self, link: Link, settings: Wanted, /) -> MapUnit:
        """Read the map, and ratings from the device where the map has them.

        Raises
        ------
        FieldError
            A rating is known to nobody, or is zero; the set point cannot be read back.
        """
        from pathlib import Path  # noqa: PLC0415  # only here

        roles = dict(read_map(Path(self.file), NEEDS).roles())
        if not roles["set_w"].readable:
            raise FieldError(
                f"{self.file}:{roles['set_w'].line}: set_w must be readable too (access rw): "
                "a set point that cannot be read back cannot be guarded"
            )
        rated = [
            await _rated(link, roles.get(role), given, settings.name, role)
            for role, given in (("rating_w", settings.rating_w), ("rated_energy_j", settings.energy_j))
        ]
        used = {r: e for r, e in roles.items() if r in POINTS or r in FLAGS or r in {"revert_s", "beat", RATING}}
        unit = _unit(used, rated[0], rated[1], settings.reversion_s)
        try:
            on, off = unit.setpoint(0.0, enable=True), unit.setpoint(0.0, enable=False)
        except FieldError as error:
            raise FieldError(f"{self.file}: zero, reversion time or enable cannot be written: {error}") from error
        if "beat" in used:
            _counting(self.file, used["beat"], unit)
        if "enable" in used and on == off:
            raise FieldError(
                f"{self.file}:{used['enable'].line}: enable has the same value for on (high) and off (low)"
            )
        return unit

    @staticmethod
    def restore(facts: Mapping[str, Any], /) -> MapUnit:
        """Make the unit that gave these facts."""
        entries = {
            role: Entry(
                **(
                    e
                    | {
                        "low": -math.inf if e["low"] is None else e["low"],
                        "high": math.inf if e["high"] is None else e["high"],
                    }
                )
            )
            for role, e in facts["entries"].items()
        }
        return _unit(entries, float(facts["rating_w"]), float(facts["energy_j"]), int(facts["reversion_s"]))


async def _rated(link: Link, entry: Entry | None, given: float | None, name: str, role: str) -> float:
    """Return a rating: of the settings where they say so, never above what the device says."""
    known = [] if given is None else [given]
    if entry is not None and entry.readable:
        read = Read(entry.address, entry.count, FUNCTIONS[entry.function])
        said, quality = field_of(entry, (read,)).value([await link.read(*read)])
        if quality == Quality.GOOD:
            known.append(said)
    if not known or not min(known) > 0.0:
        how = "is 0" if known else "is told neither by the settings nor by the device"
        raise FieldError(f"{name}: {role} {how}; give `rating` and `energy` in the settings")
    return min(known)


def _unit(entries: Mapping[str, Entry], rating_w: float, energy_j: float, reversion_s: int) -> MapUnit:
    seen = [e for r, e in entries.items() if e.readable and (r in POINTS or r in FLAGS or r == RATING)]
    reads = reads_of(seen)
    written = [entries[r] for r in (*ORDER, "beat") if r in entries]
    set_w = entries["set_w"]
    return MapUnit(
        entries=entries,
        rating_w=rating_w,
        energy_j=energy_j,
        reversion_s=reversion_s,
        reads=reads,
        fields={int(p): field_of(entries[r], reads) for r, p in POINTS.items() if r in entries},
        flags={r: field_of(entries[r], reads) for r in FLAGS if r in entries and entries[r].readable},
        most=field_of(entries[RATING], reads) if RATING in entries and entries[RATING].readable else None,
        room_w=_room(set_w),
        # an f32 counts in steps of 2^-23 of what it holds
        step_w=max(1.0, rating_w * 2.0**-23) if set_w.code in "fd" else abs(set_w.factor),
        writable=_ranges(written),
    )


def _room(set_w: Entry) -> tuple[float, float]:
    """Return the most to charge and to discharge that a register can hold, and its map allows; both >= 0 [W]."""
    low_w, high_w = set_w.low, set_w.high
    if set_w.code not in "fd":
        bits = 16 * set_w.count
        raw = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if set_w.code.islower() else (0, 2**bits - 1)
        ends = sorted(r * set_w.factor for r in raw)
        low_w, high_w = max(low_w, ends[0]), min(high_w, ends[1])
    return max(-low_w, 0.0), max(high_w, 0.0)


def _counts(beat: Entry) -> tuple[int, int, float]:
    """Return first and last count of a heartbeat and what each is worth: as far as register and map's range go."""
    step = 1.0 if beat.code in "fd" else abs(beat.factor)
    first = math.ceil(max(beat.low, 0.0) / step)
    last = math.floor(min(_room(beat)[1] / step, 0x7FFE))
    return first, last, step


def _counting(file: str, beat: Entry, unit: MapUnit) -> None:
    """Refuse a heartbeat that cannot count."""
    first, last, _ = _counts(beat)
    if last <= first:
        raise FieldError(f"{file}:{beat.line}: beat has no room to count: low and high leave less than two values")
    for count in (0, last - first):
        unit.beat(count)


def _ranges(entries: Sequence[Entry]) -> tuple[tuple[int, int], ...]:
    """Return what may be written, adjacent entries as one range."""
    out: list[tuple[int, int]] = []
    for e in sorted(entries, key=lambda e: e.address):
        if out and sum(out[-1]) == e.address:
            out[-1] = (out[-1][0], out[-1][1] + e.count)
        else:
            out.append((e.address, e.count))
    return tuple(out)
