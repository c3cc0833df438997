"""Recordings that people really have: other delimiters, Parquet, gaps, and every way to be broken."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gigasite._core.errors import GigasiteError, InputFileError
from gigasite.training import read_trace

ROWS = "t_s,load [MW]\n0,100\n0.1,120\n0.2,90.5\n0.3,100\n0.4,101\n"


def written(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_delimiters_line_ends_and_marks(tmp_path: Path, mark: str, end: str, bom: str) -> None:
    trace = read_trace(written(tmp_path, bom + ROWS.replace(",", mark).replace("\n", end)))
    assert trace.power_w.tolist() == [100e6, 120e6, 90.5e6, 100e6, 101e6]
    assert trace.duration_s == pytest.approx(0.4)


def test_parquet_is_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"t_s": [0.0, 0.1, 0.2, 0.3, 0.4], "load_mw": [100.0, 120.0, 90.5, 100.0, 101.0]}).write_parquet(path)
    one, two = read_trace(path), read_trace(written(tmp_path, ROWS))
    np.testing.assert_array_equal(one.power_w, two.power_w)
    np.testing.assert_array_equal(one.at_s, two.at_s)


@pytest.mark.parametrize(
    ("columns", "needle"),
    [
        ({"t_s": [0.0, 2.0, 1.0, 3.0], "load_mw": [1.0] * 4}, ":3: time does not go forward"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": [1.0, -1.0, 1.0, 1.0]}, ":2: power is negative"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": [1.0, None, 1.0, 1.0]}, ":2: power is not finite"),
        ({"t_s": [0.0, 1.0, float("nan"), 3.0], "load_mw": [1.0] * 4}, ":3: time is not finite"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load": [1.0] * 4}, "power column with its unit"),
        ({"t_s": ["a", "b", "c", "d"], "load_mw": [1.0] * 4}, "must be numbers"),
        ({"t_s": [0.0], "load_mw": [1.0]}, "has 1 rows"),
    ],
)
def test_broken_parquet(tmp_path: Path, columns: dict[str, list[float]], needle: str) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame(columns).write_parquet(path)
    with pytest.raises(InputFileError) as error:
        read_trace(path)
    assert needle in str(error.value)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputFileError, match="no readable Parquet"):
        read_trace(path)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        (ROWS.replace(",", ";").replace("90.5", "90,5"), ":4: '90,5' is no power in MW: write decimals with a point"),
        (ROWS.encode("utf-16"), ":1: is text in UTF-16"),
        (ROWS.replace("[MW]", ""), "a power column with its unit"),
        (ROWS.replace("0.2,90.5", "0.05,90.5"), ":4: time does not go forward"),
        (ROWS.replace("0.2,90.5", "0.1,90.5"), ":4: time does not go forward"),
        (ROWS.replace("90.5", "-90.5"), ":4: power -90.5 is negative"),
        (ROWS.replace("90.5", "nan"), ":4: 'nan' is no power"),
        (ROWS.replace("0.2,", "inf,"), ":4: time 'inf' is not finite"),
    ],
)
def test_broken_tables(tmp_path: Path, text: str | bytes, needle: str) -> None:
    with pytest.raises(InputFileError) as error:
        read_trace(written(tmp_path, text))
    assert needle in str(error.value)


def test_gaps_are_told_with_their_line(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, ROWS + "7.5,100\n7.6,100\n"))
    (found,) = trace.findings
    assert found.where == "a.csv:7"
    assert found.found == "7.1 s"


def test_five_hundred_mutations(tmp_path: Path) -> None:
    rng, seen = random.Random(1), set()
    for _ in range(500):
        data = bytearray(ROWS.encode())
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 2)] = rng.choice([b"", b",", b";", b"\n", b"-", b"e9", b"nan", b'"', b"\xff", b"\0", b"1"])  # fmt: skip
        try:
            assert np.isfinite(read_trace(written(tmp_path, bytes(data))).power_w).all()
            seen.add("read")
        except GigasiteError as error:
            assert "a.csv" in str(error)
            seen.add("refused")
    assert seen == {"read", "refused"}
