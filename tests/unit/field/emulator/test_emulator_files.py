"""Settings and scripts of emulated units: read, refused with their place; units that are not SunSpec; the verb."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from gigasite._core.errors import CampusFileError, FieldError, InputFileError
from gigasite.field.emulator.load import load_fleet
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.frames import READ_INPUT
from gigasite.field.sunspec.csv_map import read_map

MAP = """name,address,type,words,scale,unit,access,function,low,high,role
Power,10,i32,little,1,W,r,input,,,power_w
SoC,20,u16,,0.1,%,r,,,,soc_frac
State,21,u16,,,,r,,1,3,status
Set,30,i16,,1,kW,rw,,,,set_w
Run,31,u16,,,,rw,,170,204,enable
Beat,32,u16,,,,rw,,,,beat
"""


def test_a_file_becomes_a_fleet(tmp_path: Path) -> None:
    path, script = tmp_path / "emu.yaml", tmp_path / "faults.yaml"
    path.write_text(
        "emulator: x\nunits: 20\nkind: {model: megapack-2xl-4h, lag: 50 ms}\nsoc: 40 %\nwatchdog: late\nlayout: unit-ids\n"
        "faults:\n  - {at: 1 s, for: 2 s, units: 10 %, fault: {kind: trip}}\n",
        encoding="utf-8",
    )
    script.write_text("faults:\n  - {units: 3, fault: {kind: slow, by: 300 ms}}\n", encoding="utf-8")
    fleet = load_fleet(path, script, {"units": "30"}, lockstep=True)
    assert (fleet.settings.units, fleet.settings.watchdog, fleet.settings.layout) == (30, "late", "unit-ids")
    assert (fleet.units.kind.rating_w, fleet.units.kind.lag_s) == (0.9615e6, 0.05)
    assert float(fleet.soc_frac[0]) == pytest.approx(0.4)

    async def play() -> int:
        async with fleet:
            await fleet.advance(1.5)
            return int(fleet.units.controls.tripped.sum())

    assert asyncio.run(play()) == 3


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("units: 0\n", 1, "1 or more"),
        ("units: 2\nkind: {rating: 5}\n", 2, "unit"),
        ("units: 2\nkind: {model: megapack-9}\n", 2, "no battery is called"),
        ("units: 2\nwatchdog: strickt\n", 2, "did you mean 'strict'"),
        ("units: 2\nregisters: {kind: csv-mapp}\n", 2, "did you mean 'csv-map'"),
        ("units: 2\nregisters: {kind: csv-map}\n", 2, "file"),
        ("units: 2\nfaults:\n  - {units: 3, fault: {kind: trip}}\n", 3, "names no units of 1 to 2"),
        ("units: 2\nfaults:\n  - {fault: {kind: slow, by: 3}}\n", 3, "unit"),
        ("units: 2\nfaults:\n  - {fault: {kind: sloow}}\n", 3, "did you mean 'slow'"),
        ("faults:\n  - {fault: {kind: register, model: 704, point: WSet}}\n", 2, "is what clients write"),
        ("faults:\n  - {fault: {kind: register, point: Wat}}\n", 2, "no point of model 701"),
        ("faults:\n  - {fault: {kind: not-implemented, model: 103}}\n", 2, "no model 103"),
        ("faults:\n  - {fault: {kind: torn, point: 704.WSett}}\n", 2, "did you mean '704.WSet'"),
        ("kind: {low: 90 %, high: 20 %}\n", 1, "is not below high"),
        ("kind: {low: 45 %, high: 55 %, taper: 10 %}\n", 1, "leave no state of charge"),
        ("delay: 1 s\ndelay_most: 10 ms\n", 2, "is below delay"),
        ("tick: 20\n", 1, "unit"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "emu.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CampusFileError) as told:
        load_fleet(path)
    assert told.value.problems[0].line == line
    assert words in str(told.value)


def test_units_with_a_map_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "pcs.csv").write_text(MAP, encoding="utf-8")
    path = tmp_path / "emu.yaml"
    path.write_text("delay_most: 20 ms\nregisters: {kind: csv-map, file: pcs.csv, reversion: 3 s}\n", encoding="utf-8")
    roles = read_map(tmp_path / "pcs.csv").roles()
    fleet = load_fleet(path, lockstep=True)

    async def play() -> None:
        async with fleet:
            end = fleet.endpoints[0]
            client = Client(end.host, end.port, timeout_s=2.0)
            await client.connect()
            assert roles["soc_frac"].value(await client.read(1, 20, 1)).value == pytest.approx(0.5)
            assert await client.read(1, 20, 2) == struct.pack(">HH", 500, 1)
            for address, count in ((10, 2), (21, 2), (30, 4), (0, 1)):
                with pytest.raises(FieldError, match="illegal data address"):
                    await client.read(1, address, count)
            await client.write(1, 30, roles["set_w"].registers(-5e5) + struct.pack(">H", 204))
            await fleet.advance(1.0)
            power = roles["power_w"].value(await client.read(1, 10, 2, READ_INPUT))
            assert power.value == pytest.approx(-5e5, rel=1e-3)
            assert await client.read(1, 30, 2) == struct.pack(">hH", -500, 204)
            for address, data in ((30, struct.pack(">h", 2000)), (31, b"\x00\x01")):
                with pytest.raises(FieldError, match="illegal data value"):
                    await client.write(1, address, data)
            for address, data in ((21, b"\x00\x01"), (99, b"\x00\x01"), (32, b"\x00\x01\x00\x01")):
                with pytest.raises(FieldError, match="illegal data address"):
                    await client.write(1, address, data)
            await client.write(1, 32, b"\x00\x07")
            assert await client.read(1, 32, 1) == b"\x00\x07"
            await fleet.advance(2.5)  # the heartbeat alone does not keep it alive
            assert fleet.total_w() == pytest.approx(0.0, abs=1.0)
            await client.write(1, 30, roles["set_w"].registers(1e5))
            fleet.units.controls.tripped[0] = True
            assert await client.read(1, 21, 1) == b"\x00\x04"
            with pytest.raises(FieldError, match="not SunSpec"):
                _ = fleet.sunspec
            fleet.units.reboot(0)
            assert await client.read(1, 31, 1) == struct.pack(">H", 170)
            await client.close()

    asyncio.run(play())
    path.write_text(path.read_text("utf-8") + "faults:\n  - {fault: {kind: soc}}\n", encoding="utf-8")
    with pytest.raises(CampusFileError, match="not SunSpec"):
        load_fleet(path)
    (tmp_path / "pcs.csv").write_text("name,address,type\n", encoding="utf-8")
    with pytest.raises(InputFileError, match="power_w"):
        load_fleet(path)


def test_the_verb_tells_where_serves_and_ends(tmp_path: Path) -> None:
    code = "from gigasite.show.cli import main; main()"
    command = [sys.executable, "-c", code, "battery", "emulate", "--units", "2", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=dict(os.environ)
    ) as made:
        assert made.stdout is not None
        assert made.stderr is not None
        ends = json.loads(made.stdout.readline())["endpoints"]

        async def play() -> bytes:
            client = Client(ends[1]["host"], ends[1]["port"], timeout_s=5.0)
            await client.connect()
            try:
                return await client.read(ends[1]["unit"], 40000, 2)
            finally:
                await client.close()

        assert asyncio.run(play()) == b"SunS"
        made.send_signal(signal.SIGINT)
        told = json.loads(made.stdout.readline())["served"]
        assert made.wait(10) == 0
        assert told["requests"] == 1
        assert made.stderr.read() == b""
