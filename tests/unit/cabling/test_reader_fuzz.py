"""Every dump of the corpus and every sample, broken in every way that a capture breaks: told by file and line, never a crash."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from gigasite.cabling import observe
from gigasite.cabling.capture import MOST_LINE, Raw
from gigasite.cabling.reader import observed_of

CASES, CASES_LONG = 10_000, 200_000  # 5 ms each
NOT_DUMPS = {".yml", ".csv", ".md", ".net"}
TOGETHER = 20
LARGEST = 2_500
"""Bytes of a file that is broken; what is longer is cut there, so that many cases fit in a minute."""


def corpus(shared: Path) -> list[tuple[str, bytes]]:
    places = [shared / "cabling", Path(__file__).parents[2] / "contracts" / "dumps"]
    files = [p for place in places for p in sorted(place.rglob("*")) if p.is_file() and p.suffix not in NOT_DUMPS]
    return [(p.name, p.read_bytes()[:LARGEST]) for p in files if not p.name.endswith("expected.json")]


def junk(rng: random.Random) -> bytes:
    pieces = [
        b"\x1b[31m",
        b"\x00",
        b"\xff\xfe",
        b" --More-- \x08\x08\x08",
        b"\r",
        b"{",
        b"]",
        b'"',
        b"<",
        b"\\u0000",
        b"\xf0\x9f",
        b"0x",
        b"9" * 400,
        b"e9999",
        b"-",
        b"[",
        b"x" * 300,
        b"\n\n",
        b"leaf#show lldp neighbors\n",
        b"NaN",
        b"1e999",
        b"\t",
        b",",
    ]
    return b"".join(rng.choice(pieces) for _ in range(rng.randint(1, 4)))


def flipped(rng: random.Random, data: bytes) -> bytes:
    raw = bytearray(data)
    for _ in range(rng.randint(1, 20) if raw else 0):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def shuffled(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def repeated(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    return b"\n".join(lines[:i] + [lines[i]] * rng.randint(0, 3) + lines[i + 1 :])


def broken(rng: random.Random, data: bytes, files: list[tuple[str, bytes]]) -> bytes:
    at = rng.randint(0, max(len(data), 1))
    codes = ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32"]
    ways: list[Callable[[], bytes]] = [
        lambda: data[:at],
        lambda: data[at:],
        lambda: flipped(rng, data),
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.decode("utf-8", "replace").encode(rng.choice(codes), "replace"),
        lambda: data + rng.choice(files)[1],
        lambda: data[:at] + junk(rng) + data[at:],
        lambda: repeated(rng, data),
        lambda: shuffled(rng, data),
        lambda: data.replace(
            rng.choice([b" ", b":", b'"', b"1", b"0", b"e"]), rng.choice([b"", b" ", b"\t", b"9" * 20])
        ),
        lambda: b" ".join(w for w in data.split(b" ") if rng.random() > 0.05),
    ]
    return rng.choice(ways)()


def run(files: list[tuple[str, bytes]], seed: int, cases: int) -> None:
    """Read broken files twenty at a time, as a folder is read; a crash names its file."""
    rng = random.Random(seed)
    for case in range(0, cases, TOGETHER):
        raws = []
        for k in range(TOGETHER):
            name, data = rng.choice(files)
            odd = rng.choice(["", ".", "a/../b", "x" * 300, "\n", "leaf01", "10.0.0.1.txt", "plan.txt"])
            raws.append(Raw(file=f"{case + k}/{name if rng.random() < 0.8 else odd}", data=broken(rng, data, files)))
        try:
            seen = observed_of(raws)
        except Exception as error:
            culprit = next((r for r in raws if crashes(r)), raws[0])
            raise AssertionError(f"seed {seed} case {culprit.file}: {error!r}: {culprit.data[:2000]!r}") from error
        lines = {r.file: r.data.count(b"\n") + r.data.count(b"\r") + 2 for r in raws}
        assert all(0 <= line <= lines[file] for file, line in seen.sightings.select("file", "line").iter_rows())
        assert all(f.where.split("/")[0].isdigit() or f.where == "observation" for f in seen.findings), [
            f.where for f in seen.findings
        ]


def crashes(raw: Raw) -> bool:
    try:
        observed_of([raw])
    except Exception:  # noqa: BLE001  # that is what is looked for
        return True
    return False


def test_a_broken_dump_is_never_a_crash(shared: Path) -> None:
    run(corpus(shared), 1, CASES)


@pytest.mark.long  # 200,000 dumps, a quarter of an hour; 10,000 above
def test_many_more_broken_dumps(shared: Path) -> None:
    run(corpus(shared), 2, CASES_LONG)


def test_dumps_cut_at_every_byte_lose_only_what_is_cut() -> None:
    place = Path(__file__).parents[2] / "contracts" / "dumps"
    for path in sorted(place.iterdir()):
        data = path.read_bytes()[:1500]
        for at in range(0, len(data), 29):
            observed_of([Raw(file=path.name, data=data[:at])])


@pytest.mark.parametrize(
    "start",
    [b"", b'{"lldp": [', b'Switch 36 "', b"show lldp neighbors\nDevice ID  Local Intf  Port ID\n", b"<lldp>", b'[1] "'],
)
def test_a_line_of_100_megabytes_is_bounded(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "big.txt").write_bytes(start + b"a b" * 33_000_000)
    seen = observe(tmp_path)
    assert seen.sightings.height <= 1
    assert any(
        "longer than" in f.what or "broken" in f.what or "no format" in f.what or "cut off" in f.what
        for f in seen.findings
    )
    assert MOST_LINE < 1 << 20
