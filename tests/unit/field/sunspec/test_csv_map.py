"""Register maps: values both ways, and every mistake with its line."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import FieldError, InputFileError
from gigasite.field.sunspec.csv_map import CODES, Entry, map_of, read_map

GOOD = """name,address,type,words,scale,unit,access,function,low,high,role
# a converter without SunSpec
Active power,13033,i32,little,-1,W,r,input,-3e6,3e6,power_w
SoC,13022,u16,,0.1,%,,,0,1.0,soc_frac
Energy,100,f32,big,1,kWh,r,holding,,,energy_j
Command,200,i16,,1,kW,rw,,-1927000,1927000,set_w
Run,201,u16,,,,w,,170,204,enable
Beat,202,u16,,,,,,,,beat
Serial,300,u64,,,,,,,,
"""


def test_a_map_reads_and_writes_in_si(tmp_path: Path) -> None:
    path = tmp_path / "pcs.csv"
    path.write_text(GOOD, encoding="utf-8")
    m = read_map(path)
    power, soc, energy, order = (m.roles()[r] for r in ("power_w", "soc_frac", "energy_j", "set_w"))
    assert (power.address, power.count, power.function, power.writable) == (13033, 2, "input", False)
    data = struct.pack(">i", -1_500_000)
    assert power.value(data[2:] + data[:2]).value == 1_500_000
    assert soc.value(struct.pack(">H", 505)).value == pytest.approx(0.505)
    assert soc.value(struct.pack(">H", 1010)) == (None, "out_of_range")
    assert energy.value(struct.pack(">f", 2.0)).value == 7.2e6
    assert energy.value(struct.pack(">f", math.nan)) == (None, "nan")
    assert energy.value(struct.pack(">f", math.inf)) == (None, "out_of_range")
    assert order.registers(-1.5e6) == struct.pack(">h", -1500)
    run = m.role("enable")
    assert run is not None
    assert (run.low, run.high) == (170.0, 204.0)
    assert run.registers(run.high) == b"\x00\xcc"
    assert m.role("local") is None
    for entry, value in ((order, 2e6), (order, math.nan), (power, 1.0)):
        with pytest.raises(FieldError):
            entry.registers(value)
    with pytest.raises(FieldError, match="bytes"):
        soc.value(b"\x00")


@given(
    st.sampled_from(sorted(CODES)), st.booleans(), st.integers(-30000, 30000), st.sampled_from([1.0, 0.1, -1.0, 1000.0])
)
def test_what_is_written_reads_back(kind: str, swapped: bool, raw: int, factor: float) -> None:  # noqa: FBT001  # hypothesis' draw
    code = CODES[kind]
    raw = abs(raw) if kind.startswith("u") else raw
    e = Entry(
        name="x",
        role="",
        address=0,
        count=struct.calcsize(code) // 2,
        code=code,
        factor=factor,
        swapped=swapped,
        writable=True,
    )
    value = e.value(e.registers(raw * factor)).value
    assert isinstance(value, float)
    assert math.isclose(value, raw * factor, rel_tol=1e-6)


HEAD = "name,address,type,unit,role\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "needs the columns"),
        ("name,address,type,colour\n", 1, "unknown or doubled columns: colour"),
        ("name,address,type,type\n", 1, "doubled"),
        (HEAD + "a,1,u17,,\n", 2, "did you mean 'u16'"),
        (HEAD + "a,1,u16,,\nb,0,i32,,\n", 3, "overlap at register 1"),
        (HEAD + "a,1,u16,,\na,2,u16,,\n", 3, "name 'a' stands in line 2 too"),
        (HEAD + "a,1,u16,W,power_w\nb,2,u16,W,power_w\n", 3, "role 'power_w' stands in line 2"),
        (HEAD + "a,1,u16,W,power\n", 2, "did you mean 'power_w'"),
        (HEAD + "a,1,u16,kWh,power_w\n", 2, "does not fit power_w"),
        (HEAD + "a,65536,u16,,\n", 2, "address"),
        (HEAD + "a,-1,u16,,\n", 2, "address"),
        (HEAD + "a,65535,u32,,\n", 2, "do not lie"),
        (HEAD + ",1,u16,,\n", 2, "no name"),
        (HEAD + "a,1,u16,,,,,,\n", 2, "cells"),
        ("name,address,type,scale\na,1,u16,x\n", 2, "scale 'x' is no number"),
        ("name,address,type,scale\na,1,u16,0\n", 2, "scale 0"),
        ("name,address,type,low\na,1,u16,inf\n", 2, "low 'inf'"),
        ("name,address,type,access\nset_w,1,i16,r\n", 2, "cannot be written"),
        ("name,address,type,access,function\na,1,i16,rw,input\n", 2, "input registers"),
        ("name,address,type,words\na,1,i32,middle\n", 2, "words"),
        (HEAD + "power_w,1,i16,W,\n", 0, "no row has the role soc_frac"),
    ],
)
def test_every_mistake_has_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InputFileError) as told:
        map_of(text, "m.csv", ("power_w", "soc_frac"))
    assert told.value.line == line
    assert words in str(told.value)


def test_a_meter_needs_one_of_two() -> None:
    text = HEAD + "load,0,f64,W,load_w\nfrequency,8,f64,Hz,frequency_hz\n"
    assert map_of(text, "m.csv", (("load_w", "source_w"), "frequency_hz")).roles()["load_w"].count == 4
    with pytest.raises(InputFileError, match=r"load_w .* or source_w"):
        map_of(HEAD + "f,8,f64,Hz,frequency_hz\n", "m.csv", (("load_w", "source_w"),))
