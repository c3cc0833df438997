"""What every policy and every make of battery units must keep; new ones are picked up by name."""

from __future__ import annotations

import asyncio
import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.settings import default_texts, read
from gigasite.field.battery.device import Link, Wanted, makes, within
from gigasite.field.battery.image import POINTS, Point, Quality, Status
from gigasite.field.battery.policy import policies
from gigasite.field.battery.request import Request, arbitrate
from gigasite.field.emulator.direct import Direct
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.power.controller import Seen

SETTINGS = {"source-limit": {"floor": "10 MW", "ceiling": "90 MW"}}
seen = st.builds(
    Seen,
    time_s=st.floats(0, 1e6),
    load_w=st.floats(0, 1e9),
    frequency_hz=st.floats(40, 70),
    nominal_hz=st.just(60.0),
    soc_frac=st.floats(0, 1),
    source_w=st.floats(-1e9, 1e9),
    dt_s=st.floats(0.01, 1),
    rating_w=st.floats(0, 1e9),
    energy_j=st.floats(1, 1e13),
)


@pytest.mark.parametrize("name", policies.names())
@given(seen=seen)
def test_a_policy_asks_for_something_that_can_be_granted(name: str, seen: Seen) -> None:
    part = read(policies[name], SETTINGS.get(name, {}))
    asked = part.requests(seen)
    for r in asked:
        assert isinstance(r, Request)
        assert r.priority > 0  # 0 is the guard's
        assert r.low_w <= r.high_w
        assert r.power_w is None or math.isfinite(r.power_w)
    granted = arbitrate([*asked, Request(who="controller", priority=5, power_w=seen.rating_w)])
    assert math.isfinite(granted.power_w)
    assert part.requests(seen) == asked


@pytest.mark.parametrize("name", policies.names())
def test_a_policy_tells_its_settings(name: str) -> None:
    assert all(isinstance(v, str) for v in default_texts(policies[name]).values())
    assert policies[name].__doc__


MAP = """name,address,type,unit,role,access,low,high
power,40080,i16,,power_w,r,,
charge,40348,u16,,soc_frac,r,,
set point,40301,i32,W,set_w,rw,,
enable,40299,u16,,enable,rw,0,1
"""


async def found(name: str, folder: Path) -> Any:
    """Return a unit of this make at an emulated device; the map reads the emulator's SunSpec registers by address."""
    fleet = Fleet(FleetSettings(units=1, lockstep=True))
    (folder / "map.csv").write_text(MAP)
    given = {"file": str(folder / "map.csv")} if name == "csv-map" else {}
    link = Link(Direct(partial(fleet._one, 0), "unit"), 1)
    wanted = Wanted(name="unit", rating_w=1.9e6, energy_j=1e10, reversion_s=4)
    unit = await read(makes[name], given).find(link, wanted)
    answers = tuple([await link.read(*r) for r in unit.reads])
    return unit, answers, link


@pytest.mark.parametrize("name", makes.names())
def test_a_unit_is_made_again_from_its_facts_and_reads_the_same(name: str, tmp_path: Path) -> None:
    unit, answers, _ = asyncio.run(found(name, tmp_path))
    again = makes[name].restore(json.loads(json.dumps(unit.facts())))
    first, second = unit.decode(answers), again.decode(answers)
    assert first.status == second.status
    assert first.quality == second.quality
    assert len(first.values) == POINTS
    assert all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(first.values, second.values, strict=True))
    assert first.quality[Point.POWER_W] == Quality.GOOD
    assert first.status & Status.REMOTE
    assert again.setpoint(1e6, enable=True) == unit.setpoint(1e6, enable=True)


@pytest.mark.parametrize("name", makes.names())
def test_a_set_point_stays_within_its_registers_and_below_what_was_asked(name: str, tmp_path: Path) -> None:
    async def all_of_it() -> None:
        unit, _, link = await found(name, tmp_path)
        for power_w in (0.0, 1.0, -1.0, 123_456.7, -123_456.7, unit.rating_w, -unit.rating_w):
            for enable in (True, False):
                for write in unit.setpoint(power_w, enable=enable):
                    assert within(unit, write)
                    assert len(write.registers) % 2 == 0
            for write in unit.setpoint(power_w, enable=True):
                await link.write(*write)
            row = unit.decode(tuple([await link.read(*r) for r in unit.reads]))
            held = row.values[Point.SET_W]
            assert abs(held) <= abs(power_w) + 1e-6
            assert abs(held - power_w) <= unit.step_w + 1e-6
            assert row.status & Status.ENABLED
        beat = unit.beat(7)
        assert beat is None or within(unit, beat)

    asyncio.run(all_of_it())
