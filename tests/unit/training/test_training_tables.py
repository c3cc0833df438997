"""Recordings that people really have: other delimiters, Parquet, gaps, and every way to be broken."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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


MOMENTS = [datetime(2025, 1, 1) + timedelta(milliseconds=100 * k) for k in range(5)]  # noqa: DTZ001  # logs have no zone


@pytest.mark.parametrize(
    ("time", "values"),
    [
        ("t_ms", [0, 100, 200, 300, 400]),
        ("time_us", [0, 100_000, 200_000, 300_000, 400_000]),
        ("time [s]", [7.0, 7.1, 7.2, 7.3, 7.4]),
        ("t_min", [k / 600 for k in range(5)]),
        ("timestamp", MOMENTS),
        ("datetime", [m.replace(tzinfo=UTC) for m in MOMENTS]),
        ("time", [m - MOMENTS[0] for m in MOMENTS]),
        ("time", [m.isoformat() for m in MOMENTS]),
    ],
)
def test_the_header_names_the_unit_of_time_and_dates_need_none(tmp_path: Path, time: str, values: list[Any]) -> None:
    table = pl.DataFrame({time: values, "p_kw": [1.0, 2.0, 3.0, 4.0, 5.0]})
    table.write_parquet(tmp_path / "a.parquet")
    files = [tmp_path / "a.parquet"]
    if not isinstance(table.to_series(0).dtype, pl.Duration):
        table.write_csv(tmp_path / "a.csv")
        files.append(tmp_path / "a.csv")
    for file in files:
        trace = read_trace(file)
        np.testing.assert_allclose(trace.at_s, [0.0, 0.1, 0.2, 0.3, 0.4], atol=1e-6)
        assert trace.power_w.tolist() == [1e3, 2e3, 3e3, 4e3, 5e3]
        assert trace.findings == ()


def test_what_is_taken_for_granted_is_said(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, "time,load_w,source_w\n0,1,9\n1,2,9\n2,3,9\n3,4,9\n"))
    assert trace.power_w.tolist() == [1.0, 2.0, 3.0, 4.0]
    said = " ".join(f.what for f in trace.findings)
    assert "'load_w' is read" in said
    assert "numbers are read as seconds" in said


def test_a_terawatt_is_a_slip_and_its_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r":3: 1e\+294 MW is above 1,000,000 MW") as error:
        read_trace(written(tmp_path, "t_s,power_w\n0,1\n1,1e300\n2,3\n3,4\n"))
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("columns", "needle"),
    [
        ({"t_s": [0.0, 2.0, 1.0, 3.0], "load_mw": [1.0] * 4}, ":3: time does not go forward"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": [1.0, -1.0, 1.0, 1.0]}, ":2: power is negative"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": [1.0, None, 1.0, 1.0]}, ":2: power is not finite"),
        ({"t_s": [0.0, 1.0, float("nan"), 3.0], "load_mw": [1.0] * 4}, ":3: time is not finite"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load": [1.0] * 4}, "power column with its unit"),
        ({"t_s": ["a", "b", "c", "d"], "load_mw": [1.0] * 4}, ":1: 'a' is no time"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": ["1", "2", "3", "4"]}, "must be numbers"),
        ({"t_s": [[0.0]] * 4, "load_mw": [1.0] * 4}, "numbers, dates or durations"),
        ({"t_s": [0.0, 1.0, 2.0, 3.0], "load_mw": [1.0, 1e300, 1.0, 1.0]}, ":2: 1e+300 MW is above 1,000,000 MW"),
        ({"t": [1.7e12, 1.8e12, 1.9e12, 2e12], "load_mw": [1.0] * 4}, "name the unit in the header, such as t_ms"),
        ({"timestamp": [None, *MOMENTS[:4]], "load_mw": [1.0] * 5}, ":1: time is not finite"),
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
