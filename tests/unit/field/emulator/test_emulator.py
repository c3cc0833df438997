"""Emulated units: physics that cannot be beaten, watchdogs that differ, registers that any client reads."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import FieldError, UnknownPartError
from gigasite.field.emulator import unit
from gigasite.field.emulator.fault import Event
from gigasite.field.emulator.faults.values import Register
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.registers import SunspecFace
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.units import Units
from gigasite.field.emulator.watchdog import WATCHDOGS
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.frames import ILLEGAL_ADDRESS, ILLEGAL_VALUE
from gigasite.field.sunspec.codec import values_of
from gigasite.field.sunspec.discover import discover, read_block

KIND = unit.UnitKind()


def units(count: int = 1, **more: Any) -> tuple[Units, SunspecFace]:
    made = Units(FleetSettings(units=count, **({"delay_s": (0.02, 0.02)} | more)), SunspecFace)
    assert isinstance(made.face, SunspecFace)
    return made, made.face


def run(u: Units, seconds: float) -> None:
    for _ in range(round(seconds / u.tick_s)):
        u.tick()


def order(set_w: float, *, time_s: int = 0, revert_w: float = 0.0, revert: int = 0, on: int = 1) -> bytes:
    """The block from WSetEna to WSetRvrtTms."""
    return struct.pack(">HHiihhHI", on, 1, round(set_w), round(revert_w), 0, 0, revert, time_s)


def command(target: float, n: int = 1, **more: Any) -> unit.Command:
    filled = {"limit_w": KIND.rating_w, "ramp_w_per_s": math.inf, "droop_w": 0.0, "droop_lag_s": 0.1} | more
    arrays = {k: np.full(n, v) for k, v in filled.items() if k != "closed"}
    return unit.Command(target_w=np.full(n, target), closed=np.full(n, more.get("closed", True)), **arrays)


# ---- physics


@given(
    st.lists(
        st.tuples(st.floats(-1e8, 1e8), st.floats(1e3, 1e8), st.booleans(), st.floats(-1e7, 1e7)),
        min_size=1,
        max_size=60,
    ),
    st.floats(0, 1),
    st.sampled_from([0.01, 0.5, 60.0]),
)
def test_no_command_breaks_rating_window_or_energy(
    script: list[tuple[float, float, bool, float]], soc: float, dt_s: float
) -> None:
    state = unit.start(KIND, np.array([soc]))
    for target, ramp, closed, droop in script:
        low, high = unit.possible(KIND, state, np.array([KIND.rating_w]))
        state = unit.step(KIND, state, command(target, ramp_w_per_s=ramp, closed=closed, droop_w=droop), dt_s)
        assert low[0] - 1e-6 <= state.power_w[0] <= high[0] + 1e-6
        assert closed or state.power_w[0] == 0.0
        assert 0.0 <= state.energy_j[0] <= KIND.energy_j
        assert abs(state.power_w[0]) <= KIND.rating_w * (1 + 1e-12)


def test_ramp_then_lag() -> None:
    """1 MW at 10 MW/s takes 0.1 s; the inverter's lag of 20 ms is behind it."""
    state = unit.start(KIND, np.array([0.5]))
    powers = []
    for _ in range(20):
        state = unit.step(KIND, state, command(1e6, ramp_w_per_s=1e7), 0.01)
        powers.append(float(state.power_w[0]))
    assert float(state.ramped_w[0]) == 1e6
    assert powers[9] == pytest.approx(1e6 - 1e7 * 0.02 / (math.exp(0.5) - 1) * 0.5, rel=0.02)  # steady lag of a ramp
    assert powers[-1] == pytest.approx(1e6, rel=0.01)


def test_a_round_trip_costs_what_it_should() -> None:
    kind = unit.UnitKind(auxiliary_w=0.0, lag_s=0.0)
    state = unit.start(kind, np.array([0.5]))
    out = back = 0.0
    while state.energy_j[0] > 0.4 * kind.energy_j:
        state = unit.step(kind, state, command(1e6), 1.0)
        out += float(state.power_w[0])
    while state.energy_j[0] < 0.5 * kind.energy_j:
        state = unit.step(kind, state, command(-1e6), 1.0)
        back -= float(state.power_w[0])
    assert out / back == pytest.approx(0.92, rel=2e-3)


def test_droop_answers_frequency_beside_the_set_point() -> None:
    u, face = units()
    at = face.at(711, "Ctl[0].DbOf") + 40000
    assert face.write(0, at, struct.pack(">IIHHI", 36, 36, 500, 500, 20)) == b""
    assert face.write(0, face.address(711, "Ena"), b"\x00\x01") == b""
    u.frequency_hz = 59.0
    run(u, 1.0)
    assert float(u.power_w[0]) == pytest.approx((1.0 - 0.036) / 60.0 / 0.05 * KIND.rating_w, rel=1e-3)
    assert face.write(0, at, struct.pack(">IIHHI", 36, 36, 0, 500, 20)) == ILLEGAL_VALUE


# ---- watchdogs


