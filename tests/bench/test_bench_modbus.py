"""CPU of a transaction: our client beside pymodbus' and pysunspec2's in one run, and what emulated units cost."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sunspec2.modbus.client
import uvloop
from pymodbus.client import AsyncModbusTcpClient

from gigasite.field.modbus.client import Client

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

UNITS = 168
ORDER = struct.pack(">HHiihhHI", 1, 1, 100_000, 0, 0, 0, 0, 30)
WORDS = list(struct.unpack(">11H", ORDER))
MEASURE, ENA, REGISTERS = 40070, 40299, 60
Many = Callable[[list[int], int], Awaitable[int]]


def _cpu_s(pid: int) -> float:
    """User and system time of a process."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(scope="module")
def fleet() -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    code = "from gigasite.show.cli import main; main()"
    command = [sys.executable, "-c", code, "battery", "emulate", "--units", str(UNITS), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        ports = [e["port"] for e in json.loads(made.stdout.readline())["endpoints"]]
        yield made, ports
        made.send_signal(signal.SIGTERM)


async def ours(ports: list[int], rounds: int) -> int:
    clients = [Client("127.0.0.1", p, timeout_s=10.0) for p in ports]
    await asyncio.gather(*(c.connect() for c in clients))
    for _ in range(rounds):
        await asyncio.gather(*(c.read(1, MEASURE, REGISTERS) for c in clients))
        await asyncio.gather(*(c.write(1, ENA, ORDER) for c in clients))
    done = sum(c.stats.answered for c in clients)
    await asyncio.gather(*(c.close() for c in clients))
    return done


async def pymodbus_(ports: list[int], rounds: int) -> int:
    clients = [AsyncModbusTcpClient("127.0.0.1", port=p, timeout=10.0, retries=0) for p in ports]
    await asyncio.gather(*(c.connect() for c in clients))
    done = 0
    for _ in range(rounds):
        got: list[Any] = list(
            await asyncio.gather(*(c.read_holding_registers(MEASURE, count=REGISTERS) for c in clients))
        )
        got += await asyncio.gather(*(c.write_registers(ENA, WORDS) for c in clients))
        done += sum(not g.isError() for g in got)
    for c in clients:
        c.close()
    return done


async def pysunspec2_(ports: list[int], rounds: int) -> int:
    """It blocks: one device after the other."""
    devices = [sunspec2.modbus.client.SunSpecModbusClientDeviceTCP(slave_id=1, ipport=p, timeout=10.0) for p in ports]
    for d in devices:
        d.connect()
    for _ in range(rounds):
        for d in devices:
            d.read(MEASURE, REGISTERS)
            d.write(ENA, ORDER)
    for d in devices:
        d.disconnect()
    return 2 * rounds * len(devices)


def measured(many: Many, ports: list[int], rounds: int, *, fast: bool) -> tuple[float, float]:
    """CPU per transaction [us] and transactions per second."""
    factory = uvloop.new_event_loop if fast else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(many(ports, 2))  # connections of the operating system, imports
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        done = runner.run(many(ports, rounds))
        cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - wall_s
    assert done == 2 * rounds * len(ports)
    return 1e6 * cpu_s / done, done / wall_s


def test_bench_modbus_clients(
    fleet: tuple[subprocess.Popen[bytes], list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    process, ports = fleet
    rows = []
    for name, many, fast, rounds in (
        ("gigasite, uvloop", ours, True, 60),
        ("gigasite, asyncio", ours, False, 60),
        ("pymodbus, uvloop", pymodbus_, True, 20),
        ("pymodbus, asyncio", pymodbus_, False, 20),
        ("pysunspec2, one after the other", pysunspec2_, False, 20),
    ):
        for count in (1, 32, UNITS):
            before_s = _cpu_s(process.pid)
            times = rounds * UNITS // count // (1 if count > 1 else 8)
            us, rate = measured(many, ports[:count], times, fast=fast)
            server_us = 1e6 * (_cpu_s(process.pid) - before_s) / (2 * times * count)
            rows.append((name, count, us, rate, server_us))
    with capsys.disabled():
        print(
            f"\nPython {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, loopback; "
            f"a transaction reads {REGISTERS} registers or writes {len(WORDS)}; targets 40 us (uvloop), 90 us (asyncio)"
        )
        for name, count, us, rate, server_us in rows:
            print(f"  {name:32s} n={count:4d}  {us:6.1f} us CPU each  {rate:7.0f} /s   (emulator {server_us:5.1f} us)")


def test_bench_emulator_alone_and_at_10_hz(capsys: pytest.CaptureFixture[str]) -> None:
    """200 units, physics at 50 Hz, first nobody asking, then everybody read and written at 10 Hz."""
    code = "from gigasite.show.cli import main; main()"
    command = [sys.executable, "-c", code, "battery", "emulate", "--units", "200", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        ports = [e["port"] for e in json.loads(made.stdout.readline())["endpoints"]]

        async def asked(seconds: float) -> int:
            clients = [Client("127.0.0.1", p, timeout_s=2.0) for p in ports]
            await asyncio.gather(*(c.connect() for c in clients))
            end = asyncio.get_running_loop().time() + seconds
            while (now := asyncio.get_running_loop().time()) < end:
                await asyncio.gather(*(c.read(1, MEASURE, REGISTERS) for c in clients))
                await asyncio.gather(*(c.write(1, ENA, ORDER) for c in clients))
                await asyncio.sleep(max(0.0, now + 0.1 - asyncio.get_running_loop().time()))
            done = sum(c.stats.answered for c in clients)
            await asyncio.gather(*(c.close() for c in clients))
            return done

        time.sleep(1.0)
        start_s, wall_s = _cpu_s(made.pid), time.perf_counter()
        time.sleep(5.0)
        idle = (_cpu_s(made.pid) - start_s) / (time.perf_counter() - wall_s)
        start_s, wall_s = _cpu_s(made.pid), time.perf_counter()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            done = runner.run(asked(10.0))
        took_s = time.perf_counter() - wall_s
        busy = (_cpu_s(made.pid) - start_s) / took_s
        made.send_signal(signal.SIGTERM)
    with capsys.disabled():
        print(
            f"\n200 units at 50 Hz: {idle:.3f} cores alone, {busy:.3f} cores with {done / took_s:.0f} transactions/s; target 0.3"
        )
