"""The codec beside pysunspec2 on every point of every model, sentinels, scale factors, and chains that are none."""

from __future__ import annotations

import asyncio
import math
import struct
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

import pytest
import sunspec2.device
import sunspec2.mb
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import FieldError, UnknownPartError
from gigasite.field.sunspec.codec import ABSENT, Value, decode, encode, scale_of, scaled, unscaled, values_of
from gigasite.field.sunspec.discover import Block, discover, read_block
from gigasite.field.sunspec.model import REGISTERS, Layout, Point, counted, lay, model, shipped

COUNTS = {"NPrt": 2, "NCrv": 2, "NCrvSet": 2, "NPt": 3, "NCtl": 2, "NStr": 2, "NMod": 3}


@cache
def layout_of(number: int) -> Layout:
    return lay(model(number), COUNTS, None if number != 805 else 42 + 2 + 4 * 4)


def peer_of(number: int, data: bytes, length: int) -> Any:
    return sunspec2.device.Model(model_id=number, model_len=length - 2, data=data)


def peer_point(peer: Any, path: str) -> Any:
    here = peer
    *groups, name = path.split(".")
    for step in groups:
        stem, _, index = step.partition("[")
        here = here.groups[stem][int(index[:-1])] if index else here.groups[stem]
    return here.points[name]


def filled(layout: Layout, random: Random) -> bytes:
    """Random registers with counts, id and length as they must be, and scale factors that are often good."""
    data = bytearray(random.randbytes(2 * layout.length))
    for path, place in layout.places.items():
        at = 2 * place.offset
        if path in COUNTS:
            data[at : at + 2] = struct.pack(">H", COUNTS[path])
        elif place.point.type == "sunssf":
            data[at : at + 2] = struct.pack(">h", random.choice([-10, -3, -1, 0, 1, 4, 10, -32768]))
        elif place.point.type == "string":
            text = bytes(random.randrange(32, 127) for _ in range(random.randrange(2 * place.point.size)))
            data[at : at + 2 * place.point.size] = text.ljust(2 * place.point.size, b"\0")
        elif random.random() < 0.2:
            data[at : at + 2 * place.point.size] = encode(place.point, None)
    data[:4] = struct.pack(">HH", layout.model.number, layout.length - 2)
    return bytes(data)


@pytest.mark.parametrize("number", shipped())
def test_layout_and_values_are_those_of_pysunspec2(number: int) -> None:
    layout = layout_of(number)

    @settings(max_examples=30)
    @given(st.integers(0, 2**32))
    def agree(seed: int) -> None:
        data = filled(layout, Random(seed))
        assert counted(layout.model, data) == {k: v for k, v in COUNTS.items() if k in layout.places}
        peer = peer_of(number, data, layout.length)
        ours = values_of(layout, data)
        for path, place in layout.places.items():
            theirs = peer_point(peer, path)
            assert (theirs.offset, theirs.len) == (place.offset, place.point.size), path
            pdef, point = theirs.pdef, place.point
            told = pdef.get("mandatory") == "M", pdef.get("access") == "RW", pdef.get("units", "")
            assert (point.mandatory, point.writable, point.unit) == told, path
            raw = decode(place.point, data[2 * place.offset : 2 * (place.offset + place.point.size)])
            if place.point.type == "pad":
                continue
            assert raw.value == theirs.value, path
            if theirs.value is None:
                assert ours[path].value is None
                continue
            assert encode(place.point, raw.value) == theirs.get_mb(), path
            power = scale_of(place, data)
            if place.point.scale is None:
                assert ours[path] == raw, path
            elif isinstance(power, Value) and not power.good:
                # pysunspec2 gives the bare number where the scale factor is not implemented: that is a wrong number
                assert ours[path].value is None, path
            else:
                assert math.isclose(ours[path].value, theirs.cvalue, rel_tol=1e-9, abs_tol=1e-10), path  # type: ignore[arg-type]

    agree()


@pytest.mark.parametrize("kind", sorted({*REGISTERS, "string"} - {"raw16"}))
def test_every_type_both_ways_as_pysunspec2(kind: str) -> None:
    size = REGISTERS.get(kind, 3)
    point, peer = Point(name="x", type=kind, size=size), sunspec2.mb.point_type_info.get(kind)
    if peer is None:  # bitfield64: published later
        assert decode(point, encode(point, 5)) == Value(5, "good")
        return

    @given(st.binary(min_size=2 * size, max_size=2 * size))
    def agree(data: bytes) -> None:
        ours = decode(point, data)
        if kind == "string":
            if ours.good:
                assert decode(point, encode(point, ours.value)) == ours
            return
        theirs = peer.data_to(data)
        if kind.startswith("float"):
            assert ours.good == (theirs is not None and math.isfinite(theirs))
        elif kind != "sunssf" or abs(theirs) <= 10:
            assert ours.good == bool(kind == "pad" or (theirs is not None and peer.is_impl(theirs)))
        if ours.good:
            assert ours.value == theirs
            again = encode(point, ours.value)
            assert again == peer.to_data(theirs, 2 * size)
            assert again == (b"\0\0" + data[2:] if kind == "eui48" else data)

    agree()
    if kind != "pad":
        assert encode(point, None) == sunspec2.mb.create_unimpl_value(kind, 2 * size)
        assert not decode(point, encode(point, None)).good