@pytest.mark.parametrize(
    ("name", "at_zero_s"),
    [("strict", 3.0), ("late", 4.0), ("any-write-counts", 3.0), ("setpoint-write-only", 3.0), ("none", None)],
)
def test_a_unit_that_nobody_writes_to_reverts_in_time(name: str, at_zero_s: float | None) -> None:
    u, face = units(watchdog=name)
    assert face.read(0, face.address(704, "WSetRvrtRem"), 2) == bytes(4)
    assert face.write(0, face.address(704, "WSetEna"), order(1e6, time_s=3)) == b""
    run(u, 2.8)
    assert float(u.power_w[0]) == pytest.approx(1e6, rel=1e-3)
    assert face.raw(0, 704, "WSetRvrtRem") is not None
    run(u, (at_zero_s or 10.0) - 2.8 - 0.1)
    assert float(u.power_w[0]) == pytest.approx(1e6, rel=1e-3)
    run(u, 0.4)
    left_w = 1e6 if at_zero_s is None else 0.0
    assert float(u.power_w[0]) == pytest.approx(left_w, abs=1.0)
    assert struct.unpack(">i", face.read(0, face.address(704, "WSet"), 2))[0] == 1_000_000  # the stale value reads back


@pytest.mark.parametrize(
    ("name", "write", "kept"),
    [
        ("strict", "heartbeat", False), ("any-write-counts", "heartbeat", True), ("setpoint-write-only", "heartbeat", False),
        ("strict", "enable", True), ("setpoint-write-only", "enable", False), ("any-write-counts", "enable", True),
        ("strict", "set", True), ("setpoint-write-only", "set", True),
    ],
)  # fmt: skip
def test_which_writes_keep_a_unit_alive(name: str, write: str, kept: Any) -> None:
    u, face = units(watchdog=name)
    face.write(0, face.address(704, "WSetEna"), order(1e6, time_s=2))
    for k in range(8):
        run(u, 0.5)
        if write == "heartbeat":
            face.write(0, face.address(715, "ControllerHb"), struct.pack(">I", k))
        elif write == "enable":
            face.write(0, face.address(704, "WSetEna"), b"\x00\x01")
        else:
            face.write(0, face.address(704, "WSet"), struct.pack(">i", 1_000_000))
    assert (float(u.power_w[0]) > 9e5) == kept


def test_reversion_value_and_return() -> None:
    u, face = units()
    face.write(0, face.address(704, "WSetEna"), order(1e6, time_s=1, revert=1, revert_w=-2e5))
    run(u, 1.5)
    assert float(u.power_w[0]) == pytest.approx(-2e5, rel=1e-3)
    face.write(0, face.address(704, "WSetEna"), order(5e5, time_s=1))
    run(u, 0.5)
    assert float(u.power_w[0]) == pytest.approx(5e5, rel=1e-3)
    assert set(WATCHDOGS) == {"strict", "late", "any-write-counts", "setpoint-write-only", "none"}


# ---- registers


def test_writes_are_taken_whole_or_not_at_all() -> None:
    u, face = units()
    ena = face.address(704, "WSetEna")
    assert face.write(0, ena, order(2e6)) == ILLEGAL_VALUE  # above the rating
    assert face.write(0, ena, order(1e6, on=7)) == ILLEGAL_VALUE
    assert face.write(0, ena, order(1e6) + b"\x00\x00") == ILLEGAL_ADDRESS  # the time left is not writable
    assert face.write(0, face.address(701, "W"), b"\x00\x00") == ILLEGAL_ADDRESS
    assert face.write(0, face.address(715, "OpCtl"), b"\x00\x09") == ILLEGAL_VALUE
    assert face.read(0, 39999, 1) == ILLEGAL_ADDRESS
    assert face.read(0, 40000 + face.size, 1) == ILLEGAL_ADDRESS
    run(u, 1.0)
    assert float(u.power_w[0]) == 0.0
    assert face.read(0, ena, 1) == b"\x00\x00"


def test_stop_start_disconnect_alarm_limit_and_percent() -> None:
    u, face = units()
    face.write(0, face.address(704, "WSetEna"), order(1e6))
    run(u, 0.5)
    for model, point, off, on in ((715, "OpCtl", 0, 1), (802, "SetOp", 2, 1)):
        face.write(0, face.address(model, point), struct.pack(">H", off))
        run(u, 0.5)
        assert float(u.power_w[0]) == pytest.approx(0.0, abs=1.0)
        face.write(0, face.address(model, point), struct.pack(">H", on))
        run(u, 0.5)
        assert float(u.power_w[0]) == pytest.approx(1e6, rel=1e-3)
    u.controls.tripped[0] = True
    run(u, 0.1)
    assert float(u.power_w[0]) == 0.0
    face.write(0, face.address(715, "AlarmReset"), b"\x00\x01")
    face.write(0, face.address(704, "WMaxLimPctEna"), struct.pack(">HH", 1, 2500))
    run(u, 0.5)
    assert float(u.power_w[0]) == pytest.approx(0.25 * KIND.rating_w, rel=1e-3)
    face.write(0, face.address(704, "WMaxLimPctEna"), struct.pack(">HH", 0, 2500))
    face.write(0, face.address(704, "WSetEna"), struct.pack(">HHiihh", 1, 0, 0, 0, -1000, 0))
    run(u, 0.5)
    assert float(u.power_w[0]) == pytest.approx(-0.1 * KIND.rating_w, rel=1e-3)


