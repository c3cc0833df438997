"""Every fault of emulated devices: what a client sees of it, that no unit does what it must not, that it ends."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from gigasite._core.errors import FieldError, QuantityError
from gigasite._core.settings import Choice
from gigasite.field.emulator.fault import Event, fault_mistakes, fault_of, faults, pick
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.modbus.client import Client
from gigasite.field.sunspec.codec import values_of
from gigasite.field.sunspec.discover import Block, read_block

SET_W = 1_000_000
ENA, MEASURE, STORAGE, CONTROL = 40299, 40070, 40344, 40353
BLOCKS = {
    701: Block(model=701, address=40070, length=155),
    713: Block(model=713, address=40344, length=9),
    715: Block(model=715, address=40353, length=9),
}


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def loop_kind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both event loops: their clocks, resets and TLS differ."""
    if request.param == "asyncio":
        yield
        return
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    yield
    asyncio.set_event_loop_policy(None)


def order(set_w: int, time_s: int = 5) -> bytes:
    return struct.pack(">HHiihhHI", 1, 1, set_w, 0, 0, 0, 0, time_s)


async def until(true: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110  # what is waited for is a count, not an event
            await asyncio.sleep(0.003)


def play(scene: Callable[[Fleet, Client], Awaitable[None]], timeout_s: float = 0.06, **more: Any) -> None:
    async def all_of_it() -> None:
        settings = FleetSettings(**({"units": 3, "lockstep": True, "delay_s": (0.02, 0.02)} | more))
        async with Fleet(settings) as fleet:
            end = fleet.endpoints[1]
            client = Client(end.host, end.port, timeout_s=timeout_s, connect_timeout_s=0.1, retry_s=(0.005, 0.01))
            await client.connect()
            try:
                await client.write(end.unit, ENA, order(SET_W))
                await fleet.advance(1.0)
                assert float(fleet.power_w[1]) == pytest.approx(SET_W, rel=1e-3)
                await scene(fleet, client)
            finally:
                await client.close()

    asyncio.run(all_of_it())


async def model_of(client: Client, number: int, unit: int = 1) -> dict[str, Any]:
    layout, data = await read_block(client, unit, BLOCKS[number])
    return {k: v for k, v in values_of(layout, data).items() if v.good}


async def tried(client: Client, unit: int) -> FieldError | None:
    """One read and one write; the first failure."""
    both = client.read(unit, MEASURE, 20), client.write(unit, ENA, order(SET_W))
    for each in await asyncio.gather(*both, return_exceptions=True):
        if isinstance(each, FieldError):
            return each
        assert not isinstance(each, BaseException)
    return None


# kind -> settings, what transactions fail with (None: they do not)
WIRE: dict[str, tuple[dict[str, Any], set[str] | None]] = {
    "silent": ({}, {"timeout"}),
    "slow": ({"by": "120 ms"}, {"timeout"}),
    "lossy": ({"share": "100 %"}, {"timeout"}),
    "duplicate": ({}, None),
    "reorder": ({}, None),
    "wrong-transaction": ({}, {"timeout"}),
    "wrong-unit": ({}, {"mismatch"}),
    "wrong-function": ({}, {"mismatch"}),
    "wrong-length": ({}, {"protocol"}),
    "exception": ({"code": 6}, {"exception"}),
    "dribble": ({"gap": "100 us"}, None),
    "cut": ({}, {"reset", "closed"}),
    "noise": ({}, {"protocol", "timeout", "mismatch"}),
    "refuse": ({}, {"refused", "reset", "closed"}),
    "black-hole": ({}, {"timeout", "reset", "closed"}),
    "reboot": ({}, {"timeout", "reset", "closed"}),
}


@pytest.mark.parametrize("layout", ["ports", "unit-ids"])
@pytest.mark.parametrize("kind", WIRE)
def test_each_fault_of_the_line_has_its_name_and_ends(kind: str, layout: Any) -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        unit = fleet.endpoints[1].unit
        given, wanted = WIRE[kind]
        undo = await fleet.begin(fault_of(Choice(kind=kind, settings=given)), (1,))
        for _ in range(3):
            error = await tried(client, unit)
            if wanted is None:
                assert error is None
            elif kind == "lossy" or error is not None:
                assert error is not None
                assert error.kind in wanted, error
            await fleet.advance(0.1)
        assert wanted is None or (await tried(client, unit)) is not None
        await undo()
        await until(lambda: client.connected)
        async with asyncio.timeout(3.0):
            while await tried(client, unit) is not None:  # noqa: ASYNC110  # asking is the test
                await asyncio.sleep(0.01)
        await fleet.advance(0.5)
        assert float(fleet.power_w[1]) == pytest.approx(SET_W, rel=1e-3)
        assert float(fleet.units.most_frac.max()) <= 1.0

    play(scene, timeout_s=1.0 if kind == "dribble" else 0.06, layout=layout)


def test_others_of_a_fleet_do_not_notice() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        for kind in ("silent", "noise", "cut"):
            await fleet.begin(fault_of(Choice(kind=kind, settings={})), (0, 2))
        for _ in range(5):
            assert await tried(client, 2) is None

    play(scene, layout="unit-ids")


def test_late_duplicate_and_stray_answers_are_counted_and_never_taken() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        undo = await fleet.begin(fault_of(Choice(kind="slow", settings={"by": "80 ms", "jitter": "100 ms"})), (1,))
        for k in range(10):
            with suppress(FieldError):
                assert await client.read(1, 40000 + k, 1) == fleet.units.face.read(1, 40000 + k, 1, 3)
        await undo()
        await until(lambda: client.connected)
        assert client.stats.late_answers > 0

    play(scene)


VALUES: dict[str, tuple[dict[str, Any], int, str, Callable[[dict[str, Any]], bool]]] = {
    "not-implemented": ({"point": "W"}, 701, "W", lambda m: "W" not in m),
    "register": ({"point": "W", "value": 0x7FFF}, 701, "W", lambda m: m["W"].value == 3_276_700),
    "rescale": ({}, 701, "W", lambda m: m["W"].value == pytest.approx(SET_W, abs=600) and m["W_SF"].value == 3),
    "swapped-words": ({}, 701, "Hz", lambda m: m["Hz"].value > 1e6),
    "flipped-meter": ({}, 701, "W", lambda m: m["W"].value == pytest.approx(-SET_W, abs=101)),
    "soc": ({"to": "101 %"}, 713, "SoC", lambda m: m["SoC"].value == pytest.approx(101.0)),
    "frequency": ({}, 701, "Hz", lambda m: m["Hz"].value == 0.0),
    "frozen": ({}, 701, "W", lambda m: m["W"].value == pytest.approx(SET_W, abs=101)),
    "alarm": ({"bit": 7}, 701, "Alrm", lambda m: m["Alrm"].value == 128),
    "trip": ({}, 701, "InvSt", lambda m: m["InvSt"].value == 6 and m["W"].value == 0),
    "local": ({}, 715, "LocRemCtl", lambda m: m["LocRemCtl"].value == 1),
    "frozen-heartbeat": ({}, 715, "DERHb", lambda m: m["DERHb"].value == 1),
}


@pytest.mark.parametrize("kind", VALUES)
def test_each_fault_of_values_shows_and_ends(kind: str) -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        given, number, point, shows = VALUES[kind]
        before = await model_of(client, number)
        undo = await fleet.begin(fault_of(Choice(kind=kind, settings=given)), (1,))
        if kind == "frozen":
            await client.write(1, ENA, order(0))
        await fleet.advance(2.5)
        seen = await model_of(client, number)
        assert shows(seen), seen.get(point)
        await undo()
        await fleet.advance(1.5)
        after = await model_of(client, number)
        still = {"DERHb", "SoC", "W", "WSetRvrtRem", "VA", "TotWhInj", "WHAvail"}
        assert {k: v for k, v in after.items() if k not in still} == {k: v for k, v in before.items() if k not in still}
        if kind == "frozen":
            assert after["W"].value == pytest.approx(0.0, abs=101)
        assert float(fleet.units.most_frac.max()) <= 1.0

    play(scene)


@pytest.mark.parametrize(
    ("kind", "given", "power_w"),
    [
        ("deaf", {}, SET_W), ("backwards", {}, 5e5), ("weak", {"share": "50 %"}, -2.5e5), ("local", {}, 0.0), ("trip", {}, 0.0),
        ("watchdog", {"behaviour": "none"}, -5e5), ("second-master", {"set": "-100 kW"}, -1e5),
        ("spent", {"to": "5 %"}, -5e5), ("crowded", {}, -5e5), ("reset", {}, SET_W),
    ],
)  # fmt: skip
def test_each_fault_of_the_unit_does_what_it_says(kind: str, given: dict[str, Any], power_w: float) -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        undo = await fleet.begin(fault_of(Choice(kind=kind, settings=given)), (1,))
        failed = False
        try:
            await client.write(1, ENA, order(-500_000))
        except FieldError:
            failed = True
        assert failed == (kind == "reset")
        await fleet.advance(1.0)
        assert float(fleet.power_w[1]) == pytest.approx(power_w, rel=2e-3, abs=1.0)
        if kind == "crowded":
            other = Client("127.0.0.1", fleet.endpoints[1].port, timeout_s=0.1)
            with suppress(FieldError):
                await other.connect()
                await other.read(1, MEASURE, 2)
                pytest.fail("no room, and yet served")
            await other.close()
        await undo()
        await until(lambda: client.connected)
        assert await tried(client, 1) is None
        await fleet.advance(1.0)
        if kind != "spent":
            assert float(fleet.power_w[1]) == pytest.approx(SET_W, rel=1e-3)

    play(scene)


@pytest.mark.parametrize(("factor", "gone_s"), [(0.5, 2.5), (2.0, 10.0)])
def test_a_watchdog_may_be_early_or_late(factor: float, gone_s: float) -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        await fleet.begin(fault_of(Choice(kind="watchdog", settings={"factor": factor})), (1,))
        await client.write(1, ENA, order(SET_W))
        await fleet.advance(gone_s - 0.1)
        assert float(fleet.power_w[1]) > 0.0
        await fleet.advance(0.4)
        assert float(fleet.power_w[1]) == pytest.approx(0.0, abs=1.0)

    play(scene)


def test_a_reversion_time_that_is_raised_reads_back_so_and_is_kept() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        undo = await fleet.begin(fault_of(Choice(kind="long-reversion", settings={"least": "12 s"})), (1,))
        await client.write(1, ENA, order(SET_W))
        await fleet.advance(0.1)
        at = fleet.sunspec.address(704, "WSetRvrtTms")
        assert struct.unpack(">I", await client.read(1, at, 2)) == (12,)
        await fleet.advance(10.9)
        assert float(fleet.power_w[1]) > 0.0
        await fleet.advance(1.6)
        assert float(fleet.power_w[1]) == pytest.approx(0.0, abs=1.0)
        await undo()
        await client.write(1, ENA, order(SET_W))
        await fleet.advance(5.5)
        assert float(fleet.power_w[1]) == pytest.approx(0.0, abs=1.0)

    play(scene)


ENERGY, ENERGY_SIZE = 40089, 4
"""TotWhInj of 701."""


def test_torn_values_are_words_of_two_moments_and_end() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        assert fleet.sunspec.long()["701.TotWhInj"] == (ENERGY, ENERGY_SIZE)
        set_w = fleet.sunspec.address(704, "WSet")
        given = {"point": "704.WSet", "age": "200 ms"}
        undo = await fleet.begin(fault_of(Choice(kind="torn", settings=given)), (1,))
        assert struct.unpack(">i", await client.read(1, set_w, 2)) == (SET_W,)  # nothing is known of its past
        await fleet.advance(0.3)
        await client.write(1, ENA, order(-500_000))
        torn = int.from_bytes(SET_W.to_bytes(4, "big")[:2] + (-500_000).to_bytes(4, "big", signed=True)[2:], "big")
        assert struct.unpack(">i", await client.read(1, set_w, 2)) == (torn,)  # 1,007,328: neither of both
        assert struct.unpack(">h", await client.read(1, set_w, 1)) == (-8,)  # a single register cannot be torn
        await fleet.advance(0.3)
        assert struct.unpack(">i", await client.read(1, set_w, 2)) == (-500_000,)
        await client.write(1, ENA, order(SET_W))
        await undo()
        assert struct.unpack(">i", await client.read(1, set_w, 2)) == (SET_W,)

    play(scene)


def test_a_torn_counter_of_energy_loses_its_carry() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        fleet.units.given_j[1] = 65_500 * 3600.0
        await fleet.begin(fault_of(Choice(kind="torn", settings={"age": "1 s", "share": "50 %"})), (1,))
        seen, true = set(), set()
        for _ in range(30):
            await fleet.advance(0.02)
            true.add(round(float(fleet.units.given_j[1]) / 3600.0))
            seen.add(int.from_bytes(await client.read(1, ENERGY, ENERGY_SIZE), "big"))
        assert min(seen) < 1000  # 65,536 Wh with the high word of before
        assert seen & true
        assert min(true) > 65_000

    play(scene)


def test_cached_answers_are_of_different_moments_and_go_on() -> None:
    async def scene(fleet: Fleet, client: Client) -> None:
        undo = await fleet.begin(fault_of(Choice(kind="cached", settings={"every": "2500 ms"})), (1,))
        ranges = [(fleet.sunspec.address(715, "DERHb"), 2), (fleet.sunspec.address(802, "Hb"), 1)]
        seen = []
        for _ in range(12):
            seen.append([int.from_bytes(await client.read(1, *r), "big") for r in ranges])
            await fleet.advance(1.0)
        assert any(a != b for a, b in seen)
        for k in (0, 1):
            told = [pair[k] for pair in seen]
            assert told == sorted(told)  # a cache does not go back in time
            assert 3 < len(set(told)) < 8
        await undo()
        now = [int.from_bytes(await client.read(1, *r), "big") for r in ranges]
        assert now == [int(fleet.units.heartbeat[1])] * 2

    play(scene)


def test_every_kind_is_tried_and_its_settings_are_checked() -> None:
    unit = {"deaf", "backwards", "weak", "watchdog", "long-reversion", "second-master", "spent", "crowded", "reset"}
    assert set(faults.names()) == set(WIRE) | set(VALUES) | unit | {"torn", "cached"}
    for kind in faults.names():
        assert fault_mistakes(Choice(kind=kind, settings={"nonsense": 1}))[0][0] == "nonsense"
        assert fault_mistakes(Choice(kind=kind, settings={})) == []
    assert fault_mistakes(Choice(kind="watchdog", settings={"behaviour": "strickt"}))
    for text in ("0", "4", "2-1", "x", "", "0 %", "200 %"):
        with pytest.raises(QuantityError):
            pick(text, 3)
    assert pick("all", 3) == pick("1-3", 3) == (0, 1, 2)


def test_a_script_begins_and_ends_on_the_fleets_clock() -> None:
    async def states() -> list[list[bool]]:
        trip = fault_of(Choice(kind="trip", settings={}))
        events = [
            Event(at_s=0.5, for_s=0.5, units=(0,), fault=trip),
            Event(at_s=0.0, for_s=None, units=(1,), fault=trip),
        ]
        seen = []
        async with Fleet(FleetSettings(units=2, lockstep=True), events) as fleet:
            for _ in range(5):
                seen.append(fleet.units.controls.tripped.tolist())
                await fleet.advance(0.3)
        return seen

    assert asyncio.run(states()) == [[False, True], [False, True], [True, True], [True, True], [False, True]]
