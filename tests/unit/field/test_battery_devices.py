"""Units of a make: the quick way through ordinary answers against the careful one, whatever the registers hold."""

from __future__ import annotations

import asyncio
import math
from functools import cache, partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.field.battery.device import Link, Wanted
from gigasite.field.battery.devices.sunspec import SunSpec
from gigasite.field.battery.image import Point, Quality
from gigasite.field.emulator.direct import Direct
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings

WORDS = (0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x0003, 0x0064, 701)


async def _read(*, control: bool) -> tuple[Any, tuple[bytes, ...]]:
    fleet = Fleet(FleetSettings(units=1, lockstep=True))
    if not control:
        # a device whose chain ends before 715
        face = fleet.sunspec
        face.image[0, face.starts[715]] = 64001
    link = Link(Direct(partial(fleet._one, 0), "unit"), 1)
    unit = await SunSpec().find(link, Wanted(name="unit", rating_w=None, energy_j=None, reversion_s=4))
    return unit, tuple([await link.read(*r) for r in unit.reads])


@cache
def answered(*, control: bool) -> tuple[Any, tuple[bytes, ...]]:
    return asyncio.run(_read(control=control))


def places(unit: Any) -> list[tuple[int, int]]:
    """Return answer and byte of every register that means anything to the loop."""
    fields = [*unit.fields.values(), *unit.flags, unit.most, *(f for f, _ in unit.marks)]
    scales = [f.scale[:2] for f in fields if f.scale is not None]
    return sorted(
        {(f.read, f.at + more) for f in fields for more in ((0, 2) if f.code in "iI" else (0,))} | set(scales)
    )


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


@pytest.mark.parametrize("control", [True, False], ids=["715", "no-715"])
@given(data=st.data())
def test_the_quick_way_says_what_the_careful_way_says(data: st.DataObject, *, control: bool) -> None:
    unit, plain = answered(control=control)
    raw = [bytearray(a) for a in plain]
    changes = data.draw(
        st.lists(
            st.tuples(st.sampled_from(places(unit)), st.sampled_from(WORDS) | st.integers(0, 0xFFFF)),
            max_size=4,
        )
    )
    for (read, at), word in changes:
        raw[read][at : at + 2] = word.to_bytes(2, "big")
    answers = tuple(map(bytes, raw))
    quick, careful = unit.decode(answers), unit.decode_carefully(answers)
    assert quick.quality == careful.quality
    assert quick.status == careful.status
    assert all(map(same, quick.values, careful.values))


@pytest.mark.parametrize("control", [True, False], ids=["715", "no-715"])
def test_an_emulated_units_answers_are_ordinary(*, control: bool) -> None:
    unit, plain = answered(control=control)
    assert unit.usual.take(plain) is not None
    row = unit.decode(plain)
    assert row.values[Point.FREQUENCY_HZ] == pytest.approx(60.0)
    assert 0.0 < row.values[Point.SOC_FRAC] < 1.0
    assert row.values[Point.DISCHARGE_W] == pytest.approx(1.927e6, rel=1e-3)
    assert (row.quality[Point.HEARTBEAT] == Quality.GOOD) == control


def test_every_heartbeat_comes_once_a_second_and_they_are_spread() -> None:
    from gigasite.field.battery.loop import Loop

    class Rig:
        units = tuple(range(168))
        meter = None

    loop = Loop(None, Rig(), 0.1)  # type: ignore[arg-type]
    sent: dict[int, list[int]] = {i: [] for i in range(168)}
    most = 0
    for k in range(100):
        due = loop._due(0.1 * k)
        most = max(most, len(due))
        for i, count in due.items():
            sent[i].append(count)
    assert all(counts in (list(range(1, 10)), list(range(1, 11))) for counts in sent.values())
    assert most <= 18
