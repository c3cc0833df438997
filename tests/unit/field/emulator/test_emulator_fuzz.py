"""Frames that are damaged, out of place or made to harm, against a unit's port: it serves on, and no power is unsafe."""

from __future__ import annotations

import asyncio
import random
import struct
from contextlib import suppress

import numpy as np
import pytest

from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.modbus import frames
from gigasite.field.modbus.client import Client


def _frame(dice: random.Random) -> bytes:
    """A request that is sound, harmful, or damaged."""
    address = dice.choice(
        [40299, 40301, 40277 + dice.randrange(67), 39990 + dice.randrange(470), dice.randrange(65000)]
    )
    kind = dice.randrange(4)
    if kind == 0:
        data = struct.pack(
            ">HHiihhHI", dice.randrange(3), dice.randrange(2), dice.randrange(-(2**31), 2**31), 0, 0, 0, 0, 9
        )
    elif kind == 1:
        data = dice.randbytes(2 * dice.randrange(1, 40))
    elif kind == 2:
        data = struct.pack(">HHiihhHI", 1, 1, dice.randrange(-1_900_000, 1_900_000), 0, 0, 0, 0, dice.randrange(1, 9))
    else:
        return _hurt(dice, frames.read_request(dice.randrange(65536), 1, address, dice.randrange(1, 126)))
    whole = frames.write_request(dice.randrange(65536), 1, 40299 if kind == 2 else address, data)
    return _hurt(dice, whole) if dice.random() < 0.5 else whole


def _hurt(dice: random.Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(dice.randrange(3)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data[: dice.randrange(1, len(data))]) if dice.random() < 0.1 else bytes(data)


async def _fuzz(count: int) -> None:
    dice = random.Random(11)
    async with Fleet(FleetSettings(units=1, lockstep=True, delay_s=(0.0, 0.02), soc_frac=0.07)) as fleet:
        end, kind, writer = fleet.endpoints[0], fleet.units.kind, None
        client = Client(end.host, end.port, timeout_s=5.0)
        await client.connect()
        for k in range(count):
            if writer is None or writer.transport.is_closing():
                reader, writer = await asyncio.open_connection(end.host, end.port)
            writer.write(_frame(dice))
            for _ in range(3):  # let the unit see it before the next
                await asyncio.sleep(0)
            if k % 20 == 0:
                await fleet.advance(0.05)
                low_w, high_w = -kind.rating_w, kind.rating_w
                assert low_w <= float(fleet.power_w[0]) <= high_w
                assert np.isfinite(fleet.power_w).all()
                assert fleet.soc_frac[0] > kind.low_frac or fleet.power_w[0] <= 0.0
                assert (await client.read(1, 40000, 2)) == b"SunS"
                with suppress(TimeoutError, OSError):
                    async with asyncio.timeout(0.0005):
                        await reader.read(65536)
        assert writer is not None
        writer.transport.abort()
        await client.close()
        done = [w for w in fleet.units.written if not w.code]
        assert len(done) > count / 50
        assert any(w.code for w in fleet.units.written)
        assert float(fleet.units.most_frac.max()) <= 1.0


def test_damaged_frames_make_no_unsafe_power() -> None:
    asyncio.run(_fuzz(5_000))


@pytest.mark.long  # 100,000 frames; fewer above
def test_very_many_damaged_frames_make_no_unsafe_power() -> None:
    asyncio.run(_fuzz(100_000))