@pytest.mark.parametrize(
    ("kind", "size", "value"),
    [
        ("int16", 1, 32768), ("int16", 1, -32768), ("uint16", 1, 65535), ("uint16", 1, -1), ("int32", 2, 2**31),
        ("uint16", 1, 1.5), ("int16", 1, math.nan), ("float32", 2, math.inf), ("float32", 2, 1e300), ("uint32", 2, "7"),
        ("string", 1, "abc"), ("string", 1, ""), ("eui48", 4, "zz"), ("ipv6addr", 8, "00"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind: str, size: int, value: Any) -> None:
    with pytest.raises(FieldError, match="x"):
        encode(Point(name="x", type=kind, size=size), value)


def test_bad_scale_factors_leave_no_number() -> None:
    for scale in (ABSENT, Value(11, "out_of_range")):
        assert scaled(Value(5, "good"), scale).value is None
    assert scaled(Value(5, "good"), 11) == Value(None, "out_of_range")
    assert decode(Point(name="SF", type="sunssf", size=1), b"\x00\x0b").quality == "out_of_range"
    point = Point(name="W", type="int16", size=1, scale="W_SF")
    assert unscaled(point, -1_500_000.0, 2) == -15000
    with pytest.raises(FieldError):
        unscaled(point, 1.0, 11)
    with pytest.raises(FieldError):
        unscaled(point, math.nan, 0)


def test_an_enumeration_that_nobody_defined_is_out_of_range() -> None:
    state = layout_of(701)["St"].point
    assert decode(state, b"\x00\x01") == Value(1, "good")
    assert decode(state, b"\x00\x63") == Value(99, "out_of_range")


def test_offsets_of_the_control_points() -> None:
    layout = layout_of(704)
    assert layout.length == 67
    wanted = {"WMaxLimPct": 15, "WSetEna": 22, "WSetMod": 23, "WSet": 24, "WSetRvrt": 26, "WSetEnaRvrt": 30}
    wanted |= {"WSetRvrtTms": 31, "WSetRvrtRem": 33, "WRmp": 49, "WRmpRef": 50}
    assert {k: layout[k].offset for k in wanted} == wanted
    assert layout_of(701).length == 155
    with pytest.raises(UnknownPartError, match="did you mean 'WSetEna'"):
        layout["WSetEn"]
    with pytest.raises(UnknownPartError):
        model(9999)
    with pytest.raises(FieldError, match="another edition"):
        lay(model(704), {}, 66)


def test_model_files_and_their_source_travel_with_the_package() -> None:
    names = {f.name for f in files("gigasite.field.sunspec").joinpath("models").iterdir()}
    assert {"SOURCES.md", "model_1.json", "model_704.json", "model_802.json"} <= names


# ---- chains


class Registers:
    """A device of registers; what is beyond them is an exception."""

    def __init__(self, base: int, words: list[int]) -> None:
        self.base, self.words, self.asked = base, words, []

    async def read(self, _unit: int, address: int, count: int) -> bytes:
        self.asked.append(count)
        at = address - self.base
        if at < 0 or at + count > len(self.words):
            raise FieldError("beyond", kind="exception", code=2)
        return struct.pack(f">{count}H", *self.words[at : at + count])


SUNS = [0x5375, 0x6E53]


def test_discover_finds_the_chain_at_any_base() -> None:
    words = [*SUNS, 1, 66, *([0] * 66), 713, 7, *([0] * 7), 0xFFFF, 0]
    for base in (40000, 0, 50000):
        found = asyncio.run(discover(Registers(base, words), 1))
        assert found == (Block(model=1, address=base + 2, length=68), Block(model=713, address=base + 70, length=9))


@pytest.mark.parametrize(
    "words",
    [
        [0x5375, 0x1234, 1, 66],  # no mark
        [*SUNS, 1, 66, *([0] * 66)],  # no end
        [*SUNS, 1, 0, 1, 0, 0xFFFF, 0],  # no length: a loop
        [*SUNS, 1, 60000],
        [*SUNS, *([7, 1, 0] * 200), 0xFFFF, 0],
        [*SUNS, 0, 0, 0, 0],
    ],
)
def test_chains_that_are_none_are_refused(words: list[int]) -> None:
    with pytest.raises(FieldError):
        asyncio.run(discover(Registers(40000, words), 1))


def test_a_long_block_is_read_in_pieces_that_cut_no_point() -> None:
    layout = layout_of(701)
    data = filled(layout, Random(3))
    device = Registers(40000, list(struct.unpack(f">{layout.length}H", data)))
    got, read = asyncio.run(read_block(device, 1, Block(model=701, address=40000, length=155)))
    assert read == data
    assert got.length == 155
    assert max(device.asked) <= 125
    assert len(device.asked) == 2
    borders = {p.offset for p in layout.places.values()}
    assert device.asked[0] in borders
    with pytest.raises(FieldError, match="does not come"):
        asyncio.run(read_block(device, 1, Block(model=64001, address=40000, length=155)))
