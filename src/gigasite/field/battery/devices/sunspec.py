"""SunSpec: DER measurement 701, capacity 702, controls 704, storage 713 and DER control 715, as published."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any, ClassVar

from gigasite._core.errors import FieldError
from gigasite.field.battery.device import ANY, Field, Read, Row, Write, makes, row
from gigasite.field.battery.image import POINTS, Point, Quality, Status
from gigasite.field.battery.ordinary import ordinary
from gigasite.field.battery.sunspec_places import CODES, MOST, PLACES, Places, layout
from gigasite.field.sunspec.discover import discover, read_block
from gigasite.field.sunspec.model import counted, model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite.field.battery.device import Link, Wanted
    from gigasite.field.battery.ordinary import Ordinary

NEEDED = (701, 702, 704, 713)
WATTS = 1  # WSetMod: set point in watts (0 would be per cent)
OFF_STATES = frozenset({0, 1, 2, 6, 7})
"""InvSt of 701: off, sleeping, starting, fault, standby."""
BLOCK = ("WSetEna", "WSetRvrtTms")
"""First and last point of the block of 704 that is written in one piece."""
KEPT = ("WSetPct", "WSetPctRvrt")
"""Points in that block that this loop does not use: written as the device had them."""
J_PER_WH = 3600.0
NO_ALARM = frozenset({0, 0xFFFFFFFF, 0x80000000})
# plain integers: flags of an enumeration cost more to join than a unit's registers to read
ANSWERED, REMOTE, ALARM, STOPPED, ENABLED, LINGERS = map(
    int, (Status.ANSWERED, Status.REMOTE, Status.ALARM, Status.STOPPED, Status.ENABLED, Status.LINGERS)
)
NOWHERE = frozenset({0, -(1 << 31)})
"""WSetRvrt: to zero, or not implemented."""
UNKNOWN = int(Status.ANSWERED | Status.REMOTE)
ALL_GOOD = (int(Quality.GOOD),) * POINTS
NO_BEAT = (*ALL_GOOD[:-1], int(Quality.MISSING))
HERTZ = (40.0, 70.0)
"""Frequencies that a grid has; others are a broken measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunSpecUnit:
    """One unit: its blocks, the scale factors that it had when found, and what it is rated."""

    blocks: Mapping[int, tuple[int, int, Mapping[str, int]]]
    """Address, length and counts of repeating groups, by model."""
    scales: Mapping[str, int]
    """By `model.point` of the scale factor."""
    kept: tuple[int, int]
    rating_w: float
    energy_j: float
    reversion_s: int
    reads: tuple[Read, ...]
    fields: Mapping[int, Field]
    flags: tuple[Field, ...]
    """Of `FLAGS`, then LocRemCtl where there is 715."""
    most: Field
    """WMax of 702 as it is now: less than when the unit was found, where another was put in its place."""
    marks: tuple[tuple[Field, int], ...]
    """Ids and lengths of the blocks that are read: with others nothing is believed."""
    usual: Ordinary
    step_w: float
    set_at: int
    """Address of the set-point block."""
    beat_at: int | None
    writable: tuple[tuple[int, int], ...]

    @property
    def reverts(self) -> bool:
        """Return that it does: one without is refused when it is found."""
        return True

    def decode(self, answers: Sequence[bytes], /) -> Row:
        """Take the answers of a cycle apart."""
        usual = self.usual.take(answers)
        if usual is None:
            return self.decode_carefully(answers)
        (power_w, soc_frac, hz, set_w, charge_w, discharge_w, most_w, *beat), flags = usual
        room_w = min(charge_w, most_w), min(discharge_w, most_w)
        if beat:
            return Row((power_w, soc_frac, hz, set_w, *room_w, beat[0]), ALL_GOOD, self._status(flags))
        return Row((power_w, soc_frac, hz, set_w, *room_w, math.nan), NO_BEAT, self._status(flags))

    def _status(self, flags: tuple[int, ...]) -> int:
        return status_of(flags, self.reversion_s)

    def decode_carefully(self, answers: Sequence[bytes]) -> Row:
        """Take answers apart of which something is out of the ordinary; of others it says the same as `decode`."""
        if any(field.raw(answers) != expected for field, expected in self.marks):
            return Row(values=(math.nan,) * POINTS, quality=(int(Quality.LAYOUT),) * POINTS, status=UNKNOWN)
        out = row(self.fields, answers, self._status(tuple(int(f.raw(answers)) for f in self.flags)))
        most_w, known = self.most.value(answers)
        if known != Quality.GOOD:
            return out
        quality, held = list(out.quality), list(out.values)
        for point in (Point.CHARGE_W, Point.DISCHARGE_W):
            held[point] = min(held[point], most_w) if quality[point] == Quality.GOOD else most_w
            quality[point] = int(Quality.GOOD)
        return Row(values=tuple(held), quality=tuple(quality), status=out.status)

    def setpoint(self, power_w: float, /, *, enable: bool) -> tuple[Write, ...]:
        """Return the block WSetEna to WSetRvrtTms: set point, and zero when nothing follows within the reversion time.

        Rounded towards zero, so that no rating is passed by the rounding.
        """
        raw = math.trunc(power_w / self.step_w + (1e-6 if power_w >= 0 else -1e-6))
        pct, pct_rvrt = self.kept
        data = pack(">HHiihhHI", int(enable), WATTS, raw, 0, pct, pct_rvrt, 0, self.reversion_s)
        return (Write(self.set_at, data),)

    def beat(self, count: int, /) -> Write | None:
        """Return ControllerHb of 715."""
        return None if self.beat_at is None else Write(self.beat_at, pack(">I", count % 0xFFFFFFFF))

    def facts(self) -> dict[str, Any]:
        """Return what the unit was made of."""
        return {
            "blocks": {str(k): [a, n, dict(c)] for k, (a, n, c) in self.blocks.items()},
            "scales": dict(self.scales),
            "kept": list(self.kept),
            "rating_w": self.rating_w,
            "energy_j": self.energy_j,
            "reversion_s": self.reversion_s,
        }


