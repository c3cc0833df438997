"""Independent programs: mbpoll, pymodbus and pysunspec2 read and write emulated units; our client, pymodbus' server."""

from __future__ import annotations

import asyncio
import math
import shutil
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sunspec2.modbus.client
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gigasite._core.errors import FieldError
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.modbus.client import Client
from gigasite.field.sunspec.codec import values_of
from gigasite.field.sunspec.discover import discover, read_block

pytestmark = pytest.mark.peer

WSET = 40301


def on_fleet(scene: Callable[[Fleet], Awaitable[None]], **more: Any) -> None:
    async def all_of_it() -> None:
        async with Fleet(FleetSettings(**({"units": 2, "lockstep": True, "delay_s": (0.02, 0.02)} | more))) as fleet:
            async with asyncio.timeout(30.0):
                await scene(fleet)

    asyncio.run(all_of_it())


async def poll(port: int, *words: str) -> str:
    """Run mbpoll once against a port."""
    args = ("-m", "tcp", "-p", str(port), "-a", "1", "-0", "-1", *words)
    made = await asyncio.create_subprocess_exec(
        "mbpoll", *args, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await made.communicate()
    return out.decode()


@pytest.mark.skipif(shutil.which("mbpoll") is None, reason="mbpoll is not installed: make apt")
def test_mbpoll_reads_and_writes_a_unit() -> None:
    async def scene(fleet: Fleet) -> None:
        port = fleet.endpoints[0].port
        text = await poll(port, "-r", "40000", "-c", "4", "-t", "4:hex", "127.0.0.1")
        assert [line.split()[-1] for line in text.splitlines() if line.startswith("[400")] == [
            "0x5375",
            "0x6E53",
            "0x0001",
            "0x0042",
        ]
        assert "Written 1 references" in await poll(
            port, "-r", str(WSET), "-t", "4:int", "-B", "127.0.0.1", "--", "-1500000"
        )
        assert "Written 1 references" in await poll(port, "-r", "40299", "-t", "4", "127.0.0.1", "1")
        await fleet.advance(1.0)
        assert fleet.total_w() == pytest.approx(-1.5e6, rel=1e-3)
        text = await poll(port, "-r", str(WSET), "-c", "1", "-t", "4:int", "-B", "127.0.0.1")
        assert "-1500000" in text
        assert "Illegal data address" in await poll(port, "-r", "50000", "-c", "1", "-t", "4", "127.0.0.1")
        assert "Illegal data value" in await poll(
            port, "-r", str(WSET), "-t", "4:int", "-B", "127.0.0.1", "--", "-2500000"
        )

    on_fleet(scene)


def test_pymodbus_client_reads_writes_and_is_refused() -> None:
    async def scene(fleet: Fleet) -> None:
        client = AsyncModbusTcpClient("127.0.0.1", port=fleet.endpoints[0].port, timeout=2.0, retries=0)
        assert await client.connect()
        try:
            assert (await client.read_holding_registers(40000, count=125, device_id=2)).registers[:2] == [
                0x5375,
                0x6E53,
            ]
            words = list(struct.unpack(">11H", struct.pack(">HHiihhHI", 1, 1, 700_000, 0, 0, 0, 0, 30)))
            assert not (await client.write_registers(40299, words, device_id=2)).isError()
            await fleet.advance(0.5)
            assert float(fleet.power_w[1]) == pytest.approx(7e5, rel=1e-3)
            assert float(fleet.power_w[0]) == 0.0
            assert (await client.read_holding_registers(39000, count=1, device_id=2)).exception_code == 2
            assert (
                await client.write_register(40301, 1000, device_id=2)
            ).exception_code == 3  # half of an int32: 65 MW
            assert (await client.read_coils(0, count=1, device_id=2)).exception_code == 1
        finally:
            client.close()

    on_fleet(scene, layout="unit-ids")


def _scan(port: int) -> dict[str, Any]:
    device = sunspec2.modbus.client.SunSpecModbusClientDeviceTCP(
        slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5.0
    )
    try:
        device.scan()
        out = {
            f"{number}.{name}": p.cvalue
            for number in (701, 702, 704, 713, 715, 802)
            for name, p in device.models[number][0].points.items()
        }
        control = device.models[704][0]
        control.WSetMod.value, control.WSet.value = 1, -400_000
        control.write()
        control.WSetEna.value = 1
        control.write()
        return out
    finally:
        device.close()


def test_pysunspec2_scans_a_unit_reads_what_we_read_and_commands_it() -> None:
    async def scene(fleet: Fleet) -> None:
        end = fleet.endpoints[0]
        theirs = await asyncio.to_thread(_scan, end.port)
        client = Client(end.host, end.port, timeout_s=2.0)
        await client.connect()
        ours: dict[str, Any] = {}
        for block in await discover(client, 1):
            layout, data = await read_block(client, 1, block)
            ours |= {f"{block.model}.{k}": v.value for k, v in values_of(layout, data).items()}
        await client.close()
        compared = 0
        for name, value in theirs.items():
            if name.startswith("704.WSet") or value is None or isinstance(value, str):
                continue
            compared += 1
            assert math.isclose(ours[name], value, rel_tol=1e-9), name
        assert compared > 90
        await fleet.advance(0.5)
        assert float(fleet.power_w[0]) == pytest.approx(-4e5, rel=1e-3)

    on_fleet(scene)


def test_our_client_on_a_pymodbus_server() -> None:
    """That server answers the first of several requests in one segment only: one in flight is for such devices."""

    async def all_of_it() -> None:
        data = [SimData(0, values=list(range(200)), datatype=DataType.REGISTERS)]
        server = ModbusTcpServer(SimDevice(1, simdata=data), address=("127.0.0.1", 0))
        assert await server.serve_forever(background=True) is None
        port = server.transport.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        client = Client("127.0.0.1", port, timeout_s=2.0, in_flight=1)
        await client.connect()
        got = await asyncio.gather(*(client.read(1, a, 5) for a in range(40)))
        assert got == [struct.pack(">5H", *range(a, a + 5)) for a in range(40)]
        await client.write(1, 10, struct.pack(">3H", 7, 8, 9))
        assert await client.read(1, 9, 5) == struct.pack(">5H", 9, 7, 8, 9, 13)
        with pytest.raises(FieldError) as told:
            await client.read(1, 500, 1)
        assert (told.value.kind, told.value.code) == ("exception", 2)
        await client.close()
        await server.shutdown()

    asyncio.run(all_of_it())
