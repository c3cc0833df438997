"""Frames, client and server of Modbus: what is sent, what is believed, what each failure is called."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import FieldError
from gigasite.field.modbus import frames
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.server import Sending, Server


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


def device(unit: int, function: int, address: int, count: int, data: bytes) -> bytes | int | None:
    """Register n holds n; 9000 and above do not exist; unit 9 is not here."""
    if unit == 9:
        return None
    if address + count > 9000:
        return frames.ILLEGAL_ADDRESS
    if function in frames.READS:
        return struct.pack(f">{count}H", *range(address, address + count))
    return b"" if len(data) == 2 * count else frames.DEVICE_FAILURE


def run(
    play: Callable[[Server, Client], Awaitable[None]],
    spoil: Callable[[int, int, bytes], Sequence[Sending]] | None = None,
    **settings: Any,
) -> None:
    async def all_of_it() -> None:
        server = Server(device, spoil=spoil)
        await server.listen()
        client = Client(
            "127.0.0.1", server.port, **({"timeout_s": 0.15, "retry_s": (0.01, 0.05), "name": "u1"} | settings)
        )
        try:
            await client.connect()
            await play(server, client)
        finally:
            await client.close()
            await server.close()

    asyncio.run(all_of_it())


async def refused(future: Awaitable[object]) -> FieldError:
    with pytest.raises(FieldError) as told:
        await future
    return told.value


async def until(true: Callable[[], bool], limit_s: float = 3.0) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110  # what is waited for is a count, not an event
            await asyncio.sleep(0.005)


# ---- frames


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 255), st.binary(min_size=1, max_size=253))), st.data())
def test_frames_arrive_whole_however_they_are_cut(sent: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(frames.frame(*each) for each in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parser, got = frames.Parser(), []
    for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += parser.feed(stream[a:b])
    assert [tuple(f) for f in got] == sent


@pytest.mark.parametrize("bad", ["000100010006010300000002", "0001000000010103", "000100000100ffff"])
def test_bytes_that_are_no_frames_lose_the_stream(bad: str) -> None:
    with pytest.raises(FieldError) as told:
        frames.Parser().feed(bytes.fromhex(bad))
    assert told.value.kind == "protocol"


@pytest.mark.parametrize(("address", "count"), [(0, 0), (0, 126), (65535, 2), (-1, 1), (65536, 1)])
def test_registers_that_cannot_be_named_are_refused(address: int, count: int) -> None:
    with pytest.raises(FieldError, match="registers"):
        frames.read_request(1, 1, address, count)
    with pytest.raises(FieldError):
        frames.write_request(1, 1, address, bytes(2 * count))
    with pytest.raises(FieldError):
        frames.write_request(1, 1, 0, b"abc")


def test_the_largest_requests_are_made() -> None:
    assert len(frames.read_request(1, 1, 65535, 1)) == 12
    assert len(frames.read_request(1, 1, 65411, 125)) == 12
    whole = frames.write_request(1, 1, 65413, bytes(246))
    assert frames.request_of(whole[7:]) == frames.Request(16, 65413, 123, bytes(246))
    with pytest.raises(FieldError, match="1 to 123"):
        frames.write_request(1, 1, 0, bytes(248))


@pytest.mark.parametrize(
    ("pdu", "answer"),
    [
        ("0300000002", frames.Request(3, 0, 2, b"")),
        ("03000000007e", frames.ILLEGAL_VALUE),
        ("030000007e", frames.ILLEGAL_VALUE),  # 126 registers
        ("03ffff0002", frames.ILLEGAL_ADDRESS),
        ("0600051234", frames.Request(6, 5, 1, b"\x12\x34")),
        ("100005000204aabbccdd", frames.Request(16, 5, 2, b"\xaa\xbb\xcc\xdd")),
        ("100005000204aabbcc", frames.ILLEGAL_VALUE),
        ("1000050000" + "00", frames.ILLEGAL_VALUE),
        ("2b0e0100", frames.ILLEGAL_FUNCTION),
    ],
)
def test_requests_are_taken_apart_or_get_their_exception(pdu: str, answer: object) -> None:
    assert frames.request_of(bytes.fromhex(pdu)) == answer


def test_a_known_exchange_of_the_specification() -> None:
    """MODBUS Application Protocol V1.1b3, 6.3: registers 108 to 110 hold 022B 0000 0064."""
    request = frames.read_request(1, 17, 107, 3)
    assert request.hex() == "00010000000611" + "03006b0003"
    asked = frames.request_of(request[7:])
    assert isinstance(asked, frames.Request)
    assert frames.answer_to(asked, bytes.fromhex("022b00000064")).hex() == "0306022b00000064"


# ---- client and server


def test_reads_and_writes_many_in_flight() -> None:
    async def play(server: Server, client: Client) -> None:
        got = await asyncio.gather(*(client.read(1, a, 3) for a in range(200)))
        assert got == [struct.pack(">3H", a, a + 1, a + 2) for a in range(200)]
        assert await client.write(1, 10, b"\x00\x01\x00\x02") is None
        assert await client.read(1, 5, 1, frames.READ_INPUT) == b"\x00\x05"
        told = client.stats
        assert (told.sent, told.answered, told.timeouts) == (202, 202, 0)
        assert 0.0 < told.round_trip_s < 0.15
        assert server.requests == 202

    run(play, timeout_s=5.0)


def test_an_exception_names_device_register_and_code() -> None:
    async def play(_: Server, client: Client) -> None:
        error = await refused(client.read(1, 9000, 1))
        assert (error.kind, error.code, error.device, error.address) == ("exception", 2, "u1", 9000)
        assert str(error) == "u1 register 9000: exception 2 (illegal data address)"
        assert client.connected

    run(play)


def test_no_answer_ends_in_time_and_others_go_on() -> None:
    async def play(_: Server, client: Client) -> None:
        lost, good = client.read(9, 0, 1), client.read(1, 0, 1)
        assert await good == b"\x00\x00"
        assert (await refused(lost)).kind == "timeout"
        assert client.stats.timeouts == 1
        assert client.connected

    run(play)


def test_a_peer_that_stays_silent_is_given_up_and_found_again() -> None:
    silent = True

    def spoil(_u: int, _f: int, answer: bytes) -> list[Sending]:
        return [] if silent else [Sending(pieces=(answer,))]

    async def play(_: Server, client: Client) -> None:
        nonlocal silent
        start_s = time.monotonic()
        while client.connected:
            assert (await refused(client.read(1, 0, 1))).kind == "timeout"
        assert time.monotonic() - start_s > 0.08  # not for one answer that is late
        assert (await refused(client.read(1, 0, 1))).kind == "timeout"  # at once: why there is no connection
        silent = False
        await until(lambda: client.connected)
        assert await client.read(1, 3, 1) == b"\x00\x03"
        assert client.stats.reconnects >= 1

    run(play, spoil, timeout_s=0.03)


def test_a_silent_peer_is_given_up_also_by_who_does_not_wait_for_it() -> None:
    """As a control loop reads: with a deadline of its own, before that of the transaction."""

    async def play(_: Server, client: Client) -> None:
        async with asyncio.timeout(5.0):
            while client.connected:
                asked = client.read(1, 0, 1)
                await asyncio.sleep(0.02)
                asked.cancel()
        await until(lambda: client.stats.reconnects >= 1)

    run(play, lambda _u, _f, _answer: [], timeout_s=0.03)


def late(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(answer,), after_s=0.1)]


def twice(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(answer, answer))]


def other_unit(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(answer[:6] + b"\x63" + answer[7:],))]


def other_id(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=((int.from_bytes(answer[:2], "big") ^ 0x4000).to_bytes(2, "big") + answer[2:],))]


def short(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(answer[:4] + (len(answer) - 7).to_bytes(2, "big") + answer[6:-1],))]


def garbage(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(b"\x00\x01\x77\x77" + answer,))]


def half(_u: int, _f: int, answer: bytes) -> list[Sending]:
    return [Sending(pieces=(answer[:5],), close=True)]


@pytest.mark.parametrize(
    ("spoil", "kind", "count"),
    [
        (late, "timeout", "late_answers"),
        (other_unit, "mismatch", "mismatches"),
        (other_id, "timeout", "strays"),
        (short, "protocol", "protocol_errors"),
        (garbage, "protocol", "protocol_errors"),
        (half, "closed reset", ""),
    ],
)
def test_each_bad_answer_has_its_name(spoil: Any, kind: str, count: str) -> None:
    async def play(server: Server, client: Client) -> None:
        both = client.read(1, 7, 2), client.write(1, 7, b"\x00\x00")
        for each in both:
            assert (await refused(each)).kind in kind.split()
        if count:
            await until(lambda: getattr(client.stats, count) >= 1)
        server.spoil = None
        await until(lambda: client.connected)
        assert await client.read(1, 7, 1) == b"\x00\x07"

    run(play, spoil, timeout_s=0.05)


def test_answers_twice_reordered_and_in_drops_reach_the_right_asker() -> None:
    held: list[bytes] = []

    def turned(_u: int, _f: int, answer: bytes) -> list[Sending]:
        held.append(answer)
        if len(held) < 4:
            return []
        out = [Sending(pieces=tuple(bytes([b]) for b in h), gap_s=1e-4) for h in held[:1]]
        out += [Sending(pieces=(h, h), after_s=0.02) for h in reversed(held[1:])]
        held.clear()
        return out

    async def play(_: Server, client: Client) -> None:
        got = await asyncio.gather(*(client.read(1, a, 1) for a in range(40)))
        assert got == [struct.pack(">H", a) for a in range(40)]
        await until(lambda: client.stats.strays >= 20)

    run(play, turned, timeout_s=2.0)


def test_refused_black_hole_and_back() -> None:
    async def play(server: Server, client: Client) -> None:
        await server.refuse()
        await until(lambda: not client.connected)
        with suppress(FieldError):
            await client.connect()
        assert (await refused(client.read(1, 0, 1))).kind == "refused"
        await server.swallow()
        other = Client("127.0.0.1", server.port, timeout_s=0.1, connect_timeout_s=0.1)
        assert (await refused(other.connect())).kind == "timeout"
        await other.close()
        await server.back()
        await until(lambda: client.connected)
        assert await client.read(1, 1, 1) == b"\x00\x01"

    run(play, connect_timeout_s=0.1)


def test_a_slow_gateway_gets_its_pause_and_one_request_at_a_time() -> None:
    at_s: list[float] = []

    def noted(_u: int, _f: int, answer: bytes) -> list[Sending]:
        at_s.append(time.monotonic())
        return [Sending(pieces=(answer,))]

    async def play(_: Server, client: Client) -> None:
        await asyncio.gather(*(client.read(1, a, 1) for a in range(5)))
        assert min(b - a for a, b in zip(at_s, at_s[1:], strict=False)) >= 0.02

    run(play, noted, gap_s=0.02, timeout_s=2.0)


def test_connecting_twice_at_once_makes_one_connection() -> None:
    async def play(server: Server, client: Client) -> None:
        server.reset()
        await until(lambda: not client.connected)
        await asyncio.gather(*(client.connect() for _ in range(5)))
        assert client.connected
        assert await client.read(1, 4, 1) == b"\x00\x04"
        await asyncio.sleep(0.05)
        assert len(server.lines) == 1

    run(play)


def test_closing_fails_what_is_in_flight_and_bad_settings_are_refused() -> None:
    async def play(_: Server, client: Client) -> None:
        waiting = client.read(9, 0, 1)
        await client.close()
        assert (await refused(waiting)).kind == "closed"
        assert (await refused(client.read(1, 0, 1))).kind == "closed"
        for settings in ({"timeout_s": 0.0}, {"timeout_s": 1.0, "in_flight": 0}, {"timeout_s": 1.0, "retry_s": (0, 1)}):
            with pytest.raises(FieldError):
                Client("127.0.0.1", 1, **settings)  # type: ignore[arg-type]

    run(play)


def test_a_device_that_accepts_and_resets_is_not_hammered() -> None:
    async def play(server: Server, client: Client) -> None:
        assert await client.read(1, 0, 1) == b"\x00\x00"
        server.most = 0
        start_s = time.monotonic()
        server.reset()
        await until(lambda: server.refused >= 5)
        assert time.monotonic() - start_s > 0.9 * (0.02 + 0.04 + 0.08 + 0.16)
        server.most = 9
        await until(lambda: client.connected)
        assert await client.read(1, 1, 1) == b"\x00\x01"
        before = client.stats.reconnects
        server.reset()
        await until(lambda: client.stats.reconnects > before)

    run(play, retry_s=(0.02, 0.16))


def test_too_many_connections_are_closed_and_the_first_live_on() -> None:
    async def play(server: Server, client: Client) -> None:
        server.most = 5
        crowd = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
        await until(lambda: server.refused == 46)
        assert len(server.lines) == 5
        assert await client.read(1, 2, 1) == b"\x00\x02"
        for _, writer in crowd:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    run(play, timeout_s=2.0)


# ---- random bytes


def _mutated(dice: random.Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(dice.randrange(4)):
        where = dice.randrange(len(data))
        kind = dice.randrange(3)
        if kind == 0:
            data[where] = dice.randrange(256)
        elif kind == 1:
            del data[where:]
            data += dice.randbytes(dice.randrange(1, 12))
        else:
            data[where:where] = dice.randbytes(dice.randrange(1, 4))
    return bytes(data)


async def _fuzz_server(count: int) -> None:
    dice, writes = random.Random(7), []

    def noted(unit: int, function: int, address: int, amount: int, data: bytes) -> bytes | int | None:
        assert 1 <= amount <= 125
        assert 0 <= address <= 65536 - amount
        if function not in frames.READS:
            assert len(data) == 2 * amount
            writes.append(address)
        return device(unit, function, address, amount, data)

    server = Server(noted)
    await server.listen()
    goods = [
        frames.read_request(1, 1, 5, 9),
        frames.write_request(2, 1, 5, bytes(8)),
        frames.frame(3, 1, b"\x06\x00\x01\x00\x02"),
    ]
    client = Client("127.0.0.1", server.port, timeout_s=5.0)
    await client.connect()
    writer = None
    for k in range(count):
        if writer is None or writer.transport.is_closing():
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(_mutated(dice, dice.choice(goods)))
        for _ in range(3):  # let the server see it before the next
            await asyncio.sleep(0)
        if k % 50 == 0:
            await asyncio.sleep(0)
            assert await client.read(1, 3, 1) == b"\x00\x03"  # another connection does not notice
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(0.001):
                    await reader.read(65536)
    assert writer is not None
    writer.transport.abort()
    await client.close()
    await server.close()
    assert server.lost > count / 20
    assert server.requests > count / 8


async def _fuzz_client(count: int) -> None:
    dice = random.Random(8)

    def spoil(_u: int, _f: int, answer: bytes) -> list[Sending]:
        return [Sending(pieces=(_mutated(dice, answer),))]

    server = Server(device, spoil=spoil)
    await server.listen()
    client = Client("127.0.0.1", server.port, timeout_s=0.02, retry_s=(0.001, 0.002))
    try:
        await client.connect()
        done = good = 0
        while done < count:
            some = [client.read(1, dice.randrange(100), 4) for _ in range(8)]
            for got in await asyncio.gather(*some, return_exceptions=True):
                assert isinstance(got, bytes | FieldError)
                good += isinstance(got, bytes) and len(got) == 8
            done = server.requests
            if not client.connected:
                await asyncio.sleep(0.001)
        server.spoil = None
        assert await last_word(client) == b"\x00\x03"
        assert good > 0
    finally:
        await client.close()
        await server.close()


async def last_word(client: Client) -> bytes:
    """Read once the peer is well again; a busy machine may take longer than the 20 ms that a fuzzed answer is given."""
    for _ in range(200):
        try:
            return await client.read(1, 3, 1)
        except FieldError:
            await asyncio.sleep(0.01)
    raise AssertionError("no answer from a peer that is well again")


@pytest.mark.parametrize("side", [_fuzz_server, _fuzz_client])
def test_random_bytes_neither_crash_nor_hang(side: Any) -> None:
    asyncio.run(side(5_000))


@pytest.mark.long  # 100,000 frames a side; fewer above
@pytest.mark.parametrize("side", [_fuzz_server, _fuzz_client])
def test_very_many_random_bytes_neither_crash_nor_hang(side: Any) -> None:
    asyncio.run(side(100_000))