def test_delay_is_the_units_own_and_within_what_was_asked() -> None:
    u, face = units(20, delay_s=(0.02, 0.2), seed=3)
    assert 0.02 <= u.delay_s.min() < 0.06
    assert 0.15 < u.delay_s.max() <= 0.2
    for i in range(20):
        face.write(i, face.address(704, "WSetEna"), order(1e6))
    moved = np.zeros(20)
    for _ in range(30):
        u.tick()
        moved[(u.power_w > 0) & (moved == 0)] = u.time_s
    assert np.allclose(moved, u.delay_s + u.tick_s)
    again, _ = units(20, delay_s=(0.02, 0.2), seed=3)
    assert np.array_equal(again.delay_s, u.delay_s)


# ---- fleet


@pytest.mark.parametrize("layout", ["ports", "unit-ids"])
def test_a_client_finds_reads_and_commands_units_in_lock_step(layout: Any) -> None:
    async def play() -> None:
        settings = FleetSettings(units=3, layout=layout, lockstep=True, soc_spread_frac=0.2, seed=5)
        async with Fleet(settings) as fleet:
            for i, end in enumerate(fleet.endpoints):
                client = Client(end.host, end.port, timeout_s=2.0)
                await client.connect()
                blocks = await discover(client, end.unit)
                assert [b.model for b in blocks] == [1, 701, 702, 704, 713, 715, 802, 711]
                at = {b.model: b.address for b in blocks}
                assert at[704] + 24 == 40301
                await client.write(end.unit, at[704] + 22, order((i + 1) * 1e5, time_s=60))
                await fleet.advance(1.0)
                read = {}
                for block in blocks:
                    layout_, data = await read_block(client, end.unit, block)
                    read[block.model] = values_of(layout_, data)
                assert read[701]["W"].value == pytest.approx((i + 1) * 1e5, abs=51.0)
                assert read[701]["Hz"].value == pytest.approx(60.0)
                assert read[713]["SoC"].value == pytest.approx(100 * fleet.soc_frac[i], abs=0.01)
                assert read[702]["WMax"].value == 1.927e6
                assert read[713]["WHRtg"].value == pytest.approx(3.854e6, abs=100.0)
                assert read[715]["DERHb"].value == i + 1
                assert read[704]["WSetRvrtRem"].value == 59
                await client.close()
            assert fleet.total_w() == pytest.approx(6e5, rel=1e-3)
            assert len(set(fleet.soc_frac)) == 3
            assert [w.code for w in fleet.units.written] == [0, 0, 0]

    asyncio.run(play())


def test_real_time_moves_by_itself_and_lock_step_does_not() -> None:
    async def play() -> None:
        async with Fleet(FleetSettings(lockstep=False)) as fleet:
            with pytest.raises(FieldError, match="lockstep"):
                await fleet.advance(1.0)
            async with asyncio.timeout(5.0):
                while fleet.time_s < 0.05:  # noqa: ASYNC110  # time itself is what is waited for
                    await asyncio.sleep(0.01)
        async with Fleet(FleetSettings(lockstep=True)) as fleet:
            await asyncio.sleep(0.03)
            assert fleet.time_s == 0.0
            await fleet.advance(0.025)
            assert fleet.time_s == pytest.approx(0.02)
            await fleet.advance(0.005)
            assert fleet.time_s == pytest.approx(0.03)

    asyncio.run(play())


def test_a_fault_that_cannot_begin_ends_time_with_its_reason() -> None:
    async def play() -> None:
        event = Event(at_s=0.01, for_s=None, units=(0,), fault=Register(model=704, point="WSet"))
        async with Fleet(FleetSettings(), [event]) as fleet, asyncio.timeout(5.0):
            await fleet.ended()

    with pytest.raises(FieldError, match="is what clients write"):
        asyncio.run(play())


@pytest.mark.parametrize(
    "wrong",
    [
        {"units": 0},
        {"units": 248, "layout": "unit-ids"},
        {"tick_s": 0.0},
        {"delay_s": (0.3, 0.1)},
        {"port": 65530, "units": 10},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        FleetSettings(**wrong)
    with pytest.raises(UnknownPartError, match="did you mean 'strict'"):
        FleetSettings(watchdog="strickt")


def test_a_taken_port_is_an_error_with_its_name() -> None:
    async def play() -> None:
        async with Fleet(FleetSettings()) as first:
            port = first.endpoints[0].port
            with pytest.raises(FieldError, match=str(port)):
                async with Fleet(FleetSettings(port=port)):
                    pass

    asyncio.run(play())