@lru_cache(maxsize=1024)
def status_of(flags: tuple[int, ...], reversion_s: int) -> int:
    """Return the status that `FLAGS`, and LocRemCtl where there is one, come to; the loop writes `reversion_s`."""
    state, inverter, alarm, enabled, mode, reverts_to, reverts_on, time_s, *local = flags
    status = ANSWERED
    if not 0 < time_s <= reversion_s or (reverts_on == 1 and reverts_to not in NOWHERE):
        status |= LINGERS
    if not local or local[0] in {0, 0xFFFF}:  # 0: remote; devices without 715 take orders
        status |= REMOTE
    if alarm not in NO_ALARM:
        status |= ALARM
    if state == 0 or inverter in OFF_STATES:
        status |= STOPPED
    if enabled == 1 and mode == WATTS:
        status |= ENABLED
    return status


@makes.part("sunspec")
@dataclass(frozen=True, slots=True, kw_only=True)
class SunSpec:
    """Units that speak SunSpec Modbus with models 701, 702, 704 and 713; 715 where they have it."""

    kind: ClassVar[str] = "sunspec"

    async def find(self, link: Link, settings: Wanted, /) -> SunSpecUnit:
        """Walk the models, read scale factors and ratings.

        Raises
        ------
        FieldError
            No SunSpec, a model is missing, a scale factor, rating, set point or reversion time is not implemented, or
            a rating is zero.
        """
        blocks = {b.model: b for b in reversed(await discover(link.registers, link.unit))}
        absent = [str(n) for n in NEEDED if n not in blocks]
        if absent:
            have = ", ".join(map(str, sorted(blocks)))
            raise FieldError(f"{settings.name}: has no SunSpec model {', '.join(absent)} (it has {have})")
        used = {n: blocks[n] for n in (*NEEDED, 715) if n in blocks}
        read = {n: (await read_block(link.registers, link.unit, b))[1] for n, b in used.items()}
        found = {n: (b.address, b.length, counted(model(n), read[n])) for n, b in used.items()}
        look = _Look(settings.name, found, read)
        rating_w, energy_j = _rated(look, settings)
        look.can("WSetEna", "WSetRvrtTms")
        kept = tuple(int(look.raw(704, name)) for name in KEPT)
        if rating_w >= 2.0**31 * 10.0 ** look.scales()["704.WSet"]:
            raise FieldError(f"{settings.name}: WSet of model 704 cannot hold {rating_w:g} W in its steps")
        return _unit(found, look.scales(), (kept[0], kept[1]), rating_w, energy_j, settings.reversion_s)

    @staticmethod
    def restore(facts: Mapping[str, Any], /) -> SunSpecUnit:
        """Make the unit that gave these facts."""
        blocks = {int(k): (int(a), int(n), dict(c)) for k, (a, n, c) in facts["blocks"].items()}
        kept = int(facts["kept"][0]), int(facts["kept"][1])
        return _unit(
            blocks,
            dict(facts["scales"]),
            kept,
            float(facts["rating_w"]),
            float(facts["energy_j"]),
            int(facts["reversion_s"]),
        )


SCALED: Mapping[int, tuple[str, ...]] = {
    701: ("W", "Hz"),
    702: ("WMax", "WChaRteMax", "WDisChaRteMax"),
    704: ("WSet",),
    713: ("SoC", "WHRtg"),
}


class _Look:
    """The blocks of one unit, read once."""

    def __init__(self, name: str, found: Mapping[int, Any], read: Mapping[int, bytes]) -> None:
        self.name, self._read = name, read
        self.layouts = {n: layout(n, found[n]) for n in read}

    def raw(self, number: int, point: str) -> float:
        place_ = self.layouts[number][point]
        value: float = unpack_from(f">{CODES[place_.point.type]}", self._read[number], 2 * place_.offset)[0]
        return value

    def scales(self) -> dict[str, int]:
        """Return the powers of ten of all that is used.

        Raises
        ------
        FieldError
            One is not implemented, or none that a device could mean.
        """
        out = {}
        for number, points in SCALED.items():
            for point in points:
                name = str(self.layouts[number][point].point.scale)
                power = int(self.raw(number, name))
                if not -10 <= power <= 10:
                    what = "is not implemented" if power == -0x8000 else f"is {power}"
                    raise FieldError(
                        f"{self.name}: scale factor {name} of model {number} {what}: {point} cannot be understood"
                    )
                out[f"{number}.{point}"] = power
        return out

    def can(self, *points: str) -> None:
        """Refuse a device that lacks points of 704: what is written there would be lost, and nobody would know."""
        for point in points:
            raw = self.raw(704, point)
            if raw in {0xFFFF, 0xFFFFFFFF}:
                raise FieldError(
                    f"{self.name}: {point} of model 704 is not implemented: a set point would not be taken, "
                    "or not expire"
                )

    def scaled(self, number: int, point: str) -> float | None:
        """Return a value of the device; None where it says that it has none."""
        raw = self.raw(number, point)
        return None if raw == 0xFFFF else raw * 10.0 ** self.scales()[f"{number}.{point}"]


def _rated(look: _Look, settings: Wanted) -> tuple[float, float]:
    """Return rating [W] and energy [J]: of the settings where they say so, never above what the unit says."""
    most = [v for v in (look.scaled(702, p) for p in ("WMax", "WChaRteMax", "WDisChaRteMax")) if v is not None]
    told_w = min(most, default=None)
    told_wh = look.scaled(713, "WHRtg")
    told_j = None if told_wh is None else told_wh * J_PER_WH
    given = (("power", "WMax", 702, settings.rating_w, told_w), ("energy", "WHRtg", 713, settings.energy_j, told_j))
    out = []
    for what, point, number, own, told in given:
        known = [v for v in (own, told) if v is not None]
        if not known or not min(known) > 0.0:
            how = "says none" if told is None else "is 0"
            raise FieldError(f"{look.name}: rated {what} ({point} of model {number}) {how}; give it in the settings")
        out.append(min(known))
    return out[0], out[1]


def _limits(rating_w: float) -> dict[Point, tuple[float, float]]:
    """Return what values can be; beyond it they are a broken measurement."""
    most = 1.5 * rating_w  # no inverter gives more, even for a moment
    return {
        Point.POWER_W: (-most, most),
        Point.SOC_FRAC: (0.0, 1.0),
        Point.SET_W: (-2 * most, 2 * most),
        Point.FREQUENCY_HZ: HERTZ,
    }


def _unit(
    blocks: Mapping[int, tuple[int, int, Mapping[str, int]]],
    scales: Mapping[str, int],
    kept: tuple[int, int],
    rating_w: float,
    energy_j: float,
    reversion_s: int,
) -> SunSpecUnit:
    places = Places(blocks, scales)
    limits = _limits(rating_w)
    fields = {int(p): places.scaled(*where, limits.get(p, ANY)) for p, where in PLACES.items()}
    if 715 in blocks:
        # one that 715 leaves out reads all ones, and is no heart that stands still
        fields[int(Point.HEARTBEAT)] = replace(places.flag(715, "DERHb"), absent=True)
    (set_at, _), (last, size) = places.at(704, BLOCK[0]), places.at(704, BLOCK[1])
    beat_at = places.at(715, "ControllerHb")[0] if 715 in blocks else None
    most, marks = places.scaled(702, MOST, 1.0), places.marks()
    flags = tuple(places.flag(n, name) for name, n in places.flags.items() if name != "DERHb")
    beat = [fields[Point.HEARTBEAT]] if Point.HEARTBEAT in fields else []
    values = [*(fields[int(p)] for p in sorted(PLACES)), most, *beat]
    fixed = {(f.read, f.at, f.code): expected for f, expected in marks}
    return SunSpecUnit(
        blocks=blocks,
        scales=scales,
        kept=kept,
        rating_w=rating_w,
        energy_j=energy_j,
        reversion_s=reversion_s,
        reads=places.reads,
        fields=fields,
        most=most,
        flags=flags,
        marks=marks,
        usual=ordinary(places.reads, values, flags, fixed),
        step_w=10.0 ** scales["704.WSet"],
        set_at=set_at,
        beat_at=beat_at,
        writable=((set_at, last + size - set_at), *(((beat_at, 2),) if beat_at is not None else ())),
    )
